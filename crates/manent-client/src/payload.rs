//! What the engine carries: the JSON of one item of `POST /message/append`, and whether its conversation is to be created first.

use manent_engine::append_api::MessagePayload;
use manent_types::{MessageId, MessageStatus, ModelSettings, Part, Role, Timestamp, Usage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The payload of the engine's items.
pub(crate) type Payload = MessagePayload;

/// Creates a conversation on the server before its first item is sent; ignored there when it exists.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewConversation {
    /// Absent: it is made from the first message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Model settings that the server keeps for all clients.
    #[serde(default)]
    pub config: ModelSettings,
}

/// A message to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct OutgoingMessage {
    /// Minted by the caller; taken once.
    pub id: MessageId,
    /// The message that it follows; absent: a root.
    pub parent_id: Option<MessageId>,
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: Vec<Part>,
    /// When, by this device's clock.
    pub created_at: Option<Timestamp>,
    /// Of an answer: how it came to its end.
    pub status: Option<MessageStatus>,
    /// Of an answer: the model that made it.
    pub model: Option<String>,
    /// Of an answer: the provider that made it.
    pub provider: Option<String>,
    /// Of an answer: what it cost.
    pub usage: Option<Usage>,
}

impl OutgoingMessage {
    /// Something that the person says.
    pub fn from_user(id: MessageId, parent_id: Option<MessageId>, text: &str) -> Self {
        let text = text.to_owned();
        Self {
            id,
            parent_id,
            role: Role::User,
            content: vec![Part::Text { text }],
            created_at: crate::environment::timestamp(),
            status: None,
            model: None,
            provider: None,
            usage: None,
        }
    }

    pub(crate) fn payload(&self) -> Payload {
        let mut payload = Payload::new();
        payload.insert("parentId".to_owned(), json!(self.parent_id));
        payload.insert("role".to_owned(), json!(self.role));
        payload.insert("content".to_owned(), json!(self.content));
        let optional = [
            ("createdAt", json!(self.created_at)),
            ("status", json!(self.status)),
            ("model", json!(self.model)),
            ("provider", json!(self.provider)),
            ("usage", json!(self.usage)),
        ];
        for (name, value) in optional {
            if value != Value::Null {
                payload.insert(name.to_owned(), value);
            }
        }
        payload
    }
}

/// A change of what is stored. It is kept in order with the messages of its conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum OutgoingChange {
    /// Replaces a message's content; the server keeps what was there before.
    Edit {
        /// Which message.
        message_id: MessageId,
        /// What it says now.
        content: Vec<Part>,
    },
    /// Marks a message as deleted.
    Delete {
        /// Which message.
        message_id: MessageId,
    },
    /// Takes that mark away.
    Undelete {
        /// Which message.
        message_id: MessageId,
    },
    /// Puts the conversation into the trash.
    Trash,
    /// Takes it out of the trash.
    Restore,
}

impl OutgoingChange {
    pub(crate) fn payload(&self) -> Payload {
        let value = match self {
            Self::Edit {
                message_id,
                content,
            } => json!({"type": "edit", "messageId": message_id, "content": content}),
            Self::Delete { message_id } => json!({"type": "delete", "messageId": message_id}),
            Self::Undelete { message_id } => json!({"type": "undelete", "messageId": message_id}),
            Self::Trash => json!({"type": "trash"}),
            Self::Restore => json!({"type": "restore"}),
        };
        match value {
            Value::Object(payload) => payload,
            _ => Payload::new(),
        }
    }
}

/// The text of a payload's content, for showing it; empty where it is a change or has none.
pub(crate) fn text_of(payload: &Payload) -> String {
    match payload.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(content) => Vec::<Part>::deserialize(content)
            .map(|parts| manent_types::text_of(&parts))
            .unwrap_or_default(),
        None => String::new(),
    }
}

/// What a payload takes on the wire, in bytes, with its ids and number.
pub(crate) fn size_of(payload: &Payload) -> Result<u64, serde_json::Error> {
    const ENVELOPE_BYTES: usize = 160;
    let bytes = serde_json::to_vec(payload)?.len() + ENVELOPE_BYTES;
    Ok(u64::try_from(bytes).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_written_as_the_server_reads_it() {
        let id = MessageId::new(uuid::Uuid::from_u128(1));
        let mut message = OutgoingMessage::from_user(id, None, "Hello");
        message.created_at = None;
        let expected = json!({"parentId": null, "role": "user", "content": [{"type": "text", "text": "Hello"}]});
        assert_eq!(Value::Object(message.payload()), expected);
        assert_eq!(text_of(&message.payload()), "Hello");
    }

    #[test]
    fn a_change_names_what_it_changes() {
        let message_id = MessageId::new(uuid::Uuid::from_u128(1));
        let payload = OutgoingChange::Delete { message_id }.payload();
        assert_eq!(
            Value::Object(payload),
            json!({"type": "delete", "messageId": "00000000-0000-0000-0000-000000000001"})
        );
        assert_eq!(text_of(&OutgoingChange::Trash.payload()), "");
    }
}
