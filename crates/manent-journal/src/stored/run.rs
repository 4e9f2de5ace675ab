//! Runs and their progress as they are stored. Events keep the text of the run log ([`encode_events`]), which is frozen too.

use manent_domain::journal::JournalWrite;
use manent_domain::run::{
    AnswerSnapshot, NewRun, RecordTarget, RunEnd, RunProgress, decode_events, encode_events,
};
use manent_types::{ConversationId, MessageId, NodeId, Part, RunId, Timestamp, Usage, UserId};
use serde::{Deserialize, Serialize};

use super::StoredError;
use super::append::StoredParent;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StoredNewRun {
    id: RunId,
    node: NodeId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<StoredTarget>,
    started_at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredTarget {
    conversation: ConversationId,
    message: MessageId,
    parent: StoredParent,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StoredProgress {
    node: NodeId,
    owner: UserId,
    run: RunId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    events: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<StoredAnswer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<RunEnd>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredAnswer {
    content: Vec<Part>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    position: u64,
}

impl From<NewRun> for StoredNewRun {
    fn from(new: NewRun) -> Self {
        Self {
            id: new.id,
            node: new.node,
            record: new.record.map(|target| StoredTarget {
                conversation: target.conversation,
                message: target.message,
                parent: target.parent.into(),
            }),
            started_at: new.started_at,
        }
    }
}

impl From<StoredNewRun> for NewRun {
    fn from(stored: StoredNewRun) -> Self {
        Self {
            id: stored.id,
            node: stored.node,
            record: stored.record.map(|target| RecordTarget {
                conversation: target.conversation,
                message: target.message,
                parent: target.parent.into(),
            }),
            started_at: stored.started_at,
        }
    }
}

impl StoredProgress {
    pub(super) fn new(node: NodeId, progress: &RunProgress) -> Result<Self, StoredError> {
        let events = if progress.events.is_empty() {
            None
        } else {
            let text =
                encode_events(&progress.events).map_err(|error| StoredError(error.to_string()))?;
            Some(text)
        };
        Ok(Self {
            node,
            owner: progress.owner,
            run: progress.run,
            events,
            answer: progress.answer.as_ref().map(|answer| StoredAnswer {
                content: answer.content.clone(),
                usage: answer.usage,
                position: answer.position,
            }),
            end: progress.end.clone(),
        })
    }

    pub(super) fn read(self) -> Result<JournalWrite, StoredError> {
        let events = match self.events.as_deref().map(decode_events) {
            None => Vec::new(),
            Some(Ok(events)) => events,
            Some(Err(error)) => return Err(StoredError(error.to_string())),
        };
        let progress = RunProgress {
            owner: self.owner,
            run: self.run,
            events,
            answer: self.answer.map(|answer| AnswerSnapshot {
                content: answer.content,
                usage: answer.usage,
                position: answer.position,
            }),
            end: self.end,
        };
        Ok(JournalWrite::RecordRun {
            node: self.node,
            progress,
        })
    }
}
