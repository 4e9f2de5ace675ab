//! Signing in through an OpenID provider.

use std::time::Duration;

use secrecy::SecretString;

/// In what of the provider's a role is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleSource {
    /// The ID token.
    IdToken,
    /// The access token, which must be one that can be read: a JWT of the provider's.
    AccessToken,
    /// What the provider's userinfo endpoint says.
    UserInfo,
}

/// Where roles stand, and which of them count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRule {
    /// Any of these will do; empty: nothing is asked for.
    pub roles: Vec<String>,
    /// The names of the claims that lead to the role or the list of roles, from the outside in.
    pub path: Vec<String>,
    /// What is looked into.
    pub source: RoleSource,
}

/// Signing in through an OpenID provider; without meaning but in [`Mode::Oidc`](super::Mode::Oidc).
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in the configuration"
)]
pub struct OidcConfig {
    /// The provider's name for itself, exactly; there is one in [`Mode::Oidc`](super::Mode::Oidc).
    pub issuer: Option<String>,
    /// The name of this server at the provider; there is one in [`Mode::Oidc`](super::Mode::Oidc).
    pub client_id: Option<String>,
    /// With which this server shows who it is; without one it is a public client.
    pub client_secret: Option<SecretString>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// What the button says after "Sign in with".
    pub label: String,
    /// The picture on the button.
    pub image: Option<String>,
    /// Whether the sign-in page goes to the provider without being asked.
    pub automatic: bool,
    /// Whether people may sign in with passwords too.
    pub passwords: bool,
    /// Whether somebody without an account gets one.
    pub create_accounts: bool,
    /// Whether somebody gets the account with a password that has the same, verified address.
    pub link_passwords: bool,
    /// Whether an address counts as verified although the provider does not say so.
    pub trust_email: bool,
    /// The claim with the e-mail address; absent: the usual ones.
    pub email_claim: Option<String>,
    /// The claim with the user name; absent: the usual ones.
    pub username_claim: Option<String>,
    /// The claim with the name; absent: the usual ones.
    pub name_claim: Option<String>,
    /// The role that one must have to come in.
    pub required: RoleRule,
    /// The role that makes an administrator.
    pub admin: RoleRule,
    /// The audiences of tokens of the provider that programs may send; empty: no such tokens are taken.
    pub audiences: Vec<String>,
    /// Whether signing out here signs out at the provider.
    pub end_session: bool,
    /// How long the provider may take for an answer.
    pub timeout: Duration,
}

impl OidcConfig {
    /// Nothing, to be overwritten by the defaults of the table of settings.
    pub(crate) fn blank() -> Self {
        let rule = || RoleRule {
            roles: Vec::new(),
            path: Vec::new(),
            source: RoleSource::IdToken,
        };
        Self {
            issuer: None,
            client_id: None,
            client_secret: None,
            scopes: Vec::new(),
            label: String::new(),
            image: None,
            automatic: false,
            passwords: false,
            create_accounts: false,
            link_passwords: false,
            trust_email: false,
            email_claim: None,
            username_claim: None,
            name_claim: None,
            required: rule(),
            admin: rule(),
            audiences: Vec::new(),
            end_session: false,
            timeout: Duration::ZERO,
        }
    }
}
