//! The server's secrets in a file.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::text::InvalidSecret;
use super::{RotationError, ServerSecrets};
use crate::entropy::{Entropy, EntropyError};

/// Bytes of a file that are read; a secret with space around it is shorter.
const LONGEST_FILE: u64 = 1024;

/// Why the file of the server's secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// The file cannot be read or written.
    #[error("cannot {action} the server's secret in {}: {source}", path.display())]
    Io {
        /// "read", "create" and so on.
        action: &'static str,
        /// The file, or its directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} holds no secret: {source}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: InvalidSecret,
    },
    /// The file was made by this program and somebody opened it to everybody.
    #[error(
        "{} can be read by other users of this machine; whoever has read it can sign in as anybody. Take the right away with `chmod 600`, \
         and if others use this machine, replace the secret",
        path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// No secret can be made.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// No secret can be made to follow the one in use.
    #[error(transparent)]
    Rotation(#[from] RotationError),
}

/// Secrets that were read or made.
#[derive(Debug)]
pub struct LoadedSecrets {
    /// The secrets.
    pub secrets: ServerSecrets,
    /// There was none, and one was made just now: this is the first start.
    pub created: bool,
    /// Other users of the machine than the file's owner can read the file. Worth a warning.
    pub exposed: bool,
}

/// Reads a secret that an administrator put into a file. Files that others can read are taken, since containers mount secrets that way;
/// [`LoadedSecrets::exposed`] tells.
///
/// # Errors
/// When the file cannot be read or holds no secret.
pub fn read_file(path: &Path) -> Result<LoadedSecrets, SecretFileError> {
    let failed = failure("read", path);
    let file = File::open(path).map_err(&failed)?;
    let exposed = readable_by_others(&file).map_err(&failed)?;
    // As much room as is ever needed, so that no half-filled copy stays behind when it grows.
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(LONGEST_FILE + 1).unwrap_or(0),
    ));
    file.take(LONGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(&failed)?;
    let secrets = std::str::from_utf8(&bytes)
        .map_err(|_| InvalidSecret::Form)
        .and_then(|text| ServerSecrets::parse(&SecretString::from(text)))
        .map_err(|source| SecretFileError::Invalid {
            path: path.to_owned(),
            source,
        })?;
    Ok(LoadedSecrets {
        secrets,
        created: false,
        exposed,
    })
}

/// Reads the secret that this program keeps, or makes it where there is none. Of several processes that start at once one makes it, and all get
/// the same. The file is there whole or not at all, and only its owner can read it.
///
/// # Errors
/// When the file cannot be read or written, holds no secret, or can be read by others.
pub fn load_or_create(
    path: &Path,
    entropy: &dyn Entropy,
) -> Result<LoadedSecrets, SecretFileError> {
    match read_file(path) {
        Ok(loaded) if loaded.exposed => Err(SecretFileError::Exposed {
            path: path.to_owned(),
        }),
        Err(SecretFileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            create(path, &ServerSecrets::generate(entropy)?)
        }
        other => other,
    }
}

/// Puts a new secret in front of those in the file, in one step: at no time is there a file without one. What was made with the older ones
/// stays good. Every process that uses the file has to be started again. For one administrator at a time.
///
/// # Errors
/// When the file cannot be read or written, holds no secret, can be read by others, or no secret can be made.
pub fn rotate_file(path: &Path, entropy: &dyn Entropy) -> Result<ServerSecrets, SecretFileError> {
    let loaded = read_file(path)?;
    if loaded.exposed {
        return Err(SecretFileError::Exposed {
            path: path.to_owned(),
        });
    }
    let rotated = loaded.secrets.rotated(entropy)?;
    let failed = failure("replace", path);
    write_beside(path, &rotated)
        .and_then(|file| Ok(file.persist(path)?))
        .and_then(|_| sync_directory(directory_of(path)))
        .map_err(failed)?;
    Ok(rotated)
}

fn create(path: &Path, secrets: &ServerSecrets) -> Result<LoadedSecrets, SecretFileError> {
    let created = fs::create_dir_all(directory_of(path))
        .and_then(|()| write_beside(path, secrets))
        .and_then(|file| Ok(file.persist_noclobber(path)?))
        .and_then(|_| sync_directory(directory_of(path)));
    match created {
        Ok(()) => Ok(LoadedSecrets {
            secrets: secrets.clone(),
            created: true,
            exposed: false,
        }),
        // Another process was quicker; its secret counts.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read_file(path),
        Err(error) => Err(failure("create", path)(error)),
    }
}

/// A file with the secrets beside the one that it is to become, on the disk and readable by its owner alone.
fn write_beside(path: &Path, secrets: &ServerSecrets) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(".secret-")
        .tempfile_in(directory_of(path))?;
    file.write_all(secrets.to_text().expose_secret().as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn failure(action: &'static str, path: &Path) -> impl Fn(io::Error) -> SecretFileError + use<> {
    let path = path.to_owned();
    move |source| SecretFileError::Io {
        action,
        path: path.clone(),
        source,
    }
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn readable_by_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn readable_by_others(_: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::entropy::testing::NoEntropy;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn makes_the_secret_at_the_first_start_and_reads_it_at_the_next() {
        let directory = directory();
        let path = directory.path().join("data").join("secret.key");
        let first = load_or_create(&path, &SystemEntropy).unwrap();
        let second = load_or_create(&path, &SystemEntropy).unwrap();
        assert_eq!((first.created, second.created), (true, false));
        assert_eq!(first.secrets.fingerprint(), second.secrets.fingerprint());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn processes_that_start_at_once_get_the_same_secret() {
        let directory = directory();
        let path = directory.path().join("secret.key");
        let loaded: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| load_or_create(&path, &SystemEntropy).unwrap()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(loaded.iter().filter(|loaded| loaded.created).count(), 1);
        let expected = loaded[0].secrets.fingerprint();
        assert!(
            loaded
                .iter()
                .all(|loaded| loaded.secrets.fingerprint() == expected)
        );
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_what_was_made() {
        use std::os::unix::fs::PermissionsExt;
        let directory = directory();
        let path = directory.path().join("secret.key");
        load_or_create(&path, &SystemEntropy).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn refuses_its_own_file_when_others_can_read_it_and_takes_an_administrators() {
        use std::os::unix::fs::PermissionsExt;
        let directory = directory();
        let path = directory.path().join("secret.key");
        load_or_create(&path, &SystemEntropy).unwrap();
        for mode in [0o640, 0o604] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let refused = load_or_create(&path, &SystemEntropy);
            assert!(matches!(refused, Err(SecretFileError::Exposed { .. })));
            assert!(read_file(&path).unwrap().exposed);
        }
    }

    #[test]
    fn never_replaces_a_file_that_holds_something_else() {
        let directory = directory();
        let path = directory.path().join("secret.key");
        for content in [&b""[..], b"not a secret", b"\xff\xfe", &[b'a'; 5000]] {
            fs::write(&path, content).unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            }
            let refused = load_or_create(&path, &SystemEntropy);
            assert!(matches!(refused, Err(SecretFileError::Invalid { .. })));
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }

    #[test]
    fn a_rotation_replaces_the_file_and_keeps_the_older_secret() {
        let directory = directory();
        let path = directory.path().join("secret.key");
        let first = load_or_create(&path, &SystemEntropy).unwrap().secrets;
        let rotated = rotate_file(&path, &SystemEntropy).unwrap();
        let read = load_or_create(&path, &SystemEntropy).unwrap();
        assert_eq!((read.secrets.number(), read.created), (2, false));
        assert_eq!(read.secrets.fingerprint(), rotated.fingerprint());
        assert_ne!(rotated.fingerprint(), first.fingerprint());
        let lines = |secrets: &ServerSecrets| secrets.to_text().expose_secret().to_owned();
        assert!(lines(&rotated).ends_with(&lines(&first)));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_rotation_without_a_file_makes_none() {
        let directory = directory();
        let path = directory.path().join("secret.key");
        let refused = rotate_file(&path, &SystemEntropy);
        assert!(matches!(
            refused,
            Err(SecretFileError::Io { action: "read", .. })
        ));
        assert!(!path.exists());
    }

    #[test]
    fn makes_nothing_without_randomness() {
        let directory = directory();
        let path = directory.path().join("secret.key");
        assert!(matches!(
            load_or_create(&path, &NoEntropy),
            Err(SecretFileError::Entropy(_))
        ));
        assert!(!path.exists());
    }

    #[test]
    fn says_which_configured_file_is_missing() {
        let missing = Path::new("no/such/secret");
        let error = read_file(missing).unwrap_err().to_string();
        assert!(error.starts_with("cannot read the server's secret in no/such/secret: "));
    }
}
