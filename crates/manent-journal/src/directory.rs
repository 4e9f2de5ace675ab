//! The journal's directory: its files' names, and its lock.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::JournalOpenError;

/// The file that one process holds.
pub(crate) const LOCK_NAME: &str = "journal.lock";

/// The entries that the store can never take.
pub(crate) const REFUSED_NAME: &str = "refused.journal";

const SEGMENT_EXTENSION: &str = "segment";

/// Holds the directory until it is dropped.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _file: File,
}

/// The file of the entries from this position on.
pub(crate) fn segment_path(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("{first:020}.{SEGMENT_EXTENSION}"))
}

/// The segments by their first position.
pub(crate) fn segments(directory: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let first = path
            .file_stem()
            .and_then(OsStr::to_str)
            .filter(|stem| stem.len() == 20)
            .and_then(|stem| stem.parse().ok());
        if let Some(first) = first
            && path.extension() == Some(OsStr::new(SEGMENT_EXTENSION))
        {
            found.push((first, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Creates the directory, for its owner alone, and takes its lock.
pub(crate) fn claim(directory: &Path) -> Result<DirectoryLock, JournalOpenError> {
    let unusable = |error: io::Error| JournalOpenError::Directory {
        path: directory.to_owned(),
        reason: error.to_string(),
    };
    create(directory).map_err(unusable)?;
    let file = private()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(directory.join(LOCK_NAME))
        .map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(DirectoryLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(JournalOpenError::Locked {
            path: directory.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

/// Whether a process holds the lock. Changes nothing.
pub(crate) fn is_held(directory: &Path) -> bool {
    let Ok(file) = File::open(directory.join(LOCK_NAME)) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// For files that only their owner may read.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn create(directory: &Path) -> io::Result<()> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    let missing: Vec<&Path> = directory.ancestors().take_while(is_missing).collect();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)?;
    for parent in missing.iter().filter_map(|path| path.parent()) {
        sync(parent)?;
    }
    Ok(())
}

/// Makes a directory's entries durable.
pub(crate) fn sync(directory: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let directory = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        File::open(directory)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}
