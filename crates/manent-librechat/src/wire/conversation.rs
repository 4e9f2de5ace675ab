//! Conversations.

use manent_domain::conversation::{Conversation, TitleSource};
use serde_json::{Map, Value, json};

use super::kept::KeptOfConversation;
use super::{PROJECT_LABEL, TAG_LABEL};
use crate::request::PROMPT_PREFIX;

/// The title of a conversation that has none.
pub const NEW_CHAT: &str = "New Chat";

/// What a conversation does not tell of itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConversationView<'view> {
    /// Whose it is, by the client's kind of id.
    pub user: &'view str,
    /// Whom it asks where it was not begun in this client.
    pub endpoint: Option<&'view str>,
    /// `custom` and the like, for that endpoint.
    pub endpoint_type: Option<&'view str>,
    /// Whether a title that was cut of the first message is one.
    pub shows_cut_titles: bool,
    /// Whether it is shared.
    pub is_shared: bool,
}

/// A whole conversation, also as a row of a list.
pub fn conversation(conversation: &Conversation, view: ConversationView<'_>) -> Value {
    let kept = KeptOfConversation::of(&conversation.extras);
    // What the client chose, under its own names, comes first: nothing of it can hide what is ours.
    let mut map: Map<String, Value> = kept.parameters;
    map.retain(|_, value| !value.is_null());
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            map.insert(name.to_owned(), value);
        }
    };
    let text = |text: Option<&str>| text.map(Value::from);
    set("conversationId", Some(json!(conversation.id)));
    set("user", Some(view.user.into()));
    set("title", Some(title(conversation, view).into()));
    set("createdAt", Some(json!(conversation.created_at)));
    // Filing a conversation away or naming it is no activity: the client groups by when something was said last.
    set("updatedAt", Some(json!(conversation.last_message_at)));
    let endpoint = kept.endpoint.as_deref().or(view.endpoint);
    let endpoint_type = match kept.endpoint {
        Some(_) => kept.endpoint_type.as_deref(),
        None => view.endpoint_type,
    };
    set("endpoint", text(endpoint));
    set("endpointType", text(endpoint_type));
    set("model", text(conversation.config.model.as_deref()));
    set(PROMPT_PREFIX, text(conversation.config.system.as_deref()));
    set("spec", text(kept.spec.as_deref()));
    set("iconURL", text(kept.icon_url.as_deref()));
    set("isArchived", Some(conversation.is_archived().into()));
    set("archivedAt", conversation.archived_at.map(|at| json!(at)));
    set("pinned", Some(conversation.pinned.into()));
    set("isShared", Some(view.is_shared.into()));
    set(
        "isTemporary",
        conversation.is_temporary().then_some(true.into()),
    );
    set("expiredAt", conversation.expires_at.map(|at| json!(at)));
    let labels = || conversation.labels.iter().map(manent_types::Label::as_str);
    let tags: Vec<&str> = labels()
        .filter_map(|label| label.strip_prefix(TAG_LABEL))
        .collect();
    set("tags", Some(json!(tags)));
    let project = labels().find_map(|label| label.strip_prefix(PROJECT_LABEL));
    set("chatProjectId", text(project));
    Value::Object(map)
}

fn title<'title>(conversation: &'title Conversation, view: ConversationView<'_>) -> &'title str {
    let is_shown = match conversation.title_source {
        TitleSource::None => false,
        TitleSource::Cut => view.shows_cut_titles,
        TitleSource::Generated | TitleSource::User => true,
    };
    let title = conversation.title.as_deref().filter(|_| is_shown);
    title.unwrap_or(NEW_CHAT)
}
