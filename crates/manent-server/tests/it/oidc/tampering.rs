//! Tokens that a certified provider would never make.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::KeyPair;
use serde_json::{Value, json};

use super::provider::CLIENT_SECRET;

const KEY_ID: &str = "of-the-tests";

/// How a changed token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signature {
    /// With a key that is among the provider's.
    Good,
    /// With that key, under the name of one that nobody knows.
    UnknownKey,
    /// Not at all (`alg: none`).
    None,
    /// With the public key as if it were a shared secret.
    PublicKeyAsSecret,
    /// With the secret that the client and the provider share.
    ClientSecret,
    /// As before, though what it says is another.
    Kept,
}

/// What is changed, and how that is signed.
pub(crate) struct Tampering {
    pub(crate) claims: Box<dyn Fn(&mut Value) + Send>,
    pub(crate) signature: Signature,
}

impl Tampering {
    pub(crate) fn new(signature: Signature, claims: impl Fn(&mut Value) + Send + 'static) -> Self {
        Self {
            claims: Box::new(claims),
            signature,
        }
    }
}

/// A key of the tests.
pub(crate) struct Signer(KeyPair);

impl Signer {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self(KeyPair::generate()?))
    }

    /// As it stands among the provider's keys.
    pub(super) fn public_key(&self) -> Value {
        let point = self.0.public_key_raw();
        let (x, y) = point[1..].split_at(32);
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID, "x": text(x), "y": text(y)})
    }

    /// The token with other claims and another signature.
    pub(super) fn change(&self, token: &str, tampering: &Tampering) -> String {
        let mut claims = claims_of(token);
        (tampering.claims)(&mut claims);
        if tampering.signature == Signature::Kept {
            let parts: Vec<&str> = token.split('.').collect();
            let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
            return format!("{}.{payload}.{}", parts[0], parts[2]);
        }
        self.sign(&claims, tampering.signature)
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value, signature: Signature) -> String {
        let header = |algorithm, key: &str| Header {
            kid: Some(key.to_owned()),
            ..Header::new(algorithm)
        };
        let own = || EncodingKey::from_ec_der(&self.0.serialize_der());
        let (header, key) = match signature {
            Signature::Good => (header(Algorithm::ES256, KEY_ID), own()),
            Signature::UnknownKey => (header(Algorithm::ES256, "nobody-s"), own()),
            Signature::PublicKeyAsSecret => (
                header(Algorithm::HS256, KEY_ID),
                EncodingKey::from_secret(self.0.public_key_pem().as_bytes()),
            ),
            Signature::ClientSecret => (
                header(Algorithm::HS256, KEY_ID),
                EncodingKey::from_secret(CLIENT_SECRET.as_bytes()),
            ),
            Signature::None | Signature::Kept => {
                let text = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
                let header = json!({"alg": "none", "typ": "JWT"});
                return format!("{}.{}.", text(&header), text(claims));
            }
        };
        jsonwebtoken::encode(&header, claims, &key).unwrap_or_default()
    }
}

/// What a token says.
pub(crate) fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
