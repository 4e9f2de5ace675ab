//! The paths of both formats, and `/_scripted/requests`.

use std::future::pending;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, OriginalUri, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::anthropic::Anthropic;
use super::body::AnswerBody;
use super::connection::BreakConnection;
use super::encode::{
    self, CREATED_AT, Context, Format, Outcome, error_response, json_response, json_value,
    name_request,
};
use super::openai::OpenAi;
use super::records::{Record, RequestState, Requests};
use super::{ServeArgs, WireFormat};
use crate::playback::Playback;
use crate::rules::{Failure, FailureKind, Flush, Model, Rules};
use crate::script::{self, Opening, Plan, Steps};

/// The largest request, in bytes.
const BODY_BYTES: usize = 32 * 1024 * 1024;

#[derive(Clone)]
struct Shared {
    rules: Arc<Rules>,
    formats: Arc<[WireFormat]>,
    required_key: Option<SecretString>,
    flush: Flush,
    requests: Requests,
}

pub(super) fn router(arguments: &ServeArgs, requests: Requests) -> Router {
    let shared = Shared {
        rules: Arc::clone(&arguments.rules),
        formats: arguments.formats.clone().into(),
        required_key: arguments.required_key.clone(),
        flush: arguments.flush.unwrap_or(arguments.rules.flush),
        requests,
    };
    let mut router = Router::new()
        .route("/v1/models", get(list_models))
        .route("/v1/models/{id}", get(get_model))
        .route(
            "/_scripted/requests",
            get(list_requests).delete(clear_requests),
        );
    if arguments.formats.contains(&WireFormat::Anthropic) {
        router = router.route("/v1/messages", post(messages));
    }
    if arguments.formats.contains(&WireFormat::OpenAi) {
        router = router.route("/v1/chat/completions", post(chat_completions));
    }
    router
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(shared)
}

async fn messages(
    State(shared): State<Shared>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response<Body> {
    let bytes = body.as_deref().unwrap_or_default();
    let record = shared
        .requests
        .begin(WireFormat::Anthropic, uri.path(), &headers, bytes);
    if !headers.contains_key("anthropic-version") {
        let failure = Failure {
            kind: FailureKind::BadRequest,
            status: None,
            message: "anthropic-version: header is required".to_owned(),
            retry_after_ms: None,
        };
        return refuse::<Anthropic>(record, &failure);
    }
    answer::<Anthropic>(shared, record, &headers, body).await
}

async fn chat_completions(
    State(shared): State<Shared>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response<Body> {
    let bytes = body.as_deref().unwrap_or_default();
    let record = shared
        .requests
        .begin(WireFormat::OpenAi, uri.path(), &headers, bytes);
    answer::<OpenAi>(shared, record, &headers, body).await
}

async fn answer<F: Format>(
    shared: Shared,
    record: Record,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response<Body> {
    if let Err(failure) = shared.check_key(headers) {
        return refuse::<F>(record, &failure);
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return refuse::<F>(record, &unreadable(&rejection)),
    };
    let request = match F::read_request(&body) {
        Ok(request) => request,
        Err(failure) => return refuse::<F>(record, &failure),
    };
    let plan = script::plan(&shared.rules, &request.script);
    record.rule(&plan.rule);
    if !plan.start_delay.is_zero() {
        tokio::time::sleep(plan.start_delay).await;
    }
    let steps = match &plan.opening {
        Opening::Answer(steps) => steps.clone(),
        Opening::Fail(failure) => return refuse::<F>(record, failure),
        Opening::Drop => return break_connection(record),
        Opening::Hang => return pending().await,
    };
    let context = Context {
        openai_reasoning_field: shared.rules.openai_reasoning_field,
    };
    if !request.streams {
        return whole::<F>(record, &plan, *steps, context).await;
    }
    let number = record.number;
    record.status(200);
    let encoder = F::encoder(number, &plan, &request, context);
    let body = AnswerBody::new(Playback::new(steps), encoder, record, shared.flush).into_body();
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    name_request::<F>(number, &mut response);
    response
}

async fn whole<F: Format>(
    mut record: Record,
    plan: &Plan,
    steps: Steps,
    context: Context,
) -> Response<Body> {
    let (duration, outcome) = encode::collect(steps);
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
    let body = match outcome {
        Outcome::Whole(answered) => F::whole(record.number, plan, &answered, context),
        Outcome::Malformed(bytes) => bytes,
        Outcome::Fail(failure) => return refuse::<F>(record, &failure),
        Outcome::Drop => return break_connection(record),
        Outcome::Hang => return pending().await,
    };
    record.status(200);
    record.ends_as(RequestState::Finished);
    let mut response = json_response(200, body);
    name_request::<F>(record.number, &mut response);
    response
}

fn refuse<F: Format>(mut record: Record, failure: &Failure) -> Response<Body> {
    let response = error_response::<F>(record.number, failure);
    record.status(response.status().as_u16());
    record.ends_as(RequestState::Finished);
    response
}

fn break_connection(mut record: Record) -> Response<Body> {
    record.ends_as(RequestState::Dropped);
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(BreakConnection);
    response
}

impl Shared {
    fn check_key(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let Some(required) = &self.required_key else {
            return Ok(());
        };
        let given = headers
            .get("x-api-key")
            .and_then(|value| value.to_str().ok())
            .or_else(|| {
                headers
                    .get(header::AUTHORIZATION)?
                    .to_str()
                    .ok()?
                    .strip_prefix("Bearer ")
            });
        match given {
            Some(given) if given == required.expose_secret() => Ok(()),
            given => Err(Failure {
                kind: FailureKind::Auth,
                status: None,
                message: if given.is_some() {
                    "the key is not the one that this scripted server was started with"
                } else {
                    "a key is required: send it as x-api-key or as Authorization: Bearer"
                }
                .to_owned(),
                retry_after_ms: None,
            }),
        }
    }

    /// Both formats list models at one path; Anthropic's clients always send their version.
    fn format_of(&self, headers: &HeaderMap) -> WireFormat {
        match self.formats.as_ref() {
            [only] => *only,
            _ if headers.contains_key("anthropic-version") => WireFormat::Anthropic,
            _ => WireFormat::OpenAi,
        }
    }

    fn model_json(&self, model: &Model, format: WireFormat) -> serde_json::Value {
        match format {
            WireFormat::Anthropic => json!({
                "type": "model",
                "id": model.id,
                "display_name": model.name,
                "created_at": "2025-11-21T04:40:00Z",
            }),
            WireFormat::OpenAi => json!({
                "id": model.id,
                "object": "model",
                "created": CREATED_AT,
                "owned_by": self.rules.name,
            }),
        }
    }

    fn error(&self, headers: &HeaderMap, failure: &Failure) -> Response<Body> {
        match self.format_of(headers) {
            WireFormat::Anthropic => error_response::<Anthropic>(0, failure),
            WireFormat::OpenAi => error_response::<OpenAi>(0, failure),
        }
    }
}

async fn list_models(State(shared): State<Shared>, headers: HeaderMap) -> Response<Body> {
    if let Err(failure) = shared.check_key(&headers) {
        return shared.error(&headers, &failure);
    }
    let format = shared.format_of(&headers);
    let models: Vec<_> = shared
        .rules
        .models
        .iter()
        .map(|model| shared.model_json(model, format))
        .collect();
    json_value(match format {
        WireFormat::Anthropic => json!({
            "data": models,
            "has_more": false,
            "first_id": shared.rules.models.first().map(|model| &model.id),
            "last_id": shared.rules.models.last().map(|model| &model.id),
        }),
        WireFormat::OpenAi => json!({ "object": "list", "data": models }),
    })
}

async fn get_model(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    if let Err(failure) = shared.check_key(&headers) {
        return shared.error(&headers, &failure);
    }
    let found = shared.rules.models.iter().find(|model| model.id == id);
    match found {
        Some(model) => json_value(shared.model_json(model, shared.format_of(&headers))),
        None => shared.error(
            &headers,
            &not_found(format!("the rules file lists no model {id}")),
        ),
    }
}

async fn no_such_path(
    State(shared): State<Shared>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response<Body> {
    let mut failure = not_found(format!("the scripted server has no path {}", uri.path()));
    if shared.format_of(&headers) == WireFormat::OpenAi {
        // There, `not found` means the model.
        failure.kind = FailureKind::BadRequest;
        failure.status = Some(404);
    }
    shared.error(&headers, &failure)
}

async fn no_such_method(
    State(shared): State<Shared>,
    method: Method,
    headers: HeaderMap,
) -> Response<Body> {
    let failure = Failure {
        kind: FailureKind::BadRequest,
        status: Some(405),
        message: format!("{method} is not allowed here"),
        retry_after_ms: None,
    };
    shared.error(&headers, &failure)
}

fn unreadable(rejection: &BytesRejection) -> Failure {
    let is_too_large = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
    Failure {
        kind: if is_too_large {
            FailureKind::TooLarge
        } else {
            FailureKind::BadRequest
        },
        status: None,
        message: if is_too_large {
            format!("the request has more than {BODY_BYTES} bytes")
        } else {
            "the body of the request cannot be read".to_owned()
        },
        retry_after_ms: None,
    }
}

fn not_found(message: String) -> Failure {
    Failure {
        kind: FailureKind::NotFound,
        status: None,
        message,
        retry_after_ms: None,
    }
}

async fn list_requests(State(shared): State<Shared>) -> Response<Body> {
    json_value(json!({
        "total": shared.requests.total(),
        "requests": shared.requests.newest(),
    }))
}

async fn clear_requests(State(shared): State<Shared>) -> Response<Body> {
    shared.requests.clear();
    StatusCode::NO_CONTENT.into_response()
}
