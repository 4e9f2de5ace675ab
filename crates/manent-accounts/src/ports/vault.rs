//! Encryption of secrets that must be read again.

use manent_types::{SessionId, UserId};
use secrecy::SecretString;

use crate::provider_key::EndpointName;
use crate::secret::SealedSecret;

/// What a secret is encrypted for. A secret opens for nothing else: this, and the key's version, are authenticated with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultUse {
    /// The key of a person for an endpoint.
    ProviderKey {
        /// Whose.
        owner: UserId,
        /// For what.
        endpoint: EndpointName,
    },
    /// The secret of an account's second factor.
    TwoFactor {
        /// Whose.
        owner: UserId,
    },
    /// What a browser keeps between going to an OpenID provider and coming back. Never stored.
    ProviderTransaction,
    /// The ID token of a session that an OpenID provider opened, which the browser keeps for signing out. Never stored.
    IdToken {
        /// Which.
        session: SessionId,
    },
}

/// A secret was not encrypted or not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// It was encrypted with a key that is not configured (any more).
    #[error("the key with version {version} is not configured")]
    UnknownKey {
        /// The key's version.
        version: u32,
    },
    /// It was changed, or encrypted for something else.
    #[error("the secret cannot be opened")]
    Refused,
    /// It could not be encrypted.
    #[error("the secret could not be sealed: {detail}")]
    Failed {
        /// For the log; never the secret.
        detail: String,
    },
}

/// A ring of keys: the newest encrypts, all of them open.
pub trait Vault: Send + Sync {
    /// The version of the newest key; larger than all others.
    fn key_version(&self) -> u32;

    /// Encrypts with the newest key.
    fn seal(&self, purpose: &VaultUse, secret: &SecretString) -> Result<SealedSecret, VaultError>;

    /// Opens.
    fn open(&self, purpose: &VaultUse, sealed: &SealedSecret) -> Result<SecretString, VaultError>;
}
