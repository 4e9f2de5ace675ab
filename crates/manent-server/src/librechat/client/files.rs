//! Files of a directory, by names that a stranger sends.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use axum::http::{HeaderMap, header};
use tokio::task::spawn_blocking;

/// The largest file that is served.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// What is compressed beside a file, the best first.
const ENCODINGS: [(&str, &str); 2] = [("br", "br"), ("gzip", "gz")];

/// A file to send.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    /// Tells versions and encodings apart.
    pub(super) tag: String,
    /// How it is compressed.
    pub(super) encoding: Option<&'static str>,
}

/// The file of this name, compressed where one of its kind lies beside it and the client takes that.
pub(super) async fn find(
    directory: &Path,
    name: &str,
    headers: &HeaderMap,
) -> std::io::Result<Option<Found>> {
    let Some(name) = safe(name) else {
        return Ok(None);
    };
    let accepted = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(accepted_encoding)
        .collect::<Vec<_>>();
    let directory = directory.to_owned();
    spawn_blocking(move || {
        // Without the file itself there is nothing, whatever lies beside it.
        if regular(&directory, &name)?.is_none() {
            return Ok(None);
        }
        for (encoding, ending) in ENCODINGS {
            let beside = PathBuf::from(format!("{}.{ending}", name.display()));
            if accepted.contains(&encoding)
                && let Some((bytes, tag)) = load(&directory, &beside)?
            {
                return Ok(Some(Found {
                    bytes,
                    tag: format!("\"{tag}-{ending}\""),
                    encoding: Some(encoding),
                }));
            }
        }
        let found = load(&directory, &name)?;
        Ok(found.map(|(bytes, tag)| Found {
            bytes,
            tag: format!("\"{tag}\""),
            encoding: None,
        }))
    })
    .await?
}

/// The bytes of the file of this name.
pub(super) async fn read(directory: &Path, name: &'static str) -> std::io::Result<Option<Vec<u8>>> {
    let directory = directory.to_owned();
    let loaded = spawn_blocking(move || load(&directory, Path::new(name))).await??;
    Ok(loaded.map(|(bytes, _)| bytes))
}

/// One of ours that a client takes; what it gives no weight it does not take.
fn accepted_encoding(entry: &str) -> Option<&'static str> {
    let mut parts = entry.split(';').map(str::trim);
    let name = parts.next()?;
    let is_refused = parts.any(|weight| {
        let weight = weight.strip_prefix("q=").map(str::parse::<f32>);
        matches!(weight, Some(Ok(weight)) if weight <= 0.0)
    });
    let known = ENCODINGS.iter().map(|(encoding, _)| *encoding);
    known
        .filter(|_| !is_refused)
        .find(|encoding| encoding.eq_ignore_ascii_case(name))
}

/// A relative path of plain names. Names that begin with a dot are not the client's; neither is anything that has to be decoded first.
fn safe(name: &str) -> Option<PathBuf> {
    let is_plain = |part: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+@~ ".contains(&byte);
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_allowed)
    };
    (name.len() <= 512 && name.split('/').all(is_plain)).then(|| PathBuf::from(name))
}

/// The file's whole path and its size, when it is one, and neither it nor a directory on the way to it is a symbolic link.
fn regular(directory: &Path, name: &Path) -> std::io::Result<Option<(PathBuf, std::fs::Metadata)>> {
    let mut path = directory.to_owned();
    let mut last = None;
    for part in name.components() {
        path.push(part);
        let metadata = match path.symlink_metadata() {
            Ok(metadata) if !metadata.file_type().is_symlink() => metadata,
            Ok(_) => return Ok(None),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        last = Some(metadata);
    }
    let is_served =
        |metadata: &std::fs::Metadata| metadata.is_file() && metadata.len() <= MOST_BYTES;
    Ok(last.filter(is_served).map(|metadata| (path, metadata)))
}

fn load(directory: &Path, name: &Path) -> std::io::Result<Option<(Vec<u8>, String)>> {
    let Some((path, metadata)) = regular(directory, name)? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(MOST_BYTES)
        .read_to_end(&mut bytes)?;
    let changed = metadata.modified()?.duration_since(UNIX_EPOCH);
    let changed = changed.map_or(0, |since| since.as_nanos());
    Ok(Some((bytes, format!("{changed:x}-{:x}", metadata.len()))))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn directory() -> tempfile::TempDir {
        let outside = tempfile::tempdir().unwrap();
        let inside = outside.path().join("dist");
        std::fs::create_dir_all(inside.join("assets")).unwrap();
        std::fs::write(outside.path().join("secret"), "secret").unwrap();
        std::fs::write(inside.join("assets/a.js"), "plain").unwrap();
        std::fs::write(inside.join("assets/a.js.br"), "brotli").unwrap();
        std::fs::write(inside.join(".env"), "secret").unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), inside.join("link")).unwrap();
        std::os::unix::fs::symlink(outside.path(), inside.join("up")).unwrap();
        outside
    }

    async fn found(
        outside: &tempfile::TempDir,
        name: &str,
        accepts: &'static str,
    ) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepts));
        let found = find(&outside.path().join("dist"), name, &headers)
            .await
            .unwrap();
        found.map(|found| String::from_utf8(found.bytes).unwrap())
    }

    #[tokio::test]
    async fn what_is_compressed_goes_to_those_who_take_it() {
        let outside = directory();
        let plain = Some("plain".to_owned());
        let brotli = Some("brotli".to_owned());
        assert_eq!(found(&outside, "assets/a.js", "gzip, br").await, brotli);
        assert_eq!(found(&outside, "assets/a.js", "br;q=0").await, plain);
        assert_eq!(found(&outside, "assets/a.js", "identity").await, plain);
    }

    #[tokio::test]
    async fn nothing_outside_of_the_directory_is_served() {
        let outside = directory();
        for name in [
            "../secret",
            "assets/../../secret",
            "assets/..%2f..%2fsecret",
            "/etc/passwd",
            "assets//a.js",
            "assets\\a.js",
            "assets/a.js\0",
            "link",
            "up/secret",
            "up/dist/assets/a.js",
            ".env",
            "assets",
            "assets/a.js/b",
            "none",
        ] {
            assert_eq!(found(&outside, name, "br").await, None, "{name}");
        }
    }
}
