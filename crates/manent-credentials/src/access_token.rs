//! Access tokens: JWT with HMAC-SHA256, checked without a store.
//!
//! # Invariants
//!
//! - The algorithm is not the token's to choose: whatever its header says, only HS256 with one of our keys is believed.
//! - The payload has exactly the fields of [`Payload`]; one more or one less is no token of ours.
//! - Time is the caller's. No token is taken after its end: where clocks differ its client asks for the next one a little earlier. It is taken
//!   [`CLOCK_LEEWAY`] before its beginning, for the clocks of several nodes are never quite the same.

use std::time::Duration;

use manent_accounts::account::AccountProvider;
use manent_accounts::email::EmailAddress;
use manent_accounts::ports::{AccessClaims, TokenError};
use manent_types::{SessionId, Timestamp, UserId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::jwt::{Jwt, seconds, timestamp};
use crate::key::KeySet;

/// How much later than now a token may have been made.
pub(crate) const CLOCK_LEEWAY: Duration = Duration::from_mins(1);

/// What the token says, in the words that clients know.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    id: UserId,
    username: String,
    provider: AccountProvider,
    email: EmailAddress,
    iat: i64,
    exp: i64,
    sid: SessionId,
}

/// Makes access tokens and reads them.
#[derive(Debug)]
pub(crate) struct AccessTokens {
    jwt: Jwt,
}

impl AccessTokens {
    pub(crate) fn new(keys: &KeySet) -> Self {
        Self {
            jwt: Jwt::new(keys),
        }
    }

    pub(crate) fn mint(&self, claims: &AccessClaims) -> Result<SecretString, TokenError> {
        self.jwt.sign(&Payload {
            id: claims.account,
            username: claims.username.clone(),
            provider: claims.provider,
            email: claims.email.clone(),
            iat: seconds(claims.issued_at),
            exp: seconds(claims.expires_at),
            sid: claims.session,
        })
    }

    pub(crate) fn read(&self, text: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        let payload: Payload = self.jwt.verify(text)?;
        let claims = AccessClaims {
            account: payload.id,
            session: payload.sid,
            username: payload.username,
            provider: payload.provider,
            email: payload.email,
            issued_at: timestamp(payload.iat)?,
            expires_at: timestamp(payload.exp)?,
        };
        check_end(claims.expires_at, now)?;
        if claims.issued_at.as_millisecond() > now.as_millisecond() + milliseconds(CLOCK_LEEWAY) {
            return Err(TokenError::Invalid);
        }
        Ok(claims)
    }
}

pub(crate) fn check_end(end: Timestamp, now: Timestamp) -> Result<(), TokenError> {
    if now < end {
        Ok(())
    } else {
        Err(TokenError::Expired)
    }
}

/// Of a leeway, which is short.
fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
