//! `/account/provider-keys…`: people's own keys for providers.

use manent_types::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// `PUT /account/provider-keys/{endpoint}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderKeyRequest {
    /// The key: visible ASCII characters. It is kept encrypted and never shown again.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Password))]
    pub api_key: SecretString,
    /// Where the provider is: needed where `takesBaseURL` says so, and only there.
    #[serde(default, rename = "baseURL")]
    pub base_url: Option<String>,
    /// From when the key is not to be used; without it: it stays until it is deleted.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A provider that wants a key of each person's own, and whether the caller has given one. The key itself is never told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderKeyResource {
    /// The provider's id, as `/models` names it.
    pub endpoint: String,
    /// Whether it wants an address beside the key.
    #[serde(rename = "takesBaseURL")]
    pub takes_base_url: bool,
    /// Whether there is a key, expired or not.
    pub has_key: bool,
    /// When the key ends or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// `GET /account/provider-keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderKeyList {
    /// Every provider that wants a key of each person's own.
    pub keys: Vec<ProviderKeyResource>,
}
