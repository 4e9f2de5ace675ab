//! Changes of messages as the client asks for them: of a text, of a part by its number, of an artifact inside a text.
//!
//! Invariant: whatever is not named stays as it was; only what was changed loses the provider's proof.

mod artifact;

use manent_domain::message::Message;
use manent_types::{Part, Role};

use crate::wire;

pub use artifact::with_artifact;

/// Why a message is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEdit {
    /// There is no part with this number.
    #[error("Invalid index")]
    Index,
    /// The part is neither words nor thoughts.
    #[error("Cannot update non-text content")]
    NotText,
    /// There are fewer artifacts.
    #[error("Artifact index out of bounds")]
    ArtifactIndex,
    /// The artifact does not have what is to be replaced.
    #[error("Original content not found in target artifact")]
    ArtifactElsewhere,
}

/// The content with another text in place of all its texts.
pub fn with_text(content: &[Part], text: &str) -> Vec<Part> {
    let mut after = Vec::with_capacity(content.len() + 1);
    let mut is_written = false;
    for part in content {
        match part {
            Part::Text { .. } if is_written => {}
            Part::Text { .. } => {
                is_written = true;
                after.push(Part::Text {
                    text: text.to_owned(),
                });
            }
            other => after.push(other.clone()),
        }
    }
    if !is_written {
        after.push(Part::Text {
            text: text.to_owned(),
        });
    }
    after
}

/// The content of an answer with another text in the part that the client means by its number.
///
/// # Errors
/// When there is no such part, or when it has no text.
pub fn with_part(message: &Message, index: usize, text: &str) -> Result<Vec<Part>, InvalidEdit> {
    if message.role == Role::User {
        return Err(InvalidEdit::Index);
    }
    let place = wire::place(&message.content, message.status, index).ok_or(InvalidEdit::Index)?;
    let mut after = message.content.clone();
    match &mut after[place] {
        Part::Text { text: old } => text.clone_into(old),
        Part::Reasoning {
            text: old,
            signature,
            ..
        } => {
            text.clone_into(old);
            *signature = None;
        }
        _ => return Err(InvalidEdit::NotText),
    }
    Ok(after)
}

#[cfg(test)]
mod tests {
    use manent_types::{ConversationId, Extras, MessageId, MessageStatus, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn text(text: &str) -> Part {
        Part::Text {
            text: text.to_owned(),
        }
    }

    fn thought(text: &str, signature: Option<&str>) -> Part {
        Part::Reasoning {
            text: text.to_owned(),
            duration_ms: None,
            signature: signature.map(str::to_owned),
        }
    }

    fn failure() -> Part {
        Part::Error {
            code: "x".to_owned(),
            detail: "y".to_owned(),
        }
    }

    fn answer(content: Vec<Part>) -> Message {
        Message {
            id: MessageId::new(Uuid::nil()),
            conversation: ConversationId::new(Uuid::nil()),
            parent: None,
            seq: 1,
            role: Role::Assistant,
            content,
            status: MessageStatus::Complete,
            model: None,
            provider: None,
            usage: None,
            created_at: Timestamp::EPOCH,
            stored_at: Timestamp::EPOCH,
            run: None,
            edited_at: None,
            deleted_at: None,
            extras: Extras::new(),
        }
    }

    #[test]
    fn a_text_stands_where_the_first_one_stood() {
        assert_eq!(
            with_text(&[text("a"), failure(), text("b")], "c"),
            [text("c"), failure()]
        );
        assert_eq!(with_text(&[failure()], "c"), [failure(), text("c")]);
    }

    #[test]
    fn a_part_is_changed_by_the_number_that_the_client_sees() {
        // The client does not see what is empty.
        let answer = answer(vec![
            text(""),
            thought("a", Some("proof")),
            text("b"),
            failure(),
        ]);
        assert_eq!(
            with_part(&answer, 0, "c"),
            Ok(vec![text(""), thought("c", None), text("b"), failure()])
        );
        assert_eq!(
            with_part(&answer, 1, "c"),
            Ok(vec![
                text(""),
                thought("a", Some("proof")),
                text("c"),
                failure()
            ])
        );
        assert_eq!(with_part(&answer, 2, "c"), Err(InvalidEdit::NotText));
        assert_eq!(with_part(&answer, 3, "c"), Err(InvalidEdit::Index));
        let question = Message {
            role: Role::User,
            ..answer
        };
        assert_eq!(with_part(&question, 1, "c"), Err(InvalidEdit::Index));
    }
}
