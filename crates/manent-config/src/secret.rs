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

/// Reads a key from a file; blanks and line breaks around it do not count. Containers mount such files readable by a group or by everybody, so
/// that is taken; what everybody may write to is not.
///
/// # Errors
/// Why not, to follow the setting's name; without the secret.
pub(crate) fn read(path: &Path) -> Result<SecretString, String> {
    let unreadable =
        |error: std::io::Error| format!("names {}, which cannot be read: {error}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    if is_writable_by_everybody(&file).map_err(unreadable)? {
        return Err(format!(
            "names {}, which every user of this machine may write to, and so put another key into; take the right away with `chmod o-w`",
            path.display()
        ));
    }
    file.take(LARGEST_FILE + 1)
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

#[cfg(unix)]
fn is_writable_by_everybody(file: &File) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata()?;
    // Not of pipes and other devices, whose rights say something else.
    Ok(metadata.is_file() && metadata.permissions().mode() & 0o002 != 0)
}

#[cfg(not(unix))]
fn is_writable_by_everybody(_: &File) -> std::io::Result<bool> {
    Ok(false)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_that_containers_mount_is_taken_and_one_that_everybody_may_write_to_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        fs::write(&path, "sk-1\n").unwrap();
        let read = |mode| {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            read(&path)
        };
        for mode in [0o600, 0o400, 0o440, 0o444, 0o644] {
            assert!(read(mode).is_ok(), "{mode:o}");
        }
        for mode in [0o666, 0o602, 0o777] {
            let refused = read(mode).unwrap_err();
            assert!(refused.contains("chmod o-w"), "{refused}");
        }
    }
}
