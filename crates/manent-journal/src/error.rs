//! Why a journal cannot be opened.

use std::io;
use std::path::{Path, PathBuf};

/// Why a journal could not be opened. Nothing was deleted or changed. The texts are for the person who starts the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalOpenError {
    /// The directory cannot be created or used.
    #[error(
        "the journal's directory {} cannot be used: {reason}. Correct its permissions, or free space on its disk.",
        path.display()
    )]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Another process uses it.
    #[error(
        "the journal {} is in use by another process. Stop that process: one journal serves one process.",
        path.display()
    )]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// A file is not what was written: cut, changed, or gone.
    #[error(
        "the journal's file {} is damaged at byte {offset}: {what}. It holds messages that were accepted and may be nowhere else, so nothing \
         was deleted or changed. `manent journal salvage` copies what can be read into a new journal and says what cannot; putting back the \
         file from a backup works as well.",
        file.display()
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where reading stopped.
        offset: u64,
        /// Why.
        what: String,
    },
    /// A newer program wrote it.
    #[error(
        "the journal's file {} was written by a newer Manent (version {found}; this one reads version {known}). Start that Manent again, at \
         least until the journal is empty (`manent doctor` tells); nothing was changed.",
        file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that this program reads.
        known: u32,
    },
    /// A file cannot be read or written.
    #[error(
        "the journal's file {} cannot be used: {reason}. Correct its permissions, or free space on its disk.",
        file.display()
    )]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl JournalOpenError {
    pub(crate) fn file(file: &Path, error: &io::Error) -> Self {
        Self::File {
            file: file.to_owned(),
            reason: error.to_string(),
        }
    }

    pub(crate) fn damaged(file: &Path, offset: usize, what: impl Into<String>) -> Self {
        Self::Damaged {
            file: file.to_owned(),
            offset: offset as u64,
            what: what.into(),
        }
    }
}
