//! Rules files: what is read, and how a request finds its rule.

mod answer;
mod limits;
mod matcher;
mod problem;
mod read;
mod read_answer;
mod read_fault;
mod reader;
mod template;

use std::time::Duration;

pub(crate) use answer::{Answer, Chunking, Count, Fault, FaultPlace, Pace, PartContent, UsageRule};
pub use answer::{Failure, FailureKind};
pub use matcher::Matcher;
pub use problem::{Problem, RulesError};
pub(crate) use template::TemplateValues;

pub(crate) use limits::TOKENS as MAX_TOKENS;

use crate::script::ScriptRequest;

/// How an HTTP player hands out steps that are due at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flush {
    /// Many events in one write.
    #[default]
    Coalesce,
    /// Each event in a write of its own.
    Each,
}

/// A model that the players list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// As requests name it.
    pub id: String,
    /// For people.
    pub name: String,
    /// Whether it says that it takes pictures.
    pub vision: Option<bool>,
    /// Whether it says that it reasons.
    pub reasoning: Option<bool>,
    /// In tokens.
    pub context_window: Option<u64>,
}

/// One rule: which requests it answers, and how.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name, or `rule 3` when the file gives none.
    pub name: String,
    pub(crate) matcher: Matcher,
    pub(crate) answer: Answer,
}

/// A whole rules file, checked.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What the file calls itself.
    pub name: String,
    /// What is listed, the default first; never empty.
    pub models: Vec<Model>,
    /// The model that [`crate::ScriptedProvider`] offers for titles.
    pub title_model: Option<String>,
    /// For the HTTP player.
    pub flush: Flush,
    /// The name of the field in which the OpenAI format carries reasoning: `reasoning_content` or `reasoning`.
    pub openai_reasoning_field: &'static str,
    pub(crate) in_order: Vec<Rule>,
    pub(crate) fallback: Rule,
}

impl Rules {
    /// Reads a rules file. `source_name` stands in messages, such as the file's path.
    ///
    /// # Errors
    /// Every mistake of the file at once, each with its line, its field and what to do.
    pub fn parse(source_name: &str, toml: &str) -> Result<Self, RulesError> {
        read::rules(source_name, toml)
    }

    /// The built-in demo, which says that it is one and how a model is connected.
    ///
    /// # Errors
    /// None in a released version: a test reads the embedded file.
    pub fn demo() -> Result<Self, RulesError> {
        Self::parse("demo.toml", include_str!("../rules/demo.toml"))
    }

    /// Deterministic rules for tests of the server and the page: `rules/test.toml`.
    ///
    /// # Errors
    /// None in a released version: a test reads the embedded file.
    pub fn test() -> Result<Self, RulesError> {
        Self::parse("test.toml", include_str!("../rules/test.toml"))
    }

    /// The first rule that takes the request, with what its pattern captured; the fallback when none does.
    pub(crate) fn find(&self, request: &ScriptRequest) -> (&Rule, Vec<String>) {
        for rule in &self.in_order {
            if let Some(captures) = rule.matcher.matches(request) {
                return (rule, captures);
            }
        }
        (&self.fallback, Vec::new())
    }
}

/// Milliseconds as a duration.
pub(crate) const fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[cfg(test)]
mod tests;
