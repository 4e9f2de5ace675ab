//! What a setting is. Parsing, checks, the sample and the reference all come from tables of these.

pub(crate) mod parse;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::config::ModelConfig;
use crate::database::DatabaseUrl;

/// Stands in the place of a value that each person provides.
pub(crate) const USER_PROVIDED: &str = "user_provided";

/// One setting of `T`: how it is called, what it takes and where it goes.
pub(crate) struct Setting<T: 'static> {
    /// With the section before a dot.
    pub(crate) key: &'static str,
    /// For people: one or two sentences.
    pub(crate) doc: &'static str,
    /// What holds when nobody sets it.
    pub(crate) presence: Presence,
    /// What it takes and where that goes.
    pub(crate) kind: Kind<T>,
    /// A second, shorter variable.
    pub(crate) short_variable: Option<&'static str>,
    /// The flag of `manent serve`.
    pub(crate) flag: Option<&'static str>,
}

/// What holds when nobody sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// This text, read as a variable's would be.
    Default(&'static str),
    /// The platform's own place for data.
    PlatformData,
    /// Nothing. The text is an example.
    Optional(&'static str),
    /// A mistake. The text is an example.
    Required(&'static str),
}

/// Sets a field to the value that an option stands for.
pub(crate) type Choose<T> = fn(&mut T);

/// What a setting takes and where that goes.
pub(crate) enum Kind<T: 'static> {
    Address(fn(&mut T, SocketAddr)),
    Path(fn(&mut T, PathBuf)),
    Text {
        expects: &'static str,
        accepts: fn(&str) -> bool,
        set: fn(&mut T, String),
    },
    Url(fn(&mut T, String)),
    /// An address, or [`USER_PROVIDED`].
    UrlOrTheirs {
        set: fn(&mut T, String),
        leave: fn(&mut T),
    },
    Database(fn(&mut T, DatabaseUrl)),
    Switch(fn(&mut T, bool)),
    Whole {
        least: u64,
        most: u64,
        unit: &'static str,
        set: fn(&mut T, u64),
    },
    /// US dollars, given on in millionths.
    Dollars {
        /// In whole dollars.
        most: u64,
        set: fn(&mut T, u64),
    },
    Duration {
        least: Duration,
        most: Duration,
        set: fn(&mut T, Duration),
    },
    Choice(&'static [(&'static str, Choose<T>)]),
    Secret(fn(&mut T, SecretString)),
    SecretVariable(fn(&mut T, SecretString)),
    SecretFile(fn(&mut T, SecretString)),
    Headers(fn(&mut T, BTreeMap<String, SecretString>)),
    Models(fn(&mut T, Vec<ModelConfig>)),
}

impl<T> Setting<T> {
    /// The section's name, empty at the top.
    pub(crate) fn section(&self) -> &'static str {
        self.key.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// The name inside the section.
    pub(crate) fn name(&self) -> &'static str {
        self.key.rsplit_once('.').map_or(self.key, |(_, name)| name)
    }

    /// The variable that sets it.
    pub(crate) fn variable(&self) -> String {
        format!("MANENT_{}", self.key.replace('.', "__").to_uppercase())
    }
}

impl<T> Kind<T> {
    /// What it takes, to follow "must be".
    pub(crate) fn expects(&self) -> String {
        match self {
            Self::Address(_) => "an address with a port such as \"127.0.0.1:3080\"".to_owned(),
            Self::Path(_) => "a path".to_owned(),
            Self::Text { expects, .. } => (*expects).to_owned(),
            Self::Url(_) => {
                "an http:// or https:// address without query and without a name or password in it"
                    .to_owned()
            }
            Self::UrlOrTheirs { .. } => {
                "an http:// or https:// address without query and without a name or password in it, or \"user_provided\""
                    .to_owned()
            }
            Self::Database(_) => {
                "\"sqlite:\", \"sqlite:DIRECTORY\" or \"postgres://USER:PASSWORD@HOST:PORT/DATABASE\""
                    .to_owned()
            }
            Self::Switch(_) => "true or false".to_owned(),
            Self::Whole {
                least, most, unit, ..
            } => format!(
                "a whole number of {unit} from {} to {}",
                grouped(*least),
                grouped(*most)
            ),
            Self::Dollars { most, .. } => format!(
                "an amount of US dollars such as 2.50, from 0 to {}, with six digits behind the point at most",
                grouped(*most)
            ),
            Self::Duration { least, most, .. } => format!(
                "a duration such as \"10s\" or \"500ms\", from {} to {}",
                crate::duration::format(*least),
                crate::duration::format(*most)
            ),
            Self::Choice(options) => one_of(options.iter().map(|(name, _)| *name)),
            Self::Secret(_) => "text, as it was issued".to_owned(),
            Self::SecretVariable(_) => "the name of an environment variable".to_owned(),
            Self::SecretFile(_) => "the path of a file that holds the key".to_owned(),
            Self::Headers(_) => "a table of header names and texts".to_owned(),
            Self::Models(_) => {
                "a list of model names, or of tables with `model` and what is known of it"
                    .to_owned()
            }
        }
    }

    /// Whether the value itself must never be shown.
    pub(crate) const fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(_) | Self::Headers(_) | Self::Database(_))
    }

    /// Whether values are quoted in the file.
    pub(crate) const fn is_text(&self) -> bool {
        !matches!(
            self,
            Self::Switch(_)
                | Self::Whole { .. }
                | Self::Dollars { .. }
                | Self::Headers(_)
                | Self::Models(_)
        )
    }
}

/// `"a", "b" or "c"`.
fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut quoted: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    match quoted.pop() {
        Some(last) if !quoted.is_empty() => format!("{} or {last}", quoted.join(", ")),
        Some(last) => last,
        None => String::new(),
    }
}

/// `1,000,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
