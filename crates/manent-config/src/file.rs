//! The layer of the configuration file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::origin::Origin;
use crate::problem::Problem;
use crate::raw::{Raw, RawValue};
use crate::settings::{SECTIONS, settings};
use crate::suggestion::did_you_mean;

const LARGEST_FILE: u64 = 1024 * 1024;

/// What the file says.
#[derive(Default)]
pub(crate) struct FileLayer {
    /// Known settings with their full keys.
    pub(crate) settings: Vec<(&'static str, Raw)>,
    /// The entries of `[[providers]]`, each with the place of its head.
    pub(crate) providers: Vec<(Origin, Vec<(String, Raw)>)>,
    pub(crate) problems: Vec<Problem>,
}

/// Reads a file's text.
///
/// # Errors
/// Why not, to follow the file's name.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(unreadable)?
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err("is larger than 1 MiB: that is no configuration of Manent".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = line_of(error.as_bytes(), error.utf8_error().valid_up_to());
        format!("is not UTF-8 (line {line}); save it as UTF-8")
    })
}

/// Takes a file's text apart. `name` is how the file is called in messages.
pub(crate) fn parse(text: &str, name: &str) -> FileLayer {
    let mut layer = FileLayer::default();
    let reader = Reader { text, name };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let origin = error
            .span()
            .map_or_else(|| reader.whole(), |span| reader.origin(span.start));
        let message = error.message().replace('\n', "; ");
        layer.problems.push(Problem::mistake(
            origin,
            format!("is not valid TOML: {message}"),
        ));
    }
    let broken: Vec<Origin> = layer
        .problems
        .iter()
        .map(|problem| problem.origin.clone())
        .collect();
    for (key, raw) in reader.entries(document.get_ref()) {
        layer.take_top(&key, raw);
    }
    // What was recovered from a broken line would only be complained about a second time.
    layer
        .settings
        .retain(|(_, raw)| !broken.contains(&raw.origin));
    let mut index = 0;
    layer.problems.retain(|problem| {
        index += 1;
        index <= broken.len() || !broken.contains(&problem.origin)
    });
    layer
}

impl FileLayer {
    fn take_top(&mut self, key: &str, raw: Raw) {
        if key == "providers" {
            self.take_providers(raw);
            return;
        }
        let is_section = SECTIONS.iter().any(|(section, _)| *section == key);
        match raw.value {
            RawValue::Table(entries) if is_section => {
                for (name, raw) in entries {
                    self.take_setting(&format!("{key}.{name}"), &name, raw);
                }
            }
            RawValue::Table(_) if !settings().any(|setting| setting.key == key) => {
                let sections = SECTIONS.iter().map(|(section, _)| *section);
                let hint = did_you_mean(
                    key,
                    sections
                        .filter(|section| !section.is_empty())
                        .chain(["providers"]),
                );
                self.complain(raw.origin, format!("unknown section `{key}`{hint}"));
            }
            _ if is_section => {
                let inside = settings().filter(|setting| setting.section() == key);
                let names: Vec<String> =
                    inside.map(|setting| format!("`{}`", setting.key)).collect();
                self.complain(
                    raw.origin,
                    format!(
                        "`{key}` is a section; set what is inside: {}",
                        names.join(", ")
                    ),
                );
            }
            _ => self.take_setting(key, key, raw),
        }
    }

    fn take_setting(&mut self, key: &str, name: &str, raw: Raw) {
        if let Some(setting) = settings().find(|setting| setting.key == key) {
            self.settings.push((setting.key, raw));
        } else {
            self.complain(raw.origin, unknown_setting(key, name));
        }
    }

    fn take_providers(&mut self, raw: Raw) {
        const SHAPE: &str =
            "`providers` is a list: begin each provider with [[providers]] and give it an `id`";
        match raw.value {
            RawValue::List(items) => {
                for item in items {
                    match item.value {
                        RawValue::Table(entries) => self.providers.push((item.origin, entries)),
                        _ => self.complain(item.origin, SHAPE.to_owned()),
                    }
                }
            }
            _ => self.complain(raw.origin, SHAPE.to_owned()),
        }
    }

    fn complain(&mut self, origin: Origin, message: String) {
        self.problems.push(Problem::mistake(origin, message));
    }
}

/// The message for a key that is in no table.
pub(crate) fn unknown_setting(key: &str, name: &str) -> String {
    let elsewhere = settings().find(|setting| setting.name() == name);
    let hint = match elsewhere {
        Some(setting) => format!("; did you mean `{}`?", setting.key),
        None => did_you_mean(key, settings().map(|setting| setting.key)),
    };
    format!("unknown setting `{key}`{hint}")
}

struct Reader<'a> {
    text: &'a str,
    name: &'a str,
}

impl Reader<'_> {
    fn whole(&self) -> Origin {
        Origin::File {
            path: self.name.to_owned(),
            line: None,
        }
    }

    fn origin(&self, offset: usize) -> Origin {
        Origin::File {
            path: self.name.to_owned(),
            line: Some(line_of(self.text.as_bytes(), offset)),
        }
    }

    /// A table's entries in the order of the file.
    fn entries(&self, table: &DeTable<'_>) -> Vec<(String, Raw)> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
            .into_iter()
            .map(|(key, value)| {
                let raw = Raw {
                    value: self.value(value),
                    origin: self.origin(key.span().start),
                };
                (key.get_ref().clone().into_owned(), raw)
            })
            .collect()
    }

    fn value(&self, value: &Spanned<DeValue<'_>>) -> RawValue {
        match value.get_ref() {
            DeValue::String(text) => RawValue::Text(text.clone().into_owned()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(
                    |_| RawValue::Other(format!("the number {number}")),
                    RawValue::Whole,
                ),
            DeValue::Float(number) => RawValue::Decimal(number.as_str().to_owned()),
            DeValue::Boolean(value) => RawValue::Switch(*value),
            DeValue::Datetime(date) => RawValue::Other(format!("the date {date}")),
            DeValue::Array(items) => RawValue::List(
                items
                    .iter()
                    .map(|item| Raw {
                        value: self.value(item),
                        origin: self.origin(item.span().start),
                    })
                    .collect(),
            ),
            DeValue::Table(table) => RawValue::Table(self.entries(table)),
        }
    }
}

/// Counted from 1.
fn line_of(bytes: &[u8], offset: usize) -> usize {
    bytes
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}
