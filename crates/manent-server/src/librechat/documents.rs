//! What this surface keeps of people as documents.
//!
//! Invariant: a change is made of what is there when it is written; two people's, or one person's in two windows, do not undo each other.

use axum::http::StatusCode;
use manent_domain::DomainError;
use manent_domain::document::{Document, DocumentBody, Expect, MAX_DOCUMENTS, Put};
use manent_librechat::personal::Unfit;
use manent_types::UserId;
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::short_id::short_id;
use crate::app::App;
use crate::native::ApiError;

/// How often a change is tried again when somebody else was faster.
const TRIES: usize = 16;

impl From<DomainError> for Refusal {
    fn from(error: DomainError) -> Self {
        Self::Native(ApiError::from(error))
    }
}

/// 400, as the client's forms read it.
impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        bad(unfit.to_string())
    }
}

/// 400, as the client's forms read it.
pub(super) fn bad(words: impl Into<String>) -> Refusal {
    error(StatusCode::BAD_REQUEST, words)
}

/// A refusal with an `error`.
pub(super) fn error(status: StatusCode, words: impl Into<String>) -> Refusal {
    Refusal::Json(status, json!({"error": words.into()}))
}

/// An id of the client's kind for something new.
pub(super) fn new_id(app: &App) -> String {
    short_id(app.ids.next())
}

/// Stores a new document; absent: there is one of this name.
pub(super) async fn create(
    app: &App,
    owner: UserId,
    kind: &str,
    id: &str,
    body: Map<String, Value>,
) -> Result<Option<Document>, Refusal> {
    put(app, owner, kind, id, body, Expect::Absent).await
}

async fn put(
    app: &App,
    owner: UserId,
    kind: &str,
    id: &str,
    body: Map<String, Value>,
    expect: Expect,
) -> Result<Option<Document>, Refusal> {
    let body = DocumentBody::try_from(body).map_err(|_| bad("That is too much to keep"))?;
    match app.documents.put(owner, kind, id, body, expect).await? {
        Put::Stored(document) => Ok(Some(document)),
        Put::Conflict(_) => Ok(None),
        Put::Full => Err(bad(format!(
            "There are {MAX_DOCUMENTS} of them; that is the most"
        ))),
    }
}

/// Changes a document, or makes it. `change` makes the body of what is there, again where somebody else was faster; absent: nothing is to be
/// changed, and nothing is answered.
pub(super) async fn change(
    app: &App,
    owner: UserId,
    kind: &str,
    id: &str,
    change: impl Fn(Option<&Document>) -> Result<Option<Map<String, Value>>, Refusal>,
) -> Result<Option<Document>, Refusal> {
    for _ in 0..TRIES {
        let before = app.documents.find(owner, kind, id).await?;
        let Some(body) = change(before.as_ref())? else {
            return Ok(None);
        };
        let expect = before.map_or(Expect::Absent, |before| Expect::Revision(before.revision));
        if let Some(document) = put(app, owner, kind, id, body, expect).await? {
            return Ok(Some(document));
        }
    }
    Err(error(
        StatusCode::CONFLICT,
        "Somebody else is changing this; try again",
    ))
}
