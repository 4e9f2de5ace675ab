//! The server's address, and the name of the outbox for it.

use url::Url;

use crate::error::OpenError;

/// Reads an address.
pub(crate) fn parse(url: &str) -> Result<Url, OpenError> {
    let invalid = |reason: String| OpenError::InvalidUrl {
        url: url.to_owned(),
        reason,
    };
    let parsed = Url::parse(url).map_err(|error| invalid(error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(invalid(
            "it does not begin with http:// or https://".to_owned(),
        ));
    }
    if parsed.host().is_none() {
        return Err(invalid("it names no host".to_owned()));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(invalid("it has a query or a fragment".to_owned()));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(invalid("it holds a name or a password".to_owned()));
    }
    Ok(parsed)
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_.".contains(character)
}

/// A profile's name, when it can be the name of a file.
pub(crate) fn checked(profile: String) -> Result<String, OpenError> {
    let is_short = (1..=64).contains(&profile.len());
    if is_short && profile.chars().all(is_allowed) && !profile.starts_with('.') {
        Ok(profile)
    } else {
        Err(OpenError::InvalidProfile(profile))
    }
}

/// One outbox for each server.
pub(crate) fn profile_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let path = url.path().trim_end_matches('/');
    let name = format!("{host}-{port}{path}");
    name.chars()
        .map(|character| {
            if is_allowed(character) {
                character
            } else {
                '_'
            }
        })
        .take(64)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_addresses_that_are_none() {
        for bad in [
            "",
            "127.0.0.1:3080",
            "ftp://example.org",
            "http://",
            "http://example.org/?a=b",
            "http://me:secret@example.org",
        ] {
            assert!(
                matches!(parse(bad), Err(OpenError::InvalidUrl { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn each_server_has_an_outbox_of_its_own() {
        let name = |url: &str| profile_of(&parse(url).unwrap());
        assert_eq!(name("http://127.0.0.1:3080"), "127.0.0.1-3080");
        assert_eq!(
            name("https://example.org/manent/"),
            "example.org-443_manent"
        );
        assert_eq!(name("http://[::1]:1"), "___1_-1");
    }

    #[test]
    fn a_profile_cannot_leave_its_directory() {
        for bad in ["", "..", "../a", "a/b", ".hidden", &"x".repeat(65)] {
            assert!(checked(bad.to_owned()).is_err(), "{bad}");
        }
        assert_eq!(checked("work.2".to_owned()), Ok("work.2".to_owned()));
    }
}
