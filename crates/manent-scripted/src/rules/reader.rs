//! Reads TOML tables field by field and keeps every mistake, so that a person sees all of them at once.

use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::limits;
use super::problem::Problem;

/// The mistakes found so far.
pub(crate) struct Report<'s> {
    source: &'s str,
    problems: RefCell<Vec<Problem>>,
}

impl<'s> Report<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        Self {
            source,
            problems: RefCell::new(Vec::new()),
        }
    }

    /// Adds a mistake at a place of the file.
    pub(crate) fn add(&self, at: &Range<usize>, field: &str, message: impl Into<String>) {
        let before = self.source.get(..at.start).unwrap_or("");
        let line = 1 + before.matches('\n').count();
        let mut problems = self.problems.borrow_mut();
        if problems.len() < limits::PROBLEMS {
            problems.push(Problem {
                line,
                field: field.to_owned(),
                message: message.into(),
            });
        }
    }

    /// Every mistake, in the order of the lines.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}

/// A value with its place.
pub(crate) struct Field<'a, 'i> {
    pub(crate) value: &'a DeValue<'i>,
    pub(crate) at: Range<usize>,
    pub(crate) path: String,
}

/// A table whose fields are asked for one by one.
pub(crate) struct Table<'a, 'i> {
    report: &'a Report<'a>,
    fields: &'a DeTable<'i>,
    /// Where it stands.
    pub(crate) at: Range<usize>,
    /// Such as `rule[2].when`.
    pub(crate) path: String,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a, 'i> Table<'a, 'i> {
    pub(crate) fn new(
        report: &'a Report<'a>,
        table: &'a DeTable<'i>,
        at: Range<usize>,
        path: String,
    ) -> Self {
        Self {
            report,
            fields: table,
            at,
            path,
            asked: RefCell::new(Vec::new()),
        }
    }

    /// Adds a mistake that concerns the table as a whole.
    pub(crate) fn problem(&self, message: impl Into<String>) {
        self.report.add(&self.at, &self.path, message);
    }

    /// Adds a mistake at a field.
    pub(crate) fn problem_at(&self, key: &'static str, message: impl Into<String>) {
        match self.fields.get_key_value(key) {
            Some((key, _)) => {
                self.report
                    .add(&key.span(), &self.path_of(key.get_ref()), message);
            }
            None => self.problem(message),
        }
    }

    /// Adds a mistake at a value.
    pub(crate) fn problem_in(&self, field: &Field<'_, '_>, message: impl Into<String>) {
        self.report.add(&field.at, &field.path, message);
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Whether the field is there; counts as asked for.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.field(key).is_some()
    }

    pub(crate) fn field(&self, key: &'static str) -> Option<Field<'a, 'i>> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        self.fields.get(key).map(|value| Field {
            value: value.get_ref(),
            at: value.span(),
            path: self.path_of(key),
        })
    }

    pub(crate) fn text(&self, key: &'static str) -> Option<String> {
        let field = self.field(key)?;
        if let DeValue::String(text) = field.value {
            Some(text.to_string())
        } else {
            self.problem_in(&field, expected("a text in quotes", field.value));
            None
        }
    }

    /// A text that may not be empty.
    pub(crate) fn name(&self, key: &'static str) -> Option<String> {
        let text = self.text(key)?;
        if text.trim().is_empty() {
            self.problem_at(key, "may not be empty");
            return None;
        }
        Some(text)
    }

    pub(crate) fn boolean(&self, key: &'static str) -> Option<bool> {
        let field = self.field(key)?;
        if let DeValue::Boolean(value) = field.value {
            Some(*value)
        } else {
            self.problem_in(&field, expected("true or false", field.value));
            None
        }
    }

    pub(crate) fn integer(&self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let field = self.field(key)?;
        self.integer_of(&field, range)
    }

    pub(crate) fn integer_of(
        &self,
        field: &Field<'_, '_>,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let DeValue::Integer(digits) = field.value else {
            self.problem_in(field, expected("a whole number", field.value));
            return None;
        };
        let value = u64::from_str_radix(digits.as_str(), digits.radix())
            .ok()
            .filter(|value| range.contains(value));
        if value.is_none() {
            let most = match *range.end() {
                u64::MAX => "or more".to_owned(),
                most => format!("to {most}"),
            };
            self.problem_in(
                field,
                format!("{digits} is out of range: {} {most}", range.start()),
            );
        }
        value
    }

    /// A text or a list of texts; never empty.
    pub(crate) fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        let field = self.field(key)?;
        let texts = match field.value {
            DeValue::String(text) => vec![text.to_string()],
            DeValue::Array(items) => {
                let mut texts = Vec::new();
                for item in items {
                    if let DeValue::String(text) = item.get_ref() {
                        texts.push(text.to_string());
                    } else {
                        self.report.add(
                            &item.span(),
                            &field.path,
                            expected("a text in quotes", item.get_ref()),
                        );
                        return None;
                    }
                }
                texts
            }
            other => {
                self.problem_in(&field, expected("a text or a list of texts", other));
                return None;
            }
        };
        if texts.is_empty() || texts.iter().any(String::is_empty) {
            self.problem_in(
                &field,
                "an empty text would match everything; give the words to look for",
            );
            return None;
        }
        Some(texts)
    }

    /// One of the given words.
    pub(crate) fn choice<T: Copy>(
        &self,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text(key)?;
        let found = choices.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let names: Vec<_> = choices
                .iter()
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            self.problem_at(
                key,
                format!("`{text}` is unknown; there are {}", names.join(", ")),
            );
        }
        found.map(|(_, value)| *value)
    }

    pub(crate) fn table(&self, key: &'static str) -> Option<Table<'a, 'i>> {
        let field = self.field(key)?;
        if let DeValue::Table(table) = field.value {
            Some(Table::new(self.report, table, field.at, field.path))
        } else {
            self.problem_in(&field, expected("a table", field.value));
            None
        }
    }

    /// A list of tables, such as `[[rule]]`; empty when it is absent.
    pub(crate) fn tables(&self, key: &'static str, most: usize) -> Vec<Table<'a, 'i>> {
        let Some(field) = self.field(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = field.value else {
            self.problem_in(
                &field,
                format!(
                    "{}; write `[[{key}]]` with two brackets",
                    expected("a list of tables", field.value)
                ),
            );
            return Vec::new();
        };
        if items.len() > most {
            self.problem_in(
                &field,
                format!("{} are too many: {most} at most", items.len()),
            );
            return Vec::new();
        }
        items
            .iter()
            .enumerate()
            .filter_map(|(number, item): (usize, &'a Spanned<DeValue<'i>>)| {
                let path = format!("{}[{}]", field.path, number + 1);
                if let DeValue::Table(table) = item.get_ref() {
                    Some(Table::new(self.report, table, item.span(), path))
                } else {
                    self.report
                        .add(&item.span(), &path, expected("a table", item.get_ref()));
                    None
                }
            })
            .collect()
    }

    /// Says which fields nobody asked for.
    pub(crate) fn refuse_unknown_fields(&self) {
        let asked = self.asked.borrow();
        for key in self.fields.keys() {
            let name: &str = key.get_ref();
            if !asked.contains(&name) {
                let mut known = asked.clone();
                known.sort_unstable();
                let known: Vec<_> = known.iter().map(|known| format!("`{known}`")).collect();
                self.report.add(
                    &key.span(),
                    &self.path_of(name),
                    format!("there is no such field; there are {}", known.join(", ")),
                );
            }
        }
    }
}

fn expected(what: &str, found: &DeValue<'_>) -> String {
    let found = match found {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    format!("expected {what}, found {found}")
}

/// A TOML value as JSON; dates become texts.
pub(crate) fn to_json(value: &DeValue<'_>) -> serde_json::Value {
    use serde_json::Value;
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(digits) => {
            i64::from_str_radix(digits.as_str(), digits.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(digits) => digits
            .as_str()
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map_or(Value::Null, Value::Number),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(items) => items.iter().map(|item| to_json(item.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(
            table
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), to_json(value.get_ref())))
                .collect(),
        ),
    }
}
