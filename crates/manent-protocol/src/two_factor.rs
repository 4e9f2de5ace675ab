//! `/account/two-factor…`.

use manent_types::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// `GET /account/two-factor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TwoFactorResource {
    /// Whether a second factor is asked for at sign-in.
    pub enabled: bool,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Whether one was begun and waits for its first code.
    pub pending: bool,
    /// How many backup codes are unused.
    pub backup_codes_left: usize,
}

/// A proof: one of the two codes, or none where nothing is active yet.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TwoFactorProof {
    /// Six digits of the authenticator.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub code: Option<SecretString>,
    /// One of the codes that were written down.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub backup_code: Option<SecretString>,
}

/// The answer to `POST /account/two-factor`; it is never shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BegunTwoFactorResource {
    /// What an authenticator reads, usually as a picture.
    pub otpauth_url: String,
    /// The same secret to be typed, in Base32.
    pub secret: String,
    /// For when the device is lost; each works once.
    pub backup_codes: Vec<String>,
}

/// `POST /account/two-factor/confirm`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmTwoFactorRequest {
    /// Six digits of the authenticator.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub code: SecretString,
}

/// The answer to `POST /account/two-factor/backup-codes`; the ones before do nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BackupCodes {
    /// Each works once.
    pub backup_codes: Vec<String>,
}
