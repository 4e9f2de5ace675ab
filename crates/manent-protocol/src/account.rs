//! `/auth…`, `/account…` and `/keys…`.

use manent_types::{ApiKeyId, SessionId, Timestamp, UserId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// `GET /auth/options`: what a sign-in page has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuthOptions {
    /// Whether people sign in here at all; if not, everybody who reaches the server is its one owner.
    pub sign_in: bool,
    /// Who may register.
    pub registration: RegistrationName,
    /// The shortest password that may be chosen, in characters.
    pub min_password_length: usize,
    /// Whether a link that resets a password can be had by mail (`POST /auth/reset/request`); if not, an administrator hands one out.
    pub reset_by_mail: bool,
    /// Whether people sign in with a password.
    pub passwords: bool,
    /// Signing in through an OpenID provider; absent where nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openid: Option<OpenIdOption>,
}

/// How people sign in through an OpenID provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenIdOption {
    /// The provider's name, for the button.
    pub label: String,
    /// The address of a picture for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Whether the page may go there without being asked; not right after a failure or a sign-out.
    pub automatic: bool,
    /// Where a browser goes to sign in. `?client=page&return_to=…` names the path that it comes back to; after a failure that has
    /// `signInError=…` in its query.
    pub path: String,
}

/// `POST /auth/sign-out`, where the sign-in came from an OpenID provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignOutAnswer {
    /// Where the browser goes to be signed out there too.
    pub redirect: String,
}

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RegistrationName {
    /// Everybody.
    Open,
    /// Whoever has an invitation.
    Invited,
    /// Nobody.
    Closed,
}

/// `POST /auth/register`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterRequest {
    /// The name that is shown.
    pub name: String,
    /// Unique; upper and lower case are one.
    pub email: String,
    /// As long as `minPasswordLength` says, at most 128 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Password))]
    pub password: SecretString,
    /// The secret of an invitation.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub invitation: Option<SecretString>,
}

/// `POST /auth/sign-in`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInRequest {
    /// The e-mail address.
    pub email: String,
    /// The password.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Password))]
    pub password: SecretString,
}

/// `POST /auth/second-factor`: one of the two codes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecondFactorRequest {
    /// `token` of the answer that asked for it.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub token: SecretString,
    /// Six digits of the authenticator.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub code: Option<SecretString>,
    /// One of the codes that were written down.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub backup_code: Option<SecretString>,
}

/// What a sign-in answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SignInAnswer {
    /// Signed in. The cookie that keeps the sign-in comes with the answer.
    SignedIn(SignedInResource),
    /// The password was right; the second factor is asked for.
    SecondFactorNeeded {
        /// For `POST /auth/second-factor`.
        token: String,
        /// When that ends.
        expires_at: Timestamp,
    },
}

/// `POST /auth/refresh`, and a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedInResource {
    /// To be sent as `Authorization: Bearer …`.
    pub token: String,
    /// When it ends; `POST /auth/refresh` gives the next one.
    pub expires_at: Timestamp,
    /// Who is signed in.
    pub account: AccountResource,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountResource {
    /// Which.
    pub id: UserId,
    /// The name that is shown.
    pub name: String,
    /// A short name.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: String,
    /// `USER`, `ADMIN`, or a role of the server's own.
    pub role: String,
    /// Whether a second factor is asked for at sign-in.
    pub two_factor: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// `POST /account/password`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePasswordRequest {
    /// The one that holds.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Password))]
    pub old: SecretString,
    /// The one that is to hold. Every other session ends.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Password))]
    pub new: SecretString,
}

/// `PATCH /account`; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateAccountRequest {
    /// The name that is shown.
    #[serde(default)]
    pub name: Option<String>,
    /// A short name; empty takes it away.
    #[serde(default)]
    pub username: Option<String>,
}

/// `DELETE /account`: the password, and a code where a second factor is asked for at sign-in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeleteAccountRequest {
    /// The password; not needed beside a code, nor by who has none.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Password))]
    pub password: Option<SecretString>,
    /// Six digits of the authenticator.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub code: Option<SecretString>,
    /// One of the codes that were written down.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub backup_code: Option<SecretString>,
}

/// `POST /auth/reset/request` and `POST /auth/verify/resend`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddressRequest {
    /// The e-mail address.
    pub email: String,
}

/// `POST /auth/reset`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResetPasswordRequest {
    /// What the link has behind `token=`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub token: SecretString,
    /// As long as `minPasswordLength` says. Every session ends.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Password))]
    pub new_password: SecretString,
}

/// `POST /auth/verify`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyRequest {
    /// What the link has behind `token=`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub token: SecretString,
}

/// `GET /account/sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionList {
    /// The newest first.
    pub sessions: Vec<SessionResource>,
}

/// One sign-in on one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionResource {
    /// Which.
    pub id: SessionId,
    /// What the client says it is.
    pub label: Option<String>,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When it was last refreshed, to the minute.
    pub last_used_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// `POST /keys`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateKeyRequest {
    /// For people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<ScopeName>,
    /// Absent: until it is revoked.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ScopeName {
    /// Read what is kept.
    Read,
    /// Add to it and change it.
    Write,
    /// Ask models for answers.
    Generate,
    /// Administer the server.
    Admin,
}

/// `GET /keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyList {
    /// The newest first.
    pub keys: Vec<KeyResource>,
}

/// A key for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyResource {
    /// Which.
    pub id: ApiKeyId,
    /// For people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<ScopeName>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

/// The answer to `POST /keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeKey {
    /// The key itself; it is never shown again.
    pub secret: String,
    /// What is kept of it.
    pub key: KeyResource,
}
