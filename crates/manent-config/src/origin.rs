//! Where a value came from.

use std::fmt;

/// Where a value came from. Later variants win over earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The built-in default.
    Default,
    /// LibreChat's configuration, where its API is served.
    LibreChat {
        /// The file as it was named or found, or the variable.
        path: String,
        /// Counted from 1; absent when it is a variable, or the file as a whole is meant.
        line: Option<usize>,
    },
    /// The configuration file.
    File {
        /// As it was named or found.
        path: String,
        /// Counted from 1; absent when the file as a whole is meant.
        line: Option<usize>,
    },
    /// An environment variable.
    Environment(String),
    /// A flag of the command line, with its dashes.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File {
                path,
                line: Some(line),
            }
            | Self::LibreChat {
                path,
                line: Some(line),
            } => write!(formatter, "{path}:{line}"),
            Self::File { path, line: None } | Self::LibreChat { path, line: None } => {
                formatter.write_str(path)
            }
            Self::Environment(name) | Self::Flag(name) => formatter.write_str(name),
        }
    }
}
