//! API keys as their owners hold them: `mnt_<id>_<secret>`, the id of 16 bytes and the secret of 32, both in Base62 of fixed length.
//!
//! The prefix lets scanners of source code find keys that were published by accident. Only the digest of the secret's text is stored; the id
//! finds the row.

use manent_accounts::ports::PresentedApiKey;
use manent_accounts::secret::{NewSecret, SecretDigest};
use manent_types::ApiKeyId;
use secrecy::SecretString;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What every key begins with.
const PREFIX: &str = "mnt_";

/// Digits of Base62 for 16 bytes.
const DIGITS: usize = 22;

/// Characters of a key: the prefix, the id, a line, the secret in two halves.
const LENGTH: usize = PREFIX.len() + DIGITS + 1 + 2 * DIGITS;

/// Makes the key with this id out of 32 random bytes.
pub(crate) fn make(id: ApiKeyId, random: &[u8; 32]) -> NewSecret {
    let mut text = Zeroizing::new(String::with_capacity(LENGTH));
    text.push_str(PREFIX);
    push_digits(&mut text, id.as_uuid().as_u128());
    text.push('_');
    let before_secret = text.len();
    for half in random.chunks_exact(16) {
        push_digits(&mut text, number(half));
    }
    NewSecret {
        digest: SecretDigest::of(&text.as_bytes()[before_secret..]),
        secret: SecretString::from(text.as_str()),
    }
}

/// Reads a key. Anything that [`make`] would not have written is none.
pub(crate) fn parse(text: &str) -> Option<PresentedApiKey> {
    if text.len() != LENGTH || !text.is_ascii() {
        return None;
    }
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let (first, second) = secret.split_at_checked(DIGITS)?;
    let id = from_digits(id)?;
    from_digits(first)?;
    from_digits(second)?;
    Some(PresentedApiKey {
        id: ApiKeyId::new(Uuid::from_u128(id)),
        digest: SecretDigest::of(secret.as_bytes()),
    })
}

fn number(bytes: &[u8]) -> u128 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u128::from(*byte))
}

fn push_digits(text: &mut String, number: u128) {
    let digits = Zeroizing::new(base62::encode(number));
    text.extend(std::iter::repeat_n(
        '0',
        DIGITS.saturating_sub(digits.len()),
    ));
    text.push_str(&digits);
}

fn from_digits(digits: &str) -> Option<u128> {
    if digits.len() != DIGITS {
        return None;
    }
    base62::decode(digits).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    fn id(number: u128) -> ApiKeyId {
        ApiKeyId::new(Uuid::from_u128(number))
    }

    fn made(id_number: u128, random: [u8; 32]) -> (String, SecretDigest) {
        let made = make(id(id_number), &random);
        (made.secret.expose_secret().to_owned(), made.digest)
    }

    #[test]
    fn has_the_form_that_programs_were_given() {
        let mut random = [0; 32];
        random[15] = 61;
        random[16..].fill(0xff);
        let (key, digest) = made(0x0199_c0de_0000_7000_8000_0000_0000_0001, random);
        assert_eq!(
            key,
            "mnt_031Fz44DofYN24GKa1IBaT_000000000000000000000z7n42DGM5Tflk9n8mt7Fhc7"
        );
        assert_eq!(digest, SecretDigest::of(&key.as_bytes()[27..]));
    }

    #[test]
    fn refuses_numbers_that_16_bytes_do_not_hold() {
        let (key, _) = made(1, [7; 32]);
        let beyond = "z".repeat(DIGITS);
        assert_eq!(parse(&format!("{}{beyond}{}", &key[..4], &key[26..])), None);
        assert_eq!(
            parse(&format!("{}{beyond}{}", &key[..27], &key[49..])),
            None
        );
        assert_eq!(parse(&format!("{}{beyond}", &key[..49])), None);
    }

    proptest! {
        #[test]
        fn reads_what_it_makes(number: u128, random: [u8; 32]) {
            let (key, digest) = made(number, random);
            prop_assert_eq!(key.len(), LENGTH);
            prop_assert_eq!(parse(&key), Some(PresentedApiKey { id: id(number), digest }));
        }

        #[test]
        fn a_changed_character_makes_another_key_or_none(
            number: u128, random: [u8; 32], place in 0..LENGTH, other in any::<char>(),
        ) {
            let (key, _) = made(number, random);
            let changed: String = key.chars().enumerate()
                .map(|(index, character)| if index == place { other } else { character })
                .collect();
            prop_assume!(changed != key);
            prop_assert_ne!(parse(&changed), parse(&key));
        }

        #[test]
        fn takes_any_text_without_panic(text in any::<String>(), tail in "[0-9A-Za-z_é]{60,70}") {
            let _ = parse(&text);
            let _ = parse(&format!("{PREFIX}{tail}"));
        }
    }
}
