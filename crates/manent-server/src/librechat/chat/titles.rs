//! `GET /api/convos/gen_title/{id}`: the title of a conversation, as soon as there is one.

use std::time::Duration;

use axum::Json as JsonAnswer;
use axum::extract::State;
use manent_domain::conversation::{Conversation, TitleSource};
use manent_domain::error::DomainError;
use manent_librechat::wire::KeptOfConversation;
use manent_types::{ConversationId, UserId};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::given::Named;
use super::refusal::ChatRefusal;
use crate::access::Reading;
use crate::app::App;

/// How long a title that a model makes is waited for; then the cut of the first message is told.
const WAIT: Duration = Duration::from_secs(15);

/// How often it is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The title of a conversation. Where there are none, and for temporary ones, it says so at once.
pub(in crate::librechat) async fn title(
    State(app): State<App>,
    Reading(owner): Reading,
    Named(conversation): Named,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let none = || {
        ChatRefusal::NotFound(
            "Title not found or method not implemented for the conversation's endpoint",
        )
    };
    let id = conversation.ok_or_else(none)?;
    let until = Instant::now() + WAIT;
    loop {
        let conversation = match app.conversations.get(owner, id).await {
            Ok(conversation) => Some(conversation),
            // It may be about to be stored.
            Err(DomainError::ConversationNotFound) if is_beginning(&app, owner, id) => None,
            Err(DomainError::ConversationNotFound) => return Err(none()),
            Err(error) => return Err(error.into()),
        };
        if let Some(conversation) = &conversation {
            if conversation.is_temporary() || !has_titles(&app, conversation) {
                return Err(none());
            }
            let is_over = Instant::now() >= until;
            if let Some(title) = title_of(&app, conversation, is_over) {
                return Ok(JsonAnswer(json!({ "title": title })));
            }
        }
        if Instant::now() >= until || app.stopping.begun.is_cancelled() {
            return Err(none());
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Whether a generation began a moment ago in this conversation, which may not be stored yet.
pub(in crate::librechat) fn is_beginning(app: &App, owner: UserId, id: ConversationId) -> bool {
    let open = app.chats.board.open_of(owner);
    open.iter().any(|(_, turn)| turn.conversation == id)
}

fn has_titles(app: &App, conversation: &Conversation) -> bool {
    let kept = KeptOfConversation::of(&conversation.extras);
    app.chats.catalog.has_titles(kept.endpoint.as_deref())
}

/// The title that is there to stay: one of a person or a model, or a cut where no model makes another one, or not in time.
fn title_of<'title>(
    app: &App,
    conversation: &'title Conversation,
    is_over: bool,
) -> Option<&'title str> {
    let is_last = match conversation.title_source {
        TitleSource::None => false,
        TitleSource::Cut => is_over || app.completions.title_model().is_none(),
        TitleSource::Generated | TitleSource::User => true,
    };
    conversation.title.as_deref().filter(|_| is_last)
}
