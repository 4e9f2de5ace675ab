//! YAML as a tree in which every value knows its line.
//!
//! The parser is the crate `serde-saphyr`'s. What it may cost is bounded: bytes, depth, values, and what aliases repeat.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::Spanned;

/// The largest file.
pub const MOST_BYTES: usize = 1024 * 1024;

const MOST_DEPTH: usize = 32;

const MOST_NODES: usize = 50_000;

/// A value and its line, counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) line: usize,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Switch(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    /// In the order of the file.
    Table(Vec<(String, Node)>),
}

/// Why a text is no YAML that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct YamlError {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) message: String,
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Node, YamlError> {
    if text.len() > MOST_BYTES {
        return Err(YamlError {
            line: 1,
            message: "is larger than 1 MiB: that is no configuration of LibreChat".to_owned(),
        });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_saphyr::from_str_with_options::<Node>(text, options()).map_err(|error| {
        let line = error.location().map_or(1, |place| to_line(place.line()));
        let message = error.to_string();
        let message = message.lines().next().unwrap_or("it cannot be read");
        YamlError {
            line,
            message: format!("is not valid YAML: {message}"),
        }
    })
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: MOST_DEPTH,
            max_nodes: MOST_NODES,
            max_events: MOST_NODES * 4,
            max_documents: 1,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_total_scalar_bytes: MOST_BYTES * 4,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MOST_NODES,
            max_replay_stack_depth: 16,
            max_alias_expansions_per_anchor: 1_000,
        },
    }
}

fn to_line(line: u64) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX)
}

impl Node {
    /// How it is called in a message.
    pub(super) fn describe(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Switch(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// The same as JSON.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Switch(value) => (*value).into(),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::Text(text) => text.as_str().into(),
            Value::List(nodes) => nodes.iter().map(Self::to_json).collect(),
            Value::Table(entries) => entries
                .iter()
                .map(|(key, node)| (key.clone(), node.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self {
            line: to_line(spanned.referenced.line()),
            value: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

/// Takes whatever stands there.
struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Switch(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = access.next_element()? {
            nodes.push(node);
        }
        Ok(Value::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            let mut node: Node = access.next_value()?;
            // A table is where its name is, not where its first entry is.
            node.line = to_line(key.referenced.line());
            entries.push((key.value, node));
        }
        Ok(Value::Table(entries))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_librechats_own_reader_reads_the_same_way() {
        let text = "version: 1.3.17\nnumber: 1.5\nport: 3080\non: yes\nflag: true\nempty:\nlist: [a, 2]\ntext: |\n  two\n  lines\n1: one\n";
        assert_eq!(
            parse(text).unwrap().to_json(),
            json!({
                "version": "1.3.17", "number": 1.5, "port": 3080, "on": "yes", "flag": true, "empty": null,
                "list": ["a", 2], "text": "two\nlines\n", "1": "one"
            })
        );
    }

    #[test]
    fn every_entry_knows_its_line() {
        let node = parse("a: 1\nb:\n  c:\n    - d\n    - e: 2\n").unwrap();
        let Value::Table(top) = &node.value else {
            panic!("{node:?}");
        };
        let Value::Table(inner) = &top[1].1.value else {
            panic!("{node:?}");
        };
        let Value::List(list) = &inner[0].1.value else {
            panic!("{node:?}");
        };
        let lines = [top[0].1.line, top[1].1.line, inner[0].1.line, list[1].line];
        assert_eq!(lines, [1, 2, 3, 5]);
    }

    #[test]
    fn anchors_and_merges_are_read() {
        let text = "base: &base {a: 1, b: 2}\nmore:\n  <<: *base\n  b: 3\n";
        assert_eq!(
            parse(text).unwrap().to_json()["more"],
            json!({"a": 1, "b": 3})
        );
    }

    #[test]
    fn refuses_broken_text_with_its_line() {
        for (text, line) in [("a: [1", 1), ("a: 1\nb: 2\na: 3\n", 3), ("a: \"x\nb: 1", 2)] {
            let error = parse(text).unwrap_err();
            assert!(
                error.message.starts_with("is not valid YAML: "),
                "{error:?}"
            );
            assert_eq!(error.line, line, "{text:?}: {error:?}");
        }
    }

    #[test]
    fn refuses_what_would_cost_too_much() {
        let deep = format!("a: {}1{}", "[".repeat(100), "]".repeat(100));
        let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let before = level - 1;
            laughs = format!(
                "{laughs}a{level}: &a{level} [{}]\n",
                vec![format!("*a{before}"); 10].join(", ")
            );
        }
        let wide = "- 1\n".repeat(MOST_NODES + 1);
        let large = "#".repeat(MOST_BYTES + 1);
        for text in [deep, laughs, wide, large] {
            assert!(parse(&text).is_err());
        }
    }
}
