//! The data directory and its lock: one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The database's file inside the data directory.
pub(crate) fn database_path(data_dir: &Path) -> PathBuf {
    data_dir.join("manent.db")
}

/// The database's write-ahead log inside the data directory.
pub(crate) fn log_path(data_dir: &Path) -> PathBuf {
    data_dir.join("manent.db-wal")
}

/// The file that the process holds that uses the data directory.
pub(crate) fn lock_path(data_dir: &Path) -> PathBuf {
    data_dir.join("manent.lock")
}

/// Why the directory cannot be used.
#[derive(Debug)]
pub(crate) enum DirectoryError {
    /// Another process holds it.
    Held {
        /// Its process id, where it could be read.
        process: Option<String>,
    },
    /// It cannot be created, or nothing can be written into it.
    Unusable(io::Error),
}

/// Holds the data directory until it is dropped.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _file: File,
}

/// Creates the directory, for its owner alone, and takes its lock.
pub(crate) fn claim(data_dir: &Path) -> Result<DirectoryLock, DirectoryError> {
    create(data_dir).map_err(DirectoryError::Unusable)?;
    let mut file = private()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(lock_path(data_dir))
        .map_err(DirectoryError::Unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let process = holder(&mut file);
            return Err(DirectoryError::Held { process });
        }
        Err(TryLockError::Error(error)) => return Err(DirectoryError::Unusable(error)),
    }
    note_holder(&mut file).map_err(DirectoryError::Unusable)?;
    // SQLite takes an empty file for a new database, and gives its other files the same permissions. Where this fails, it says why.
    let _ = private()
        .write(true)
        .create_new(true)
        .open(database_path(data_dir));
    Ok(DirectoryLock { _file: file })
}

/// For files that only their owner may read: a data directory that was there before may be open to others.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn create(data_dir: &Path) -> io::Result<()> {
    let is_missing = |directory: &&Path| !directory.as_os_str().is_empty() && !directory.exists();
    let missing: Vec<&Path> = data_dir.ancestors().take_while(is_missing).collect();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data_dir)?;
    // What is promised to be durable lies in directories whose own entries must be durable too.
    #[cfg(unix)]
    for parent in missing.iter().filter_map(|directory| directory.parent()) {
        let parent = if parent.as_os_str().is_empty() {
            Path::new(".")
        } else {
            parent
        };
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

fn note_holder(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn holder(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    let process = text.trim();
    (!process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| process.to_owned())
}
