//! One-time codes by time: SHA-1, 30 seconds, 6 digits, one step of tolerance to each side.

use std::fmt;

use manent_types::Timestamp;
use secrecy::SecretString;
use totp_rs::{Algorithm, Builder, Secret, Totp};

use crate::email::EmailAddress;

/// The text is no shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a shared secret has 10 to 64 bytes in base32")]
pub struct InvalidTotpSecret;

/// The secret that the server shares with a person's authenticator. Never printed, wiped from memory when it goes.
#[derive(Clone)]
pub struct TotpSecret(Secret);

impl TotpSecret {
    /// A secret of random bytes; 20 of them for a new one.
    ///
    /// # Errors
    /// When there are fewer than 10 bytes or more than 64.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidTotpSecret> {
        if (10..=64).contains(&bytes.len()) {
            Ok(Self(Secret::from(bytes)))
        } else {
            Err(InvalidTotpSecret)
        }
    }

    /// Reads the base32 form.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_base32(text: &str) -> Result<Self, InvalidTotpSecret> {
        let secret = Secret::try_from_base32(text).map_err(|_| InvalidTotpSecret)?;
        Self::from_bytes(secret.as_bytes())
    }

    /// In base32 without padding: what people type, and what the vault seals.
    pub fn to_base32(&self) -> SecretString {
        self.0.to_base32().into()
    }

    /// The step of time whose code this is, if it is that of now, the step before or the step after. Whether that step was accepted already
    /// is for [`super::TwoFactor::apply`] to say.
    pub fn matching_step(&self, code: &str, now: Timestamp) -> Option<u64> {
        let is_code = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
        if is_code {
            self.calculator().check(code, seconds(now))
        } else {
            None
        }
    }

    fn calculator(&self) -> Totp {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(1)
            .with_step_duration(30)
            .with_secret(self.0.clone())
            .build_noncompliant()
    }

    /// The code of a time; what an authenticator shows.
    #[cfg(test)]
    pub(crate) fn code_at(&self, time: Timestamp) -> String {
        self.calculator().generate(seconds(time)).to_string()
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TotpSecret(..)")
    }
}

fn seconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_millisecond() / 1000).unwrap_or(0)
}

/// The `otpauth:` address that authenticators read, usually out of a picture. It has the secret in it.
pub fn otpauth_url(application: &str, email: &EmailAddress, secret: &TotpSecret) -> SecretString {
    let application = percent_encoded(application);
    let email = percent_encoded(email.as_str());
    let secret = secret.0.to_base32();
    format!(
        "otpauth://totp/{application}:{email}?secret={secret}&issuer={application}&algorithm=SHA1&digits=6&period=30"
    )
    .into()
}

fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millisecond(seconds * 1000).unwrap()
    }

    /// The secret of RFC 6238, appendix B.
    fn secret() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890").unwrap()
    }

    #[test]
    fn knows_the_codes_of_the_standard() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            let step = u64::try_from(seconds / 30).unwrap();
            assert_eq!(
                secret().matching_step(code, at(seconds)),
                Some(step),
                "{code}"
            );
        }
    }

    #[test]
    fn takes_a_step_of_tolerance_to_each_side_and_no_more() {
        let code = secret().code_at(at(3000));
        let matching = |seconds| secret().matching_step(&code, at(seconds));
        assert_eq!(matching(2969), None);
        assert_eq!(matching(2970), Some(100));
        assert_eq!(matching(3059), Some(100));
        assert_eq!(matching(3060), None);
    }

    #[test]
    fn takes_nothing_but_six_digits() {
        for bad in [
            "",
            "28708",
            "2870822",
            " 287082",
            "２８７０８２",
            "28708a",
            "+87082",
        ] {
            assert_eq!(secret().matching_step(bad, at(59)), None, "{bad}");
        }
    }

    #[test]
    fn reads_the_base32_that_it_writes() {
        let text = secret().to_base32();
        assert_eq!(text.expose_secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let read = TotpSecret::from_base32(text.expose_secret()).unwrap();
        assert_eq!(read.to_base32().expose_secret(), text.expose_secret());
        for bad in ["", "GEZD", "not base32!"] {
            assert!(TotpSecret::from_base32(bad).is_err(), "{bad}");
        }
        assert_eq!(format!("{read:?}"), "TotpSecret(..)");
    }

    #[test]
    fn the_address_for_authenticators_is_encoded() {
        let email = EmailAddress::parse("ada+x@example.org").unwrap();
        assert_eq!(
            otpauth_url("Our Chat", &email, &secret()).expose_secret(),
            "otpauth://totp/Our%20Chat:ada%2Bx%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Our%20Chat&algorithm=SHA1&digits=6&period=30"
        );
    }
}
