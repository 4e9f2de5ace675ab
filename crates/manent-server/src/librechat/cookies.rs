//! The cookies of a sign-in, as LibreChat's client knows them. `refreshToken` is the native surface's cookie too: who signs in here is signed in
//! there.

use axum::http::{HeaderMap, HeaderValue, header};
use jiff::fmt::rfc2822::DateTimePrinter;
use manent_accounts::services::OpenedSession;
use manent_types::Timestamp;
use secrecy::ExposeSecret;

use crate::access::Cookies;
use crate::native::ApiError;

/// Every cookie that LibreChat's server may have set; a sign-out takes them all away.
const ALL: [&str; 5] = [
    "refreshToken",
    "openid_access_token",
    "openid_id_token",
    "openid_user_id",
    "token_provider",
];

/// Whose refresh tokens they are. Ours, also for people of an OpenID provider: its own tokens are not kept.
const TOKEN_PROVIDER: &str = "librechat";

/// Sets the cookies of a session, until it ends.
pub(super) fn set(
    cookies: Cookies,
    opened: &OpenedSession,
    headers: &mut HeaderMap,
) -> Result<(), ApiError> {
    let end = http_date(opened.session.expires_at)?;
    let token = opened.refresh_token.expose_secret();
    for (name, value) in [("refreshToken", token), ("token_provider", TOKEN_PROVIDER)] {
        append(cookies, headers, name, value, &end)?;
    }
    Ok(())
}

/// Takes every cookie away.
pub(super) fn clear(cookies: Cookies, headers: &mut HeaderMap) -> Result<(), ApiError> {
    for name in ALL {
        append(cookies, headers, name, "", "Thu, 01 Jan 1970 00:00:00 GMT")?;
    }
    Ok(())
}

fn append(
    cookies: Cookies,
    headers: &mut HeaderMap,
    name: &str,
    value: &str,
    expires: &str,
) -> Result<(), ApiError> {
    let secure = if cookies.is_secure { "; Secure" } else { "" };
    let text =
        format!("{name}={value}; Path=/; Expires={expires}; HttpOnly; SameSite=Strict{secure}");
    let mut header = HeaderValue::try_from(text)
        .map_err(|_| ApiError::internal("a refresh token that is no cookie"))?;
    header.set_sensitive(true);
    headers.append(header::SET_COOKIE, header);
    Ok(())
}

fn http_date(at: Timestamp) -> Result<String, ApiError> {
    jiff::Timestamp::from_millisecond(at.as_millisecond())
        .and_then(|at| DateTimePrinter::new().timestamp_to_rfc9110_string(&at))
        .map_err(|error| ApiError::internal(format!("a session that ends at no time: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cookie_is_taken_away_with_the_attributes_that_it_was_set_with() {
        let mut headers = HeaderMap::new();
        clear(Cookies { is_secure: true }, &mut headers).unwrap();
        let cleared: Vec<_> = headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        let expected = ALL.map(|name| {
            format!("{name}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Strict; Secure")
        });
        assert_eq!(cleared, expected);
    }

    #[test]
    fn a_time_is_written_as_http_writes_it() {
        let at = Timestamp::from_millisecond(1_763_700_000_123).unwrap();
        assert_eq!(http_date(at).unwrap(), "Fri, 21 Nov 2025 04:40:00 GMT");
    }
}
