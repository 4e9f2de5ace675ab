//! A conversation as one reads it: from its beginning along one branch to its end, with what is not saved yet.

use std::collections::HashMap;

use manent_protocol::MessageResource;
use manent_types::{ConversationId, MessageId, MessageStatus, Part, Role, RunId};
use serde::{Deserialize, Serialize};

use crate::completion::PromptMessage;
use crate::outbox::OutboxItem;

/// One message of a transcript.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TranscriptMessage {
    /// Its id.
    pub id: MessageId,
    /// The message that it follows; absent: a root.
    #[serde(default)]
    pub parent_id: Option<MessageId>,
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: Vec<Part>,
    /// How it came to its end.
    #[serde(default)]
    pub status: MessageStatus,
    /// Whether the server has it.
    #[serde(default)]
    pub is_saved: bool,
    /// Of an answer that the server writes: its run.
    #[serde(default)]
    pub run_id: Option<RunId>,
}

/// A conversation along its newest branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transcript {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Its title, where it has one.
    #[serde(default)]
    pub title: Option<String>,
    /// From its beginning, or from as far back as was read.
    pub messages: Vec<TranscriptMessage>,
    /// Whether it is a copy of this device, because the server could not be asked.
    #[serde(default, skip)]
    pub is_copy: bool,
}

/// Room for the messages of a prompt, in bytes of JSON: the server takes bodies of 3 MB.
const PROMPT_BYTES: usize = 2_800_000;

impl Transcript {
    pub(crate) fn empty(conversation_id: ConversationId) -> Self {
        Self {
            conversation_id,
            title: None,
            messages: Vec::new(),
            is_copy: false,
        }
    }

    /// The message that the next one follows.
    pub fn head(&self) -> Option<MessageId> {
        self.messages.last().map(|message| message.id)
    }

    /// The newest branch of what the server and the outbox have.
    pub(crate) fn new(
        conversation_id: ConversationId,
        stored: Vec<TranscriptMessage>,
        queued: &[OutboxItem],
    ) -> Self {
        let mut all = stored;
        let mut places: HashMap<MessageId, usize> = all
            .iter()
            .enumerate()
            .map(|(place, message)| (message.id, place))
            .collect();
        let queued = queued.iter().filter(|item| {
            item.status.conversation_id == conversation_id && item.is_pending_message()
        });
        for item in queued {
            if let Some(message) = queued_message(item)
                && !places.contains_key(&message.id)
            {
                places.insert(message.id, all.len());
                all.push(message);
            }
        }
        let mut branch = Vec::new();
        let mut place = all.len().checked_sub(1);
        while let Some(at) = place {
            let message = &all[at];
            // Ids that form a ring do not come from a Manent.
            if branch.len() >= all.len() {
                break;
            }
            branch.push(message.clone());
            place = message
                .parent_id
                .and_then(|parent| places.get(&parent).copied());
        }
        branch.reverse();
        Self {
            conversation_id,
            title: None,
            messages: branch,
            is_copy: false,
        }
    }

    /// What a model is sent: the newest messages that there is room for, without notes of errors, beginning with the person's words.
    pub fn prompt(&self) -> Vec<PromptMessage> {
        let mut room = PROMPT_BYTES;
        let mut kept = Vec::new();
        for message in self.messages.iter().rev() {
            let content = sendable(&message.content);
            if content.is_empty() {
                continue;
            }
            let message = PromptMessage {
                role: message.role,
                content,
            };
            let bytes = serde_json::to_vec(&message).map_or(usize::MAX, |text| text.len());
            let Some(left) = room.checked_sub(bytes) else {
                break;
            };
            room = left;
            kept.push(message);
        }
        while kept.len() > 1 && kept.last().is_some_and(|first| first.role != Role::User) {
            kept.pop();
        }
        kept.reverse();
        kept
    }
}

fn sendable(content: &[Part]) -> Vec<Part> {
    let is_sendable = |part: &&Part| {
        !matches!(
            part,
            Part::Error { .. }
                | Part::Reasoning {
                    signature: None,
                    ..
                }
        )
    };
    content.iter().filter(is_sendable).cloned().collect()
}

fn queued_message(item: &OutboxItem) -> Option<TranscriptMessage> {
    let role = item.payload.get("role")?;
    let content = item.payload.get("content")?;
    let status = item.payload.get("status");
    Some(TranscriptMessage {
        id: item.status.message_id,
        parent_id: item.parent_id,
        role: Role::deserialize(role).ok()?,
        content: Vec::deserialize(content).ok()?,
        status: status
            .and_then(|status| MessageStatus::deserialize(status).ok())
            .unwrap_or_default(),
        is_saved: false,
        run_id: None,
    })
}

impl From<MessageResource> for TranscriptMessage {
    fn from(message: MessageResource) -> Self {
        Self {
            id: message.id,
            parent_id: message.parent_id,
            role: message.role,
            content: message.content,
            status: message.status,
            is_saved: true,
            run_id: message.run_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> MessageId {
        MessageId::new(Uuid::from_u128(number))
    }

    fn said(number: u128, parent: Option<u128>, role: Role, text: &str) -> TranscriptMessage {
        TranscriptMessage {
            id: id(number),
            parent_id: parent.map(id),
            role,
            content: vec![Part::Text {
                text: text.to_owned(),
            }],
            status: MessageStatus::Complete,
            is_saved: true,
            run_id: None,
        }
    }

    fn transcript(messages: Vec<TranscriptMessage>) -> Transcript {
        Transcript::new(ConversationId::new(Uuid::nil()), messages, &[])
    }

    #[test]
    fn follows_the_newest_branch() {
        let whole = transcript(vec![
            said(1, None, Role::User, "a"),
            said(2, Some(1), Role::Assistant, "b"),
            said(3, Some(1), Role::Assistant, "c"),
        ]);
        let ids: Vec<_> = whole.messages.iter().map(|message| message.id).collect();
        assert_eq!(ids, [id(1), id(3)]);
        assert_eq!(whole.head(), Some(id(3)));
    }

    #[test]
    fn a_ring_of_parents_ends() {
        let ring = transcript(vec![
            said(1, Some(2), Role::User, "a"),
            said(2, Some(1), Role::User, "b"),
        ]);
        assert_eq!(ring.messages.len(), 2);
    }

    #[test]
    fn a_prompt_leaves_out_notes_of_errors_and_begins_with_the_person() {
        let mut failed = said(3, Some(2), Role::Assistant, "half");
        failed.content.push(Part::Error {
            code: "provider_failed".to_owned(),
            detail: "D".to_owned(),
        });
        let whole = transcript(vec![
            said(1, None, Role::Assistant, "welcome"),
            said(2, Some(1), Role::User, "a"),
            failed,
        ]);
        let prompt = whole.prompt();
        let texts: Vec<_> = prompt
            .iter()
            .map(|message| manent_types::text_of(&message.content))
            .collect();
        assert_eq!(texts, ["a", "half"]);
        assert_eq!(prompt[1].content.len(), 1);
    }
}
