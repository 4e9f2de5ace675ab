//! What both wire formats share.

use std::io::Write;

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use manent_domain::completion::FinishReason;
use manent_types::Usage;
use serde::Serialize;

use crate::rules::Failure;
use crate::script::{Plan, ScriptRequest, Step, Steps};

/// The moment that both formats give as the time of creation, in Unix seconds: constant, so that whole bodies can be compared.
pub(super) const CREATED_AT: u64 = 1_763_700_000;

/// A request in one of the formats.
#[derive(Debug)]
pub(super) struct WireRequest {
    pub(super) script: ScriptRequest,
    pub(super) streams: bool,
    /// Whether an OpenAI stream ends with a chunk of figures.
    pub(super) includes_usage: bool,
}

/// Writes steps as events of a stream.
pub(super) trait Encoder: Send {
    /// What stands before the first step.
    fn begin(&mut self, out: &mut Vec<u8>);
    /// One step. Nothing is written for those that are not words of the protocol.
    fn step(&mut self, step: &Step, out: &mut Vec<u8>);
}

/// A wire format: everything that differs between the vendors.
pub(super) trait Format {
    fn read_request(body: &[u8]) -> Result<WireRequest, Failure>;
    fn encoder(
        number: u64,
        plan: &Plan,
        request: &WireRequest,
        context: Context,
    ) -> Box<dyn Encoder>;
    fn whole(number: u64, plan: &Plan, answer: &Answered, context: Context) -> String;
    /// The status and the body of an error.
    fn error(number: u64, failure: &Failure) -> (u16, String);
    /// The header that names the request.
    const REQUEST_ID_HEADER: HeaderName;
    /// As it stands in [`Self::REQUEST_ID_HEADER`].
    fn request_id(number: u64) -> String;
}

/// What encoders take from the rules file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    pub(super) openai_reasoning_field: &'static str,
}

/// A piece of a whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    Text(String),
    Reasoning {
        text: String,
        signature: String,
    },
    Tool {
        id: String,
        name: String,
        arguments: String,
    },
}

/// An answer in one piece.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answered {
    pub(super) blocks: Vec<Block>,
    pub(super) usage: Option<Usage>,
    pub(super) finish: FinishReason,
}

/// What becomes of an answer that is not streamed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    Whole(Answered),
    Fail(Failure),
    Drop,
    Hang,
    Malformed(String),
}

/// Collects a whole answer, after the time that its steps take together.
pub(super) fn collect(steps: Steps) -> (std::time::Duration, Outcome) {
    let mut blocks: Vec<Block> = Vec::new();
    let mut usage = None;
    let mut duration = std::time::Duration::ZERO;
    for timed in steps {
        duration += timed.delay;
        match timed.step {
            Step::Text(more) => match blocks.last_mut() {
                Some(Block::Text(text)) => text.push_str(&more),
                _ => blocks.push(Block::Text(more.into_owned())),
            },
            Step::Reasoning(more) => match blocks.last_mut() {
                Some(Block::Reasoning { text, .. }) => text.push_str(&more),
                _ => blocks.push(Block::Reasoning {
                    text: more.into_owned(),
                    signature: String::new(),
                }),
            },
            Step::Signature(more) => {
                if let Some(Block::Reasoning { signature, .. }) = blocks.last_mut() {
                    signature.push_str(&more);
                }
            }
            Step::ToolCall { id, name, .. } => blocks.push(Block::Tool {
                id,
                name,
                arguments: String::new(),
            }),
            Step::ToolArguments { json, .. } => {
                if let Some(Block::Tool { arguments, .. }) = blocks.last_mut() {
                    arguments.push_str(&json);
                }
            }
            Step::Usage(figures) => usage = Some(figures),
            Step::Finish(finish) => {
                let answered = Answered {
                    blocks,
                    usage,
                    finish,
                };
                return (duration, Outcome::Whole(answered));
            }
            Step::Fail(failure) => return (duration, Outcome::Fail(failure)),
            Step::Drop => return (duration, Outcome::Drop),
            Step::Hang => return (duration, Outcome::Hang),
            Step::Malformed(bytes) => return (duration, Outcome::Malformed(bytes)),
        }
    }
    (duration, Outcome::Drop)
}

/// Appends a value as JSON.
pub(super) fn push_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Writing texts and numbers into memory has no way to fail.
    let _ = serde_json::to_writer(out, value);
}

/// Appends formatted text.
pub(super) fn push(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing into memory has no way to fail.
    let _ = out.write_fmt(text);
}

/// A text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A response with a JSON body that is ready as text.
pub(super) fn json_response(status: u16, body: String) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

/// An error in the format's shape.
pub(super) fn error_response<F: Format>(number: u64, failure: &Failure) -> Response<Body> {
    let (status, body) = F::error(number, failure);
    let mut response = json_response(status, body);
    if let Some(milliseconds) = failure.retry_after_ms {
        let headers = response.headers_mut();
        headers.insert(
            header::RETRY_AFTER,
            HeaderValue::from(milliseconds.div_ceil(1000)),
        );
        headers.insert("retry-after-ms", HeaderValue::from(milliseconds));
    }
    name_request::<F>(number, &mut response);
    response
}

/// Puts the request's name into the response's headers.
pub(super) fn name_request<F: Format>(number: u64, response: &mut Response<Body>) {
    if let Ok(value) = HeaderValue::from_str(&F::request_id(number)) {
        response.headers_mut().insert(F::REQUEST_ID_HEADER, value);
    }
}

/// A plain JSON response.
pub(super) fn json_value(value: serde_json::Value) -> Response<Body> {
    Json(value).into_response()
}
