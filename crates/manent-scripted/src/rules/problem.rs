//! Mistakes in rules files.

use std::fmt;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// Such as `rule[2].when.regex`; empty for the file as a whole.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}", self.line)?;
        if !self.field.is_empty() {
            write!(formatter, ", `{}`", self.field)?;
        }
        write!(formatter, ": {}", self.message)
    }
}

/// Everything that is wrong with a rules file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", render(.source_name, .problems))]
pub struct RulesError {
    /// The file.
    pub source_name: String,
    /// At least one.
    pub problems: Vec<Problem>,
}

fn render(source_name: &str, problems: &[Problem]) -> String {
    let count = match problems.len() {
        1 => "one mistake".to_owned(),
        count => format!("{count} mistakes"),
    };
    let mut text = format!("the rules file {source_name} has {count}:");
    for problem in problems {
        text.push_str("\n  ");
        text.push_str(&problem.to_string());
    }
    text
}
