//! From what the client asks to what is begun: a turn, or a run that answers a message that is there.

use manent_domain::append::{NewMessage, ParentRef};
use manent_domain::completion::{CompletionRequest, PromptMessage};
use manent_domain::conversation::{Conversation, MAX_LABELS, NewConversation};
use manent_domain::error::DomainError;
use manent_domain::message::{Message, MessageRange};
use manent_domain::run::RecordTarget;
use manent_domain::services::{AppendRequestBody, ConversationDraft};
use manent_librechat::events::ContextFigures;
use manent_librechat::personal::projects;
use manent_librechat::request::{self, ChatStart, Parent, Wish};
use manent_librechat::wire::{KeptOfAnswer, KeptOfConversation, KeptOfQuestion, retained};
use manent_runs::{NewTurn, StartRun};
use manent_types::{
    ConversationId, Extras, MessageId, MessageStatus, ModelSettings, Part, Role, RunId, Timestamp,
    UserId, text_of,
};

use super::board::NewTurnNote;
use super::catalog::Chosen;
use super::refusal::ChatRefusal;
use crate::app::App;

/// How many messages are read at once.
const PAGE: usize = 200;

/// What is begun.
pub(super) struct Plan {
    /// The run's id.
    pub(super) run: RunId,
    /// It.
    pub(super) work: Work,
    /// What is remembered of it.
    pub(super) note: NewTurnNote,
    /// The conversation as it is, where it is there already.
    pub(super) existing: Option<Conversation>,
    /// What the conversation's settings become.
    pub(super) settings: ModelSettings,
    /// What is kept beside the conversation from now on.
    pub(super) kept: KeptOfConversation,
}

/// A turn, or a run.
#[expect(clippy::large_enum_variant, reason = "one at a time, gone at once")]
pub(super) enum Work {
    Turn(NewTurn),
    Run(StartRun),
}

/// What is there already.
struct There {
    conversation: Option<Conversation>,
    messages: Vec<Message>,
}

impl There {
    fn find(&self, id: MessageId) -> Option<&Message> {
        let mut messages = self.messages.iter();
        messages.find(|message| message.id == id && message.deleted_at.is_none())
    }
}

/// What every plan is made of.
struct Making<'a> {
    app: &'a App,
    start: &'a ChatStart,
    chosen: Chosen,
    owner: UserId,
    now: Timestamp,
    conversation: ConversationId,
    settings: ModelSettings,
    kept: KeptOfConversation,
    there: There,
}

/// Plans what the client asks for.
pub(super) async fn plan(
    app: &App,
    owner: UserId,
    start: &ChatStart,
    chosen: Chosen,
) -> Result<Plan, ChatRefusal> {
    let there = match start.conversation {
        Some(id) => there(app, owner, id, start).await?,
        None => There {
            conversation: None,
            messages: Vec::new(),
        },
    };
    let settings = chosen.settings.clone();
    let mut parameters = chosen.parameters.clone().into_map();
    // It is among the settings already.
    parameters.remove(request::PROMPT_PREFIX);
    let kept = KeptOfConversation {
        endpoint: Some(chosen.endpoint.clone()),
        endpoint_type: app
            .chats
            .catalog
            .kind_of(&chosen.endpoint)
            .map(str::to_owned),
        spec: chosen.spec.clone(),
        icon_url: chosen.icon_url.clone(),
        parameters,
    };
    let conversation = start.conversation.unwrap_or_else(|| {
        let derived = start.derived_id(owner.as_uuid(), "conversation");
        ConversationId::new(derived.unwrap_or_else(|| app.ids.next()))
    });
    let making = Making {
        app,
        start,
        chosen,
        owner,
        now: app.chats.now(),
        conversation,
        settings,
        kept,
        there,
    };
    match &start.wish {
        Wish::Ask { parent, id } => making.ask(parent, *id),
        Wish::Regenerate { question } => making.answer(*question, Vec::new()),
        Wish::Rerun {
            question,
            answer,
            edit,
        } => {
            let answer = making.there.find(*answer);
            let answer = answer.ok_or(ChatRefusal::NotFound("Message not found"))?;
            let retained = retained(answer, Some(edit))
                .ok_or_else(|| ChatRefusal::bad("Content part not found"))?;
            making.answer(*question, retained)
        }
        Wish::Continue { question, answer } => {
            let answer = making.there.find(*answer);
            let answer = answer.ok_or(ChatRefusal::NotFound("Message not found"))?;
            let retained = retained(answer, None).unwrap_or_default();
            making.answer(*question, retained)
        }
    }
}

/// What is there of a conversation that the client names.
async fn there(
    app: &App,
    owner: UserId,
    id: ConversationId,
    start: &ChatStart,
) -> Result<There, ChatRefusal> {
    let begins = matches!(
        start.wish,
        Wish::Ask {
            parent: Parent::None,
            ..
        }
    );
    let conversation = match app.conversations.get(owner, id).await {
        Ok(conversation) if conversation.trashed_at.is_some() => {
            return Err(DomainError::ConversationNotFound.into());
        }
        Ok(conversation) => conversation,
        // The client may name a conversation before it begins it.
        Err(DomainError::ConversationNotFound) if begins => {
            return Ok(There {
                conversation: None,
                messages: Vec::new(),
            });
        }
        Err(error) => return Err(error.into()),
    };
    let messages = if begins {
        Vec::new()
    } else {
        all_messages(app, owner, id).await?
    };
    Ok(There {
        conversation: Some(conversation),
        messages,
    })
}

/// Every message of a conversation, in the order of their places.
pub(in crate::librechat) async fn all_messages(
    app: &App,
    owner: UserId,
    id: ConversationId,
) -> Result<Vec<Message>, DomainError> {
    let mut messages = Vec::new();
    let mut range = Some(MessageRange::After(0));
    while let Some(next) = range {
        let page = app.messages.list(owner, id, next, PAGE).await?;
        messages.extend(page.items);
        range = page.next;
    }
    Ok(messages)
}

impl Making<'_> {
    fn id(&self, what: &str) -> uuid::Uuid {
        let derived = self.start.derived_id(self.owner.as_uuid(), what);
        derived.unwrap_or_else(|| self.app.ids.next())
    }

    fn ask(self, parent: &Parent, id: Option<MessageId>) -> Result<Plan, ChatRefusal> {
        let (before, history) = match parent {
            Parent::Placeholder => return Err(ChatRefusal::ParentNotStored),
            Parent::None => (None, Vec::new()),
            Parent::Message(parent) => {
                let before = self.there.find(*parent).cloned();
                let before = before.ok_or(ChatRefusal::NotFound("Parent message not found"))?;
                let history = request::prompt(&self.there.messages, *parent).unwrap_or_default();
                (Some(before), history)
            }
        };
        let message = self.message(parent, id)?;
        let told = (!self.start.quotes.is_empty())
            .then(|| request::quoted(&self.start.quotes, message.content.clone()));
        let create = match &self.there.conversation {
            Some(_) => None,
            None => Some(self.new_conversation()?),
        };
        let answer = MessageId::new(self.id("answer"));
        let turn = NewTurn {
            conversation: self.conversation,
            create,
            told,
            history,
            settings: self.settings.clone(),
            answer,
            run: RunId::new(self.id("run")),
            message,
        };
        let question = stored(&turn.message, self.conversation, before.as_ref(), self.now);
        let figures = self.figures(turn.history.len() + 1);
        let has_titles = self
            .app
            .chats
            .catalog
            .has_titles(self.kept.endpoint.as_deref());
        let title = turn
            .create
            .as_ref()
            .filter(|new| has_titles && new.expires_at.is_none())
            .and_then(|_| manent_domain::title::cut(&text_of(&turn.message.content)));
        Ok(Plan {
            run: turn.run,
            note: NewTurnNote {
                conversation: self.conversation,
                question,
                before,
                answer,
                kept: self.kept_of_answer(),
                figures,
                title,
            },
            work: Work::Turn(turn),
            existing: self.there.conversation,
            settings: self.chosen.own_settings,
            kept: self.kept,
        })
    }

    /// Another answer to a message that is there.
    fn answer(self, question: MessageId, retained: Vec<Part>) -> Result<Plan, ChatRefusal> {
        let Some(question) = self.there.find(question).cloned() else {
            return Err(ChatRefusal::NotFound("Message not found"));
        };
        let before = question.parent.and_then(|id| self.there.find(id)).cloned();
        let messages = request::prompt(&self.there.messages, question.id);
        let mut messages = messages.unwrap_or_default();
        let said: Vec<Part> = retained
            .iter()
            .filter(|part| matches!(part, Part::Text { text } if !text.trim().is_empty()))
            .cloned()
            .collect();
        if !said.is_empty() {
            messages.push(PromptMessage {
                role: Role::Assistant,
                content: said,
            });
        }
        let answer = MessageId::new(self.id("answer"));
        let run = StartRun {
            id: RunId::new(self.id("run")),
            record: Some(RecordTarget {
                conversation: self.conversation,
                message: answer,
                parent: ParentRef::Message(question.id),
            }),
            retained,
            request: CompletionRequest {
                messages,
                settings: self.settings.clone(),
            },
        };
        let figures = self.figures(run.request.messages.len());
        Ok(Plan {
            run: run.id,
            note: NewTurnNote {
                conversation: self.conversation,
                question,
                before,
                answer,
                kept: self.kept_of_answer(),
                figures,
                title: None,
            },
            work: Work::Run(run),
            existing: self.there.conversation,
            settings: self.chosen.own_settings,
            kept: self.kept,
        })
    }

    fn message(&self, parent: &Parent, id: Option<MessageId>) -> Result<NewMessage, ChatRefusal> {
        let kept = KeptOfQuestion {
            quotes: self.start.quotes.clone(),
            files: self.start.files.clone(),
            token_count: Some(about_tokens(&self.start.text)),
        };
        let body = AppendRequestBody {
            parent: match parent {
                Parent::Message(parent) => ParentRef::Message(*parent),
                Parent::None | Parent::Placeholder => ParentRef::Root,
            },
            role: Role::User,
            content: vec![Part::Text {
                text: self.start.text.clone(),
            }],
            status: MessageStatus::Complete,
            model: None,
            provider: None,
            usage: None,
            created_at: Some(self.now),
            extras: extras(kept.extras())?,
        };
        let id = id.unwrap_or_else(|| MessageId::new(self.id("question")));
        Ok(self.app.messages.check(Some(id), body)?)
    }

    fn new_conversation(&self) -> Result<NewConversation, ChatRefusal> {
        let label = self.start.project.as_deref();
        let label = label.and_then(projects::label);
        let retention = self.app.chats.catalog.temporary_retention();
        let retention = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
        let until = self.now.as_millisecond().saturating_add(retention);
        let expires_at = Timestamp::from_millisecond(until).ok();
        let draft = ConversationDraft {
            id: Some(self.conversation),
            title: None,
            config: self.chosen.own_settings.clone(),
            expires_at: expires_at.filter(|_| self.start.is_temporary),
            labels: label.into_iter().take(MAX_LABELS).collect(),
            extras: extras(self.kept.extras())?,
        };
        Ok(self.app.conversations.check(draft)?)
    }

    fn kept_of_answer(&self) -> KeptOfAnswer {
        KeptOfAnswer {
            endpoint: self.kept.endpoint.clone(),
            sender: Some(self.chosen.sender.clone()),
            spec: self.kept.spec.clone(),
            icon_url: self.kept.icon_url.clone(),
            ..KeptOfAnswer::default()
        }
    }

    fn figures(&self, messages: usize) -> ContextFigures {
        let catalog = &self.app.chats.catalog;
        let system = self.settings.system.as_deref();
        ContextFigures {
            window: catalog.window(&self.chosen.provider, &self.chosen.model),
            instructions: system.map_or(0, about_tokens),
            messages: u64::try_from(messages).unwrap_or(u64::MAX),
        }
    }
}

/// About how many tokens a text has: one for four characters.
fn about_tokens(text: &str) -> u64 {
    let characters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    characters.div_ceil(4).max(1)
}

fn extras(kept: Result<Extras, manent_types::InvalidExtras>) -> Result<Extras, ChatRefusal> {
    kept.map_err(|error| ChatRefusal::bad(error.to_string()))
}

/// The message as it will be stored; its place is not known yet, and is not told.
fn stored(
    new: &NewMessage,
    conversation: ConversationId,
    before: Option<&Message>,
    now: Timestamp,
) -> Message {
    Message {
        id: new.id,
        conversation,
        parent: before.map(|before| before.id),
        seq: 0,
        role: new.role,
        content: new.content.clone(),
        status: new.status,
        model: None,
        provider: None,
        usage: None,
        created_at: new.created_at.unwrap_or(now),
        stored_at: now,
        run: None,
        edited_at: None,
        deleted_at: None,
        extras: new.extras.clone(),
    }
}
