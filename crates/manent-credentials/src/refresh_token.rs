//! Refresh tokens: derived from the session and the generation, so that nothing of a token is stored.
//!
//! The token of a generation is `id || generation || HMAC-SHA256(key, id || generation)` in URL-safe Base64 without padding: 16, 8 and 32 bytes,
//! 75 characters. The same session and generation give the same token whenever and wherever they are asked for, while the key is the same.
//!
//! # Invariants
//!
//! - A token that is read names a session and a generation for which this server made it. Whether the session still lives, and what the
//!   generation is worth, is decided by whoever has the session's row.
//! - A token has one form: any other text, also one that decodes to the same bytes, is refused.

use data_encoding::BASE64URL_NOPAD;
use manent_accounts::ports::RefreshClaims;
use manent_types::SessionId;
use secrecy::SecretString;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::key::KeySet;

const ID_LENGTH: usize = 16;
const GENERATION_LENGTH: usize = 8;
const CODE_LENGTH: usize = 32;
const BYTES: usize = ID_LENGTH + GENERATION_LENGTH + CODE_LENGTH;

/// Characters of a token.
const LENGTH: usize = 75;

/// Makes refresh tokens and reads them.
#[derive(Debug)]
pub(crate) struct RefreshTokens {
    keys: KeySet,
}

impl RefreshTokens {
    /// Tokens are made with the current key and believed with any.
    pub(crate) const fn new(keys: KeySet) -> Self {
        Self { keys }
    }

    /// The token of a generation.
    pub(crate) fn derive(&self, claims: RefreshClaims) -> SecretString {
        let session = claims.session.as_uuid();
        let generation = claims.generation.to_be_bytes();
        let code = self
            .keys
            .current()
            .key
            .authenticate(&[session.as_bytes(), &generation]);
        let mut bytes = Zeroizing::new([0; BYTES]);
        let (id, rest) = bytes.split_at_mut(ID_LENGTH);
        let (middle, end) = rest.split_at_mut(GENERATION_LENGTH);
        id.copy_from_slice(session.as_bytes());
        middle.copy_from_slice(&generation);
        end.copy_from_slice(&code);
        SecretString::from(BASE64URL_NOPAD.encode(bytes.as_slice()))
    }

    /// What a token says, if this server made it.
    pub(crate) fn read(&self, token: &str) -> Option<RefreshClaims> {
        if token.len() != LENGTH {
            return None;
        }
        let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(token.as_bytes()).ok()?);
        let (id, rest) = bytes.split_first_chunk::<ID_LENGTH>()?;
        let (generation, code) = rest.split_first_chunk::<GENERATION_LENGTH>()?;
        let code: &[u8; CODE_LENGTH] = code.try_into().ok()?;
        self.keys
            .verifies(&[id, generation], code)
            .then(|| RefreshClaims {
                session: SessionId::new(Uuid::from_bytes(*id)),
                generation: u64::from_be_bytes(*generation),
            })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::key::testing::keys;

    fn tokens() -> RefreshTokens {
        RefreshTokens::new(keys(1, &[]))
    }

    fn claims(session: u128, generation: u64) -> RefreshClaims {
        RefreshClaims {
            session: SessionId::new(Uuid::from_u128(session)),
            generation,
        }
    }

    fn text(token: &SecretString) -> String {
        token.expose_secret().to_owned()
    }

    #[test]
    fn has_the_form_that_is_out_there_in_browsers() {
        // The code was computed with another implementation of HMAC-SHA256.
        let token = tokens().derive(claims(0x0199_c0de_0000_7000_8000_0000_0000_0001, 3));
        assert_eq!(
            text(&token),
            "AZnA3gAAcACAAAAAAAAAAQAAAAAAAAADorW1scz90wOVNuDH4jN7mNmrC93r6V7YK69bTBiLGK0"
        );
        assert_eq!(token.expose_secret().len(), LENGTH);
    }

    #[test]
    fn is_believed_after_its_key_was_replaced_until_the_old_key_is_gone() {
        let old = tokens().derive(claims(1, 1));
        let rotated = RefreshTokens::new(keys(2, &[1]));
        assert_eq!(rotated.read(old.expose_secret()), Some(claims(1, 1)));
        assert_ne!(text(&rotated.derive(claims(1, 1))), text(&old));
        let later = RefreshTokens::new(keys(2, &[]));
        assert_eq!(later.read(old.expose_secret()), None);
    }

    #[test]
    fn has_no_other_form() {
        let token = text(&tokens().derive(claims(1, 1)));
        for other in [
            format!("{token}="),
            format!(" {token}"),
            format!("{token}\n"),
            token.replace('-', "+"),
            token[..74].to_owned(),
            String::new(),
        ] {
            if other != token {
                assert_eq!(tokens().read(&other), None, "{other}");
            }
        }
    }

    #[test]
    fn debug_does_not_print_keys() {
        let printed = format!("{:?} {:?}", tokens(), tokens().derive(claims(1, 1)));
        assert_eq!(
            printed,
            "RefreshTokens { keys: KeySet { current: NumberedKey { number: 1, key: Key(..) }, previous: [] } } \
             SecretBox<str>([REDACTED])"
        );
    }

    proptest! {
        #[test]
        fn reads_what_it_derives(session: u128, generation: u64) {
            let token = tokens().derive(claims(session, generation));
            prop_assert_eq!(tokens().read(token.expose_secret()), Some(claims(session, generation)));
            prop_assert_eq!(text(&tokens().derive(claims(session, generation))), text(&token));
        }

        #[test]
        fn refuses_a_token_of_which_one_character_is_another(
            session: u128, generation: u64, place in 0..LENGTH, other in any::<char>(),
        ) {
            let token = text(&tokens().derive(claims(session, generation)));
            let changed: String = token.chars().enumerate()
                .map(|(index, character)| if index == place { other } else { character })
                .collect();
            prop_assume!(changed != token);
            prop_assert_eq!(tokens().read(&changed), None);
        }

        #[test]
        fn refuses_a_token_of_which_one_bit_is_another(session: u128, generation: u64, bit in 0..BYTES * 8) {
            let token = text(&tokens().derive(claims(session, generation)));
            let mut bytes = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(tokens().read(&BASE64URL_NOPAD.encode(&bytes)), None);
        }

        #[test]
        fn refuses_the_code_of_another_session_or_generation(
            session: u128, generation: u64, other_session: u128, other_generation: u64,
        ) {
            prop_assume!((session, generation) != (other_session, other_generation));
            let decode = |claims| BASE64URL_NOPAD.decode(text(&tokens().derive(claims)).as_bytes()).unwrap();
            let mut mixed = decode(claims(session, generation));
            let other = decode(claims(other_session, other_generation));
            mixed[ID_LENGTH + GENERATION_LENGTH..].copy_from_slice(&other[ID_LENGTH + GENERATION_LENGTH..]);
            prop_assert_eq!(tokens().read(&BASE64URL_NOPAD.encode(&mixed)), None);
        }

        #[test]
        fn takes_any_text_without_panic(text in any::<String>(), bytes in any::<[u8; BYTES]>()) {
            prop_assert_eq!(tokens().read(&text), None);
            prop_assert_eq!(tokens().read(&BASE64URL_NOPAD.encode(&bytes)), None);
        }
    }
}
