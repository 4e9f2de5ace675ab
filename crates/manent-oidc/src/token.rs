//! Which tokens are believed.
//!
//! Invariant: everything that is read from a token here was signed by a key of the provider, with an asymmetric algorithm.

use std::str::FromStr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use manent_types::Timestamp;
use openidconnect::core::{
    CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, ClientId, IssuerUrl, JsonWebTokenType,
    Nonce, NonceVerifier, SignatureVerificationError,
};

use crate::claims::Claims;

/// Bytes of a token that are looked at.
pub(crate) const LONGEST_TOKEN: usize = 32 * 1024;

/// How far clocks may be apart.
pub(crate) const LEEWAY: Duration = Duration::from_secs(30);

/// The algorithms that are believed: those of which only the provider has the key.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// For whom a token must be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum For<'a> {
    /// This server as a client, and nobody else; with this nonce, and belonging to this access token if it says to which.
    ThisSignIn {
        nonce: &'a str,
        access_token: &'a AccessToken,
    },
    /// One of these audiences.
    AnyOf(&'a [String]),
    /// Whoever: it came from the provider itself, and only roles are read from it.
    Anybody,
}

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It names a key that is not known (yet).
    UnknownKey,
    /// Something else; for the log.
    Invalid(String),
}

/// A token that is believed.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) subject: String,
    pub(crate) claims: Claims,
}

/// Checks tokens of one provider.
pub(crate) struct Checker<'a> {
    pub(crate) issuer: &'a IssuerUrl,
    pub(crate) client_id: &'a ClientId,
    pub(crate) keys: &'a CoreJsonWebKeySet,
    pub(crate) now: Timestamp,
}

impl Checker<'_> {
    /// Checks signature, issuer, audience and times, and reads the claims.
    pub(crate) fn check(&self, text: &str, wanted: For<'_>) -> Result<Verified, Fault> {
        let invalid = |detail: &str| Fault::Invalid(detail.to_owned());
        if text.len() > LONGEST_TOKEN {
            return Err(invalid("the token is too long"));
        }
        let token = CoreIdToken::from_str(text)
            .map_err(|_| invalid("it is no token with the claims that one must have"))?;
        let verifier = self.verifier(wanted)?;
        let nonce = WantedNonce(match wanted {
            For::ThisSignIn { nonce, .. } => Some(nonce),
            For::AnyOf(_) | For::Anybody => None,
        });
        let checked = token.claims(&verifier, nonce).map_err(fault)?;
        match wanted {
            For::ThisSignIn { access_token, .. } => {
                let authorized = checked.authorized_party();
                if authorized.is_some_and(|party| party != self.client_id) {
                    return Err(invalid("it was issued to another client (azp)"));
                }
                if let Some(expected) = checked.access_token_hash() {
                    let hash = token
                        .signing_alg()
                        .and_then(|algorithm| Ok((algorithm, token.signing_key(&verifier)?)))
                        .map_err(|error| Fault::Invalid(error.to_string()))
                        .and_then(|(algorithm, key)| {
                            AccessTokenHash::from_token(access_token, algorithm, key)
                                .map_err(|error| Fault::Invalid(error.to_string()))
                        })?;
                    if hash != *expected {
                        return Err(invalid("it belongs to another access token (at_hash)"));
                    }
                }
            }
            For::AnyOf(audiences) => {
                let mut own = checked.audiences().iter();
                if !own.any(|audience| audiences.iter().any(|known| *known == **audience)) {
                    return Err(invalid("it is for another audience (aud)"));
                }
            }
            For::Anybody => {}
        }
        let subject = checked.subject().to_string();
        let claims = payload(text).ok_or_else(|| invalid("its claims cannot be read"))?;
        self.check_times(&claims)?;
        Ok(Verified { subject, claims })
    }

    fn verifier(&self, wanted: For<'_>) -> Result<CoreIdTokenVerifier<'static>, Fault> {
        let milliseconds = self.now.as_millisecond() - milliseconds(LEEWAY);
        let earliest_end = DateTime::<Utc>::from_timestamp_millis(milliseconds)
            .ok_or_else(|| Fault::Invalid("there is no such time".to_owned()))?;
        let verifier = CoreIdTokenVerifier::new_public_client(
            self.client_id.clone(),
            self.issuer.clone(),
            self.keys.clone(),
        )
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || earliest_end);
        Ok(match wanted {
            For::ThisSignIn { .. } => verifier,
            For::AnyOf(_) | For::Anybody => {
                let types = ["JWT", "at+jwt"]
                    .into_iter()
                    .filter_map(|name| JsonWebTokenType::new(name.to_owned()).normalize().ok());
                verifier
                    .set_allowed_jose_types(types)
                    .require_audience_match(false)
            }
        })
    }

    /// That it holds already, and was not issued in the future. Its end was checked before.
    fn check_times(&self, claims: &Claims) -> Result<(), Fault> {
        let latest = self.now.as_millisecond() + milliseconds(LEEWAY);
        for name in ["nbf", "iat"] {
            let Some(value) = claims.get(name) else {
                continue;
            };
            #[expect(
                clippy::cast_precision_loss,
                reason = "a time of today in milliseconds is far below 2^53"
            )]
            let is_reached = value
                .as_f64()
                .is_some_and(|seconds| seconds * 1000.0 <= latest as f64);
            if !is_reached {
                return Err(Fault::Invalid(format!("it does not hold yet ({name})")));
            }
        }
        Ok(())
    }
}

/// The nonce that an ID token must have; others need none.
struct WantedNonce<'a>(Option<&'a str>);

impl NonceVerifier for WantedNonce<'_> {
    fn verify(self, nonce: Option<&Nonce>) -> Result<(), String> {
        match self.0 {
            Some(wanted) => NonceVerifier::verify(&Nonce::new(wanted.to_owned()), nonce),
            None => Ok(()),
        }
    }
}

fn fault(error: ClaimsVerificationError) -> Fault {
    match error {
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        ) => Fault::UnknownKey,
        ClaimsVerificationError::SignatureVerification(inner) => Fault::Invalid(inner.to_string()),
        other => Fault::Invalid(other.to_string()),
    }
}

/// The claims of a token, believed or not.
pub(crate) fn payload(text: &str) -> Option<Claims> {
    let mut parts = text.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
