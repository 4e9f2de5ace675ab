//! JSON Web Tokens with HMAC-SHA256 and nothing else.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use manent_accounts::ports::TokenError;
use manent_types::Timestamp;
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::key::KeySet;

/// Bytes of a token that are looked at. Ours have at most 1500, with the longest names and addresses.
const LONGEST_TOKEN: usize = 4096;

/// Signs and verifies with the keys of one purpose.
pub(crate) struct Jwt {
    current: EncodingKey,
    believed: Vec<DecodingKey>,
    validation: Validation,
}

impl Jwt {
    pub(crate) fn new(keys: &KeySet) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // Who reads a token compares its times with a clock of their own.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        Self {
            current: EncodingKey::from_secret(keys.current().key.bytes()),
            believed: keys
                .all()
                .map(|numbered| DecodingKey::from_secret(numbered.key.bytes()))
                .collect(),
            validation,
        }
    }

    pub(crate) fn sign<T: Serialize>(&self, payload: &T) -> Result<SecretString, TokenError> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), payload, &self.current)
            .map(SecretString::from)
            .map_err(|error| TokenError::Failed {
                detail: error.to_string(),
            })
    }

    /// The payload, if one of the keys signed it.
    pub(crate) fn verify<T: DeserializeOwned>(&self, text: &str) -> Result<T, TokenError> {
        if text.len() > LONGEST_TOKEN {
            return Err(TokenError::Invalid);
        }
        self.believed
            .iter()
            .find_map(|key| jsonwebtoken::decode(text, key, &self.validation).ok())
            .map(|token| token.claims)
            .ok_or(TokenError::Invalid)
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Jwt(..)")
    }
}

/// Whole seconds since 1970.
pub(crate) const fn seconds(time: Timestamp) -> i64 {
    time.as_millisecond() / 1000
}

/// The time that lies so many seconds after 1970.
pub(crate) fn timestamp(seconds: i64) -> Result<Timestamp, TokenError> {
    seconds
        .checked_mul(1000)
        .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
        .ok_or(TokenError::Invalid)
}
