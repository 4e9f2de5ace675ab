//! Submissions as they are stored.

use manent_domain::Refusal;
use manent_domain::append::{
    ChangeKind, LanePosition, NewChange, NewItem, NewMessage, ParentRef, Submission,
};
use manent_domain::message::Fingerprint;
use manent_types::{
    ConversationId, DeviceId, Extras, MessageId, MessageStatus, Part, Role, Timestamp, Usage,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::StoredError;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StoredSubmission {
    conversation: ConversationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lane: Option<StoredLane>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<MessageId>,
    body: StoredBody,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredLane {
    device: DeviceId,
    device_seq: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum StoredBody {
    Message(StoredMessage),
    Change(StoredChange),
    Refused(String),
}

/// Which message a new one follows.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum StoredParent {
    Newest,
    Root,
    Message(MessageId),
}

impl From<ParentRef> for StoredParent {
    fn from(parent: ParentRef) -> Self {
        match parent {
            ParentRef::Newest => Self::Newest,
            ParentRef::Root => Self::Root,
            ParentRef::Message(id) => Self::Message(id),
        }
    }
}

impl From<StoredParent> for ParentRef {
    fn from(parent: StoredParent) -> Self {
        match parent {
            StoredParent::Newest => Self::Newest,
            StoredParent::Root => Self::Root,
            StoredParent::Message(id) => Self::Message(id),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredMessage {
    id: MessageId,
    parent: StoredParent,
    role: Role,
    content: Vec<Part>,
    fingerprint: Uuid,
    status: MessageStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Extras::is_empty")]
    extras: Extras,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredChange {
    id: MessageId,
    kind: StoredKind,
    fingerprint: Uuid,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum StoredKind {
    Edit {
        message: MessageId,
        content: Vec<Part>,
    },
    Delete {
        message: MessageId,
    },
    Undelete {
        message: MessageId,
    },
    Trash,
    Restore,
}

impl From<&Submission> for StoredSubmission {
    fn from(submission: &Submission) -> Self {
        Self {
            conversation: submission.conversation,
            lane: submission.lane.as_ref().map(|position| StoredLane {
                device: position.device.clone(),
                device_seq: position.device_seq,
            }),
            id: submission.id,
            body: match &submission.body {
                Ok(NewItem::Message(message)) => StoredBody::Message(message.into()),
                Ok(NewItem::Change(change)) => StoredBody::Change(change.into()),
                Err(refusal) => StoredBody::Refused(refusal.code().to_owned()),
            },
        }
    }
}

impl TryFrom<StoredSubmission> for Submission {
    type Error = StoredError;

    fn try_from(stored: StoredSubmission) -> Result<Self, StoredError> {
        Ok(Self {
            conversation: stored.conversation,
            lane: stored.lane.map(|lane| LanePosition {
                device: lane.device,
                device_seq: lane.device_seq,
            }),
            id: stored.id,
            body: match stored.body {
                StoredBody::Message(message) => Ok(NewItem::Message(message.into())),
                StoredBody::Change(change) => Ok(NewItem::Change(change.into())),
                StoredBody::Refused(code) => Err(Refusal::from_code(&code)
                    .ok_or_else(|| StoredError("it names an unknown refusal".to_owned()))?),
            },
        })
    }
}

impl From<&NewMessage> for StoredMessage {
    fn from(message: &NewMessage) -> Self {
        Self {
            id: message.id,
            parent: message.parent.into(),
            role: message.role,
            content: message.content.clone(),
            fingerprint: Uuid::from_bytes(message.fingerprint.0),
            status: message.status,
            model: message.model.clone(),
            provider: message.provider.clone(),
            usage: message.usage,
            created_at: message.created_at,
            extras: message.extras.clone(),
        }
    }
}

impl From<StoredMessage> for NewMessage {
    fn from(stored: StoredMessage) -> Self {
        Self {
            id: stored.id,
            parent: stored.parent.into(),
            role: stored.role,
            content: stored.content,
            fingerprint: Fingerprint(stored.fingerprint.into_bytes()),
            status: stored.status,
            model: stored.model,
            provider: stored.provider,
            usage: stored.usage,
            created_at: stored.created_at,
            extras: stored.extras,
        }
    }
}

impl From<&NewChange> for StoredChange {
    fn from(change: &NewChange) -> Self {
        Self {
            id: change.id,
            kind: match &change.kind {
                ChangeKind::Edit { message, content } => StoredKind::Edit {
                    message: *message,
                    content: content.clone(),
                },
                ChangeKind::Delete { message } => StoredKind::Delete { message: *message },
                ChangeKind::Undelete { message } => StoredKind::Undelete { message: *message },
                ChangeKind::Trash => StoredKind::Trash,
                ChangeKind::Restore => StoredKind::Restore,
            },
            fingerprint: Uuid::from_bytes(change.fingerprint.0),
        }
    }
}

impl From<StoredChange> for NewChange {
    fn from(stored: StoredChange) -> Self {
        Self {
            id: stored.id,
            kind: match stored.kind {
                StoredKind::Edit { message, content } => ChangeKind::Edit { message, content },
                StoredKind::Delete { message } => ChangeKind::Delete { message },
                StoredKind::Undelete { message } => ChangeKind::Undelete { message },
                StoredKind::Trash => ChangeKind::Trash,
                StoredKind::Restore => ChangeKind::Restore,
            },
            fingerprint: Fingerprint(stored.fingerprint.into_bytes()),
        }
    }
}
