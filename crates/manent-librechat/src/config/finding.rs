//! What was made of each key, and what is wrong.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In `librechat.yaml`.
    File {
        /// Counted from 1.
        line: usize,
    },
    /// A variable of the `.env` file.
    EnvironmentFile {
        /// The variable.
        name: String,
        /// Counted from 1.
        line: usize,
    },
    /// A variable of the environment.
    Variable(String),
}

/// What is done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It does here what it does in LibreChat.
    Understood,
    /// Nothing, and nobody misses it.
    Ignored,
    /// Nothing, and somebody may miss it.
    Unsupported,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Understood => "understood",
            Self::Ignored => "ignored",
            Self::Unsupported => "unsupported",
        })
    }
}

/// What was made of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where it stands.
    pub place: Place,
    /// Its path, such as `endpoints.custom[0].addParams`, or the variable's name.
    pub key: String,
    /// What is done with it.
    pub verdict: Verdict,
    /// Why, or what it means; may be empty for what is understood. Never holds a secret.
    pub note: Cow<'static, str>,
}

/// A key whose value cannot be used: nothing starts with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where it stands.
    pub place: Place,
    /// What is wrong and what to do. Never holds a secret.
    pub message: String,
}

/// Collects what was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: RefCell<Vec<Finding>>,
    mistakes: RefCell<Vec<Mistake>>,
}

impl Report {
    pub(super) fn find(
        &self,
        place: Place,
        key: impl Into<String>,
        verdict: Verdict,
        note: impl Into<Cow<'static, str>>,
    ) {
        self.findings.borrow_mut().push(Finding {
            place,
            key: key.into(),
            verdict,
            note: note.into(),
        });
    }

    /// Whether something was said about a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.findings
            .borrow()
            .iter()
            .any(|finding| finding.key == key)
    }

    pub(super) fn complain(&self, place: Place, message: impl Into<String>) {
        self.mistakes.borrow_mut().push(Mistake {
            place,
            message: message.into(),
        });
    }

    /// Both lists, each in the order of their places.
    pub(super) fn into_lists(self) -> (Vec<Finding>, Vec<Mistake>) {
        let mut findings = self.findings.into_inner();
        let mut mistakes = self.mistakes.into_inner();
        findings.sort_by(|left, right| left.place.cmp(&right.place));
        mistakes.sort_by(|left, right| left.place.cmp(&right.place));
        (findings, mistakes)
    }
}
