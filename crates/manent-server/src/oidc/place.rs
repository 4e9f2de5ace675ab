//! Where a browser goes after a sign-in: to addresses of this server's own alone.

use serde::{Deserialize, Serialize};

use super::failure::Failure;

/// The longest address of the page that is gone back to.
const LONGEST: usize = 1_000;

/// Which page began the sign-in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Client {
    /// Manent's own.
    Page,
    /// LibreChat's, which says nothing.
    #[default]
    #[serde(other)]
    Librechat,
}

/// Where the browser came from and goes back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    client: Client,
    /// A path of this server's, with its query and fragment.
    path: String,
}

impl Place {
    /// The place that was asked for, as far as it is one of this server's; else its first page.
    pub(crate) fn new(client: Client, asked_for: Option<&str>) -> Self {
        let path = asked_for.filter(|path| is_own(path)).unwrap_or("/");
        Self {
            client,
            path: path.to_owned(),
        }
    }

    /// After a sign-in.
    pub(crate) fn success(&self) -> String {
        self.path.clone()
    }

    /// After a failure.
    pub(crate) fn failure(&self, failure: Failure) -> String {
        match self.client {
            Client::Page => with_parameter(&self.path, failure),
            Client::Librechat => LIBRECHAT_FAILURE.to_owned(),
        }
    }
}

/// Where LibreChat's client shows that a sign-in failed.
pub(crate) const LIBRECHAT_FAILURE: &str = "/login?redirect=false&error=auth_failed";

/// Where both clients show it, for a browser that does not say which one began.
pub(crate) fn unknown(failure: Failure) -> String {
    with_parameter(LIBRECHAT_FAILURE, failure)
}

/// Whether a browser takes this for a path here, and every way of reading it does.
fn is_own(path: &str) -> bool {
    path.len() <= LONGEST
        && path.starts_with('/')
        && !path.starts_with("//")
        && !path.starts_with("/oauth/")
        && path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

fn with_parameter(path: &str, failure: Failure) -> String {
    let (before, fragment) = match path.split_once('#') {
        Some((before, fragment)) => (before, Some(fragment)),
        None => (path, None),
    };
    let sign = if before.contains('?') { '&' } else { '?' };
    let code = failure.code();
    let fragment = fragment.map(|text| format!("#{text}")).unwrap_or_default();
    format!("{before}{sign}signInError={code}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_server_are_gone_to() {
        let to = |path: &str| Place::new(Client::Page, Some(path)).success();
        for good in ["/", "/c/abc?x=y#z", "/search?q=%20"] {
            assert_eq!(to(good), good);
        }
        for bad in [
            "",
            "c/abc",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: x=y",
            "/ü",
            "/oauth/openid",
            &format!("/{}", "x".repeat(LONGEST)),
        ] {
            assert_eq!(to(bad), "/", "{bad:?}");
        }
        assert_eq!(Place::new(Client::Page, None).success(), "/");
    }

    #[test]
    fn a_failure_is_told_where_the_sign_in_began() {
        let failure = |client, path| Place::new(client, Some(path)).failure(Failure::Expired);
        assert_eq!(
            failure(Client::Page, "/c/a?x=y#z"),
            "/c/a?x=y&signInError=sign_in_expired#z"
        );
        assert_eq!(failure(Client::Page, "/"), "/?signInError=sign_in_expired");
        assert_eq!(failure(Client::Librechat, "/c/a"), LIBRECHAT_FAILURE);
    }
}
