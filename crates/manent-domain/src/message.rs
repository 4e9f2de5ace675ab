//! Messages, as they are stored and read.

use manent_types::{
    ConversationId, Extras, MessageId, MessageStatus, Part, Role, RunId, Timestamp, Usage,
};
use sha2::{Digest, Sha256};

/// A stored message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Unique for the owner.
    pub id: MessageId,
    /// Where it belongs.
    pub conversation: ConversationId,
    /// The message that it follows; absent for a root.
    pub parent: Option<MessageId>,
    /// 1, 2, 3 … in the conversation, without holes.
    pub seq: u64,
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: Vec<Part>,
    /// How it came to its end.
    pub status: MessageStatus,
    /// The model that made it.
    pub model: Option<String>,
    /// The provider that made it.
    pub provider: Option<String>,
    /// What it cost.
    pub usage: Option<Usage>,
    /// When it was written, by the client's clock.
    pub created_at: Timestamp,
    /// When it was stored, by the server's clock.
    pub stored_at: Timestamp,
    /// The run that writes or wrote it.
    pub run: Option<RunId>,
    /// When its content was changed last, by the server's clock; absent while it is as it was appended.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted, by the server's clock. The content is kept, for an undo; surfaces do not show it.
    pub deleted_at: Option<Timestamp>,
    /// What a surface keeps with it. No part of what it says: neither the fingerprint nor the search knows of it.
    pub extras: Extras,
}

/// What a message says, boiled down to 16 bytes: two messages with the same fingerprint have the same role and content.
///
/// Frozen: it is kept with each row and compared with what clients send again years later. Do not change how it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The fingerprint of a role and content: SHA-256 over the role, a line feed and the content's JSON, cut to 16 bytes.
    ///
    /// # Errors
    /// When the content cannot be written as JSON, which valid parts always can.
    pub fn of(role: Role, content: &[Part]) -> Result<Self, serde_json::Error> {
        let mut hasher = Sha256::new();
        hasher.update(role.as_str().as_bytes());
        hasher.update(b"\n");
        hasher.update(serde_json::to_vec(content)?);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize()[..16]);
        Ok(Self(bytes))
    }
}

/// Which messages of a conversation a page shows. Pages are ascending in `seq` inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageRange {
    /// Those after this `seq`, the lowest first; 0 begins at the start.
    After(u64),
    /// Those before this `seq`, the highest page first; absent: the newest page.
    Before(Option<u64>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Vec<Part> {
        vec![Part::Text {
            text: text.to_owned(),
        }]
    }

    #[test]
    fn fingerprint_is_frozen() {
        let fingerprint = Fingerprint::of(Role::User, &text("Hello")).unwrap();
        assert_eq!(
            u128::from_be_bytes(fingerprint.0),
            0xa8d3_0d07_5c03_8983_b5d5_a25a_dd91_2430
        );
    }

    #[test]
    fn fingerprint_tells_roles_and_words_apart() {
        let of = |role, words| Fingerprint::of(role, &text(words)).unwrap();
        assert_eq!(of(Role::User, "a"), of(Role::User, "a"));
        assert_ne!(of(Role::User, "a"), of(Role::Assistant, "a"));
        assert_ne!(of(Role::User, "a"), of(Role::User, "b"));
    }
}
