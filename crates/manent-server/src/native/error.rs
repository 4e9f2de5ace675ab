//! Errors of the native surface: the one place where the domain's errors become statuses and codes.

mod accounts;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use manent_domain::DomainError;
use manent_domain::completion::ProviderError;
use manent_domain::error::Refusal;
use manent_domain::ports::StoreError;
use manent_protocol::{ItemResult, Problem};
use manent_types::MessageId;

use crate::http::trace::TraceId;

/// An error as a client sees it, short of the trace id, which the tracing layer adds.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
    more: Box<More>,
}

/// What most errors do not have.
#[derive(Debug, Clone, Default)]
struct More {
    field: Option<String>,
    retry_after_ms: Option<u64>,
    results: Option<Vec<ItemResult>>,
    message_id: Option<MessageId>,
    /// What the log gets and the client does not.
    internal: Option<String>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            more: Box::default(),
        }
    }

    pub(super) fn with_field(mut self, field: impl Into<String>) -> Self {
        self.more.field = Some(field.into());
        self
    }

    fn with_retry_after(mut self, milliseconds: u64) -> Self {
        self.more.retry_after_ms = Some(milliseconds);
        self
    }

    /// Adds the outcome of each item of a refused append.
    pub(crate) fn with_results(mut self, results: Vec<ItemResult>) -> Self {
        self.more.results = Some(results);
        self
    }

    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is nothing at this address; /docs lists what there is.",
        )
    }

    pub(crate) fn method_not_allowed() -> Self {
        let detail = "This address does not take this method; /docs lists what it takes.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// A header of which there may be one stands there more than once.
    pub(crate) fn repeated_header(name: &HeaderName) -> Self {
        let detail = format!("The request has more than one `{name}`; send it once.");
        Self::new(StatusCode::BAD_REQUEST, "repeated_header", detail)
    }

    pub(crate) fn host_not_allowed() -> Self {
        let detail = "This server answers under its loopback name only.";
        Self::new(StatusCode::FORBIDDEN, "host_not_allowed", detail)
    }

    pub(crate) fn origin_not_allowed() -> Self {
        let detail = "Pages of other origins may not call this server.";
        Self::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail)
    }

    /// Whoever asks is not signed in, or not any more.
    pub(crate) fn signed_out() -> Self {
        let detail = "Sign in again; nothing was changed by this request.";
        Self::new(StatusCode::UNAUTHORIZED, "signed_out", detail)
    }

    /// The OpenID provider's keys cannot be had, so its token cannot be checked.
    pub(crate) fn sign_in_unavailable() -> Self {
        let detail = "The OpenID provider is not available, so its token cannot be checked; try again in a moment.";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "sign_in_unavailable",
            detail,
        )
        .with_retry_after(2_000)
    }

    /// Nobody signs in here.
    pub(crate) fn no_accounts() -> Self {
        let detail = "This server has one owner and no accounts; its operator can start it with --mode accounts.";
        Self::new(StatusCode::NOT_FOUND, "no_accounts", detail)
    }

    pub(crate) fn unsupported_media_type() -> Self {
        let detail = "Send JSON, with the content type application/json.";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            detail,
        )
    }

    pub(crate) fn invalid_utf8() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_utf8",
            "The body is not UTF-8.",
        )
    }

    pub(crate) fn malformed_json(detail: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "malformed_json",
            sentence(&format!("The body is not JSON: {detail}")),
        )
    }

    /// A field of the wrong type, missing, or unknown. `path` is where, as in `messages[2].role`, or `.` for the whole.
    pub(crate) fn invalid_body(path: &str, detail: &str) -> Self {
        let name = path.rsplit('.').next().unwrap_or_default();
        let is_id = matches!(
            name,
            "id" | "conversationId" | "parentId" | "messageId" | "runId" | "answerId"
        ) && !is_of_field(detail);
        let code = if is_id { "invalid_id" } else { "invalid_body" };
        let error = Self::new(StatusCode::BAD_REQUEST, code, sentence(detail));
        match (path, absent_or_doubled_field(detail)) {
            (".", None) => error,
            (".", Some(field)) => error.with_field(field),
            (object, Some(field)) => error.with_field(format!("{object}.{field}")),
            (path, None) => error.with_field(path),
        }
    }

    pub(crate) fn invalid_id(field: &str) -> Self {
        let detail = "An id is a UUID, such as 0199c0de-0000-7000-8000-000000000001.";
        Self::new(StatusCode::BAD_REQUEST, "invalid_id", detail).with_field(field)
    }

    pub(crate) fn invalid_cursor() -> Self {
        let detail = "This is no cursor of this list; begin again without one.";
        Self::new(StatusCode::BAD_REQUEST, "invalid_cursor", detail).with_field("cursor")
    }

    pub(crate) fn invalid_event_id() -> Self {
        let detail = "This is no id of an event of this stream; begin again without one.";
        Self::new(StatusCode::BAD_REQUEST, "invalid_cursor", detail).with_field("after")
    }

    pub(crate) fn record_without_run() -> Self {
        let detail = "An answer that the server is to keep is a run: give a runId beside record.";
        Self::new(StatusCode::BAD_REQUEST, "invalid_body", detail).with_field("record")
    }

    /// The caller did for now as much as one may.
    pub(crate) fn limit_reached(
        code: &'static str,
        detail: impl Into<String>,
        retry_after: std::time::Duration,
    ) -> Self {
        let milliseconds = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
        Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail).with_retry_after(milliseconds)
    }

    /// The server takes nothing new any more.
    pub(crate) fn shutting_down() -> Self {
        let detail = "The server is stopping; try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "shutting_down", detail).with_retry_after(1_000)
    }

    pub(crate) fn invalid_query(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_query", sentence(detail))
    }

    pub(crate) fn body_too_large(limit: usize) -> Self {
        let detail = format!("The body is larger than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }

    pub(crate) fn body_timeout() -> Self {
        let detail = "The body did not arrive in time.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail)
    }

    pub(crate) fn internal(internal: impl Into<String>) -> Self {
        let detail = "The server failed; its log has more under the trace id.";
        let mut error = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail);
        error.more.internal = Some(internal.into());
        error
    }

    /// The refusal of a message, as the answer to a whole request.
    pub(crate) fn refused(refusal: Refusal, detail: Option<String>) -> Self {
        let status = match refusal {
            Refusal::ConversationNotFound => StatusCode::NOT_FOUND,
            Refusal::TargetRunning => StatusCode::CONFLICT,
            Refusal::MessageTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::InvalidId | Refusal::InvalidBody | Refusal::InvalidLane => {
                StatusCode::BAD_REQUEST
            }
            Refusal::ParentUnknown
            | Refusal::ParentElsewhere
            | Refusal::RoleNotAllowed
            | Refusal::ContentEmpty
            | Refusal::TargetUnknown
            | Refusal::InvalidValue => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(
            status,
            refusal.code(),
            sentence(&detail.unwrap_or_else(|| refusal.to_string())),
        )
    }

    /// The status.
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// For `Retry-After`, in seconds.
    pub(crate) fn retry_after(&self) -> Option<HeaderValue> {
        let milliseconds = self.more.retry_after_ms?;
        Some(HeaderValue::from(milliseconds.div_ceil(1000).max(1)))
    }

    /// Logs what the operator should know; whoever answers with the error calls it, once.
    pub(crate) fn log(&self) {
        let internal = self.for_log();
        if self.status.is_server_error() {
            if self.status == StatusCode::INTERNAL_SERVER_ERROR {
                tracing::error!(code = self.code, internal, "request failed");
            } else {
                tracing::warn!(code = self.code, internal, "request failed");
            }
        }
    }

    /// The stable code.
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    /// The sentence for people.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// What the log gets and the client does not.
    pub(crate) fn for_log(&self) -> Option<&str> {
        self.more.internal.as_deref()
    }

    /// The answer with its trace id. Logs what the operator should know; this is where an error is handled.
    pub(crate) fn render(self, trace_id: &TraceId) -> Response {
        self.log();
        let retry_after = self.retry_after();
        let problem = Problem {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.detail,
            trace_id: trace_id.as_str().to_owned(),
            field: self.more.field,
            retry_after_ms: self.more.retry_after_ms,
            results: self.more.results,
            message_id: self.more.message_id,
        };
        let mut response = (self.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

impl IntoResponse for ApiError {
    /// Leaves itself for the tracing layer, which knows the trace id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<DomainError> for ApiError {
    fn from(error: DomainError) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            DomainError::ConversationNotFound => {
                Self::new(StatusCode::NOT_FOUND, "conversation_not_found", detail)
            }
            DomainError::MessageNotFound => {
                Self::new(StatusCode::NOT_FOUND, "message_not_found", detail)
            }
            DomainError::MessageRefused(refusal) => Self::refused(refusal, Some(detail)),
            DomainError::MessageIdTaken => Self::new(StatusCode::CONFLICT, "id_taken", detail),
            DomainError::RunNotFound => Self::new(StatusCode::NOT_FOUND, "run_not_found", detail),
            DomainError::CursorForeign => {
                Self::new(StatusCode::BAD_REQUEST, "cursor_foreign", detail).with_field("after")
            }
            DomainError::CursorAhead => {
                Self::new(StatusCode::CONFLICT, "cursor_ahead", detail).with_field("after")
            }
            DomainError::RunLogCleared { message } => {
                let mut error = Self::new(StatusCode::GONE, "run_log_cleared", detail);
                error.more.message_id = message;
                error
            }
            DomainError::LimitReached {
                code, retry_after, ..
            } => Self::limit_reached(code, detail, retry_after),
            DomainError::Overloaded => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail)
                    .with_retry_after(2_000)
            }
            DomainError::Invalid { field, .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_value", detail)
                    .with_field(field)
            }
            DomainError::BatchTooLarge { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "batch_too_large", detail)
            }
            DomainError::MessageTooLarge => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "message_too_large", detail)
            }
            DomainError::UnknownProvider => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_provider", detail)
                    .with_field("config.provider")
            }
            DomainError::UnknownModel => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_model", detail)
                    .with_field("config.model")
            }
            DomainError::ModelWithoutPrice { .. } => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "model_without_price",
                detail,
            )
            .with_field("config.model"),
            DomainError::Store(error) => error.into(),
            DomainError::Provider(error) => error.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let unavailable = |code, detail| Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        let mut answer = match &error {
            StoreError::Busy { .. } => unavailable(
                "store_busy",
                "The store has too much to do; try again in a moment.",
            )
            .with_retry_after(1_000),
            StoreError::Unavailable { .. } => unavailable(
                "store_unavailable",
                "The store cannot be used right now; try again later.",
            )
            .with_retry_after(5_000),
            StoreError::ReadOnly { .. } => unavailable(
                "store_unavailable",
                "The store is read-only; its operator has to make it writable.",
            )
            .with_retry_after(30_000),
            StoreError::Full { .. } => unavailable(
                "store_unavailable",
                "The store's disk is full; its operator has to make room.",
            )
            .with_retry_after(30_000),
            StoreError::Corrupt { .. } => unavailable(
                "store_unavailable",
                "The store is damaged; its operator has to restore it.",
            )
            .with_retry_after(60_000),
            StoreError::Newer { .. } => unavailable(
                "store_unavailable",
                "The store was written by a newer Manent; its operator has to update.",
            )
            .with_retry_after(60_000),
            StoreError::Internal { .. } => Self::internal(String::new()),
        };
        answer.more.internal = Some(error.to_string());
        answer
    }
}

impl From<ProviderError> for ApiError {
    fn from(error: ProviderError) -> Self {
        let status = match &error {
            ProviderError::Unreachable
            | ProviderError::Auth
            | ProviderError::BadRequest { .. }
            | ProviderError::Failed { .. }
            | ProviderError::Protocol { .. }
            | ProviderError::Truncated => StatusCode::BAD_GATEWAY,
            ProviderError::OwnKeyMissing
            | ProviderError::OwnKeyExpired
            | ProviderError::OwnKeyUnusable { .. }
            | ProviderError::BaseUrlRefused => StatusCode::UNPROCESSABLE_ENTITY,
            ProviderError::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
            ProviderError::RateLimited { .. }
            | ProviderError::Overloaded { .. }
            | ProviderError::OwnKeyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        let answer = Self::new(status, error.code(), sentence(&error.to_string()));
        match (error.retry_after_ms(), status) {
            (Some(milliseconds), _) => answer.with_retry_after(milliseconds),
            (None, StatusCode::SERVICE_UNAVAILABLE) => answer.with_retry_after(2_000),
            (None, _) => answer,
        }
    }
}

/// Whether it is the field that is wrong, in the words of serde, and not its value.
pub(crate) fn is_of_field(reason: &str) -> bool {
    reason.starts_with("unknown field") || reason.starts_with("duplicate field")
}

/// The field that serde misses or has seen before; the path of such an error ends at the object in which it belongs.
fn absent_or_doubled_field(reason: &str) -> Option<&str> {
    let name = reason
        .strip_prefix("missing field `")
        .or_else(|| reason.strip_prefix("duplicate field `"))?;
    name.split('`').next()
}

/// An error's text as a sentence for people. A field's name at its beginning stays as it is written.
pub(crate) fn sentence(text: &str) -> String {
    let is_field = text
        .split(' ')
        .next()
        .is_some_and(|word| word.ends_with(':') || word.chars().any(char::is_uppercase));
    let mut characters = text.chars();
    let mut sentence: String = match characters.next() {
        Some(_) if is_field => text.to_owned(),
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => return String::new(),
    };
    if !sentence.ends_with(['.', '!', '?', '…']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_store_failure_but_a_fault_of_our_own_asks_to_come_again() {
        let detail = || "secret path".to_owned();
        for error in [
            StoreError::Busy { detail: detail() },
            StoreError::Unavailable { detail: detail() },
            StoreError::ReadOnly { detail: detail() },
            StoreError::Full { detail: detail() },
            StoreError::Corrupt { detail: detail() },
            StoreError::Newer { detail: detail() },
        ] {
            let answer = ApiError::from(error);
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(answer.more.retry_after_ms.is_some());
            assert!(!answer.detail.contains("secret"), "internal detail leaks");
        }
        let fault = ApiError::from(StoreError::Internal { detail: detail() });
        assert_eq!((fault.status.as_u16(), fault.code), (500, "internal"));
    }

    #[test]
    fn sentences_begin_with_a_capital_letter_or_a_field() {
        assert_eq!(sentence("the content is empty"), "The content is empty.");
        assert_eq!(sentence("deviceId is missing"), "deviceId is missing.");
        assert_eq!(
            sentence("config.topP: lies between 0 and 1"),
            "config.topP: lies between 0 and 1."
        );
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn names_the_field_and_tells_ids_apart() {
        let error = ApiError::invalid_body("messages[2].parentId", "not a UUID");
        assert_eq!(
            (error.code, error.more.field.as_deref()),
            ("invalid_id", Some("messages[2].parentId"))
        );
        let field_of = |path, detail| ApiError::invalid_body(path, detail).more.field;
        assert_eq!(field_of(".", "invalid type: null"), None);
        assert_eq!(
            field_of("messages[2]", "missing field `id` at line 1").as_deref(),
            Some("messages[2].id")
        );
        assert_eq!(
            field_of(".", "duplicate field `title`").as_deref(),
            Some("title")
        );
    }
}
