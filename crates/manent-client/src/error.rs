//! What can go wrong, by who can do something about it.

use std::path::PathBuf;

use manent_engine::{CommandError, Millis};
use manent_protocol::Problem;
use manent_types::RunId;

/// Why a client could not be opened. The texts are for the person at the keyboard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The server's address is none.
    #[error(
        "{url:?} is no address of a server: {reason}. Write something like http://127.0.0.1:3080."
    )]
    InvalidUrl {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The profile's name could not be the name of a file.
    #[error("{0:?} is no name of a profile: it has 1 to 64 characters out of A-Z a-z 0-9 - _ .")]
    InvalidProfile(String),
    /// The platform names no place for data.
    #[error("there is no home directory to keep the outbox in: name a directory for it")]
    NoDataDirectory,
    /// The directory of the outbox cannot be used.
    #[error("the directory {} cannot be used: {reason}. Choose another one, or correct its permissions.", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Another process uses this outbox.
    #[error("the outbox {} is in use by {holder}. End that one, or use another profile: an outbox serves one process.", path.display())]
    InUse {
        /// The outbox.
        path: PathBuf,
        /// Who, as far as it is known.
        holder: String,
    },
    /// The outbox cannot be opened, though nothing says that it is damaged.
    #[error("the outbox {} cannot be opened: {reason}", path.display())]
    Storage {
        /// The outbox.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The HTTP client cannot be built.
    #[error("HTTP cannot be spoken: {0}")]
    Http(String),
}

/// Why the outbox did not follow a command. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// It holds as many items as it may.
    #[error("the outbox is full: wait until something of it is saved, or discard what failed")]
    Full,
    /// The user signed out.
    #[error("signed out: sign in first")]
    SignedOut,
    /// There is no such item, or it is settled.
    #[error("the outbox has no such item: it is saved, or never was there")]
    Unknown,
    /// It may have reached the server, and can no longer be taken back or changed.
    #[error(
        "it may have been sent already, and can no longer be changed: send another message instead"
    )]
    MaybeSent,
    /// It is not in the tray.
    #[error("it is not among the failed ones")]
    NotInTray,
    /// The server has something else under its id.
    #[error("its id belongs to another message: send it anew")]
    NeedsNewId,
    /// What it builds on failed too.
    #[error("the message before it failed: send that one again first")]
    ParentFailed,
    /// Its text is longer than a message may have.
    #[error(
        "the text is longer than the {limit_bytes} bytes that a message may have: say it in several ones"
    )]
    TextTooLong {
        /// The text, all parts together.
        bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// There is nothing in it.
    #[error("there is nothing in it")]
    Empty,
    /// It is too large for a request.
    #[error("it is too large: a message may take {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// Signing out would lose what is not saved.
    #[error("{queued} not sent and {failed} failed messages would be lost: wait, or confirm")]
    WouldLose {
        /// To be sent.
        queued: usize,
        /// In the tray.
        failed: usize,
    },
    /// The content cannot be written as JSON.
    #[error("this cannot be written as JSON: {0}")]
    Unwritable(String),
    /// This device's disk did not take it.
    #[error("this device's disk did not take it: {reason}")]
    DeviceRefused {
        /// What the system said.
        reason: String,
    },
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
}

impl From<CommandError> for QueueError {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Full => Self::Full,
            CommandError::SignedOut => Self::SignedOut,
            CommandError::MaybeSent => Self::MaybeSent,
            CommandError::NotInTray => Self::NotInTray,
            CommandError::NeedsNewId => Self::NeedsNewId,
            CommandError::ParentFailed => Self::ParentFailed,
            CommandError::TooLarge { limit_bytes } => Self::TooLarge { limit_bytes },
            CommandError::IdInUse | CommandError::Unknown => Self::Unknown,
        }
    }
}

/// Why the server did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// No answer came: no network, no server, or too late.
    #[error("the server cannot be reached: {reason}")]
    Unreachable {
        /// What the network said.
        reason: String,
    },
    /// Someone has to sign in.
    #[error("sign in first")]
    SignInNeeded,
    /// The server says no, and why.
    #[error("{}", problem.detail)]
    Refused {
        /// The server's words.
        problem: Box<Problem>,
        /// The least time to wait before another try, in milliseconds.
        retry_after_ms: Option<Millis>,
    },
    /// What answered is no Manent, or something on the way answered in its place.
    #[error("the answer (status {status}) is not one of Manent: {reason}")]
    Nonsense {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it; never content.
        reason: String,
        /// The header `Retry-After`, in milliseconds.
        retry_after_ms: Option<Millis>,
    },
}

impl ApiError {
    /// The server's stable code, where it gave one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { problem, .. } => Some(&problem.code),
            _ => None,
        }
    }

    /// Whether the same request may succeed later without anybody doing something about it.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Nonsense { .. } => true,
            Self::SignInNeeded => false,
            Self::Refused { problem, .. } => {
                problem.status >= 500 || matches!(problem.status, 408 | 425 | 429)
            }
        }
    }
}

/// Why a message could not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The outbox did not take it.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// An answer of this conversation is coming: wait for it, or stop it.
    #[error("the answer before is still coming: wait for it, or stop it")]
    AnswerIsComing {
        /// Its run.
        run_id: RunId,
    },
    /// Nothing was said that could be answered.
    #[error("nothing was said in this conversation yet")]
    NothingToAnswer,
    /// What was said before it is neither known here nor can it be read.
    #[error("the conversation cannot be read: {0}")]
    Conversation(#[from] ApiError),
}
