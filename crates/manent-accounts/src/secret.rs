//! Random secrets that are handed out once, and the digests that are kept of them.

use std::fmt;
use std::str::FromStr;

use secrecy::SecretString;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The text is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest has 64 hexadecimal digits")]
pub struct InvalidDigest;

/// The SHA-256 digest of a secret of high entropy: what is stored in its place. Compared in constant time, never printed.
#[derive(Clone, Copy)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// The digest of a secret.
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// A digest as it was stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// As it is stored.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// In 64 hexadecimal digits, for stores that keep text.
    pub fn to_hex(&self) -> String {
        hexadecimal(&self.0)
    }
}

/// Bytes in lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// 32 bytes out of 64 hexadecimal digits.
pub(crate) fn from_hexadecimal(text: &str) -> Result<[u8; 32], InvalidDigest> {
    let mut bytes = [0; 32];
    let text = text.as_bytes();
    if text.len() != 64 {
        return Err(InvalidDigest);
    }
    let value = |digit: u8| char::from(digit).to_digit(16).ok_or(InvalidDigest);
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = pair else {
            return Err(InvalidDigest);
        };
        *byte = u8::try_from(value(*high)? * 16 + value(*low)?).map_err(|_| InvalidDigest)?;
    }
    Ok(bytes)
}

impl PartialEq for SecretDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretDigest {}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretDigest(..)")
    }
}

impl FromStr for SecretDigest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        from_hexadecimal(text).map(Self)
    }
}

/// A secret that was just made: shown once, and only its digest is kept.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// What its owner gets.
    pub secret: SecretString,
    /// What is stored.
    pub digest: SecretDigest,
}

/// A secret encrypted by the vault, as it is stored. Useless without the vault's key; not printed all the same.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// The version of the key that it is encrypted with.
    pub key_version: u32,
    /// Nonce and ciphertext in the vault's own form; at most a few kilobytes.
    pub blob: Vec<u8>,
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SealedSecret(key {}, ..)", self.key_version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_as_it_is_written() {
        let digest = SecretDigest::of(b"secret");
        assert_eq!(
            digest.to_hex(),
            "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
        );
        assert_eq!(digest.to_hex().parse(), Ok(digest));
        assert_ne!(SecretDigest::of(b"Secret"), digest);
    }

    #[test]
    fn refuses_what_is_no_digest() {
        for bad in ["", "2bb8", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(bad.parse::<SecretDigest>(), Err(InvalidDigest), "{bad}");
        }
    }

    #[test]
    fn is_never_printed() {
        let sealed = SealedSecret {
            key_version: 3,
            blob: b"blob".to_vec(),
        };
        let printed = format!("{:?} {sealed:?}", SecretDigest::of(b"secret"));
        assert_eq!(printed, "SecretDigest(..) SealedSecret(key 3, ..)");
    }
}
