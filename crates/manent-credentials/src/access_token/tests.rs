use data_encoding::BASE64URL_NOPAD;
use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::key::testing::{key, keys};
use crate::two_factor_token::TwoFactorTokens;

const ISSUED: i64 = 1_795_000_000;
const ENDS: i64 = ISSUED + 900;

fn at(seconds: i64) -> Timestamp {
    timestamp(seconds).unwrap()
}

fn tokens() -> AccessTokens {
    AccessTokens::new(&keys(1, &[]))
}

fn claims() -> AccessClaims {
    AccessClaims {
        account: UserId::new(Uuid::from_u128(1)),
        session: SessionId::new(Uuid::from_u128(2)),
        username: "ada".to_owned(),
        provider: AccountProvider::Local,
        email: EmailAddress::parse("ada@example.org").unwrap(),
        issued_at: at(ISSUED),
        expires_at: at(ENDS),
    }
}

fn minted() -> String {
    tokens().mint(&claims()).unwrap().expose_secret().to_owned()
}

fn json_part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

/// A token with this header and payload whose signature is right for HS256 with the key.
fn signed(header: &Value, payload: &Value, key_byte: u8) -> String {
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", encode(header), encode(payload));
    let code = key(key_byte).authenticate(&[message.as_bytes()]);
    format!("{message}.{}", BASE64URL_NOPAD.encode(&code))
}

fn header() -> Value {
    json!({"typ": "JWT", "alg": "HS256"})
}

fn payload() -> Value {
    json_part(&minted(), 1)
}

fn read(token: &str) -> Result<AccessClaims, TokenError> {
    tokens().read(token, at(ISSUED))
}

#[test]
fn says_what_clients_look_for_and_no_more() {
    let token = minted();
    assert_eq!(json_part(&token, 0), header());
    assert_eq!(
        json_part(&token, 1),
        json!({
            "id": "00000000-0000-0000-0000-000000000001",
            "username": "ada",
            "provider": "local",
            "email": "ada@example.org",
            "iat": ISSUED,
            "exp": ENDS,
            "sid": "00000000-0000-0000-0000-000000000002",
        })
    );
}

#[test]
fn reads_what_it_made_and_what_anybody_with_the_key_would_make() {
    assert_eq!(read(&minted()), Ok(claims()));
    assert_eq!(read(&signed(&header(), &payload(), 1)), Ok(claims()));
}

#[test]
fn ends_at_its_time_and_begins_a_minute_before() {
    for (now, expected) in [
        (ENDS - 1, Ok(())),
        (ENDS, Err(TokenError::Expired)),
        (ENDS + 100_000, Err(TokenError::Expired)),
        (ISSUED - 60, Ok(())),
        (ISSUED - 61, Err(TokenError::Invalid)),
    ] {
        let read = tokens().read(&minted(), at(now)).map(|_| ());
        assert_eq!(read, expected, "{now}");
    }
}

#[test]
fn no_other_algorithm_is_believed_whatever_the_signature() {
    for algorithm in [
        "none", "None", "NONE", "nOnE", "", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA",
        "hs256", "HS256 ",
    ] {
        let header = json!({"typ": "JWT", "alg": algorithm});
        let token = signed(&header, &payload(), 1);
        assert_eq!(read(&token), Err(TokenError::Invalid), "{algorithm}");
        let (message, _) = token.rsplit_once('.').unwrap();
        for unsigned in [message.to_owned(), format!("{message}.")] {
            assert_eq!(read(&unsigned), Err(TokenError::Invalid), "{algorithm}");
        }
    }
    let no_algorithm = signed(&json!({"typ": "JWT"}), &payload(), 1);
    assert_eq!(read(&no_algorithm), Err(TokenError::Invalid));
}

#[test]
fn other_algorithms_of_the_same_family_with_the_right_key_are_refused() {
    for algorithm in [
        jsonwebtoken::Algorithm::HS384,
        jsonwebtoken::Algorithm::HS512,
    ] {
        let token = jsonwebtoken::encode(
            &jsonwebtoken::Header::new(algorithm),
            &payload(),
            &jsonwebtoken::EncodingKey::from_secret(key(1).bytes()),
        )
        .unwrap();
        assert_eq!(read(&token), Err(TokenError::Invalid));
    }
}

#[test]
fn a_key_that_the_token_brings_along_is_not_used() {
    let bytes = BASE64URL_NOPAD.encode(key(9).bytes());
    let header = json!({
        "typ": "JWT", "alg": "HS256", "kid": "9", "jku": "https://example.org/keys",
        "jwk": {"kty": "oct", "k": bytes, "alg": "HS256"},
    });
    assert_eq!(
        read(&signed(&header, &payload(), 9)),
        Err(TokenError::Invalid)
    );
}

#[test]
fn fields_may_be_neither_missing_nor_added_nor_of_another_kind() {
    let fields: Vec<String> = payload().as_object().unwrap().keys().cloned().collect();
    for field in &fields {
        let mut without = payload();
        without.as_object_mut().unwrap().remove(field);
        let mut other = payload();
        other[field] = json!([1]);
        for payload in [without, other] {
            let token = signed(&header(), &payload, 1);
            assert_eq!(read(&token), Err(TokenError::Invalid), "{field}");
        }
    }
    let mut added = payload();
    added["role"] = json!("ADMIN");
    for payload in [added, json!([]), json!(null), json!("text")] {
        let token = signed(&header(), &payload, 1);
        assert_eq!(read(&token), Err(TokenError::Invalid), "{payload}");
    }
}

#[test]
fn times_out_of_all_bounds_are_refused() {
    for (field, time) in [
        ("iat", i64::MIN),
        ("iat", -1),
        ("exp", i64::MAX),
        ("exp", 253_402_214_401),
        ("exp", -1),
    ] {
        let mut payload = payload();
        payload[field] = json!(time);
        let token = signed(&header(), &payload, 1);
        assert_eq!(read(&token), Err(TokenError::Invalid), "{field} {time}");
    }
}

#[test]
fn is_believed_after_its_key_was_replaced_until_the_old_key_is_gone() {
    let old = minted();
    let rotated = AccessTokens::new(&keys(2, &[1]));
    assert_eq!(rotated.read(&old, at(ISSUED)), Ok(claims()));
    let new = rotated.mint(&claims()).unwrap();
    assert_eq!(read(new.expose_secret()), Err(TokenError::Invalid));
    let later = AccessTokens::new(&keys(2, &[]));
    assert_eq!(later.read(&old, at(ISSUED)), Err(TokenError::Invalid));
}

#[test]
fn is_never_taken_for_a_token_of_the_second_factor_nor_the_other_way_round() {
    // Even if they had the same key.
    let two_factor = TwoFactorTokens::new(&keys(1, &[]));
    assert_eq!(
        two_factor.read(&minted(), at(ISSUED)),
        Err(TokenError::Invalid)
    );
    let claims = manent_accounts::ports::TwoFactorClaims {
        account: claims().account,
        id: Uuid::from_u128(3),
        account_updated_at: at(ISSUED),
        expires_at: at(ENDS),
    };
    let token = two_factor.mint(claims).unwrap();
    assert_eq!(read(token.expose_secret()), Err(TokenError::Invalid));
    assert_eq!(
        two_factor.read(token.expose_secret(), at(ISSUED)),
        Ok(claims)
    );
}

#[test]
fn what_is_too_long_is_not_looked_at() {
    let mut payload = payload();
    payload["username"] = json!("x".repeat(4000));
    let token = signed(&header(), &payload, 1);
    assert_eq!(read(&token), Err(TokenError::Invalid));
}

proptest! {
    #[test]
    fn a_changed_character_is_refused(place in 0..400_usize, other in any::<char>()) {
        let token = minted();
        let place = place % token.len();
        let changed: String = token.chars().enumerate()
            .map(|(index, character)| if index == place { other } else { character })
            .collect();
        prop_assume!(changed != token);
        prop_assert_eq!(read(&changed), Err(TokenError::Invalid));
    }

    #[test]
    fn takes_any_text_without_panic(text in any::<String>(), parts in "[A-Za-z0-9_.-]{0,300}", bytes: Vec<u8>) {
        prop_assert_eq!(read(&text), Err(TokenError::Invalid));
        prop_assert_eq!(read(&parts), Err(TokenError::Invalid));
        // Signed by us, and nonsense all the same.
        let message = format!("{}.{}", minted().split('.').next().unwrap(), BASE64URL_NOPAD.encode(&bytes));
        let code = key(1).authenticate(&[message.as_bytes()]);
        let token = format!("{message}.{}", BASE64URL_NOPAD.encode(&code));
        prop_assert_eq!(read(&token), Err(TokenError::Invalid));
    }

    #[test]
    fn reads_any_claims_that_it_wrote(account: u128, session: u128, username in ".{0,80}", lifetime in 0..86_400_i64) {
        let claims = AccessClaims {
            account: UserId::new(Uuid::from_u128(account)),
            session: SessionId::new(Uuid::from_u128(session)),
            username,
            provider: AccountProvider::OpenId,
            expires_at: at(ISSUED + lifetime),
            ..claims()
        };
        let token = tokens().mint(&claims).unwrap();
        prop_assert_eq!(read(token.expose_secret()), Ok(claims));
    }
}
