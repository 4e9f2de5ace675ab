//! `/conversation…`.

use manent_types::{ConversationId, Label, ModelSettings, Timestamp};
use serde::{Deserialize, Serialize};

/// `POST /conversation/create`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateConversationRequest {
    /// Makes the creation idempotent; absent: the server mints one.
    #[serde(default)]
    pub id: Option<ConversationId>,
    /// Absent: it is made from the first message.
    #[serde(default)]
    pub title: Option<String>,
    /// Model settings.
    #[serde(default, deserialize_with = "manent_types::optional_object")]
    pub config: Option<ModelSettings>,
    /// Makes it a temporary one: it stands in no list, search or feed, and goes for good then. In the future.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// By which it is found again; at most 100.
    #[serde(default)]
    pub labels: Vec<Label>,
}

/// Labels to take away and to add; one that is named in both is there afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LabelChangeRequest {
    /// To add.
    #[serde(default)]
    pub add: Vec<Label>,
    /// To take away.
    #[serde(default)]
    pub remove: Vec<Label>,
}

/// `PATCH /conversation/{id}`; what is absent stays.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateConversationRequest {
    /// Set by the person, never overwritten afterwards.
    #[serde(default)]
    pub title: Option<String>,
    /// Replaces the settings as a whole.
    #[serde(default, deserialize_with = "manent_types::optional_object")]
    pub config: Option<ModelSettings>,
    /// Puts it away or takes it back.
    #[serde(default)]
    pub archived: Option<bool>,
    /// Pins or unpins it.
    #[serde(default)]
    pub pinned: Option<bool>,
    /// Labels to take away and to add.
    #[serde(default, deserialize_with = "manent_types::optional_object")]
    pub labels: Option<LabelChangeRequest>,
}

/// Where a title came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TitleSourceName {
    /// There is none.
    None,
    /// A cut of the first message.
    Cut,
    /// Made by a model.
    Generated,
    /// Set by the person.
    User,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationResource {
    /// Its id.
    pub id: ConversationId,
    /// `null` while there is none.
    pub title: Option<String>,
    /// Where the title came from.
    pub title_source: TitleSourceName,
    /// Model settings.
    pub config: ModelSettings,
    /// Put away.
    pub archived: bool,
    /// Kept on top.
    pub pinned: bool,
    /// When it was put into the trash; `null` outside of it.
    pub trashed_at: Option<Timestamp>,
    /// The `seq` of the newest message; 0 while there is none.
    pub last_seq: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When anything about it changed last.
    pub updated_at: Timestamp,
    /// When a message was stored last; lists are ordered by it.
    pub last_message_at: Timestamp,
    /// When it was put away; `null` where it was not.
    #[serde(default)]
    pub archived_at: Option<Timestamp>,
    /// When it goes for good; `null` where it stays.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// By which it is found again.
    #[serde(default)]
    pub labels: Vec<Label>,
}

/// `GET /conversations`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationList {
    /// Newest first.
    pub conversations: Vec<ConversationResource>,
    /// For `?cursor=`; `null` at the end.
    pub next: Option<String>,
}
