//! Keys: 32 secret bytes, and sets of them for the time in which one replaces another.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::entropy::{Entropy, EntropyError};

/// Bytes of a key.
pub(crate) const KEY_LENGTH: usize = 32;

/// 32 secret bytes, wiped from memory when they are dropped and never printed.
pub(crate) struct Key(SecretBox<[u8; KEY_LENGTH]>);

impl Key {
    /// A new key.
    pub(crate) fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        Self::try_fill(|bytes| entropy.fill(bytes))
    }

    /// A key whose bytes are written where they stay.
    pub(crate) fn try_fill<E>(
        fill: impl FnOnce(&mut [u8; KEY_LENGTH]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut outcome = Ok(());
        let secret = SecretBox::init_with_mut(|bytes| outcome = fill(bytes));
        outcome.map(|()| Self(secret))
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8; KEY_LENGTH] {
        self.0.expose_secret()
    }

    /// HMAC-SHA256 of the parts, which the caller keeps apart from each other by their lengths.
    pub(crate) fn authenticate(&self, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC pads a key with zeros to the length of a block.
        let mut block = Zeroizing::new([0; 64]);
        block[..KEY_LENGTH].copy_from_slice(self.bytes());
        let mut mac = Hmac::<Sha256>::new((&*block).into());
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        Self(SecretBox::init_with_mut(|bytes| *bytes = *self.bytes()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(..)")
    }
}

/// A key and the number of the secret that it comes from.
#[derive(Debug, Clone)]
pub(crate) struct NumberedKey {
    pub(crate) number: u32,
    pub(crate) key: Key,
}

/// The key that is used for what is new, and those that were used before it and are still believed.
#[derive(Debug, Clone)]
pub(crate) struct KeySet {
    current: NumberedKey,
    previous: Vec<NumberedKey>,
}

impl KeySet {
    /// A set; the current key has the highest number.
    pub(crate) const fn new(current: NumberedKey, previous: Vec<NumberedKey>) -> Self {
        Self { current, previous }
    }

    /// The key for what is new.
    pub(crate) const fn current(&self) -> &NumberedKey {
        &self.current
    }

    /// All keys, the newest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &NumberedKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// The key with this number.
    pub(crate) fn find(&self, number: u32) -> Option<&Key> {
        self.all()
            .find(|numbered| numbered.number == number)
            .map(|numbered| &numbered.key)
    }

    /// Other keys under the same numbers.
    pub(crate) fn map(&self, derive: impl Fn(&Key) -> Key) -> Self {
        let derive = |numbered: &NumberedKey| NumberedKey {
            number: numbered.number,
            key: derive(&numbered.key),
        };
        Self::new(
            derive(&self.current),
            self.previous.iter().map(derive).collect(),
        )
    }

    /// Whether one of the keys made this code for the parts. Takes the same time whichever key it was, and whether any was.
    pub(crate) fn verifies(&self, parts: &[&[u8]], code: &[u8; 32]) -> bool {
        self.all()
            .map(|numbered| numbered.key.authenticate(parts).ct_eq(code))
            .fold(Choice::from(0), |any, this| any | this)
            .into()
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use std::convert::Infallible;

    use super::{KEY_LENGTH, Key, KeySet, NumberedKey};

    /// A key of which every byte is this one.
    pub(crate) fn key(byte: u8) -> Key {
        Key::try_fill(|bytes| {
            *bytes = [byte; KEY_LENGTH];
            Ok::<(), Infallible>(())
        })
        .unwrap()
    }

    /// A set of such keys, each under the number that its bytes are.
    pub(crate) fn keys(current: u8, previous: &[u8]) -> KeySet {
        let numbered = |byte: u8| NumberedKey {
            number: byte.into(),
            key: key(byte),
        };
        KeySet::new(
            numbered(current),
            previous.iter().copied().map(numbered).collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{key, keys};
    use super::*;
    use crate::entropy::testing::NoEntropy;

    #[test]
    fn computes_the_code_of_rfc_4231_test_case_1() {
        // RFC 4231, 4.2: a key of 20 bytes. A shorter key is padded with zeros, so one of 32 bytes that ends in zeros is the same.
        let key = Key::try_fill(|bytes| {
            bytes[..20].fill(0x0b);
            Ok::<(), EntropyError>(())
        })
        .unwrap();
        assert_eq!(
            data_encoding::HEXLOWER.encode(&key.authenticate(&[b"Hi ", b"There"])),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }

    #[test]
    fn debug_does_not_print_the_bytes() {
        assert_eq!(
            format!("{:?}", keys(7, &[])),
            "KeySet { current: NumberedKey { number: 7, key: Key(..) }, previous: [] }"
        );
    }

    #[test]
    fn believes_the_current_and_the_previous_keys_and_no_other() {
        let set = keys(3, &[2, 1]);
        let by = |byte| set.verifies(&[b"text"], &key(byte).authenticate(&[b"text"]));
        assert_eq!([1, 2, 3, 4].map(by), [true, true, true, false]);
        assert!(!set.verifies(&[b"other"], &key(1).authenticate(&[b"text"])));
    }

    #[test]
    fn finds_a_key_by_its_number() {
        let set = keys(3, &[1]);
        assert_eq!(set.find(3).unwrap().bytes(), key(3).bytes());
        assert_eq!(set.find(1).unwrap().bytes(), key(1).bytes());
        assert!(set.find(2).is_none());
    }

    #[test]
    fn makes_no_key_without_randomness() {
        assert!(Key::generate(&NoEntropy).is_err());
    }
}
