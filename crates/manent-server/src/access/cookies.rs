//! The cookie that keeps a sign-in, and the one that marks a device on which somebody signed in.
//!
//! No page can read it, no other site's request carries it, and nothing but a refresh and a sign-out looks at it: whoever can make a browser
//! send it changes nothing by that. The mark of the device is looked at where somebody signs in, and lets nobody in by itself. Its names and attributes are those that LibreChat's client lives with.

use axum::http::{HeaderMap, HeaderValue, header};
use manent_accounts::services::MAX_REFRESH_TOKENS;
use manent_types::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::native::ApiError;

/// The mark of the device. It stays when somebody signs out.
const DEVICE: &str = "manentDevice";

/// As long as browsers keep a cookie: 400 days, in seconds.
const DEVICE_LIFE: i64 = 400 * 24 * 60 * 60;

/// The refresh token.
const REFRESH: &str = "refreshToken";

/// How cookies are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookies {
    /// Kept from plain HTTP.
    pub(crate) is_secure: bool,
}

impl Cookies {
    /// Sets the refresh token until the session ends.
    pub(crate) fn set(
        self,
        token: &SecretString,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<HeaderValue, ApiError> {
        let left = (expires_at.as_millisecond() - now.as_millisecond()).max(0) / 1_000;
        self.header(REFRESH, token.expose_secret(), left)
    }

    /// Takes it away.
    pub(crate) fn clear(self) -> Result<HeaderValue, ApiError> {
        self.header(REFRESH, "", 0)
    }

    /// Marks the device.
    pub(crate) fn mark_device(self, mark: &SecretString) -> Result<HeaderValue, ApiError> {
        self.header(DEVICE, mark.expose_secret(), DEVICE_LIFE)
    }

    fn header(self, name: &str, value: &str, max_age: i64) -> Result<HeaderValue, ApiError> {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let text =
            format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}");
        let mut header = HeaderValue::try_from(text)
            .map_err(|_| ApiError::internal("a token that is no cookie"))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

/// The refresh tokens of a request, at most [`MAX_REFRESH_TOKENS`]: a neighbouring subdomain may have set one beside ours.
pub(crate) fn refresh_tokens(headers: &HeaderMap) -> Vec<SecretString> {
    cookies(headers, REFRESH).take(MAX_REFRESH_TOKENS).collect()
}

/// The mark of the device that a request comes from. Of several the first: browsers send the one of the longest path first.
pub(crate) fn device_mark(headers: &HeaderMap) -> Option<SecretString> {
    cookies(headers, DEVICE).next()
}

/// The values of the cookies with this name.
fn cookies(headers: &HeaderMap, wanted: &'static str) -> impl Iterator<Item = SecretString> {
    let cookies = headers.get_all(header::COOKIE).iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(move |(name, value)| *name == wanted && !value.is_empty())
        .map(|(_, value)| SecretString::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    #[test]
    fn a_cookie_lasts_as_long_as_its_session_and_stays_here() {
        let token = SecretString::from("abc-_");
        let set = |is_secure| {
            Cookies { is_secure }
                .set(&token, at(60_500), at(500))
                .unwrap()
        };
        let plain = "refreshToken=abc-_; Path=/; Max-Age=60; HttpOnly; SameSite=Strict";
        assert_eq!(set(false), plain);
        assert_eq!(set(true), format!("{plain}; Secure"));
        assert!(set(true).is_sensitive());
        let cleared = Cookies { is_secure: false }.clear().unwrap();
        assert_eq!(
            cleared,
            "refreshToken=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
        );
    }

    #[test]
    fn a_token_is_found_among_other_cookies() {
        let found = |cookies: &[&str]| {
            let mut headers = HeaderMap::new();
            for cookie in cookies {
                headers.append(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
            }
            let tokens = refresh_tokens(&headers).into_iter();
            let tokens: Vec<String> = tokens
                .map(|token| token.expose_secret().to_owned())
                .collect();
            tokens
        };
        assert_eq!(found(&["a=b; refreshToken=x.y; c=d"]), ["x.y"]);
        assert_eq!(found(&["a=b", "refreshToken=x"]), ["x"]);
        let several = "refreshToken=1; refreshToken=2; refreshToken=3; refreshToken=4";
        assert_eq!(
            found(&[several, "refreshToken=5; refreshToken=6"]),
            ["1", "2", "3", "4", "5"]
        );
        for none in [
            "",
            "refreshToken=",
            "refreshtoken=x",
            "xrefreshToken=x",
            "refreshToken",
        ] {
            assert_eq!(found(&[none]), Vec::<String>::new(), "{none:?}");
        }
    }
}
