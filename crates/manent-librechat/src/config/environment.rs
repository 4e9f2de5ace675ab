//! The environment, and the `.env` file beneath it.
//!
//! The file is read as Node's `dotenv` reads it: `export` before a name, `=` or `: ` behind it, quotes of three kinds (inside double ones `\n`
//! and `\r` are line ends), values over several lines inside quotes, comments after `#`, and no substitution. Of the same name twice, the last
//! counts. A variable that the environment has stays what it is there, even when it is empty.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::finding::Place;

/// The largest `.env` file.
pub const MOST_ENVIRONMENT_BYTES: usize = 1024 * 1024;

/// All variables, each with its place.
#[derive(Clone, Default)]
pub struct Environment {
    all: BTreeMap<String, (String, Place)>,
    asked: RefCell<BTreeSet<String>>,
}

impl Environment {
    /// The environment over the text of a `.env` file. What is not a line of such a file is passed over, as `dotenv` does.
    pub fn new<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>, file: &str) -> Self {
        let file = file.strip_prefix('\u{feff}').unwrap_or(file);
        let mut all = BTreeMap::new();
        for (name, value, line) in read(file) {
            let place = Place::EnvironmentFile {
                name: name.clone(),
                line,
            };
            all.insert(name, (value, place));
        }
        for (name, value) in variables {
            let place = Place::Variable(name.to_owned());
            all.insert(name.to_owned(), (value.to_owned(), place));
        }
        Self {
            all,
            asked: RefCell::default(),
        }
    }

    /// A variable's value without blanks around it, unless it is not set or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (value, _) = self.all.get(name)?;
        let value = value.trim();
        if value.is_empty() {
            return None;
        }
        self.asked.borrow_mut().insert(name.to_owned());
        Some(value)
    }

    /// Where a variable is set.
    pub fn place(&self, name: &str) -> Place {
        self.all.get(name).map_or_else(
            || Place::Variable(name.to_owned()),
            |(_, place)| place.clone(),
        )
    }

    /// Variables that are set to something, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.all
            .iter()
            .filter(|(_, (value, _))| !value.trim().is_empty())
            .map(|(name, _)| name.as_str())
    }

    /// Whether somebody read a variable's value.
    pub(super) fn was_asked_for(&self, name: &str) -> bool {
        self.asked.borrow().contains(name)
    }

    /// Whether a variable stands in the file alone.
    pub(super) fn is_in_file(&self, name: &str) -> bool {
        let place = self.all.get(name).map(|(_, place)| place);
        matches!(place, Some(Place::EnvironmentFile { .. }))
    }
}

/// Names only: values may be secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.all.keys()).finish()
    }
}

/// The variables of a file with their lines.
fn read(text: &str) -> Vec<(String, String, usize)> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let end = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let mut length = end;
        if let Some((name, after)) = name_of(&rest[..end]) {
            let start = rest[..end].len() - after.len();
            let (value, taken) = value_of(&rest[start..]);
            found.push((name.to_owned(), value, line));
            let behind = start + taken;
            length = rest[behind..]
                .find('\n')
                .map_or(rest.len(), |end| behind + end + 1);
        }
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// The name at the beginning of a line, and what stands behind its sign.
fn name_of(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let line = line
        .strip_prefix("export")
        .filter(|rest| rest.starts_with([' ', '\t']))
        .map_or(line, str::trim_start);
    let is_part = |sign: char| sign.is_ascii_alphanumeric() || "_.-".contains(sign);
    let end = line.find(|sign| !is_part(sign))?;
    let (name, rest) = line.split_at(end);
    let after = rest.trim_start_matches([' ', '\t']);
    let value = after.strip_prefix('=').or_else(|| {
        rest.strip_prefix(':')
            .filter(|value| value.starts_with([' ', '\t']))
    })?;
    (!name.is_empty()).then_some((name, value))
}

/// The value at the beginning of a text, and how far it reaches.
fn value_of(text: &str) -> (String, usize) {
    let blanks = text.len() - text.trim_start_matches([' ', '\t']).len();
    let begun = &text[blanks..];
    if let Some(quote) = begun.chars().next().filter(|sign| "'\"`".contains(*sign))
        && let Some(end) = closing(&begun[1..], quote)
    {
        let inner = &begun[1..=end];
        let value = if quote == '"' {
            inner.replace("\\n", "\n").replace("\\r", "\r")
        } else {
            inner.to_owned()
        };
        return (value, blanks + end + 2);
    }
    let end = text.find(['\n', '#']).unwrap_or(text.len());
    (text[..end].trim().to_owned(), end)
}

/// Where the quote stands that ends a quoted text: the first one without a backslash before it.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (index, sign) in text.char_indices() {
        if sign == quote && !is_escaped {
            return Some(index);
        }
        is_escaped = sign == '\\';
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        let found = read(text).into_iter();
        found.map(|(name, value, _)| (name, value)).collect()
    }

    fn value(text: &str) -> String {
        values(text).pop().expect("a variable").1
    }

    #[test]
    fn reads_lines_as_dotenv_does() {
        for (text, expected) in [
            ("A=b", "b"),
            ("  export A = b  ", "b"),
            ("A: b", "b"),
            ("A=b # comment", "b"),
            ("A=b#comment", "b"),
            ("A='b # no comment' # comment", "b # no comment"),
            (r#"A="two\nlines""#, "two\nlines"),
            (r"A='two\nlines'", r"two\nlines"),
            ("A=`it's \"b\"`", "it's \"b\""),
            (r#"A="a \"quoted\" word""#, r#"a \"quoted\" word"#),
            ("A=\"over\ntwo lines\"", "over\ntwo lines"),
            ("A=1000 * 60 * 15", "1000 * 60 * 15"),
            ("A=$B ${C}", "$B ${C}"),
            ("A=\"open", "\"open"),
            ("A=", ""),
            ("A=x\r\n", "x"),
            ("A=a=b", "a=b"),
        ] {
            assert_eq!(value(text), expected, "{text:?}");
        }
    }

    #[test]
    fn passes_over_what_is_no_variable() {
        assert_eq!(values("# A=b\n\nnothing\n=b\nA b=c\n: d\n"), []);
    }

    #[test]
    fn an_empty_value_does_not_take_the_next_line() {
        let expected = [("A", ""), ("B", "c")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(values("A=\nB=c\n"), expected);
    }

    #[test]
    fn lines_are_counted_past_values_of_several_lines() {
        let lines: Vec<usize> = read("A='1\n2\n3'\n\nB=4\n")
            .into_iter()
            .map(|(_, _, line)| line)
            .collect();
        assert_eq!(lines, [1, 5]);
    }

    #[test]
    fn the_environment_wins_over_the_file_even_when_empty() {
        let environment = Environment::new([("A", "real"), ("B", "")], "A=file\nB=file\nC=file\n");
        assert_eq!(environment.get("A"), Some("real"));
        assert_eq!(environment.get("B"), None);
        assert_eq!(environment.get("C"), Some("file"));
        let place = Place::EnvironmentFile {
            name: "C".to_owned(),
            line: 3,
        };
        assert_eq!(environment.place("C"), place);
        assert_eq!(format!("{environment:?}"), r#"{"A", "B", "C"}"#);
    }
}
