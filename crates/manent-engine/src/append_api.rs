//! The one place with chat vocabulary: requests to and answers from `POST /message/append`, and `POST /conversation/create` before it.
//!
//! The payload is the JSON object of an append's item, a message or a change, without `id`, `conversationId` and `deviceSeq`, which come from
//! the engine's item. A field `create` (`{title?, config?}`) makes the conversation first: the shell sends what [`create_requests`] tells before
//! it sends the batch, and a create that fails ([`read_create_answer`]) is the answer to the batch. Creating is idempotent; a shell may leave out
//! the conversations that it saw created.
//!
//! An answer is read as what it is, not as what it should be: a page of HTML, half a document, or a problem from someone else's proxy is
//! classified as *infrastructure*, so it costs a retry and never a message.

mod reading;

use std::fmt;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::answer::{Answer, Failure, ItemOutcome, Outcome};
use crate::id::ItemId;
use crate::port::Batch;
use crate::time::Millis;
use crate::trace::TraceContext;
use reading::{ReadOutcome, ReadProblem, ReadResult};

/// The field of a payload that makes the conversation first. It is not sent with the item.
pub const CREATE_FIELD: &str = "create";

/// The payload of a message or a change: its JSON fields, but for the item's own.
pub type MessagePayload = Map<String, Value>;

/// An HTTP answer, as far as the engine cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpAnswer<'body> {
    /// The status.
    pub status: u16,
    /// The header `Retry-After`, in milliseconds.
    pub retry_after_ms: Option<Millis>,
    /// The body, whatever it is.
    pub body: &'body [u8],
}

/// The body of the request for a batch.
pub fn append_request(batch: &Batch<MessagePayload>) -> Value {
    let messages: Vec<Value> = batch
        .items
        .iter()
        .map(|item| {
            let mut message = Map::new();
            for (field, value) in &item.payload {
                if field != CREATE_FIELD {
                    message.insert(field.clone(), value.clone());
                }
            }
            set(&mut message, "id", text(&item.id));
            set(&mut message, "conversationId", text(&item.lane.stream));
            set(&mut message, "deviceSeq", item.number.into());
            // The request has a trace of its own; this one runs from the key press to the row.
            if let Some(trace) = &item.trace {
                set(&mut message, "traceparent", text(trace));
            }
            Value::Object(message)
        })
        .collect();
    let mut request = Map::new();
    set(&mut request, "deviceId", text(&batch.device));
    set(&mut request, "messages", Value::Array(messages));
    Value::Object(request)
}

fn set(object: &mut Map<String, Value>, field: &str, value: Value) {
    object.insert(field.to_owned(), value);
}

fn text(shown: &dyn fmt::Display) -> Value {
    Value::String(shown.to_string())
}

/// A request to `POST /conversation/create`, to be sent before a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateRequest {
    /// The conversation that it makes.
    pub conversation: Uuid,
    /// The body.
    pub body: Value,
    /// The trace of the item that asked for it.
    pub trace: Option<TraceContext>,
}

/// The conversations that have to be there before the batch is sent: one for each that an item wants to be created, in order. Of several
/// wishes for one conversation the first counts.
pub fn create_requests(batch: &Batch<MessagePayload>) -> Vec<CreateRequest> {
    let mut requests: Vec<CreateRequest> = Vec::new();
    for item in &batch.items {
        let conversation = item.lane.stream;
        let Some(Value::Object(wish)) = item.payload.get(CREATE_FIELD) else {
            continue;
        };
        if requests
            .iter()
            .any(|request| request.conversation == conversation)
        {
            continue;
        }
        let mut body = Map::new();
        set(&mut body, "id", text(&conversation));
        for field in ["title", "config"] {
            if let Some(value) = wish.get(field).filter(|value| !value.is_null()) {
                set(&mut body, field, value.clone());
            }
        }
        requests.push(CreateRequest {
            conversation,
            body: Value::Object(body),
            trace: item.trace.clone(),
        });
    }
    requests
}

/// Reads the answer to a create request. A failure is the answer to the batch: `Answer::Failed(failure)`.
///
/// # Errors
/// When the conversation cannot be taken for there.
pub fn read_create_answer(answer: HttpAnswer<'_>) -> Result<(), Failure> {
    if !matches!(answer.status, 200 | 201) {
        return Err(read_failure(answer));
    }
    // Someone else's page that says "welcome" created nothing.
    let resource = reading::object(answer.body);
    match resource.as_ref().and_then(|resource| resource.get("id")) {
        Some(Value::String(_)) => Ok(()),
        _ => Err(Failure::Infrastructure),
    }
}

/// Reads an answer. A failure of the network is [`Failure::Infrastructure`] and needs no reading.
pub fn read_append_answer(answer: HttpAnswer<'_>) -> Answer {
    if answer.status == 200 {
        return match reading::results(answer.body) {
            Some(results) => Answer::Outcomes(results.into_iter().filter_map(outcome).collect()),
            None => Answer::Failed(Failure::Infrastructure),
        };
    }
    Answer::Failed(read_failure(answer))
}

/// The class of an answer that is no success. For any call of the native API.
pub fn read_failure(answer: HttpAnswer<'_>) -> Failure {
    let problem = reading::problem(answer.body).filter(|problem| problem.status == answer.status);
    let retry_after_ms = answer
        .retry_after_ms
        .max(problem.as_ref().and_then(|problem| problem.retry_after_ms));
    match answer.status {
        401 => Failure::Auth,
        403 if problem.as_ref().is_some_and(is_about_the_account) => Failure::Auth,
        429 => Failure::BackPressure { retry_after_ms },
        503 if retry_after_ms.is_some() => Failure::BackPressure { retry_after_ms },
        408 | 425 => Failure::Infrastructure,
        // Whoever says it, Manent or a proxy on the way: this body will not pass.
        413 => Failure::Permanent {
            code: problem.as_ref().map_or_else(
                || "body_too_large".to_owned(),
                |problem| problem.code.clone(),
            ),
            detail: problem.map(|problem| problem.detail),
        },
        400..=499 => match problem {
            // What is wrong with the way is not wrong with the message.
            Some(problem) if !is_about_the_way(&problem) => Failure::Permanent {
                code: problem.code,
                detail: Some(problem.detail),
            },
            _ => Failure::Infrastructure,
        },
        _ => Failure::Infrastructure,
    }
}

fn is_about_the_way(problem: &ReadProblem) -> bool {
    matches!(
        problem.code.as_str(),
        "host_not_allowed" | "origin_not_allowed" | "not_found" | "method_not_allowed"
    )
}

fn is_about_the_account(problem: &ReadProblem) -> bool {
    !is_about_the_way(problem)
}

fn outcome(result: ReadResult) -> Option<ItemOutcome> {
    let id = ItemId(Uuid::try_parse(result.id.as_deref()?).ok()?);
    let code = result.code.unwrap_or_else(|| "rejected".to_owned());
    let outcome = match result.outcome {
        ReadOutcome::Stored => Outcome::Stored {
            position: result.seq,
        },
        ReadOutcome::Duplicate => Outcome::Duplicate {
            position: result.seq,
        },
        ReadOutcome::Conflict if code == "device_seq_taken" => Outcome::NumberTaken,
        ReadOutcome::Conflict => Outcome::IdTaken,
        ReadOutcome::Gap => Outcome::Gap {
            expected: result.expected_device_seq,
        },
        ReadOutcome::Rejected => Outcome::Rejected {
            code,
            detail: result.detail,
        },
        ReadOutcome::Blocked => Outcome::Blocked,
    };
    Some(ItemOutcome { id, outcome })
}

#[cfg(test)]
mod tests;
