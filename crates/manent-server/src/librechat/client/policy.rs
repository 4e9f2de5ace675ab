//! What the client's page may do, in the words of a content security policy.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// For the files beside the page. A worker runs under the policy of its own file: the service worker asks for files of its own origin.
pub(super) const FOR_FILES: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// For sounds, which the client plays in a frame.
pub(super) const FOR_SOUNDS: &str = "default-src 'none'; media-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'";

/// The most pictures' origins that are let in.
const MOST_ORIGINS: usize = 50;

/// Where the sandbox for artifacts is when nobody says otherwise, which shows what a model wrote in a frame of another origin.
const SANDBOX: &str = "https://*.codesandbox.io";

/// Its own files, the inline scripts that it has (by their hashes) and nothing else that runs; inline styles, which its libraries write; pictures of
/// its own, and from where the configuration says. Nobody may frame it.
pub(super) fn for_page(index: &str, pictures: &[String], sandboxes: &[String]) -> String {
    let mut scripts = String::new();
    for script in inline_scripts(index) {
        scripts = format!(
            "{scripts} 'sha256-{}'",
            STANDARD.encode(Sha256::digest(script))
        );
    }
    let mut sources = String::new();
    for origin in pictures {
        sources.push(' ');
        sources.push_str(origin);
    }
    let sandboxes = if sandboxes.is_empty() {
        SANDBOX.to_owned()
    } else {
        sandboxes.join(" ")
    };
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{scripts}; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data: blob:{sources}; font-src 'self' data:; media-src 'self' data: blob:; connect-src 'self' data: blob:; \
         worker-src 'self' blob:; manifest-src 'self'; frame-src 'self' blob: data: {sandboxes}; object-src 'none'; base-uri 'self'; \
         frame-ancestors 'none'; form-action 'self'"
    )
}

/// The texts between `<script …>` without a `src` and `</script>`, as a browser hashes them.
fn inline_scripts(index: &str) -> impl Iterator<Item = &str> {
    let mut rest = index;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find("<script")?;
            let inside = &rest[start + "<script".len()..];
            let opened = inside.find('>')?;
            let attributes = &inside[..opened];
            let body = &inside[opened + 1..];
            let end = body.find("</script>")?;
            rest = &body[end..];
            if !attributes.contains(" src=") {
                return Some(&body[..end]);
            }
        }
    })
}

/// The origins of these addresses, each once; what is a path of our own needs none.
pub(super) fn origins<'a>(addresses: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut origins: Vec<String> = Vec::new();
    for address in addresses {
        let Ok(url) = address.parse::<axum::http::Uri>() else {
            continue;
        };
        let (Some(scheme @ ("http" | "https")), Some(authority)) =
            (url.scheme_str(), url.authority())
        else {
            continue;
        };
        let origin = match authority.port_u16() {
            Some(port) => format!("{scheme}://{}:{port}", authority.host()),
            None => format!("{scheme}://{}", authority.host()),
        };
        if !origins.contains(&origin) && origins.len() < MOST_ORIGINS {
            origins.push(origin);
        }
    }
    origins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_are_let_in_by_their_hash_and_files_are_not_hashed() {
        let index = "<script>a()</script><script type=\"module\" src=\"/b.js\"></script>\n<script defer>\nc\n</script>";
        let scripts: Vec<&str> = inline_scripts(index).collect();
        assert_eq!(scripts, ["a()", "\nc\n"]);
        let policy = for_page("<script>alert('Hello, world.');</script>", &[], &[]);
        assert!(
            policy.contains("'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"),
            "{policy}"
        );
        assert!(!policy.contains("script-src 'self' 'unsafe-inline'"));
    }

    #[test]
    fn pictures_come_from_where_the_configuration_says() {
        let addresses = [
            "/assets/a.svg",
            "https://cdn.example.org/a.svg?x",
            "https://cdn.example.org/b.svg",
            "http://user@127.0.0.1:81/c.svg",
            "javascript:alert(1)",
            "https://evil.example; script-src *",
        ];
        assert_eq!(
            origins(addresses.into_iter()),
            ["https://cdn.example.org", "http://127.0.0.1:81"]
        );
    }
}
