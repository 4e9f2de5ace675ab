//! Files of conversations from elsewhere.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use manent_domain::conversation::{ConversationDates, ConversationPatch};
use manent_domain::limits::Limits;
use manent_domain::services::ConversationDraft;
use manent_librechat::import::{self, ImportError, Imported};
use manent_librechat::request::{Abilities, PROMPT_PREFIX, settings};
use manent_librechat::wire::{self, KeptOfConversation};
use manent_types::{MessageId, ModelSettings};
use serde_json::{Value, json};

use super::store::{Checked, check};
use crate::access::{From, Writing};
use crate::app::App;
use crate::librechat::chat::ChatRefusal;
use crate::librechat::form::Form;
use crate::native::ApiError;

/// What a conversation without a title is called.
const UNNAMED: &str = "Imported Chat";

/// The most that a file counts among what one may send in a minute.
const MOST_WEIGHT: usize = 50;

/// Stores the conversations of a file, all of them or, where one cannot be stored, none.
pub(in crate::librechat) async fn import(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    Form(form): Form<{ import::MOST_BYTES }>,
) -> Result<(StatusCode, JsonAnswer<Value>), ChatRefusal> {
    let file = form
        .file
        .ok_or_else(|| refused(StatusCode::BAD_REQUEST, "No file was sent"))?;
    if !file.is_json() {
        return Err(refused(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Only JSON files are allowed",
        ));
    }
    let text = String::from_utf8(file.bytes.into())
        .map_err(|_| refused(StatusCode::BAD_REQUEST, "The file is not UTF-8"))?;
    // A large file takes its time, and others wait on this thread.
    let read = tokio::task::spawn_blocking(move || import::read(&text)).await;
    let read = read.map_err(|_| {
        ChatRefusal::from(ApiError::internal("a file could not be read to its end"))
    })?;
    let imported = read.map_err(|error| not_taken(&error))?;
    let conversations: Result<Vec<Checked>, ChatRefusal> = imported
        .iter()
        .map(|imported| checked(&app, imported))
        .collect();
    let conversations = conversations?;
    let weight = conversations.iter().map(Checked::weight).sum::<usize>();
    app.rates
        .messages(owner, origin.address, weight.clamp(1, MOST_WEIGHT))?;
    for conversation in conversations {
        conversation.store(&app, owner).await?;
    }
    let told = json!({ "message": "Conversation(s) imported successfully" });
    Ok((StatusCode::CREATED, JsonAnswer(told)))
}

fn refused(status: StatusCode, message: &str) -> ChatRefusal {
    ChatRefusal::Message(status, message.to_owned())
}

fn not_taken(error: &ImportError) -> ChatRefusal {
    refused(StatusCode::BAD_REQUEST, &error.to_string())
}

fn checked(app: &App, imported: &Imported) -> Result<Checked, ChatRefusal> {
    let now = app.chats.now();
    let new_id = || MessageId::new(app.ids.next());
    let messages = imported.drafts(now, new_id);
    let messages = messages.map_err(|error| not_taken(&error))?;
    let held = messages.first().zip(messages.last());
    let begun_at = imported.begun_at.map_or(now, |at| at.min(now));
    let dates = held.map_or(
        ConversationDates {
            created_at: begun_at,
            last_message_at: begun_at,
        },
        |(first, last)| ConversationDates {
            created_at: first.created_at,
            last_message_at: last.created_at,
        },
    );
    let patch = ConversationPatch {
        dates: Some(dates),
        ..ConversationPatch::default()
    };
    let title = imported.title.as_deref();
    let title = title.and_then(|title| wire::title(title, Limits::default().title_characters));
    let mut draft = ConversationDraft {
        title: Some(title.unwrap_or_else(|| UNNAMED.to_owned())),
        ..ConversationDraft::default()
    };
    set_endpoint(app, imported, &mut draft);
    check(app, draft, messages, patch).map_err(|error| match error {
        // Which of the messages of the file it is nobody could tell by an id of ours.
        manent_domain::DomainError::MessageRefused(refusal) => refused(
            StatusCode::BAD_REQUEST,
            &format!("A message of the file cannot be stored: {refusal}"),
        ),
        other => other.into(),
    })
}

/// Whom it asks from now on: as the file says, where that is here, else the first of the menu; with its settings where they can be had here.
fn set_endpoint(app: &App, imported: &Imported, draft: &mut ConversationDraft) {
    let Some(surface) = app.librechat.as_deref() else {
        return;
    };
    let named = imported.endpoint.as_deref();
    let named = named.and_then(|name| surface.endpoint(name));
    let Some(endpoint) = named.or_else(|| surface.endpoints.first()) else {
        return;
    };
    let known = app.completions.models();
    let first = known
        .iter()
        .find(|model| model.provider == endpoint.provider);
    let first = first.map(|model| model.model.as_str());
    // A model of somewhere else is of no use here.
    let model = imported
        .model
        .as_deref()
        .filter(|_| named.is_some())
        .or(first);
    let mut parameters = imported.parameters.clone().into_map();
    parameters.remove(PROMPT_PREFIX);
    let kept = KeptOfConversation {
        endpoint: Some(endpoint.name.clone()),
        endpoint_type: endpoint.is_custom().then(|| "custom".to_owned()),
        parameters,
        ..KeptOfConversation::default()
    };
    draft.extras = kept.extras().unwrap_or_default();
    let provider = Some(endpoint.provider.as_str());
    draft.config = settings(&imported.parameters, provider, model, Abilities::default());
    if app.conversations.check(draft.clone()).is_err() {
        draft.config = ModelSettings {
            provider: provider.map(str::to_owned),
            model: first.map(str::to_owned),
            ..ModelSettings::default()
        };
    }
}
