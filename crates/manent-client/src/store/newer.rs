//! Outboxes that a newer program wrote: they wait beside this one's until that program is back, and are taken in then.
//!
//! Invariants: nothing of them is deleted; they are told about at each start as long as they wait.

use std::path::{Path, PathBuf};
use std::{fs, io};

use rusqlite::Connection;

use super::file::{self, Trouble};
use super::{StorageWarning, set_aside};

/// In the names of files that a newer program wrote.
pub(super) const MARK: &str = ".newer-";

/// In the names of those that were taken in.
const TAKEN_IN: &str = ".taken-in-";

/// Takes in what can be read now of the files that had been put aside as newer, and tells of each.
pub(super) fn take_in_all(path: &Path, into: &mut Connection) -> Vec<StorageWarning> {
    let files = waiting(path).unwrap_or_default();
    let told = files.into_iter().map(|file| match take_in(&file, into) {
        Ok(warning) => warning,
        // Kept as it is: the next start looks again.
        Err(_) => StorageWarning::NewerFile { path: file },
    });
    told.collect()
}

fn take_in(file: &Path, into: &mut Connection) -> Result<StorageWarning, Trouble> {
    // Looks whether it is whole, and of a version that is known here.
    drop(file::open(file)?);
    let records = set_aside::copy_readable(file, into).map_err(|error| file::trouble(&error))?;
    let name = file.to_string_lossy().replacen(MARK, TAKEN_IN, 1);
    let path = PathBuf::from(name);
    set_aside::rename_all(file, &path).map_err(|error| Trouble::Other(error.to_string()))?;
    Ok(StorageWarning::TakenIn { path, records })
}

/// The files that wait, oldest first.
fn waiting(path: &Path) -> io::Result<Vec<PathBuf>> {
    let Some((directory, name)) = path.parent().zip(path.file_name()) else {
        return Ok(Vec::new());
    };
    let beginning = format!("{}{MARK}", name.to_string_lossy());
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_companion = name.ends_with("-wal") || name.ends_with("-shm");
        if name.starts_with(&beginning) && !is_companion {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
