//! Who may use the server, and how people sign in.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;

/// Who may use the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Whoever reaches it on this machine, without signing in: one owner.
    Local,
    /// People who sign in with passwords.
    Accounts,
    /// People who sign in through an OpenID provider, and with passwords where that is allowed too.
    Oidc,
}

impl Mode {
    /// Whether people have accounts and sign in.
    pub const fn has_accounts(self) -> bool {
        matches!(self, Self::Accounts | Self::Oidc)
    }
}

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Everybody.
    Open,
    /// Whoever has an invitation.
    Invited,
    /// Nobody.
    Closed,
}

/// Whether cookies are kept from plain HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecureCookies {
    /// Where the public address begins with `https`.
    Auto,
    /// In any case.
    Always,
    /// Never.
    Never,
}

/// How people sign in.
#[derive(Debug, Clone)]
pub struct AccountsConfig {
    /// Who may register.
    pub registration: Registration,
    /// The domains of the addresses that may register, in lower case; empty: all.
    pub allowed_domains: Vec<String>,
    /// The shortest password that may be chosen, in characters.
    pub min_password_length: usize,
    /// How long an access token counts.
    pub access_token_life: Duration,
    /// After how long a sign-in ends.
    pub session_life: Duration,
    /// How long a refresh token may be used again after its successor was.
    pub refresh_grace: Duration,
    /// For how long what was looked up of a session, a key or an account is believed.
    pub recheck_interval: Duration,
    /// Whether cookies are kept from plain HTTP.
    pub secure_cookies: SecureCookies,
    /// From which the keys for tokens are derived; without one it is made at the first start.
    pub secret: Option<SecretString>,
    /// Whose word about a client's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks that base URLs of people's own may lead to, beside public addresses.
    pub user_url_networks: Vec<IpNet>,
}

impl AccountsConfig {
    /// Zeros, to be overwritten by the defaults of the table of settings.
    pub(crate) fn blank() -> Self {
        Self {
            registration: Registration::Closed,
            allowed_domains: Vec::new(),
            min_password_length: 0,
            access_token_life: Duration::ZERO,
            session_life: Duration::ZERO,
            refresh_grace: Duration::ZERO,
            recheck_interval: Duration::ZERO,
            secure_cookies: SecureCookies::Auto,
            secret: None,
            trusted_proxies: Vec::new(),
            user_url_networks: Vec::new(),
        }
    }

    /// Whether this address is a proxy whose word about its client is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|network| network.contains(&address.to_canonical()))
    }
}
