//! The token between the password and the second factor: a JWT that is good for nothing else.

use manent_accounts::ports::{TokenError, TwoFactorClaims};
use manent_types::{Timestamp, UserId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access_token::check_end;
use crate::jwt::{Jwt, seconds, timestamp};
use crate::key::KeySet;

/// What the token says, in the words that clients know.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    #[serde(rename = "userId")]
    user_id: UserId,
    #[serde(rename = "twoFAPending")]
    two_factor_pending: bool,
    jti: Uuid,
    /// Milliseconds since 1970.
    #[serde(rename = "updatedAt")]
    updated_at: i64,
    exp: i64,
}

/// Makes such tokens and reads them.
#[derive(Debug)]
pub(crate) struct TwoFactorTokens {
    jwt: Jwt,
}

impl TwoFactorTokens {
    pub(crate) fn new(keys: &KeySet) -> Self {
        Self {
            jwt: Jwt::new(keys),
        }
    }

    pub(crate) fn mint(&self, claims: TwoFactorClaims) -> Result<SecretString, TokenError> {
        self.jwt.sign(&Payload {
            user_id: claims.account,
            two_factor_pending: true,
            jti: claims.id,
            updated_at: claims.account_updated_at.as_millisecond(),
            exp: seconds(claims.expires_at),
        })
    }

    pub(crate) fn read(&self, text: &str, now: Timestamp) -> Result<TwoFactorClaims, TokenError> {
        let payload: Payload = self.jwt.verify(text)?;
        if !payload.two_factor_pending {
            return Err(TokenError::Invalid);
        }
        let claims = TwoFactorClaims {
            account: payload.user_id,
            id: payload.jti,
            account_updated_at: Timestamp::from_millisecond(payload.updated_at)
                .map_err(|_| TokenError::Invalid)?,
            expires_at: timestamp(payload.exp)?,
        };
        check_end(claims.expires_at, now)?;
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;
    use serde_json::{Value, json};

    use super::*;
    use crate::key::testing::{key, keys};

    fn at(seconds: i64) -> Timestamp {
        timestamp(seconds).unwrap()
    }

    fn tokens() -> TwoFactorTokens {
        TwoFactorTokens::new(&keys(1, &[]))
    }

    fn claims() -> TwoFactorClaims {
        TwoFactorClaims {
            account: UserId::new(Uuid::from_u128(1)),
            id: Uuid::from_u128(2),
            account_updated_at: Timestamp::from_millisecond(1_234).unwrap(),
            expires_at: at(300),
        }
    }

    fn signed(payload: &Value) -> String {
        let key = jsonwebtoken::EncodingKey::from_secret(key(1).bytes());
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), payload, &key).unwrap()
    }

    #[test]
    fn says_what_clients_look_for_and_no_more() {
        let token = tokens().mint(claims()).unwrap();
        let part = token.expose_secret().split('.').nth(1).unwrap();
        let payload: Value =
            serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap();
        let expected = json!({
            "userId": "00000000-0000-0000-0000-000000000001", "twoFAPending": true, "exp": 300,
            "jti": "00000000-0000-0000-0000-000000000002", "updatedAt": 1234,
        });
        assert_eq!(payload, expected);
        assert_eq!(tokens().read(token.expose_secret(), at(0)), Ok(claims()));
    }

    #[test]
    fn ends_at_its_time() {
        let token = tokens().mint(claims()).unwrap();
        let read = |now| tokens().read(token.expose_secret(), at(now));
        assert_eq!(read(299), Ok(claims()));
        assert_eq!(read(300), Err(TokenError::Expired));
    }

    #[test]
    fn says_that_the_second_factor_is_pending_or_is_refused() {
        let id = "00000000-0000-0000-0000-000000000001";
        for payload in [
            json!({"userId": id, "twoFAPending": false, "exp": 300}),
            json!({"userId": id, "exp": 300}),
            json!({"userId": id, "twoFAPending": true}),
            json!({"userId": id, "twoFAPending": true, "exp": 300, "sid": id}),
            json!({"userId": "1", "twoFAPending": true, "exp": 300}),
        ] {
            let read = tokens().read(&signed(&payload), at(0));
            assert_eq!(read, Err(TokenError::Invalid), "{payload}");
        }
    }

    proptest! {
        #[test]
        fn takes_any_text_without_panic(text in any::<String>(), parts in "[A-Za-z0-9_.-]{0,300}") {
            prop_assert_eq!(tokens().read(&text, at(0)), Err(TokenError::Invalid));
            prop_assert_eq!(tokens().read(&parts, at(0)), Err(TokenError::Invalid));
        }
    }
}
