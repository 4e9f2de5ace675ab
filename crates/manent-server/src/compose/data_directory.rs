//! Who else could replace what the server keeps: told once at the start. It is no refusal, since volumes of containers often are so, and whoever
//! shares nothing with others is safe in one.

use std::path::Path;

/// Warns where other users may write to the data directory, and so put another database or another secret there, or where the server's own
/// secret is somebody else's.
pub(super) fn tell_exposure(directory: &Path, secret: &Path) {
    let path = directory.display();
    match exposure(directory) {
        Some(Exposure::Everybody) => tracing::warn!(
            "every user of this machine may write to the data directory {path}, and so replace the database and the secret in it; \
             take the right away with `chmod go-w {path}`, unless nobody else can reach it, as in a container"
        ),
        Some(Exposure::Group) => tracing::info!(
            "the group of the data directory {path} may write to it; if others are in that group, take the right away with `chmod g-w {path}`"
        ),
        None => {}
    }
    if is_foreign(secret) {
        let secret = secret.display();
        tracing::warn!(
            "{secret} belongs to another user than the one that the server runs as, who can read and change it; correct it with `chown`"
        );
    }
}

/// Who else may write to a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exposure {
    /// Whoever is in its group.
    Group,
    /// Every user of the machine.
    Everybody,
}

#[cfg(unix)]
fn exposure(directory: &Path) -> Option<Exposure> {
    use std::os::unix::fs::PermissionsExt;
    // What cannot be looked at is told by whoever needs it.
    let mode = directory.metadata().ok()?.permissions().mode();
    match mode {
        _ if mode & 0o002 != 0 => Some(Exposure::Everybody),
        _ if mode & 0o020 != 0 => Some(Exposure::Group),
        _ => None,
    }
}

#[cfg(not(unix))]
fn exposure(_: &Path) -> Option<Exposure> {
    None
}

#[cfg(unix)]
fn is_foreign(file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let own = rustix::process::geteuid().as_raw();
    file.metadata()
        .is_ok_and(|metadata| is_foreign_owner(metadata.uid(), own))
}

/// Whether a file of this user is neither the process's nor the administrator's.
#[cfg(unix)]
const fn is_foreign_owner(owner: u32, own: u32) -> bool {
    owner != own && owner != 0
}

#[cfg(not(unix))]
fn is_foreign(_: &Path) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_directory_that_others_may_write_to_is_told() {
        let directory = tempfile::tempdir().unwrap();
        for (mode, expected) in [
            (0o700, None),
            (0o755, None),
            (0o770, Some(Exposure::Group)),
            (0o2775, Some(Exposure::Group)),
            (0o702, Some(Exposure::Everybody)),
            (0o777, Some(Exposure::Everybody)),
            (0o1777, Some(Exposure::Everybody)),
        ] {
            fs::set_permissions(directory.path(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(exposure(directory.path()), expected, "{mode:o}");
        }
        assert_eq!(exposure(&directory.path().join("none")), None);
    }

    #[test]
    fn a_file_of_another_user_is_told_and_that_of_the_administrator_is_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(!is_foreign(file.path()));
        assert!(!is_foreign(Path::new("/nothing/is/here")));
        assert!(is_foreign_owner(1001, 1000));
        assert!(is_foreign_owner(1000, 0));
        assert!(!is_foreign_owner(0, 1000));
        assert!(!is_foreign_owner(1000, 1000));
    }
}
