//! Bodies of requests: JSON objects, of which fields that are not known are left aside.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use manent_accounts::services::SecondFactor;
use secrecy::{ExposeSecret, SecretString};

use crate::app::App;
use crate::http::body::{JsonText, parse_json};
use crate::native::ApiError;

/// A body as `T`, or none at all.
pub(super) struct MaybeBody<T>(pub(super) T);

impl<T: DeserializeOwned + Default> FromRequest<App> for MaybeBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let text: Bytes = JsonText::from_request(request, app).await?.into_bytes();
        if text.trim_ascii().is_empty() {
            return Ok(Self(T::default()));
        }
        parse_json(&text).map(Self)
    }
}

/// A proof of the second factor, as several requests have it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Proof {
    /// A code of the authenticator.
    #[serde(default)]
    token: Option<SecretString>,
    #[serde(default)]
    backup_code: Option<SecretString>,
}

impl Proof {
    /// The one that was given; the code of the authenticator, where both were.
    pub(super) fn factor(self) -> Option<SecondFactor> {
        let given = |secret: &SecretString| !secret.expose_secret().trim().is_empty();
        let code = self.token.filter(given).map(SecondFactor::Code);
        let backup_code = self.backup_code.filter(given);
        code.or_else(|| backup_code.map(SecondFactor::BackupCode))
    }
}
