//! The end of a generation: what is kept beside the answer, and the last frames.
//!
//! Who began a generation follows it to its end here, whether anybody reads it or not. What the store does not take in time is tried again; the
//! end is told all the same, with what is known.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use manent_domain::append::ParentRef;
use manent_domain::conversation::{Conversation, ConversationPatch, NewConversation};
use manent_domain::error::DomainError;
use manent_domain::message::Message;
use manent_domain::run::{AnswerBuilder, Run, RunEnd};
use manent_domain::services::{
    AppendRequest, AppendRequestBody, AppendRequestItem, AppendRequestWish,
};
use manent_librechat::events::{self, Frame, Telling};
use manent_librechat::wire::{self, ConversationView, KeptOfAnswer, KeptOfConversation};
use manent_runs::{RunItem, RunReader};
use manent_types::{
    ConversationId, Extras, MessageId, MessageStatus, ModelSettings, Part, Role, Usage, UserId,
};
use serde_json::{Map, Value, json};
use tokio::time::{sleep, timeout};

use super::board::{REMEMBERED, Turn};
use crate::app::App;
use crate::librechat::short_id::short_id;

/// How long each question to the store may take before the end is told without its answer.
const STORE_WAIT: Duration = Duration::from_secs(2);

/// How often, and how long after one another, what could not be kept beside the answer is tried again.
const TRIES: u32 = 24;
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// A generation to follow.
pub(super) struct Following {
    pub(super) owner: UserId,
    pub(super) run: Run,
    pub(super) turn: Arc<Turn>,
    pub(super) reader: RunReader,
    /// The conversation as it was, where it was there already.
    pub(super) existing: Option<Conversation>,
    pub(super) settings: ModelSettings,
    pub(super) kept: KeptOfConversation,
}

/// Follows a generation to its end, beside everything else.
pub(super) fn follow(app: &App, following: Following) {
    let app = app.clone();
    let tasks = app.chats.tasks.clone();
    tasks.spawn(async move {
        let (owner, run) = (following.owner, following.run.id);
        let turn = Arc::clone(&following.turn);
        let unkept = run_to_end(&app, following).await;
        if let Some(patch) = unkept {
            keep_trying(&app, owner, turn.answer, patch).await;
        }
        tokio::select! {
            () = sleep(REMEMBERED) => {}
            () = app.stopping.begun.cancelled() => {}
        }
        app.chats.board.forget(owner, run);
    });
}

/// What came of a run.
struct Heard {
    telling: Telling,
    answer: AnswerBuilder,
    end: RunEnd,
}

/// Tells the end; answers what is still to be kept beside the answer.
async fn run_to_end(app: &App, following: Following) -> Option<KeptOfAnswer> {
    let Following {
        owner,
        run,
        turn,
        reader,
        existing,
        settings,
        kept,
    } = following;
    let conversation = async {
        match existing {
            Some(existing) => Some(update(app, owner, existing, settings.clone(), &kept).await),
            None => None,
        }
    };
    let (conversation, heard) = tokio::join!(conversation, hear(&turn, reader));
    let conversation = conversation.unwrap_or_else(|| {
        let begun = NewConversation {
            config: settings,
            extras: kept.extras().unwrap_or_default(),
            ..NewConversation::new(turn.conversation)
        };
        Conversation::begun(begun, turn.question.created_at)
    });
    if heard.end.status == MessageStatus::Stopped && !heard.answer.has_content() {
        keep_stopped(app, owner, &turn).await;
    }
    let beside = beside(app, &turn, &heard);
    let (stored, unkept) = match annotate(app, owner, turn.answer, &beside).await {
        Ok(message) => (Some(message), None),
        // It says nothing, so there is nothing to keep anything beside.
        Err(DomainError::MessageNotFound) if !heard.answer.has_content() => (None, None),
        Err(_) => (None, Some(beside.clone())),
    };
    let answer = stored.unwrap_or_else(|| unstored(&turn, &run, &heard, &beside));
    let stored = bounded(app.conversations.get(owner, turn.conversation)).await;
    let conversation = stored.unwrap_or(conversation);
    let ending = Ending {
        conversation: &conversation,
        question: Some((&turn.question, turn.before.as_ref())),
        answer: Some(&answer),
    };
    turn.end(ending.frames(app, owner, &heard.telling, &turn.kept, turn.figures));
    unkept
}

/// Hears a run to its end.
async fn hear(turn: &Turn, mut reader: RunReader) -> Heard {
    let mut telling = Telling::new(turn.answer.to_string());
    let mut answer = AnswerBuilder::default();
    while let Some(item) = reader.next().await {
        let (event, is_end) = match item {
            Ok(RunItem::Event(event)) => (event, false),
            Ok(RunItem::End(event, _)) => (event, true),
            Ok(RunItem::Notice(_)) => continue,
            Err(_) => break,
        };
        telling.tell(&event);
        answer.apply(&event.event);
        if is_end {
            break;
        }
    }
    // A run of this process is read from memory; should its log be lost all the same, its answer broke off.
    let end = telling.end().cloned().unwrap_or_else(RunEnd::interrupted);
    Heard {
        telling,
        answer,
        end,
    }
}

/// Gives a conversation the settings of its newest turn.
async fn update(
    app: &App,
    owner: UserId,
    existing: Conversation,
    settings: ModelSettings,
    kept: &KeptOfConversation,
) -> Conversation {
    let extras = kept.replacing(&existing.extras).ok();
    let is_same = existing.config == settings
        && extras
            .as_ref()
            .is_none_or(|change| existing.extras.merge(change).as_ref() == Ok(&existing.extras));
    if is_same {
        return existing;
    }
    let patch = ConversationPatch {
        config: Some(settings),
        extras,
        ..ConversationPatch::default()
    };
    match bounded(app.conversations.update(owner, existing.id, patch)).await {
        Ok(updated) => updated,
        Err(error) => {
            tracing::warn!(%error, "a conversation keeps the settings of an earlier turn");
            existing
        }
    }
}

/// What is kept beside an answer that has ended.
fn beside(app: &App, turn: &Turn, heard: &Heard) -> KeptOfAnswer {
    let usage = heard.telling.usage();
    let mut metadata = Map::new();
    if !usage.is_empty() {
        metadata.insert("usage".to_owned(), roll_up(app, &heard.telling, &usage));
        let answer = turn.answer.to_string();
        if let Some(mut context) = events::context_usage(&answer, &usage, turn.figures) {
            context["completedOutputTokens"] = usage.output_tokens.unwrap_or(0).into();
            metadata.insert("contextUsage".to_owned(), context);
        }
    }
    KeptOfAnswer {
        metadata,
        token_count: usage.output_tokens,
        ..turn.kept.clone()
    }
}

fn roll_up(app: &App, telling: &Telling, usage: &Usage) -> Value {
    let mut roll_up = json!({
        "input": usage.input_tokens.unwrap_or(0),
        "output": usage.output_tokens.unwrap_or(0),
        "cacheWrite": usage.cache_write_tokens.unwrap_or(0),
        "cacheRead": usage.cache_read_tokens.unwrap_or(0),
    });
    if let Some(cost) = cost(app, telling, usage) {
        roll_up["cost"] = cost.into();
    }
    roll_up
}

fn cost(app: &App, telling: &Telling, usage: &Usage) -> Option<f64> {
    let (provider, model) = telling.provider().zip(telling.model())?;
    app.chats.catalog.cost(provider, model, usage)
}

/// What a run used, as it is told before its end.
pub(super) fn usage_frames(
    app: &App,
    telling: &Telling,
    figures: events::ContextFigures,
) -> Vec<Frame> {
    let usage = telling.usage();
    let answer = telling.answer();
    let context = events::context_usage(answer, &usage, figures);
    let context = context.map(|data| Frame::event("on_context_usage", &data));
    let cost = cost(app, telling, &usage);
    let tokens = events::token_usage(answer, telling.provider(), telling.model(), &usage, cost);
    let tokens = tokens.map(|data| Frame::event("on_token_usage", &data));
    context.into_iter().chain(tokens).collect()
}

async fn annotate(
    app: &App,
    owner: UserId,
    answer: MessageId,
    beside: &KeptOfAnswer,
) -> Result<Message, DomainError> {
    // Names and figures are far from what extras take; were they not, the answer would do without them.
    let patch = beside.patch().unwrap_or_default();
    bounded(app.messages.annotate(owner, answer, patch)).await
}

/// Until the store takes it, or it is not worth more: the answer itself is safe.
async fn keep_trying(app: &App, owner: UserId, answer: MessageId, beside: KeptOfAnswer) {
    for _ in 0..TRIES {
        tokio::select! {
            () = sleep(TRY_AGAIN) => {}
            () = app.stopping.begun.cancelled() => return,
        }
        if annotate(app, owner, answer, &beside).await.is_ok() {
            return;
        }
    }
    tracing::warn!("what belongs beside an answer could not be kept");
}

/// An answer that was stopped before it said anything is a message all the same: the client goes on from it.
async fn keep_stopped(app: &App, owner: UserId, turn: &Turn) {
    let body = AppendRequestBody {
        parent: ParentRef::Message(turn.question.id),
        role: Role::Assistant,
        content: vec![stopped()],
        status: MessageStatus::Stopped,
        model: None,
        provider: None,
        usage: None,
        created_at: None,
        extras: Extras::new(),
    };
    let request = AppendRequest {
        device: None,
        items: vec![AppendRequestItem {
            id: Some(turn.answer),
            conversation: Ok(turn.conversation),
            device_seq: None,
            body: Ok(AppendRequestWish::Message(body)),
        }],
    };
    if let Err(error) = bounded(app.messages.append(owner, request)).await {
        tracing::warn!(%error, "an answer that was stopped before it began could not be kept");
    }
}

fn stopped() -> Part {
    Part::Error {
        code: wire::STOPPED.to_owned(),
        detail: "The answer was stopped before it began.".to_owned(),
    }
}

/// The answer as it will be stored, where the store cannot be asked now.
fn unstored(turn: &Turn, run: &Run, heard: &Heard, beside: &KeptOfAnswer) -> Message {
    Message {
        id: turn.answer,
        conversation: turn.conversation,
        parent: Some(turn.question.id),
        seq: 0,
        role: Role::Assistant,
        content: heard.answer.content(),
        status: heard.end.status,
        model: heard.telling.model().map(ToOwned::to_owned),
        provider: heard.telling.provider().map(ToOwned::to_owned),
        usage: heard.answer.usage(),
        created_at: run.started_at,
        stored_at: run.started_at,
        run: Some(run.id),
        edited_at: None,
        deleted_at: None,
        extras: beside.extras().unwrap_or_default(),
    }
}

/// What the last frame is made of.
pub(super) struct Ending<'a> {
    pub(super) conversation: &'a Conversation,
    /// With the message that it follows, where that is at hand.
    pub(super) question: Option<(&'a Message, Option<&'a Message>)>,
    pub(super) answer: Option<&'a Message>,
}

impl Ending<'_> {
    /// The frames from the last words on.
    pub(super) fn frames(
        &self,
        app: &App,
        owner: UserId,
        telling: &Telling,
        kept: &KeptOfAnswer,
        figures: events::ContextFigures,
    ) -> Vec<Frame> {
        let endpoint = kept.endpoint.as_deref();
        let conversation = told_conversation(app, owner, self.conversation);
        let question = self
            .question
            .map(|(question, before)| wire::message(question, before, None));
        let before = self.question.map(|(question, _)| question);
        let answer = self
            .answer
            .map(|answer| wire::message(answer, before, endpoint));
        let mut frames = usage_frames(app, telling, figures);
        let is_stopped = telling
            .end()
            .is_some_and(|end| end.status == MessageStatus::Stopped);
        let last = if is_stopped {
            events::aborted
        } else {
            events::finished
        };
        frames.push(last(&conversation, question.as_ref(), answer.as_ref()));
        frames
    }
}

/// A conversation as the client is told it.
pub(in crate::librechat) fn told_conversation(
    app: &App,
    owner: UserId,
    conversation: &Conversation,
) -> Value {
    let catalog = &app.chats.catalog;
    let provider = conversation.config.provider.as_deref();
    let endpoint = provider.and_then(|provider| catalog.endpoint_of(provider));
    let kept = KeptOfConversation::of(&conversation.extras);
    let asked = kept.endpoint.as_deref().or(endpoint);
    wire::conversation(
        conversation,
        ConversationView {
            user: &short_id(owner.as_uuid()),
            endpoint,
            endpoint_type: endpoint.and_then(|endpoint| catalog.kind_of(endpoint)),
            shows_cut_titles: catalog.has_titles(asked),
            is_shared: false,
        },
    )
}

/// Whom a conversation asks, as the client calls it.
pub(in crate::librechat) fn told_endpoint(
    app: &App,
    conversation: &Conversation,
) -> Option<String> {
    let provider = conversation.config.provider.as_deref();
    let endpoint = provider.and_then(|provider| app.chats.catalog.endpoint_of(provider));
    let kept = KeptOfConversation::of(&conversation.extras);
    kept.endpoint.or_else(|| endpoint.map(ToOwned::to_owned))
}

/// The end of a run of which nothing is remembered here, from the store.
pub(super) async fn from_store(
    app: &App,
    owner: UserId,
    conversation: ConversationId,
    question: &Message,
    telling: &Telling,
    answer: MessageId,
) -> Result<Vec<Frame>, DomainError> {
    let conversation = app.conversations.get(owner, conversation).await?;
    let answer = match app.messages.get(owner, answer).await {
        Ok(answer) => Some(answer),
        // It said nothing.
        Err(DomainError::MessageNotFound) => None,
        Err(error) => return Err(error),
    };
    let kept = answer
        .as_ref()
        .map(|answer| KeptOfAnswer::of(&answer.extras))
        .unwrap_or_default();
    let ending = Ending {
        conversation: &conversation,
        question: Some((question, None)),
        answer: answer.as_ref(),
    };
    Ok(ending.frames(
        app,
        owner,
        telling,
        &kept,
        events::ContextFigures::default(),
    ))
}

async fn bounded<T>(work: impl Future<Output = Result<T, DomainError>>) -> Result<T, DomainError> {
    timeout(STORE_WAIT, work).await.unwrap_or_else(|_| {
        Err(DomainError::Store(
            manent_domain::ports::StoreError::Unavailable {
                detail: "no answer in time".to_owned(),
            },
        ))
    })
}
