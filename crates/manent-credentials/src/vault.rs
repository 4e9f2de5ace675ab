//! The vault: XChaCha20-Poly1305 over secrets that must be read again, such as people's own keys for providers.
//!
//! A blob is `nonce || ciphertext || tag`: 24 random bytes, as many bytes as the secret has, and 16 bytes. The number of the key stands beside
//! it ([`SealedSecret::key_version`]).
//!
//! # Invariants
//!
//! - A blob opens for the use that it was sealed for and no other: the use, its owner and the key's number are authenticated with it. A row
//!   that was swapped with another one, or moved to another owner, endpoint or key, does not open.
//! - The newest key seals, all that are configured open. A key that is gone is said to be gone; of any other failure it is not said what failed.

use std::fmt;
use std::sync::Arc;

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use manent_accounts::ports::{Vault, VaultError, VaultUse};
use manent_accounts::secret::SealedSecret;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::entropy::{Entropy, EntropyError};
use crate::key::{Key, KeySet};
use crate::server_secret::{Purpose, ServerSecrets};

/// Bytes that a secret in the vault may have.
pub const LONGEST_SECRET: usize = 8 * 1024;

const NONCE_LENGTH: usize = 24;
const TAG_LENGTH: usize = 16;

/// The first bytes of what is authenticated: the form of the rest. Never changed, or nothing opens any more.
const FORM: &[u8] = b"manent vault blob 1";

/// The vault with the keys of the server's secrets, or of secrets of its own.
pub struct SealingVault {
    keys: KeySet,
    entropy: Arc<dyn Entropy>,
}

impl SealingVault {
    /// The vault of these secrets: the newest seals, all of them open, and a blob has the number of the secret.
    pub fn new(secrets: &ServerSecrets, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            keys: secrets.keys_for(Purpose::Vault),
            entropy,
        }
    }

    fn nonce(&self) -> Result<[u8; NONCE_LENGTH], EntropyError> {
        let mut nonce = [0; NONCE_LENGTH];
        self.entropy.fill(&mut nonce)?;
        Ok(nonce)
    }
}

impl Vault for SealingVault {
    fn key_version(&self) -> u32 {
        self.keys.current().number
    }

    fn seal(&self, purpose: &VaultUse, secret: &SecretString) -> Result<SealedSecret, VaultError> {
        let failed = |detail: String| VaultError::Failed { detail };
        let secret = secret.expose_secret().as_bytes();
        if secret.len() > LONGEST_SECRET {
            return Err(failed(format!("it has more than {LONGEST_SECRET} bytes")));
        }
        let key_version = self.key_version();
        let nonce = self.nonce().map_err(|error| failed(error.to_string()))?;
        let mut blob = Vec::with_capacity(NONCE_LENGTH + secret.len() + TAG_LENGTH);
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(secret);
        let tag = cipher(&self.keys.current().key)
            .encrypt_inout_detached(
                &XNonce::from(nonce),
                &associated_data(purpose, key_version),
                (&mut blob[NONCE_LENGTH..]).into(),
            )
            .map_err(|_| failed("the cipher refuses it".to_owned()))?;
        blob.extend_from_slice(&tag);
        Ok(SealedSecret { key_version, blob })
    }

    fn open(&self, purpose: &VaultUse, sealed: &SealedSecret) -> Result<SecretString, VaultError> {
        let version = sealed.key_version;
        let key = self
            .keys
            .find(version)
            .ok_or(VaultError::UnknownKey { version })?;
        let (nonce, rest) = sealed
            .blob
            .split_first_chunk::<NONCE_LENGTH>()
            .ok_or(VaultError::Refused)?;
        let (ciphertext, tag) = rest
            .split_last_chunk::<TAG_LENGTH>()
            .ok_or(VaultError::Refused)?;
        if ciphertext.len() > LONGEST_SECRET {
            return Err(VaultError::Refused);
        }
        let mut secret = Zeroizing::new(ciphertext.to_vec());
        cipher(key)
            .decrypt_inout_detached(
                &XNonce::from(*nonce),
                &associated_data(purpose, version),
                secret.as_mut_slice().into(),
                &(*tag).into(),
            )
            .map_err(|_| VaultError::Refused)?;
        std::str::from_utf8(&secret)
            .map(SecretString::from)
            .map_err(|_| VaultError::Refused)
    }
}

impl fmt::Debug for SealingVault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SealingVault")
            .field("key_version", &self.keys.current().number)
            .finish_non_exhaustive()
    }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

/// What is authenticated with a blob. All but the last part have a fixed length, so two uses never give the same bytes.
fn associated_data(purpose: &VaultUse, key_version: u32) -> Vec<u8> {
    let (kind, id, name) = match purpose {
        VaultUse::ProviderKey { owner, endpoint } => (1, owner.as_uuid(), endpoint.as_str()),
        VaultUse::TwoFactor { owner } => (2, owner.as_uuid(), ""),
        VaultUse::ProviderTransaction => (3, Uuid::nil(), ""),
        VaultUse::IdToken { session } => (4, session.as_uuid(), ""),
    };
    let mut data = FORM.to_vec();
    data.extend_from_slice(&key_version.to_be_bytes());
    data.push(kind);
    data.extend_from_slice(id.as_bytes());
    data.extend_from_slice(name.as_bytes());
    data
}

#[cfg(test)]
mod tests;
