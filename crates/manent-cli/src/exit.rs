//! Exit codes, as the help names them.

use manent_scripted::ServeError;
use manent_server::{ComposeError, StartError};

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The configuration has mistakes.
    #[error("{0}")]
    Configuration(String),
    /// The same, and all of it was printed already.
    #[error("the configuration has mistakes")]
    ConfigurationReported,
    /// The server did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The scripted provider did not start.
    #[error(transparent)]
    Scripted(#[from] ServeError),
    /// A second signal came while stopping, or the first while starting.
    #[error("stopped at once by a signal; everything that was answered as stored is stored")]
    Interrupted {
        /// The signal's number.
        signal: u8,
    },
    /// A store cannot be opened.
    #[error("{0}")]
    Store(String),
    /// Something is not as it should be, and all of it was printed already.
    #[error("there are problems")]
    ProblemsReported,
    /// What is looked at was changed by somebody.
    #[error("{0}")]
    Damaged(String),
    /// Something is not saved yet; it is safe, and all of it was printed already.
    #[error("something is still waiting")]
    StillWaiting,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// The process's exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Configuration(_)
            | Self::ConfigurationReported
            | Self::ProblemsReported
            | Self::Damaged(_)
            | Self::Start(
                StartError::NotLoopback(_)
                | StartError::Compose(ComposeError::Provider(_) | ComposeError::Accounts(_)),
            )
            | Self::Scripted(ServeError::NotLoopback { .. } | ServeError::NoFormat) => 1,
            Self::Store(_)
            | Self::Start(StartError::Compose(
                ComposeError::Sqlite(_) | ComposeError::Postgres(_) | ComposeError::Journal(_),
            )) => 3,
            Self::Start(StartError::Listen { .. }) | Self::Scripted(ServeError::Listen { .. }) => 4,
            Self::Start(StartError::Compose(ComposeError::Thread(_))) | Self::Other(_) => 5,
            Self::StillWaiting => 6,
            Self::Interrupted { signal } => 128 + signal,
        }
    }

    /// What to say, unless all was said.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::ConfigurationReported | Self::ProblemsReported | Self::StillWaiting => None,
            Self::Start(StartError::Listen { source, .. })
            | Self::Scripted(ServeError::Listen { source, .. }) => {
                Some(format!("{self}. {}", advice(source)))
            }
            _ => Some(self.to_string()),
        }
    }
}

fn advice(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "Another program uses this address, perhaps another Manent: stop it, or choose another address with --listen; port 0 takes a free one."
        }
        std::io::ErrorKind::PermissionDenied => {
            "Ports below 1024 are reserved: choose a higher one with --listen."
        }
        _ => "Choose another address with --listen.",
    }
}
