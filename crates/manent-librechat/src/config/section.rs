//! A table of the file, read key by key: whatever nobody asks for is reported at the end.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::finding::{Place, Report, Verdict};
use super::yaml::{Node, Value};

/// What nobody here knows.
const UNKNOWN: &str = "not known here: nothing is done with it";

/// A table and what was asked of it.
pub(super) struct Section<'a> {
    entries: &'a [(String, Node)],
    path: String,
    /// Where the table itself stands.
    pub(super) line: usize,
    asked: RefCell<BTreeSet<String>>,
    report: &'a Report,
}

impl<'a> Section<'a> {
    /// The table at a path; absent, with a complaint, when it is none.
    pub(super) fn open(node: &'a Node, path: &str, report: &'a Report) -> Option<Self> {
        match &node.value {
            Value::Table(entries) => Some(Self {
                entries,
                path: path.to_owned(),
                line: node.line,
                asked: RefCell::default(),
                report,
            }),
            Value::Null => None,
            _ => {
                complain(
                    report,
                    node,
                    if path.is_empty() { "the file" } else { path },
                    "a table",
                );
                None
            }
        }
    }

    /// The path of a key.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else if key.is_empty() {
            self.path.clone()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// The value of a key, unless it is missing or empty; it counts as asked for, and as nothing else.
    pub(super) fn node(&self, key: &str) -> Option<&'a Node> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
            .filter(|node| node.value != Value::Null)
    }

    /// Reports what was made of a key, where it stands there.
    pub(super) fn find(&self, key: &str, verdict: Verdict, note: impl Into<String>) {
        if let Some(node) = self.node(key) {
            let place = Place::File { line: node.line };
            self.report
                .find(place, self.path_of(key), verdict, note.into());
        }
    }

    fn understood<T>(
        &self,
        key: &str,
        expects: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let node = self.node(key)?;
        let value = read(&node.value);
        if value.is_none() {
            complain(self.report, node, &self.path_of(key), expects);
        } else {
            self.find(key, Verdict::Understood, "");
        }
        value
    }

    /// True or false.
    pub(super) fn switch(&self, key: &str) -> Option<bool> {
        self.understood(key, "true or false", |value| match value {
            Value::Switch(value) => Some(*value),
            _ => None,
        })
    }

    /// Text; numbers count as such.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.understood(key, "text", as_text)
    }

    /// A number that is not negative.
    pub(super) fn amount(&self, key: &str) -> Option<f64> {
        self.understood(key, "a number that is not negative", |value| match value {
            Value::Number(number) => number.as_f64().filter(|number| *number >= 0.0),
            _ => None,
        })
    }

    /// A list of texts.
    pub(super) fn texts(&self, key: &str) -> Option<Vec<String>> {
        self.understood(key, "a list of texts", |value| match value {
            Value::List(nodes) => nodes.iter().map(|node| as_text(&node.value)).collect(),
            _ => None,
        })
    }

    /// A table of texts, in the order of the file.
    pub(super) fn text_table(&self, key: &str) -> Option<Vec<(String, String)>> {
        self.understood(key, "a table of texts", |value| match value {
            Value::Table(entries) => entries
                .iter()
                .map(|(name, node)| Some((name.clone(), as_text(&node.value)?)))
                .collect(),
            _ => None,
        })
    }

    /// A table as it is.
    pub(super) fn json_table(
        &self,
        key: &str,
    ) -> Option<serde_json::Map<String, serde_json::Value>> {
        let node = self.node(key)?;
        if let serde_json::Value::Object(table) = node.to_json() {
            self.find(key, Verdict::Understood, "");
            Some(table)
        } else {
            complain(self.report, node, &self.path_of(key), "a table");
            None
        }
    }

    /// A table inside of this one.
    pub(super) fn section(&self, key: &str) -> Option<Section<'a>> {
        let node = self.node(key)?;
        Section::open(node, &self.path_of(key), self.report)
    }

    /// The tables of a list.
    pub(super) fn sections(&self, key: &str) -> Vec<Section<'a>> {
        let Some(node) = self.node(key) else {
            return Vec::new();
        };
        let path = self.path_of(key);
        let Value::List(nodes) = &node.value else {
            complain(self.report, node, &path, "a list");
            return Vec::new();
        };
        let open = |(index, node): (usize, &'a Node)| {
            Section::open(node, &format!("{path}[{index}]"), self.report)
        };
        nodes.iter().enumerate().filter_map(open).collect()
    }

    /// The names of the entries.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.entries.iter().map(|(name, _)| name.as_str())
    }

    /// Keys with which nothing is done, each with the reason why nobody misses it.
    pub(super) fn ignore(&self, keys: &[(&str, &'static str)]) {
        for (key, note) in keys {
            self.find(key, Verdict::Ignored, *note);
        }
    }

    /// Keys with which nothing is done, each with what that means.
    pub(super) fn unsupported(&self, keys: &[(&str, &'static str)]) {
        for (key, note) in keys {
            self.find(key, Verdict::Unsupported, *note);
        }
    }

    /// Complains about a key.
    pub(super) fn complain(&self, key: &str, message: impl Into<String>) {
        let line = self.node(key).map_or(self.line, |node| node.line);
        let message = format!("`{}` {}", self.path_of(key), message.into());
        self.report.complain(Place::File { line }, message);
    }

    /// Reports what nobody asked for.
    pub(super) fn finish(self) {
        for (key, node) in self.entries {
            if !self.asked.borrow().contains(key) {
                let place = Place::File { line: node.line };
                self.report
                    .find(place, self.path_of(key), Verdict::Unsupported, UNKNOWN);
            }
        }
    }
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Switch(value) => Some(value.to_string()),
        _ => None,
    }
}

fn complain(report: &Report, node: &Node, path: &str, expects: &str) {
    report.complain(
        Place::File { line: node.line },
        format!("`{path}` must be {expects}, not {}", node.describe()),
    );
}
