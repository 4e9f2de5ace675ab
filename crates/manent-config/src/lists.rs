//! Values with commas between them.

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Origin, Url};

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim)
}

/// Whether these are domains: labels of letters, digits and `-` with dots between them.
pub(crate) fn is_domain_list(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    entries(text).all(|domain| domain.len() <= 253 && domain.split('.').all(is_label))
}

/// The domains in lower case.
pub(crate) fn parse_domains(text: &str) -> Vec<String> {
    entries(text).map(str::to_ascii_lowercase).collect()
}

/// Whether these are addresses or networks.
pub(crate) fn is_network_list(text: &str) -> bool {
    entries(text).all(|entry| network(entry).is_some())
}

/// The networks; an address is one of its own.
pub(crate) fn parse_networks(text: &str) -> Vec<IpNet> {
    entries(text).filter_map(network).collect()
}

/// Whether these are texts without control characters, none of them empty.
pub(crate) fn is_text_list(text: &str) -> bool {
    text.len() <= 2000
        && !text.chars().any(char::is_control)
        && entries(text).all(|entry| !entry.is_empty())
}

/// The texts, trimmed.
pub(crate) fn parse_texts(text: &str) -> Vec<String> {
    entries(text).map(str::to_owned).collect()
}

/// Whether these are origins as browsers send them: scheme, host and perhaps a port, nothing behind.
pub(crate) fn is_origin_list(text: &str) -> bool {
    entries(text).all(|entry| origin(entry).is_some())
}

/// The origins, as browsers write them.
pub(crate) fn parse_origins(text: &str) -> Vec<String> {
    entries(text).filter_map(origin).collect()
}

fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_web =
        matches!(url.scheme(), "http" | "https") && matches!(url.origin(), Origin::Tuple(..));
    let is_bare = !text.contains('*')
        && url.path() == "/"
        && !text.ends_with('/')
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (is_web && is_bare).then(|| url.origin().ascii_serialization())
}

fn network(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_read_without_blanks_and_in_lower_case() {
        assert_eq!(
            parse_domains("Example.org , mail.example.com"),
            ["example.org", "mail.example.com"]
        );
        for wrong in [
            "",
            "example.org,",
            "a b",
            "@example.org",
            "-a.org",
            "a..b",
            "é.org",
        ] {
            assert!(!is_domain_list(wrong), "{wrong:?}");
        }
        assert!(is_domain_list("localhost, xn--e1afmkfd.example"));
    }

    #[test]
    fn an_origin_is_what_a_browser_calls_one() {
        assert_eq!(
            parse_origins("https://App.example.org:443, http://localhost:5173,https://é.example"),
            [
                "https://app.example.org",
                "http://localhost:5173",
                "https://xn--9ca.example"
            ]
        );
        for wrong in [
            "",
            "*",
            "null",
            "app.example.org",
            "https://app.example.org/",
            "https://app.example.org/page",
            "https://app.example.org?x",
            "https://app.example.org#x",
            "https://me@app.example.org",
            "https://*.example.org",
            "file:///x",
            "https://app.example.org,",
        ] {
            assert!(!is_origin_list(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn an_address_is_a_network_of_its_own() {
        let networks = parse_networks("127.0.0.1, 10.0.0.0/8,::1");
        let shown: Vec<String> = networks.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["127.0.0.1/32", "10.0.0.0/8", "::1/128"]);
        for wrong in ["", "10.0.0.0/33", "localhost", "127.0.0.1;", "1.2.3"] {
            assert!(!is_network_list(wrong), "{wrong:?}");
        }
    }
}
