//! `POST /message/append`.

use manent_types::{ConversationId, DeviceId, MessageId, MessageStatus, Role, Timestamp, Usage};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::content::Content;

/// Says that an item is a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MessageTypeName {
    /// A message.
    Message,
}

/// One message to append.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppendMessage {
    /// Absent: it is a message all the same.
    #[serde(default, rename = "type")]
    pub kind: Option<MessageTypeName>,
    /// Makes the append idempotent; absent: the server mints one.
    #[serde(default)]
    pub id: Option<MessageId>,
    /// Where it goes.
    pub conversation_id: ConversationId,
    /// Absent: after the newest message; `null`: a root; an id: after that message.
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<MessageId>))]
    pub parent_id: Option<Option<MessageId>>,
    /// 1, 2, 3 … per device and conversation; needs `deviceId`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub device_seq: Option<u64>,
    /// Who said it.
    pub role: Role,
    /// A text or parts.
    pub content: Content,
    /// How an answer came to its end; only for `assistant`. Absent: `complete`.
    #[serde(default)]
    pub status: Option<MessageStatus>,
    /// The model that made it.
    #[serde(default)]
    pub model: Option<String>,
    /// The provider that made it.
    #[serde(default)]
    pub provider: Option<String>,
    /// What it cost.
    #[serde(default, deserialize_with = "manent_types::optional_object")]
    pub usage: Option<Usage>,
    /// When it was written, by the client's clock. Absent: now.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// The W3C `traceparent` of the trace in which it was made, where that is not the request's; one that is malformed is ignored.
    #[serde(default, deserialize_with = "text_or_nothing")]
    #[cfg_attr(
        feature = "openapi",
        schema(example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    )]
    pub traceparent: Option<String>,
}

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ChangeName {
    /// Replaces a message's content; what was there before is kept with the change.
    Edit,
    /// Marks a message as deleted; its place stays.
    Delete,
    /// Takes that mark away: the same bytes are back.
    Undelete,
    /// Puts the conversation into the trash.
    Trash,
    /// Takes it out of the trash.
    Restore,
}

/// A change of what is stored, among the items of an append.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppendChange {
    /// What it does.
    #[serde(rename = "type")]
    pub kind: ChangeName,
    /// The change's own id; a repeat is a `duplicate`.
    pub id: MessageId,
    /// The conversation that it changes, or in which the message is.
    pub conversation_id: ConversationId,
    /// 1, 2, 3 … per device and conversation; needs `deviceId`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub device_seq: Option<u64>,
    /// The message, for `edit`, `delete` and `undelete`.
    #[serde(default)]
    pub message_id: Option<MessageId>,
    /// The new content, for `edit`: a text or parts.
    #[serde(default)]
    pub content: Option<Content>,
    /// The W3C `traceparent` of the trace in which it was made, where that is not the request's; one that is malformed is ignored.
    #[serde(default, deserialize_with = "text_or_nothing")]
    #[cfg_attr(
        feature = "openapi",
        schema(example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    )]
    pub traceparent: Option<String>,
}

/// One item of an append, as the description shows it; absent `type` means a message.
#[cfg(feature = "openapi")]
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum AppendItem {
    /// A message.
    Message(AppendMessage),
    /// A change.
    Change(AppendChange),
}

/// Tells an absent field from `null`.
#[expect(
    clippy::option_option,
    reason = "absent and null say different things on the wire"
)]
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// One `message` or up to 200 `messages`, changes among them. The items stay raw here, so that one which cannot be read is refused alone.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppendRequest<'body> {
    /// The device whose lanes `deviceSeq` counts in.
    #[serde(default)]
    pub device_id: Option<DeviceId>,
    /// One message or change.
    #[serde(default, borrow)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<AppendItem>))]
    pub message: Option<&'body RawValue>,
    /// Messages and changes in order.
    #[serde(default, borrow)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<AppendItem>>, max_items = 200))]
    pub messages: Option<Vec<&'body RawValue>>,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OutcomeName {
    /// Durable.
    Stored,
    /// It is there already: as good as stored.
    Duplicate,
    /// The id, or the number in the lane, belongs to something else; nothing changed.
    Conflict,
    /// An earlier number of the lane is missing.
    Gap,
    /// It can never be stored.
    Rejected,
    /// The message that it follows was refused.
    Blocked,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemResult {
    /// The message's id: as sent, or minted by the server; absent when none was sent and nothing was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What became of it.
    pub outcome: OutcomeName,
    /// Its place in the conversation, for `stored` and `duplicate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Why not, for `conflict`, `rejected` and `blocked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The same in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Where to go on, for `gap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_device_seq: Option<u64>,
}

/// One result for each item, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppendResponse {
    /// One for each item, in order.
    pub results: Vec<ItemResult>,
}

/// A text; whatever else is there counts as absent.
fn text_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Read {
        Text(String),
        Else(serde::de::IgnoredAny),
    }
    Ok(match Read::deserialize(deserializer)? {
        Read::Text(text) => Some(text),
        Read::Else(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parent: &str) -> AppendMessage {
        let id = "0199c0de-0000-7000-8000-000000000001";
        serde_json::from_str(&format!(
            r#"{{"conversationId":"{id}",{parent}"role":"user","content":"Hi"}}"#
        ))
        .unwrap()
    }

    #[test]
    fn tells_an_absent_parent_from_null() {
        assert_eq!(read("").parent_id, None);
        assert_eq!(read(r#""parentId":null,"#).parent_id, Some(None));
    }

    #[test]
    fn a_trace_that_is_no_text_is_ignored() {
        for nonsense in ["5", "null", "true", "[1]", r#"{"a":"b"}"#] {
            let message = read(&format!(r#""traceparent":{nonsense},"#));
            assert_eq!(message, read(""), "{nonsense}");
        }
        let given = read(r#""traceparent":"00-a-b-01","#).traceparent;
        assert_eq!(given.as_deref(), Some("00-a-b-01"));
    }
}
