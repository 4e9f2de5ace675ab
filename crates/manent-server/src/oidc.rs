//! Signing in through an OpenID provider: what HTTP adds to `manent-oidc` and to the accounts.
//!
//! Invariants:
//! - whoever comes back is signed in by the same session as after a password, and nothing of the provider's tokens is stored or logged; what is
//!   needed later is sealed into a cookie of the browser's;
//! - whatever goes wrong ends at an address of this server's own with a stable code, never at one that somebody else chose;
//! - nobody else waits for the provider: only requests that are about it ask it.

mod bearer;
mod cookies;
pub(crate) mod failure;
mod person;
mod place;
mod routes;
mod spent;

use std::fmt;
use std::sync::Arc;

use manent_accounts::ports::{Clock, Vault};
use manent_accounts::services::OpenIdService;
use manent_oidc::Provider;

pub(crate) use self::spent::Spent;
pub(crate) use failure::refusal_code;
pub(crate) use routes::{BEGIN, routes};

/// Everything that signing in through the provider needs.
pub(crate) struct Oidc {
    /// The provider.
    pub(crate) provider: Arc<Provider>,
    /// Whose account is whose.
    pub(crate) people: OpenIdService,
    /// Seals what the browser keeps.
    pub(crate) vault: Arc<dyn Vault>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// What of the configuration reaches HTTP.
    pub(crate) options: OidcOptions,
    /// Which sign-ins came back already.
    pub(crate) spent: Spent,
}

impl fmt::Debug for Oidc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Oidc")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// What of the configuration reaches HTTP.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in the configuration"
)]
pub(crate) struct OidcOptions {
    /// What the button says.
    pub(crate) label: String,
    /// The picture on it.
    pub(crate) image: Option<String>,
    /// Whether the page goes to the provider without being asked.
    pub(crate) is_automatic: bool,
    /// Whether passwords are offered beside it.
    pub(crate) has_passwords: bool,
    /// Whether signing out here signs out there.
    pub(crate) ends_session: bool,
    /// Whether cookies are kept from plain HTTP.
    pub(crate) is_secure: bool,
    /// Under which address people reach the server; absent: the one that they used, which is one of loopback.
    pub(crate) public_url: Option<String>,
}
