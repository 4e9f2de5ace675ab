//! Deciding about the entries that the store can never take, while no server runs.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::directory::{self, private};
use crate::error::JournalOpenError;
use crate::files::Files;
use crate::frame::{self, FrameKind};
use crate::header::HEADER_BYTES;
use crate::recovery;
use crate::stored::{Batch, Refused};

/// Why nothing was done about refused entries. They are where they were.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedError {
    /// There is none.
    #[error("the journal {} holds no refused entries", path.display())]
    Nothing {
        /// The journal's directory.
        path: PathBuf,
    },
    /// The file to keep them in is there already.
    #[error("{} exists already: name a file that does not", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The journal cannot be opened or written, or a server uses it.
    #[error(transparent)]
    Open(#[from] JournalOpenError),
}

/// Puts the refused entries of a journal back to the end of its queue, so that the next server tries them again; tells how many. What is
/// still refused then comes back among the refused ones.
///
/// # Errors
/// [`RefusedError`].
pub fn retry_refused(directory: &Path) -> Result<u64, RefusedError> {
    let _lock = directory::claim(directory)?;
    let (mut files, entries) = open(directory)?;
    let unwritable = |error: io::Error| JournalOpenError::file(directory, &error);
    let count = entries.len() as u64;
    for batch in entries {
        let payload = batch
            .encode()
            .map_err(io::Error::other)
            .map_err(unwritable)?;
        let mut frames = Vec::new();
        let position = files.next_position();
        frame::write(&mut frames, FrameKind::Entries, 1, position, &payload);
        files.append(&frames, 1).map_err(unwritable)?;
    }
    files.clear_refused().map_err(unwritable)?;
    Ok(count)
}

/// Moves the refused entries of a journal into a file outside of it, which `retry_refused` no longer sees; tells how many.
///
/// # Errors
/// [`RefusedError`].
pub fn set_refused_aside(directory: &Path, file: &Path) -> Result<u64, RefusedError> {
    let _lock = directory::claim(directory)?;
    let (mut files, entries) = open(directory)?;
    let unwritable = |error: io::Error| JournalOpenError::file(file, &error);
    let source = directory.join(directory::REFUSED_NAME);
    let bytes = fs::read(&source).map_err(|error| JournalOpenError::file(&source, &error))?;
    let mut copy =
        private()
            .write(true)
            .create_new(true)
            .open(file)
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => RefusedError::Exists {
                    path: file.to_owned(),
                },
                _ => unwritable(error).into(),
            })?;
    copy.write_all(&bytes)
        .and_then(|()| copy.sync_all())
        .map_err(unwritable)?;
    if let Some(parent) = file.parent() {
        directory::sync(parent).map_err(unwritable)?;
    }
    files
        .clear_refused()
        .map_err(|error| JournalOpenError::file(directory, &error))?;
    Ok(entries.len() as u64)
}

fn open(directory: &Path) -> Result<(Files, Vec<Batch>), RefusedError> {
    let nothing = || RefusedError::Nothing {
        path: directory.to_owned(),
    };
    let recovered = recovery::read(directory)?.ok_or_else(nothing)?;
    if recovered.refused.is_empty() {
        return Err(nothing());
    }
    let files = Files::open(directory, Some(recovered))?;
    let path = directory.join(directory::REFUSED_NAME);
    let bytes = fs::read(&path).map_err(|error| JournalOpenError::file(&path, &error))?;
    let mut entries = Vec::new();
    let mut offset = HEADER_BYTES;
    while offset < bytes.len() {
        let read = frame::read(&bytes[offset..])
            .map_err(|fault| fault.to_string())
            .and_then(|frame| {
                let refused = Refused::decode(frame.payload).map_err(|error| error.to_string())?;
                Ok((frame.length(), refused))
            });
        let (length, refused) =
            read.map_err(|what| JournalOpenError::damaged(&path, offset, what))?;
        offset += length;
        entries.push(refused.batch);
    }
    Ok((files, entries))
}
