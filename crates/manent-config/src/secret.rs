//! Keys: read, checked for what would never work, and never shown.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use secrecy::SecretString;

/// What stands for a key wherever one would be shown.
pub(crate) const MASK: &str = "********";

const LARGEST_FILE: u64 = 16 * 1024;

/// Takes what can be sent in a header.
///
/// # Errors
/// Why not, to follow the setting's name; without the secret.
pub(crate) fn check(text: &str) -> Result<SecretString, String> {
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    if text.chars().all(|character| character == '*') {
        return Err(
            "is the mask that `manent config show` prints; put the key itself here".to_owned(),
        );
    }
    if text.trim() != text {
        return Err("has blanks or line breaks around it; remove them".to_owned());
    }
    if !text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Err(
            "has characters that cannot be sent; only visible ASCII characters can".to_owned(),
        );
    }
    Ok(SecretString::from(text))
}

/// Reads a key from a file; blanks and line breaks around it do not count.
///
/// # Errors
/// Why not, to follow the setting's name; without the secret.
pub(crate) fn read(path: &Path) -> Result<SecretString, String> {
    let unreadable =
        |error: std::io::Error| format!("names {}, which cannot be read: {error}", path.display());
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(unreadable)?
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(format!(
            "names {}, which is larger than 16 KiB: that is no key",
            path.display()
        ));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| format!("names {}, which is not text", path.display()))?;
    check(text.trim()).map_err(|message| format!("names {}, whose key {message}", path.display()))
}
