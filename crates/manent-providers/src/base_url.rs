//! From a base URL, as people write it, to the addresses of the calls.

use reqwest::Url;

use crate::config::ProviderKind;
use crate::error::ProviderConfigError;

/// Where an endpoint's calls go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addresses {
    /// Generations.
    pub(crate) generate: Url,
    /// The list of models.
    pub(crate) models: Url,
}

/// The addresses under a base URL.
///
/// # Errors
/// A text that is no absolute http or https URL, or one that holds credentials.
pub(crate) fn addresses(kind: ProviderKind, base: &str) -> Result<Addresses, ProviderConfigError> {
    let base = parse(base)?;
    let path = path_of(&base);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match kind {
        ProviderKind::Anthropic => {
            let root = without_suffix(without_suffix(&path, &["messages"]), &["v1"]);
            let mut models = with_path(&base, root, &["v1", "models"])?;
            // The most that one page may hold; the default is 20.
            models.query_pairs_mut().append_pair("limit", "1000");
            Ok(Addresses {
                generate: with_path(&base, root, &["v1", "messages"])?,
                models,
            })
        }
        ProviderKind::OpenAiCompatible => {
            let root = without_suffix(&path, &["chat", "completions"]);
            let root = if root.is_empty() { &["v1"] } else { root };
            Ok(Addresses {
                generate: with_path(&base, root, &["chat", "completions"])?,
                models: with_path(&base, root, &["models"])?,
            })
        }
    }
}

pub(crate) fn parse(base: &str) -> Result<Url, ProviderConfigError> {
    let reject = |reason| Err(ProviderConfigError::BaseUrl { reason });
    let Ok(url) = Url::parse(base.trim()) else {
        return reject("it is not a URL such as https://api.example.com/v1");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return reject("it must begin with http:// or https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return reject("it must not hold a user name or password; set the key instead");
    }
    if url.fragment().is_some() {
        return reject("it must not have a fragment (#...)");
    }
    Ok(url)
}

fn path_of(url: &Url) -> Vec<String> {
    url.path_segments()
        .into_iter()
        .flatten()
        .filter(|segment| !segment.is_empty())
        .map(str::to_owned)
        .collect()
}

fn without_suffix<'path, 'text>(
    path: &'path [&'text str],
    suffix: &[&'text str],
) -> &'path [&'text str] {
    path.strip_suffix(suffix).unwrap_or(path)
}

/// The base with this path. Its query stays, for endpoints that want their version there.
fn with_path(base: &Url, root: &[&str], call: &[&str]) -> Result<Url, ProviderConfigError> {
    let mut url = base.clone();
    let path = root.iter().chain(call).copied().collect::<Vec<_>>();
    url.set_path(&path.join("/"));
    if url.host_str().is_none_or(str::is_empty) {
        return Err(ProviderConfigError::BaseUrl {
            reason: "it names no host",
        });
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generate(kind: ProviderKind, base: &str) -> String {
        addresses(kind, base).unwrap().generate.to_string()
    }

    #[test]
    fn finds_the_messages_api_with_or_without_version() {
        for base in [
            "https://api.anthropic.com",
            "https://api.anthropic.com/",
            "https://api.anthropic.com/v1",
            "https://api.anthropic.com/v1/",
            "https://api.anthropic.com/v1/messages",
            " https://api.anthropic.com ",
        ] {
            let addresses = addresses(ProviderKind::Anthropic, base).unwrap();
            assert_eq!(
                (addresses.generate.as_str(), addresses.models.as_str()),
                (
                    "https://api.anthropic.com/v1/messages",
                    "https://api.anthropic.com/v1/models?limit=1000"
                ),
                "{base}"
            );
        }
        assert_eq!(
            generate(ProviderKind::Anthropic, "https://proxy.example/anthropic"),
            "https://proxy.example/anthropic/v1/messages"
        );
    }

    #[test]
    fn finds_chat_completions_below_any_path() {
        for (base, expected) in [
            (
                "https://api.openai.com/v1",
                "https://api.openai.com/v1/chat/completions",
            ),
            (
                "https://api.openai.com",
                "https://api.openai.com/v1/chat/completions",
            ),
            (
                "http://localhost:11434/",
                "http://localhost:11434/v1/chat/completions",
            ),
            (
                "https://openrouter.ai/api/v1/",
                "https://openrouter.ai/api/v1/chat/completions",
            ),
            (
                "https://host.example/v1/chat/completions",
                "https://host.example/v1/chat/completions",
            ),
            (
                "https://host.example/openai/deployments/a?api-version=2",
                "https://host.example/openai/deployments/a/chat/completions?api-version=2",
            ),
        ] {
            assert_eq!(generate(ProviderKind::OpenAiCompatible, base), expected);
        }
    }

    #[test]
    fn rejects_what_is_no_plain_http_address() {
        for base in [
            "",
            "api.openai.com",
            "ftp://host.example",
            "file:///etc/passwd",
            "https://user:secret@host.example",
            "https://host.example/#a",
        ] {
            let error = addresses(ProviderKind::OpenAiCompatible, base).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
