//! Whether the database's files are still where they were opened. SQLite goes on writing into a file that somebody has deleted or moved
//! away, and what it commits there is gone with the process: such a commit must not be answered as stored.

use std::io;
use std::path::{Path, PathBuf};

use manent_domain::ports::StoreError;

/// The database and its write-ahead log, as they were when the store was opened.
#[derive(Debug)]
pub(crate) struct PlacedFiles {
    files: Vec<(PathBuf, Identity)>,
}

impl PlacedFiles {
    /// Those of the database at this path. Both files have to be there, and stay the same while a connection is open.
    pub(crate) fn of(database: &Path) -> io::Result<Self> {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        let files = [database.to_owned(), PathBuf::from(log)]
            .into_iter()
            .map(|path| identity(&path).map(|identity| (path, identity)))
            .collect::<io::Result<_>>()?;
        Ok(Self { files })
    }

    /// Fails when one of them was deleted, moved or replaced.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        for (path, expected) in &self.files {
            if identity(path).ok().as_ref() != Some(expected) {
                return Err(StoreError::Unavailable {
                    detail: format!(
                        "{} was deleted, moved or replaced while it was in use; put it back, or restart the server",
                        path.display()
                    ),
                });
            }
        }
        Ok(())
    }
}

/// The device and the number of the file on it.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Elsewhere an open file can be neither deleted nor moved.
#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(_: &Path) -> io::Result<Identity> {
    Ok(())
}
