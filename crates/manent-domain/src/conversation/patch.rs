//! Changes to a conversation.

use manent_types::{ExtrasPatch, ModelSettings, Timestamp};

use super::{Conversation, LabelChange, TitleSource};

/// Changes to a conversation; what is absent stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConversationPatch {
    /// A title set by the person.
    pub title: Option<String>,
    /// Replaces the settings as a whole.
    pub config: Option<ModelSettings>,
    /// Puts it away or takes it back.
    pub archived: Option<bool>,
    /// Pins or unpins it.
    pub pinned: Option<bool>,
    /// Labels to take away and to add.
    pub labels: Option<LabelChange>,
    /// What changes of what a surface keeps with it.
    pub extras: Option<ExtrasPatch>,
    /// When it was held, for one that was brought from elsewhere.
    pub dates: Option<ConversationDates>,
}

/// When a conversation was held, where that was not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConversationDates {
    /// When it was begun.
    pub created_at: Timestamp,
    /// When its last message was written; lists are ordered by it until another message comes.
    pub last_message_at: Timestamp,
}

/// A bound that a change would break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// There would be more than [`super::MAX_LABELS`].
    Labels,
    /// [`manent_types::Extras`] would be too long or too deep.
    Extras,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Patched<T> {
    /// It is done; the thing as it is afterwards.
    Done(T),
    /// The owner has no such thing.
    Missing,
    /// It would break a bound; nothing changed.
    Refused(Bound),
}

impl<T> Patched<T> {
    /// The thing as it is afterwards, if the change was done.
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(thing) => Some(thing),
            Self::Missing | Self::Refused(_) => None,
        }
    }
}

impl Conversation {
    /// With a patch applied; all of it or nothing. Every store decides by this.
    ///
    /// # Errors
    /// The bound that it would break.
    pub fn patched(&self, patch: &ConversationPatch, now: Timestamp) -> Result<Self, Bound> {
        let mut after = self.clone();
        if let Some(title) = &patch.title {
            after.title = Some(title.clone());
            after.title_source = TitleSource::User;
        }
        if let Some(config) = &patch.config {
            after.config = config.clone();
        }
        match patch.archived {
            Some(true) => after.archived_at = after.archived_at.or(Some(now)),
            Some(false) => after.archived_at = None,
            None => {}
        }
        after.pinned = patch.pinned.unwrap_or(after.pinned);
        if let Some(change) = &patch.labels {
            after.labels = change.applied(&after.labels).ok_or(Bound::Labels)?;
        }
        if let Some(change) = &patch.extras {
            after.extras = after.extras.merge(change).map_err(|_| Bound::Extras)?;
        }
        if let Some(dates) = patch.dates {
            after.created_at = dates.created_at;
            after.last_message_at = dates.last_message_at.max(dates.created_at);
        }
        after.updated_at = after.updated_at.max(now);
        Ok(after)
    }
}
