//! Why a generation does not begin, or cannot be read, in the client's words: an object with a type or a code that it knows, else a text, which it
//! shows as it is.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use manent_domain::DomainError;
use manent_domain::error::Refusal;
use manent_librechat::errors;
use manent_librechat::request::InvalidRequest;
use serde_json::{Value, json};

use crate::native::ApiError;

/// After how many seconds it is worth asking again where nothing says more.
const SOON: u64 = 2;

/// Why something is refused.
#[derive(Debug)]
pub(in crate::librechat) enum ChatRefusal {
    /// 400: an object that the client has words for, or a code.
    Bad(Value),
    /// 404, with a text.
    NotFound(&'static str),
    /// 409: the message to go on from is not stored yet.
    ParentNotStored,
    /// 400: what tells generations apart cannot be read.
    Identity,
    /// 409, with a code.
    Replaced(&'static str),
    /// 503: the client asks again.
    NotReady(u64),
    /// 429: an object that the client has words for.
    TooMuch(Value, u64),
    /// In words.
    Words(StatusCode, String),
    /// With a message.
    Message(StatusCode, String),
    /// As the native surface says it.
    Native(ApiError),
}

impl ChatRefusal {
    /// 400, in words.
    pub(super) fn bad(words: impl Into<String>) -> Self {
        Self::Words(StatusCode::BAD_REQUEST, words.into())
    }
}

impl From<ApiError> for ChatRefusal {
    fn from(error: ApiError) -> Self {
        Self::Native(error)
    }
}

impl From<InvalidRequest> for ChatRefusal {
    fn from(error: InvalidRequest) -> Self {
        if error.field == "clientRequestId" {
            return Self::Bad(
                json!({ "code": "INVALID_CLIENT_REQUEST_ID", "error": error.to_string() }),
            );
        }
        Self::bad(error.to_string())
    }
}

impl From<Refusal> for ChatRefusal {
    fn from(refusal: Refusal) -> Self {
        DomainError::MessageRefused(refusal).into()
    }
}

impl From<DomainError> for ChatRefusal {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::ConversationNotFound
            | DomainError::RunNotFound
            | DomainError::MessageNotFound => Self::NotFound("Conversation not found"),
            DomainError::Store(error) => {
                let error = ApiError::from(error);
                error.log();
                Self::NotReady(SOON)
            }
            DomainError::Overloaded => Self::NotReady(SOON),
            other => {
                let error = ApiError::from(other);
                error.log();
                Self::Words(error.status(), error.detail().to_owned())
            }
        }
    }
}

/// How much one may do, for the client to say it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LimitFigures {
    /// Answers at once.
    pub(crate) at_once: Option<u32>,
    /// Answers in a minute.
    pub(crate) by_person: Option<u32>,
    /// Answers in a minute, of everybody at one address.
    pub(crate) by_address: Option<u32>,
}

impl LimitFigures {
    /// The refusal of a start.
    pub(super) fn told(self, error: DomainError) -> ChatRefusal {
        let DomainError::LimitReached {
            code,
            detail,
            retry_after,
        } = error
        else {
            return error.into();
        };
        let seconds = retry_after.as_secs().max(1);
        let minute = |most: u32, who| errors::message_limit(most.into(), 1, who);
        let told = match code {
            "too_many_at_once" => self.at_once.map(|most| errors::concurrent(most.into())),
            "too_many_generations" => (self.by_person.map(|most| minute(most, "user")))
                .or_else(|| self.by_address.map(|most| minute(most, "ip"))),
            _ => None,
        };
        match told {
            Some(told) => ChatRefusal::TooMuch(told, seconds),
            None => ChatRefusal::Words(StatusCode::TOO_MANY_REQUESTS, detail),
        }
    }
}

impl IntoResponse for ChatRefusal {
    fn into_response(self) -> Response {
        let error = |status: StatusCode, body: Value| (status, Json(body)).into_response();
        match self {
            Self::Bad(body) => error(StatusCode::BAD_REQUEST, body),
            Self::NotFound(what) => error(StatusCode::NOT_FOUND, json!({ "error": what })),
            Self::ParentNotStored => error(
                StatusCode::CONFLICT,
                json!({ "error": "Cannot submit a follow-up while the selected parent response is still being saved. Please wait and try again." }),
            ),
            Self::Identity => error(
                StatusCode::BAD_REQUEST,
                json!({ "error": "Invalid generation identity", "code": "INVALID_GENERATION_IDENTITY" }),
            ),
            Self::Replaced(code) => error(
                StatusCode::CONFLICT,
                json!({ "code": code, "error": "Another generation has taken the place of this one" }),
            ),
            Self::NotReady(seconds) => again(
                error(
                    StatusCode::SERVICE_UNAVAILABLE,
                    json!({ "code": "SERVER_NOT_READY", "error": "The server is not ready; try again in a moment" }),
                ),
                seconds,
            ),
            Self::TooMuch(body, seconds) => {
                again(error(StatusCode::TOO_MANY_REQUESTS, body), seconds)
            }
            Self::Words(status, words) => (status, words).into_response(),
            Self::Message(status, message) => error(status, json!({ "message": message })),
            Self::Native(error) => error.into_response(),
        }
    }
}

fn again(mut response: Response, seconds: u64) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}
