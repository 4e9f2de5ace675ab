//! What is wrong, and where. Problems are collected, never thrown one by one.

use std::fmt;

use crate::origin::Origin;

/// Whether a problem stops the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing starts with it.
    Mistake,
    /// Worth knowing.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether it stops the start.
    pub severity: Severity,
    /// Where it is to be mended.
    pub origin: Origin,
    /// What is wrong and what to do, for people. Never holds a secret.
    pub message: String,
}

impl Problem {
    pub(crate) fn mistake(origin: Origin, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Mistake,
            origin,
            message: message.into(),
        }
    }

    pub(crate) fn warning(origin: Origin, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            origin,
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin != Origin::Default {
            write!(formatter, "{}: ", self.origin)?;
        }
        if self.severity == Severity::Warning {
            formatter.write_str("warning: ")?;
        }
        formatter.write_str(&self.message)
    }
}

/// The mistakes that keep a configuration from being used, one per line. Holds at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct InvalidConfig {
    /// In the order of their origins.
    pub mistakes: Vec<Problem>,
}
