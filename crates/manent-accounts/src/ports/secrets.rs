//! Random secrets.

use manent_types::ApiKeyId;

use crate::secret::{NewSecret, SecretDigest};
use crate::two_factor::TotpSecret;

/// An API key as somebody presents it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresentedApiKey {
    /// Which it says it is.
    pub id: ApiKeyId,
    /// Of its secret part.
    pub digest: SecretDigest,
}

/// The only source of secrets. The digest that goes with a secret is [`SecretDigest::of`] its text (for API keys: of the secret part).
pub trait SecretSource: Send + Sync {
    /// The secret of a one-time link: 32 random bytes in base64url.
    fn one_time_secret(&self) -> NewSecret;

    /// A new API key with this id, `mnt_<id>_<32 random bytes>` in base62; the digest is of its secret part.
    fn api_key(&self, id: ApiKeyId) -> NewSecret;

    /// Takes a presented API key apart; absent when it has not the form of one.
    fn read_api_key(&self, text: &str) -> Option<PresentedApiKey>;

    /// 20 random bytes.
    fn totp_secret(&self) -> TotpSecret;

    /// Backup codes of 8 random hexadecimal digits in lower case.
    fn backup_codes(&self, count: usize) -> Vec<NewSecret>;
}
