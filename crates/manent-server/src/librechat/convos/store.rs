//! Storing a conversation that is there with all its messages at once: a copy, or one from elsewhere.

use manent_domain::append::{NewItem, Outcome, ParentRef, Submission};
use manent_domain::conversation::{Conversation, ConversationPatch};
use manent_domain::error::{DomainError, Refusal};
use manent_domain::services::{AppendRequestBody, ConversationDraft};
use manent_librechat::tree::Draft;
use manent_types::{ConversationId, UserId};

use crate::app::App;

/// How many messages are stored together.
const BATCH: usize = 200;

/// A conversation that was looked through: nothing in it will be refused.
pub(super) struct Checked {
    draft: ConversationDraft,
    id: ConversationId,
    submissions: Vec<Submission>,
    /// What is done when the messages are there.
    patch: ConversationPatch,
}

/// Looks through a conversation before anything is stored.
pub(super) fn check(
    app: &App,
    mut draft: ConversationDraft,
    messages: Vec<Draft>,
    patch: ConversationPatch,
) -> Result<Checked, DomainError> {
    let id = ConversationId::new(app.ids.next());
    draft.id = Some(id);
    app.conversations.check(draft.clone())?;
    let submissions: Result<Vec<Submission>, Refusal> = messages
        .into_iter()
        .map(|message| submission(app, id, message))
        .collect();
    Ok(Checked {
        draft,
        id,
        submissions: submissions.map_err(DomainError::MessageRefused)?,
        patch,
    })
}

fn submission(
    app: &App,
    conversation: ConversationId,
    message: Draft,
) -> Result<Submission, Refusal> {
    let id = message.id;
    let body = AppendRequestBody {
        parent: message.parent.map_or(ParentRef::Root, ParentRef::Message),
        role: message.role,
        content: message.content,
        status: message.status,
        model: message.model,
        provider: message.provider,
        usage: message.usage,
        created_at: Some(message.created_at),
        extras: message.extras,
    };
    let message = app.messages.check(Some(id), body)?;
    Ok(Submission {
        conversation,
        lane: None,
        id: Some(id),
        body: Ok(NewItem::Message(message)),
    })
}

impl Checked {
    /// How much it counts among what one may send in a minute.
    pub(super) const fn weight(&self) -> usize {
        1 + self.submissions.len() / BATCH
    }

    /// Stores it. What could not be stored as a whole lies in the trash.
    pub(super) async fn store(self, app: &App, owner: UserId) -> Result<Conversation, DomainError> {
        let Self {
            draft,
            id,
            submissions,
            patch,
        } = self;
        app.conversations.create(owner, draft).await?;
        let stored = async {
            let mut left = submissions;
            while !left.is_empty() {
                let rest = left.split_off(left.len().min(BATCH));
                let plan = app.messages.append_checked(owner, left).await?;
                let mut outcomes = plan.outcomes.iter();
                if !outcomes.all(|item| matches!(item.outcome, Outcome::Stored { .. })) {
                    return Err(DomainError::MessageIdTaken);
                }
                left = rest;
            }
            app.conversations.update(owner, id, patch).await
        };
        let stored = stored.await;
        if stored.is_err()
            && let Err(error) = app.conversations.trash(owner, id).await
        {
            tracing::warn!(%error, "a conversation that could not be stored as a whole was left in the list");
        }
        stored
    }
}
