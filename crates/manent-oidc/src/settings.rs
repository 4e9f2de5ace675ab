//! What has to be known of a provider.

use std::time::Duration;

use secrecy::SecretString;

/// In what of the provider's a role is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleSource {
    /// The ID token.
    IdToken,
    /// The access token, where it is a JWT of the provider's.
    AccessToken,
    /// What the userinfo endpoint says.
    UserInfo,
}

/// Which roles count, and where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRule {
    /// Any of these will do; empty: the rule asks for nothing.
    pub roles: Vec<String>,
    /// The names of the claims that lead there, from the outside in.
    pub path: Vec<String>,
    /// What is looked into.
    pub source: RoleSource,
}

/// The claims that tell who somebody is; absent: the usual ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimNames {
    /// The e-mail address.
    pub email: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// The name that is shown.
    pub name: Option<String>,
}

/// A provider, and this server as it knows it.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// The provider's name for itself, exactly.
    pub issuer: String,
    /// This server's name there.
    pub client_id: String,
    /// With which it shows who it is; without one it is a public client.
    pub client_secret: Option<SecretString>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The claims that tell who somebody is.
    pub claims: ClaimNames,
    /// Whether an address counts as verified although the provider does not say so.
    pub trust_email: bool,
    /// The role that one must have.
    pub required: RoleRule,
    /// The role of administrators; without roles the provider does not decide who is one.
    pub admin: RoleRule,
    /// The audiences of tokens that programs may present; empty: none are taken.
    pub audiences: Vec<String>,
    /// How long the provider may take for an answer.
    pub timeout: Duration,
}
