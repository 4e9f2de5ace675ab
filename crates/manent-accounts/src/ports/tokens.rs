//! Tokens that are derived from the server's secret and stored nowhere.

use manent_types::{SessionId, Timestamp, UserId};
use secrecy::SecretString;
use uuid::Uuid;

use crate::account::AccountProvider;
use crate::email::EmailAddress;

/// What a refresh token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshClaims {
    /// Of which session.
    pub session: SessionId,
    /// Of which generation.
    pub generation: u64,
}

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// Who.
    pub account: UserId,
    /// The session that it was made for.
    pub session: SessionId,
    /// The account's user name, or its name where it has none.
    pub username: String,
    /// How the account came to be.
    pub provider: AccountProvider,
    /// The account's address.
    pub email: EmailAddress,
    /// When it was made; to the second.
    pub issued_at: Timestamp,
    /// When it ends; to the second.
    pub expires_at: Timestamp,
}

/// What the token between password and second factor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoFactorClaims {
    /// Who showed the password.
    pub account: UserId,
    /// Which sign-in this is; each is finished once.
    pub id: Uuid,
    /// The account's `updated_at` when the password was shown. What changed since then makes the token void.
    pub account_updated_at: Timestamp,
    /// When the token ends; to the second.
    pub expires_at: Timestamp,
}

/// Why a token is not taken, or was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no token of this kind, or another secret made it.
    #[error("the token is not genuine")]
    Invalid,
    /// It is genuine and reached its end.
    #[error("the token expired")]
    Expired,
    /// A token could not be made.
    #[error("the token could not be made: {detail}")]
    Failed {
        /// For the log.
        detail: String,
    },
}

/// Makes tokens. One kind is never taken for another: each has a key or a mark of its own.
pub trait TokenMinter: Send + Sync {
    /// The refresh token of a generation: the same each time.
    fn refresh_token(&self, claims: RefreshClaims) -> Result<SecretString, TokenError>;

    /// An access token.
    fn access_token(&self, claims: &AccessClaims) -> Result<SecretString, TokenError>;

    /// A token between password and second factor.
    fn two_factor_token(&self, claims: TwoFactorClaims) -> Result<SecretString, TokenError>;
}

/// Reads tokens, in constant time where a secret is compared. Texts of any length and content are refused without harm.
pub trait TokenReader: Send + Sync {
    /// A refresh token; it has no end of its own, its session has.
    fn read_refresh_token(&self, text: &str) -> Result<RefreshClaims, TokenError>;

    /// An access token.
    fn read_access_token(&self, text: &str, now: Timestamp) -> Result<AccessClaims, TokenError>;

    /// A token between password and second factor.
    fn read_two_factor_token(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<TwoFactorClaims, TokenError>;
}
