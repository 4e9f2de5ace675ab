//! What loading came to: the values with their origins, and everything that is wrong.

use std::path::PathBuf;

use crate::config::{Config, ProviderConfig};
use crate::librechat::LibreChatFinding;
use crate::origin::Origin;
use crate::problem::{InvalidConfig, Problem, Severity};

/// What loading came to.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub(crate) config: Config,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Everything that is wrong or worth knowing, in the order of the layers.
    pub problems: Vec<Problem>,
    /// What was made of LibreChat's configuration, key by key.
    pub librechat: Vec<LibreChatFinding>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) provider_entries: Vec<Vec<Entry>>,
}

impl Loaded {
    /// The mistakes among the problems.
    pub fn mistakes(&self) -> impl Iterator<Item = &Problem> {
        self.of(Severity::Mistake)
    }

    /// The warnings among the problems.
    pub fn warnings(&self) -> impl Iterator<Item = &Problem> {
        self.of(Severity::Warning)
    }

    /// The providers, as far as they could be read. What has mistakes may be incomplete.
    pub fn providers(&self) -> &[ProviderConfig] {
        &self.config.providers
    }

    fn of(&self, severity: Severity) -> impl Iterator<Item = &Problem> {
        self.problems
            .iter()
            .filter(move |problem| problem.severity == severity)
    }

    /// The configuration.
    ///
    /// # Errors
    /// All mistakes, if there is any.
    pub fn into_config(self) -> Result<Config, InvalidConfig> {
        let mistakes: Vec<Problem> = self.mistakes().cloned().collect();
        if mistakes.is_empty() {
            Ok(self.config)
        } else {
            Err(InvalidConfig { mistakes })
        }
    }
}

/// One value to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// In TOML, without secrets.
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

impl Entry {
    pub(crate) fn new(key: &str, value: String, origin: Origin) -> Self {
        Self {
            key: key.to_owned(),
            value,
            origin,
        }
    }
}
