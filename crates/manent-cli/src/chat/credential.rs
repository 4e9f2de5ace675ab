//! The key by which the server knows who asks.

use std::io::Read;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use crate::exit::Failure;

/// A key is much shorter.
const MOST_BYTES: u64 = 1_024;

/// The key that was given, or the one in the file; spaces around it do not count.
pub(super) fn read(
    key: Option<SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, Failure> {
    let key = match (key, file) {
        (Some(key), _) => key,
        (None, Some(path)) => from_file(path)?,
        (None, None) => return Ok(None),
    };
    let key = SecretString::from(key.expose_secret().trim());
    if key
        .expose_secret()
        .bytes()
        .all(|byte| byte.is_ascii_graphic())
        && !key.expose_secret().is_empty()
    {
        Ok(Some(key))
    } else {
        Err(Failure::Configuration(
            "this is no key: one begins with mnt_ and has letters and digits; `manent key create` makes one".to_owned(),
        ))
    }
}

fn from_file(path: &Path) -> Result<SecretString, Failure> {
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text))
        .map_err(|error| {
            Failure::Configuration(format!(
                "the key file {} cannot be read: {error}",
                path.display()
            ))
        })?;
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_from_an_argument_or_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        std::fs::write(&path, "mnt_a_b\n").unwrap();
        let read = |key: Option<&str>, file| {
            let key = read(key.map(SecretString::from), file).ok().flatten();
            key.map(|key| key.expose_secret().to_owned())
        };
        assert_eq!(read(Some(" mnt_c_d"), None).as_deref(), Some("mnt_c_d"));
        assert_eq!(read(None, Some(&path)).as_deref(), Some("mnt_a_b"));
        assert_eq!(read(None, None), None);
        assert_eq!(read(Some("two words"), None), None);
        assert_eq!(read(Some(""), None), None);
        assert_eq!(read(None, Some(&directory.path().join("none"))), None);
    }
}
