//! Forms with a file.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use futures_util::stream;

use crate::app::App;
use crate::http::body::read;
use crate::native::ApiError;

/// What a form has beside its file, in bytes.
const REST_BYTES: usize = 64 * 1024;

/// The most fields of a form.
const MOST_FIELDS: usize = 64;

/// A file of a form.
pub(super) struct SentFile {
    /// Its name, as it was said.
    pub(super) name: Option<String>,
    /// What it is said to be.
    pub(super) media_type: Option<String>,
    /// What is in it.
    pub(super) bytes: Bytes,
}

impl SentFile {
    /// Whether it says that it is JSON, by its kind or its name, or says nothing.
    pub(super) fn is_json(&self) -> bool {
        let kind = self.media_type.as_deref();
        let name = self.name.as_deref();
        let ends = |name: &str| name.to_ascii_lowercase().ends_with(".json");
        kind.is_some_and(|kind| kind == "application/json")
            || name.is_some_and(ends)
            || (kind.is_none() && name.is_none())
    }
}

/// A form with at most one file.
pub(super) struct SentForm {
    /// The first file.
    pub(super) file: Option<SentFile>,
}

/// A form whose file has at most so many bytes.
pub(super) struct Form<const MOST: usize>(pub(super) SentForm);

impl<const MOST: usize> FromRequest<App> for Form<MOST> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok());
        let boundary = kind.and_then(|kind| multer::parse_boundary(kind).ok());
        let boundary = boundary.ok_or_else(ApiError::unsupported_media_type)?;
        let most = MOST.saturating_add(REST_BYTES);
        let bytes = read(request.into_body(), most, app.http.body_timeout).await?;
        let body = stream::iter([Ok::<Bytes, Infallible>(bytes)]);
        let mut fields = multer::Multipart::new(body, boundary);
        let mut form = SentForm { file: None };
        for _ in 0..MOST_FIELDS {
            let field = fields.next_field().await.map_err(|error| broken(&error))?;
            let Some(field) = field else {
                return Ok(Self(form));
            };
            if field.name() != Some("file") || form.file.is_some() {
                continue;
            }
            let name = field.file_name().map(ToOwned::to_owned);
            let media_type = field
                .content_type()
                .map(|kind| kind.essence_str().to_owned());
            let bytes = field.bytes().await.map_err(|error| broken(&error))?;
            if bytes.len() > MOST {
                return Err(ApiError::body_too_large(MOST));
            }
            form.file = Some(SentFile {
                name,
                media_type,
                bytes,
            });
        }
        Err(ApiError::malformed_json("the form has too many fields"))
    }
}

fn broken(_: &multer::Error) -> ApiError {
    ApiError::malformed_json("the form is broken off or not well formed")
}
