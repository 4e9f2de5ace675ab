//! The directory of the outboxes, and the lock of each: one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// Creates the directory, for its owner alone, and takes the profile's lock. The answer is the file's path and the lock, which holds as long
/// as it is kept.
pub(super) fn claim(directory: &Path, profile: &str) -> Result<(PathBuf, File), OpenError> {
    let path = directory.join(format!("{profile}.sqlite3"));
    let unusable = |error: io::Error| OpenError::Directory {
        path: directory.to_owned(),
        reason: error.to_string(),
    };
    create(directory).map_err(unusable)?;
    let mut lock = for_owner_alone()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(directory.join(format!("{profile}.lock")))
        .map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = holder(&mut lock);
            return Err(OpenError::InUse { path, holder });
        }
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    note_holder(&mut lock).map_err(unusable)?;
    // SQLite takes an empty file for a new database, and gives its other files the same permissions.
    match for_owner_alone().write(true).create_new(true).open(&path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(unusable(error)),
    }
    Ok((path, lock))
}

/// Which file lies at a path; absent when there is none.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(path).ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Some((metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        Some((0, 0))
    }
}

fn create(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

fn for_owner_alone() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn note_holder(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    write!(lock, "{}", std::process::id())
}

fn holder(lock: &mut File) -> String {
    let mut text = String::new();
    let is_read = lock.take(32).read_to_string(&mut text).is_ok();
    match text.trim().parse::<u32>() {
        Ok(process) if is_read => format!("process {process}"),
        _ => "another process".to_owned(),
    }
}
