//! The server's secrets: 32 random bytes each, from which every other key of the server is derived.
//!
//! There is one, until it is replaced: then the older ones stay for a while, so that what was made with them is still believed and can be
//! encrypted anew. Each has a number, and the highest is the one in use.
//!
//! # Invariants
//!
//! - The bytes themselves are used for nothing but deriving: no token is signed and nothing is encrypted with them.
//! - Keys for different purposes are independent of each other: whoever has one learns nothing of another, nor of the secret.
//! - A secret that was made here is on the disk, whole and readable by its owner alone, before anybody uses it.

mod file;
mod text;

use std::convert::Infallible;
use std::fmt;

use hkdf::Hkdf;
use secrecy::SecretString;
use sha2::Sha256;

pub use self::file::{LoadedSecrets, SecretFileError, load_or_create, read_file, rotate_file};
pub use self::text::InvalidSecret;
use crate::entropy::{Entropy, EntropyError};
use crate::key::{Key, KeySet, NumberedKey};

/// Secrets that are kept at most: the one in use and those before it.
pub const MOST_SECRETS: usize = 8;

/// The highest number that a secret may have.
pub const HIGHEST_NUMBER: u32 = 999_999;

/// What a derived key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Authenticating refresh tokens.
    RefreshToken,
    /// Signing access tokens.
    AccessToken,
    /// Signing the tokens between the password and the second factor.
    TwoFactorToken,
    /// Authenticating the marks of devices.
    DeviceMark,
    /// Encrypting what the vault keeps.
    Vault,
}

impl Purpose {
    /// Part of what is stored and handed out: never changed, or everything made with it becomes worthless.
    const fn label(self) -> &'static [u8] {
        match self {
            Self::RefreshToken => b"manent refresh token 1",
            Self::AccessToken => b"manent access token 1",
            Self::TwoFactorToken => b"manent two-factor token 1",
            Self::DeviceMark => b"manent device mark 1",
            Self::Vault => b"manent vault 1",
        }
    }
}

/// The label of the fingerprint, which is no purpose of a key.
const FINGERPRINT_LABEL: &[u8] = b"manent fingerprint 1";

/// No new secret was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// There are no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The secret in use has the highest number that there is.
    #[error(
        "the secret in use has the number {HIGHEST_NUMBER}, and there is none after it; give the secrets lower numbers"
    )]
    NumbersExhausted,
}

/// The server's secrets, the one in use and those before it. All nodes on one database share them.
#[derive(Debug, Clone)]
pub struct ServerSecrets(KeySet);

impl ServerSecrets {
    /// One new secret.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let key = Key::generate(entropy)?;
        Ok(Self(KeySet::new(NumberedKey { number: 1, key }, vec![])))
    }

    /// Reads one secret, or several with numbers (`2:… 1:…`) and spaces, commas or line ends between them. A secret is written as 64
    /// hexadecimal digits, or as Base64 of 32 bytes in either alphabet, with or without padding.
    ///
    /// # Errors
    /// When it is something else, or plainly not random.
    pub fn parse(text: &SecretString) -> Result<Self, InvalidSecret> {
        text::parse(text).map(Self)
    }

    /// The secrets as they stand in their file: a line each, the newest first.
    pub fn to_text(&self) -> SecretString {
        text::write(&self.0)
    }

    /// These secrets and a new one that is used from now on. The oldest goes when there would be more than [`MOST_SECRETS`].
    ///
    /// # Errors
    /// When there are no random bytes or no numbers left.
    pub fn rotated(&self, entropy: &dyn Entropy) -> Result<Self, RotationError> {
        let number = self.0.current().number + 1;
        if number > HIGHEST_NUMBER {
            return Err(RotationError::NumbersExhausted);
        }
        let key = Key::generate(entropy)?;
        let older = self.0.all().take(MOST_SECRETS - 1).cloned().collect();
        Ok(Self(KeySet::new(NumberedKey { number, key }, older)))
    }

    /// The number of the secret in use.
    pub fn number(&self) -> u32 {
        self.0.current().number
    }

    /// What tells the secret in use from others and gives nothing of it away.
    pub fn fingerprint(&self) -> SecretFingerprint {
        fingerprint(&self.0.current().key)
    }

    /// The number and the fingerprint of every secret, the one in use first.
    pub fn fingerprints(&self) -> Vec<(u32, SecretFingerprint)> {
        let numbered = |secret: &NumberedKey| (secret.number, fingerprint(&secret.key));
        self.0.all().map(numbered).collect()
    }

    /// The keys for a purpose: one of each secret, with its number.
    pub(crate) fn keys_for(&self, purpose: Purpose) -> KeySet {
        self.0.map(|secret| {
            let Ok(key) = Key::try_fill(|bytes| {
                expand(secret, purpose.label(), bytes);
                Ok::<(), Infallible>(())
            });
            key
        })
    }
}

fn fingerprint(secret: &Key) -> SecretFingerprint {
    let mut bytes = [0; 16];
    expand(secret, FINGERPRINT_LABEL, &mut bytes);
    SecretFingerprint(data_encoding::HEXLOWER.encode(&bytes))
}

#[expect(
    clippy::expect_used,
    reason = "HKDF refuses only more than 8160 bytes, and going on without a key would be worse than stopping"
)]
fn expand(secret: &Key, label: &[u8], output: &mut [u8]) {
    Hkdf::<Sha256>::new(None, secret.bytes())
        .expand(label, output)
        .expect("HKDF gives a few bytes");
}

/// What tells one server's secret from another: 32 hexadecimal digits that may be shown, logged and stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecretFingerprint(String);

impl SecretFingerprint {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretFingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::testing::{CountingEntropy, NoEntropy};
    use crate::key::testing::keys;

    #[test]
    fn derives_the_same_keys_from_the_same_secret_in_every_version() {
        // What is stored and handed out depends on these bytes. Computed with another implementation of RFC 5869.
        let secrets = ServerSecrets(keys(1, &[]));
        let digits = |purpose| {
            let keys = secrets.keys_for(purpose);
            data_encoding::HEXLOWER.encode(keys.current().key.bytes())
        };
        assert_eq!(
            [
                digits(Purpose::RefreshToken),
                digits(Purpose::AccessToken),
                digits(Purpose::TwoFactorToken),
                digits(Purpose::Vault),
                secrets.fingerprint().to_string(),
            ],
            [
                "cfd178d5ade554e292868bf8e8a61764d49ea2908425452f246b1ea3b8e5b614",
                "22e3eee832760848a012b71e8bc8c15c98628c4a3911c292cc207ab9f46e5c8c",
                "b0dce814b616d6f4c941532a28edf7eb38ff7eff3ea11bd22eb0aabad3aeec36",
                "768f82cd564744b9017580a15c3f3a02f29e7ce2b80779269eb3314dafff49cd",
                "81c290f4d5c1273d5f9420b5155a6a0f",
            ]
            .map(str::to_owned)
        );
    }

    #[test]
    fn secrets_that_differ_have_other_fingerprints() {
        let entropy = CountingEntropy::default();
        let one = ServerSecrets::generate(&entropy).unwrap();
        let other = ServerSecrets::generate(&entropy).unwrap();
        assert_ne!(one.fingerprint(), other.fingerprint());
    }

    #[test]
    fn a_rotation_puts_a_new_secret_in_front_and_keeps_the_older_ones_for_a_while() {
        let entropy = CountingEntropy::default();
        let first = ServerSecrets::generate(&entropy).unwrap();
        let mut secrets = first.clone();
        for count in 1..MOST_SECRETS {
            secrets = secrets.rotated(&entropy).unwrap();
            assert_eq!(secrets.0.all().count(), count + 1);
        }
        assert_eq!(secrets.number(), 8);
        assert_ne!(secrets.fingerprint(), first.fingerprint());
        assert_eq!(
            secrets.0.find(1).unwrap().bytes(),
            first.0.current().key.bytes()
        );
        let fingerprints = secrets.fingerprints();
        assert_eq!(fingerprints.first(), Some(&(8, secrets.fingerprint())));
        assert_eq!(fingerprints.last(), Some(&(1, first.fingerprint())));
        let beyond = secrets.rotated(&entropy).unwrap();
        assert_eq!(beyond.0.all().count(), MOST_SECRETS);
        assert!(beyond.0.find(1).is_none());
    }

    #[test]
    fn a_rotation_needs_randomness_and_a_number() {
        let secrets = ServerSecrets(keys(1, &[]));
        assert!(matches!(
            secrets.rotated(&NoEntropy),
            Err(RotationError::Entropy(_))
        ));
        let last = NumberedKey {
            number: HIGHEST_NUMBER,
            key: secrets.0.current().key.clone(),
        };
        let refused = ServerSecrets(KeySet::new(last, vec![])).rotated(&CountingEntropy::default());
        assert!(matches!(refused, Err(RotationError::NumbersExhausted)));
    }

    #[test]
    fn debug_prints_no_secret() {
        assert_eq!(
            format!("{:?}", ServerSecrets(keys(7, &[6]))),
            "ServerSecrets(KeySet { current: NumberedKey { number: 7, key: Key(..) }, \
             previous: [NumberedKey { number: 6, key: Key(..) }] })"
        );
    }
}
