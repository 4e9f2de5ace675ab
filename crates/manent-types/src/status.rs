//! How a message came to its end.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a message came to its end. A person's message is always `complete`; an answer may be anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MessageStatus {
    /// Whole.
    #[default]
    Complete,
    /// Still being written.
    Running,
    /// Cut by the person.
    Stopped,
    /// Cut by an error of the provider.
    Failed,
    /// Cut because the process that wrote it died.
    Interrupted,
}

impl MessageStatus {
    /// The status as it stands on the wire and in the stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

impl FromStr for MessageStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "complete" => Ok(Self::Complete),
            "running" => Ok(Self::Running),
            "stopped" => Ok(Self::Stopped),
            "failed" => Ok(Self::Failed),
            "interrupted" => Ok(Self::Interrupted),
            _ => Err(()),
        }
    }
}
