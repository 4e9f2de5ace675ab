//! The model server: the real append decision over the reference store, behind a mouth that speaks the native API's JSON.

use futures_util::FutureExt;
use manent_domain::Refusal;
use manent_domain::append::{
    ConflictCause, LanePosition, NewMessage, Outcome, ParentRef, Submission,
};
use manent_domain::conversation::NewConversation;
use manent_domain::message::{Fingerprint, MessageRange};
use manent_domain::ports::{ConversationRepository, MessageRepository};
use manent_engine::ItemId;
use manent_protocol::{AppendMessage, AppendResponse, ItemResult, OutcomeName};
use manent_storage_memory::MemoryStore;
use manent_types::{
    ConversationId, DeviceId, Extras, MessageStatus, Part, Timestamp, UserId, text_of,
};
use serde_json::Value;
use uuid::Uuid;

use crate::violation::Violation;

/// The text that makes the server refuse a whole request, as some proxy's rule might.
pub(crate) const BOMB: &str = "bomb";

/// A reply, as it leaves the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after_ms: Option<u64>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn problem(status: u16, code: &str, retry_after_ms: Option<u64>) -> Self {
        let body = serde_json::json!({
            "type": "about:blank", "title": code, "status": status, "code": code,
            "detail": code, "traceId": "0",
        });
        Self {
            status,
            retry_after_ms,
            body: body.to_string().into_bytes(),
        }
    }
}

/// What became of a request.
#[derive(Debug)]
pub(crate) struct Appended {
    pub(crate) reply: Reply,
    /// The rows that were written, with their texts and places.
    pub(crate) rows: Vec<(ItemId, String, u64)>,
    /// What was refused.
    pub(crate) refused: Vec<ItemId>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Server {
    store: MemoryStore,
    owner: UserId,
}

impl Server {
    pub(crate) fn new(conversations: &[Uuid]) -> Result<Self, Violation> {
        let server = Self {
            store: MemoryStore::new(),
            owner: UserId::new(Uuid::from_u128(1)),
        };
        for id in conversations {
            let new = NewConversation::new(ConversationId::new(*id));
            now_or_broken(server.store.create(server.owner, new, time(0)?))?;
        }
        Ok(server)
    }

    /// Does what a request asks for.
    pub(crate) fn append(&self, request: &Value, now: u64) -> Result<Appended, Violation> {
        let submissions = read(request)?;
        if submissions
            .iter()
            .any(|submission| text(submission) == BOMB)
        {
            return Ok(Appended {
                reply: Reply::problem(400, "invalid_body", None),
                rows: Vec::new(),
                refused: Vec::new(),
            });
        }
        let append = self
            .store
            .append(self.owner, submissions.clone(), time(now)?);
        let plan = now_or_broken(append)?;
        let rows = plan.messages.iter().filter_map(|planned| {
            let submission = &submissions[planned.item];
            let outcome = plan.outcomes.get(planned.item)?.outcome;
            let Outcome::Stored { seq } = outcome else {
                return None;
            };
            Some((ItemId(submission.id?.as_uuid()), text(submission), seq))
        });
        let results = plan.outcomes.iter().map(|item| {
            let id = item.id.map(|id| id.to_string());
            result(id, item.outcome)
        });
        let response = AppendResponse {
            results: results.collect(),
        };
        let body = serde_json::to_vec(&response).map_err(|error| broken(&error))?;
        let reply = Reply {
            status: 200,
            retry_after_ms: None,
            body,
        };
        let is_refusal = |outcome| {
            matches!(
                outcome,
                Outcome::Rejected(_) | Outcome::Blocked | Outcome::Conflict(_)
            )
        };
        let refused = plan.outcomes.iter().filter_map(|item| {
            let id = item.id.filter(|_| is_refusal(item.outcome))?;
            Some(ItemId(id.as_uuid()))
        });
        Ok(Appended {
            reply,
            rows: rows.collect(),
            refused: refused.collect(),
        })
    }

    /// Every row of a conversation, in the order of `seq`.
    pub(crate) fn rows(&self, conversation: Uuid) -> Result<Vec<ItemId>, Violation> {
        let conversation = ConversationId::new(conversation);
        let range = MessageRange::After(0);
        let now = Timestamp::EPOCH;
        let list =
            MessageRepository::list(&self.store, self.owner, conversation, range, 1_000_000, now);
        let page = now_or_broken(list)?;
        let items = page.map(|page| page.items).unwrap_or_default();
        Ok(items.iter().map(|row| ItemId(row.id.as_uuid())).collect())
    }
}

fn broken(error: &impl ToString) -> Violation {
    Violation::Simulator(error.to_string())
}

fn time(now: u64) -> Result<Timestamp, Violation> {
    Timestamp::from_millisecond(i64::try_from(now).unwrap_or(0)).map_err(|error| broken(&error))
}

/// The reference store never waits.
fn now_or_broken<T, E: ToString>(
    future: impl Future<Output = Result<T, E>>,
) -> Result<T, Violation> {
    match future.now_or_never() {
        Some(result) => result.map_err(|error| broken(&error)),
        None => Err(Violation::Simulator("the store waited".to_owned())),
    }
}

fn text(submission: &Submission) -> String {
    submission
        .message()
        .map(|message| text_of(&message.content))
        .unwrap_or_default()
}

fn read(request: &Value) -> Result<Vec<Submission>, Violation> {
    let bad = |error: &dyn ToString| Violation::BadRequest(error.to_string());
    let device: DeviceId =
        serde_json::from_value(request["deviceId"].clone()).map_err(|error| bad(&error))?;
    let messages = request["messages"]
        .as_array()
        .ok_or_else(|| bad(&"no messages"))?;
    let submission = |message: &Value| {
        let message: AppendMessage =
            serde_json::from_value(message.clone()).map_err(|error| bad(&error))?;
        let id = message.id.ok_or_else(|| bad(&"no id"))?;
        let device_seq = message.device_seq.ok_or_else(|| bad(&"no number"))?;
        let content = message.content.into_parts();
        let is_empty = matches!(content.as_slice(), [Part::Text { text }] if text.is_empty());
        let fingerprint = Fingerprint::of(message.role, &content).map_err(|error| bad(&error))?;
        let body = NewMessage {
            id,
            parent: match message.parent_id {
                None => ParentRef::Newest,
                Some(None) => ParentRef::Root,
                Some(Some(parent)) => ParentRef::Message(parent),
            },
            role: message.role,
            content,
            fingerprint,
            status: MessageStatus::Complete,
            model: None,
            provider: None,
            usage: None,
            created_at: None,
            extras: Extras::new(),
        };
        Ok(Submission {
            conversation: message.conversation_id,
            lane: Some(LanePosition {
                device: device.clone(),
                device_seq,
            }),
            id: Some(id),
            body: if is_empty {
                Err(Refusal::ContentEmpty)
            } else {
                Ok(body.into())
            },
        })
    };
    messages.iter().map(submission).collect()
}

fn result(id: Option<String>, outcome: Outcome) -> ItemResult {
    let mut result = ItemResult {
        id,
        outcome: OutcomeName::Stored,
        seq: None,
        code: None,
        detail: None,
        expected_device_seq: None,
    };
    match outcome {
        Outcome::Stored { seq } => result.seq = Some(seq),
        Outcome::Duplicate { seq } => {
            result.outcome = OutcomeName::Duplicate;
            result.seq = Some(seq);
        }
        Outcome::Conflict(cause) => {
            result.outcome = OutcomeName::Conflict;
            result.code = Some(ConflictCause::code(cause).to_owned());
        }
        Outcome::Gap { expected } => {
            result.outcome = OutcomeName::Gap;
            result.expected_device_seq = Some(expected);
        }
        Outcome::Rejected(refusal) => {
            result.outcome = OutcomeName::Rejected;
            result.code = Some(refusal.code().to_owned());
        }
        Outcome::Blocked => result.outcome = OutcomeName::Blocked,
    }
    result
}
