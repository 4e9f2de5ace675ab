//! The server's secrets as text.

use data_encoding::{
    BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, Encoding, HEXLOWER_PERMISSIVE,
};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{HIGHEST_NUMBER, MOST_SECRETS};
use crate::key::{KEY_LENGTH, Key, KeySet, NumberedKey};

/// What was given is no secret. Says nothing of what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// Neither 64 hexadecimal digits nor Base64 of 32 bytes.
    #[error(
        "a secret is 32 random bytes, written as 64 hexadecimal digits or as Base64; `openssl rand -hex 32` makes one"
    )]
    Form,
    /// Of the right form, and made by hand.
    #[error(
        "the secret repeats a few bytes and can be guessed; `openssl rand -hex 32` makes a random one"
    )]
    NotRandom,
    /// There are several, and it is not said which is the newest.
    #[error(
        "several secrets need numbers from 1 to {HIGHEST_NUMBER}, each another one, such as `2:…` for the new and `1:…` for the old one"
    )]
    Numbers,
    /// There are more than are ever needed.
    #[error("there are more than {MOST_SECRETS} secrets; leave the oldest away")]
    TooMany,
}

/// Of 32 random bytes fewer than this many differ once in more than 10^20 tries.
const LEAST_DIFFERENT_BYTES: usize = 16;

pub(super) fn parse(text: &SecretString) -> Result<KeySet, InvalidSecret> {
    let mut secrets = Vec::new();
    let words = text
        .expose_secret()
        .split(|character: char| character.is_whitespace() || character == ',');
    for word in words.filter(|word| !word.is_empty()) {
        if secrets.len() == MOST_SECRETS {
            return Err(InvalidSecret::TooMany);
        }
        secrets.push(parse_one(word)?);
    }
    if let [(number @ None, _)] = secrets.as_mut_slice() {
        *number = Some(1);
    }
    let mut secrets = secrets
        .into_iter()
        .map(|(number, key)| number.map(|number| NumberedKey { number, key }))
        .collect::<Option<Vec<_>>>()
        .ok_or(InvalidSecret::Numbers)?;
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.number));
    if secrets
        .windows(2)
        .any(|pair| pair[0].number == pair[1].number)
    {
        return Err(InvalidSecret::Numbers);
    }
    let mut secrets = secrets.into_iter();
    let current = secrets.next().ok_or(InvalidSecret::Form)?;
    Ok(KeySet::new(current, secrets.collect()))
}

pub(super) fn write(secrets: &KeySet) -> SecretString {
    // As much room as is needed, so that no copy stays behind when it grows.
    let mut text = Zeroizing::new(String::with_capacity(MOST_SECRETS * 64));
    for secret in secrets.all() {
        let encoded = Zeroizing::new(BASE64URL_NOPAD.encode(secret.key.bytes()));
        text.push_str(&secret.number.to_string());
        text.push(':');
        text.push_str(&encoded);
        text.push('\n');
    }
    SecretString::from(text.as_str())
}

fn parse_one(word: &str) -> Result<(Option<u32>, Key), InvalidSecret> {
    let Some((number, secret)) = word.split_once(':') else {
        return parse_bytes(word).map(|key| (None, key));
    };
    let number = number
        .parse()
        .ok()
        .filter(|number| (1..=HIGHEST_NUMBER).contains(number))
        .ok_or(InvalidSecret::Numbers)?;
    parse_bytes(secret).map(|key| (Some(number), key))
}

fn parse_bytes(text: &str) -> Result<Key, InvalidSecret> {
    let encodings: &[&Encoding] = match text.len() {
        64 => &[&HEXLOWER_PERMISSIVE],
        43 => &[&BASE64URL_NOPAD, &BASE64_NOPAD],
        44 => &[&BASE64URL, &BASE64],
        _ => &[],
    };
    let key = encodings
        .iter()
        .find_map(|encoding| decode(encoding, text.as_bytes()))
        .ok_or(InvalidSecret::Form)?;
    if different_bytes(key.bytes()) < LEAST_DIFFERENT_BYTES {
        return Err(InvalidSecret::NotRandom);
    }
    Ok(key)
}

fn decode(encoding: &Encoding, text: &[u8]) -> Option<Key> {
    let bytes = Zeroizing::new(encoding.decode(text).ok()?);
    Key::try_fill(|key| {
        let bytes: &[u8; KEY_LENGTH] = bytes.as_slice().try_into().map_err(|_| ())?;
        *key = *bytes;
        Ok::<(), ()>(())
    })
    .ok()
}

fn different_bytes(bytes: &[u8; KEY_LENGTH]) -> usize {
    let mut sorted = Zeroizing::new(*bytes);
    sorted.sort_unstable();
    1 + sorted.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BYTES: [u8; 32] = [
        0xfb, 0xff, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
        24, 25, 26, 27, 28, 29, 30, 31,
    ];

    fn read(text: &str) -> Result<[u8; 32], InvalidSecret> {
        let secrets = parse(&SecretString::from(text))?;
        assert_eq!((secrets.current().number, secrets.all().count()), (1, 1));
        Ok(*secrets.current().key.bytes())
    }

    #[test]
    fn reads_hexadecimal_digits_and_both_alphabets_of_base64() {
        for text in [
            "fbff02030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "FBFF02030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
            "+/8CAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "+/8CAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            "-_8CAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            " -_8CAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n",
        ] {
            assert_eq!(read(text), Ok(BYTES), "{text}");
        }
    }

    #[test]
    fn refuses_other_lengths_other_letters_and_what_is_not_random() {
        for text in [
            "",
            "secret",
            &"g".repeat(64),
            &"ab".repeat(31),
            &"!".repeat(43),
        ] {
            assert_eq!(read(text), Err(InvalidSecret::Form), "{text}");
        }
        for text in [
            "00".repeat(32),
            "0123456789abcdef".repeat(4),
            "A".repeat(43),
        ] {
            assert_eq!(read(&text), Err(InvalidSecret::NotRandom), "{text}");
        }
    }

    const HEX: &str = "fbff02030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const OTHER: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn the_highest_number_is_in_use_wherever_it_stands() {
        for text in [
            format!("2:{HEX},1:{OTHER}"),
            format!("1:{OTHER} 2:{HEX}"),
            format!("\n2:{HEX}\n1:{OTHER}\n"),
        ] {
            let secrets = parse(&SecretString::from(text)).unwrap();
            let numbers: Vec<_> = secrets.all().map(|secret| secret.number).collect();
            assert_eq!(numbers, [2, 1]);
            assert_eq!(secrets.current().key.bytes(), &BYTES);
        }
    }

    #[test]
    fn several_secrets_need_a_number_each() {
        for text in [
            format!("{HEX} {OTHER}"),
            format!("2:{HEX} {OTHER}"),
            format!("2:{HEX} 2:{OTHER}"),
            format!("0:{HEX}"),
            format!("-1:{HEX}"),
            format!("1000000:{HEX}"),
            format!("x:{HEX}"),
            format!(":{HEX}"),
        ] {
            let refused = parse(&SecretString::from(text.as_str())).err();
            assert_eq!(refused, Some(InvalidSecret::Numbers), "{text}");
        }
        let many = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(|number| format!("{number}:{HEX}"));
        let refused = parse(&SecretString::from(many.join(" "))).err();
        assert_eq!(refused, Some(InvalidSecret::TooMany));
    }

    proptest! {
        #[test]
        fn takes_any_text_without_panic(text in any::<String>(), words in "[0-9a-fA-F:, _=+/-]{0,200}") {
            let _ = parse(&SecretString::from(text));
            let _ = parse(&SecretString::from(words));
        }

        #[test]
        fn reads_what_it_writes(
            bytes in prop::collection::btree_map(1..=HIGHEST_NUMBER, any::<[u8; 32]>(), 1..=MOST_SECRETS),
        ) {
            prop_assume!(bytes.values().all(|bytes| different_bytes(bytes) >= LEAST_DIFFERENT_BYTES));
            let mut secrets = bytes.iter().rev().map(|(number, bytes)| NumberedKey {
                number: *number,
                key: Key::try_fill(|target| { *target = *bytes; Ok::<(), ()>(()) }).unwrap(),
            });
            let secrets = KeySet::new(secrets.next().unwrap(), secrets.collect());
            let read = parse(&write(&secrets)).unwrap();
            let content = |secrets: &KeySet| -> Vec<_> {
                secrets.all().map(|secret| (secret.number, *secret.key.bytes())).collect()
            };
            prop_assert_eq!(content(&read), content(&secrets));
        }
    }
}
