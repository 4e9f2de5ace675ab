//! The owner in the SQL of each statement: reads the statements out of the sources of both stores, and which tables are somebody's out of their
//! migrations.
//!
//! A statement about a table whose rows belong to somebody names the owner, or finds its row by the number that only the database knows (`pk`), which
//! came out of a statement that named the owner. Everything else stands in the list below, with why.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::Test;

/// A part of a statement that may be without its owner, and why.
const ALLOWED: &[(&str, &str)] = &[
    (
        "(SELECT conversations.id FROM conversations WHERE conversations.pk = messages.conversation_pk)",
        "the conversation of a message that was found already",
    ),
    (
        "SELECT pk, newest_batch_pk FROM runs WHERE ended_at IS NOT NULL",
        "housekeeping: the logs of everybody's old runs",
    ),
    (
        "FROM messages WHERE conversation_pk = ?1 AND seq > ?2",
        "`manent migrate`: the conversation was found by its owner",
    ),
    ("INTO audit ({COLUMNS})", "the columns hold whose it is"),
    (
        "FROM audit WHERE number",
        "the audit log: for administrators and for its own check",
    ),
    (
        "INTO one_time_links ({COLUMNS})",
        "the columns hold whose it is",
    ),
    (
        "INTO provider_keys ({COLUMNS})",
        "the columns hold whose it is",
    ),
    (
        "FROM one_time_links WHERE digest = ",
        "whoever has the link's secret need not say more, and the row says whose it is; also invitations, which are for nobody yet",
    ),
    (
        "UPDATE one_time_links SET used_at",
        "the same, in the transaction that found it",
    ),
    (
        "FROM one_time_links WHERE purpose = ",
        "invitations, for administrators: they are for nobody yet",
    ),
    (
        "DELETE FROM one_time_links WHERE digest IN (SELECT digest FROM one_time_links WHERE expires_at",
        "housekeeping: everybody's links that are over",
    ),
    (
        "UPDATE sessions SET generation",
        "the row was read in this transaction, by an id that a token with a true signature named",
    ),
    (
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at",
        "housekeeping: everybody's sessions that are over",
    ),
    (
        "SELECT {columns} FROM one_time_links WHERE digest > ",
        "`manent migrate`: all rows, page by page",
    ),
    (
        "SELECT {columns} FROM api_keys WHERE id > ",
        "`manent migrate`: all rows, page by page",
    ),
    (
        "DELETE FROM api_keys WHERE id = ",
        "`manent migrate`: the same key again",
    ),
];

/// Columns that say whose a row is.
const OWNER_COLUMNS: [&str; 4] = ["owner_pk", "owner_id", "account_id", "owner"];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The texts in quotes of a source file, without its tests.
fn texts(source: &str) -> Vec<String> {
    let source = source
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let mut texts = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let (before, from) = rest.split_at(at);
        if from.starts_with("//") {
            rest = from.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(after) = from.strip_prefix("'\"'") {
            rest = after;
        } else if let Some(after) = from.strip_prefix('"') {
            let hashes = before.len() - before.trim_end_matches('#').len();
            let is_raw = before[..before.len() - hashes].ends_with('r');
            let end = if is_raw {
                format!("\"{}", "#".repeat(hashes))
            } else {
                "\"".to_owned()
            };
            let mut length = 0;
            while let Some(found) = after[length..].find(&end) {
                length += found;
                let escapes = after[..length].len() - after[..length].trim_end_matches('\\').len();
                if is_raw || escapes % 2 == 0 {
                    break;
                }
                length += 1;
            }
            texts.push(after[..length].replace("\\\n", " "));
            rest = after.get(length + end.len()..).unwrap_or_default();
        } else {
            rest = &from[1..];
        }
    }
    texts
}

fn files(folder: &Path, ending: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, ending)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == ending)
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Words of SQL: letters, digits and `_`.
fn words(sql: &str) -> Vec<String> {
    sql.split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect()
}

/// The tables and views of these migrations with a column that says whose a row is.
fn owned_tables(migrations: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut owned = BTreeSet::new();
    for file in files(migrations, "sql")? {
        for statement in std::fs::read_to_string(file)?.split(';') {
            let statement: Vec<&str> = statement
                .lines()
                .map(|line| line.split("--").next().unwrap_or_default())
                .collect();
            let words = words(&statement.join("\n"));
            let at = words.iter().position(|word| word == "create");
            let Some(words) = at.map(|at| &words[at..]) else {
                continue;
            };
            let kind = words
                .iter()
                .position(|word| word == "table" || word == "view");
            let name = kind.and_then(|kind| {
                words[kind + 1..]
                    .iter()
                    .find(|word| !["if", "not", "exists"].contains(&word.as_str()))
            });
            let is_owned = words
                .iter()
                .any(|word| OWNER_COLUMNS.contains(&word.as_str()));
            if let Some(name) = name.filter(|_| is_owned) {
                owned.insert(name.clone());
            }
        }
    }
    Ok(owned)
}

/// Whether a text is a statement that reads or changes one of these tables.
fn is_about(words: &[String], owned: &BTreeSet<String>) -> bool {
    let begins = words.first().is_some_and(|first| {
        ["select", "insert", "update", "delete", "with", "merge"].contains(&first.as_str())
    });
    let names = words.windows(2).any(|pair| {
        ["from", "into", "update", "join", "using"].contains(&pair[0].as_str())
            && owned.contains(&pair[1])
    });
    begins && names
}

/// Whether it says whose, or finds its rows by a number that no client knows.
fn is_bound(words: &[String], sql: &str) -> bool {
    let names_owner = words
        .iter()
        .any(|word| OWNER_COLUMNS.contains(&word.as_str()));
    let condition = sql.to_ascii_lowercase();
    let condition = condition
        .split_once("where")
        .map_or("", |(_, condition)| condition);
    let by_number = words_before_a_place(condition);
    let is_internal = !by_number.is_empty()
        && by_number
            .iter()
            .all(|column| column == "pk" || column.ends_with("_pk"));
    names_owner || is_internal
}

/// The columns that are compared with a value from outside, as in `pk = ?1` or `id = ANY($2)`.
fn words_before_a_place(condition: &str) -> Vec<String> {
    let mut columns = Vec::new();
    for mark in ['?', '$'] {
        for (at, _) in condition.match_indices(mark) {
            let before = condition[..at].trim_end_matches(|character: char| {
                !character.is_ascii_alphanumeric() && character != '_'
            });
            let mut words = words(before).into_iter().rev();
            let column = words.find(|word| {
                ![
                    "any", "unnest", "in", "limit", "offset", "coalesce", "max", "min",
                ]
                .contains(&word.as_str())
            });
            let is_bound_of_a_list =
                before.to_ascii_lowercase().ends_with("limit") || before.ends_with("offset");
            if let Some(column) = column.filter(|_| !is_bound_of_a_list) {
                columns.push(column);
            }
        }
    }
    columns
}

/// Every statement about somebody's rows that names nobody.
fn unbound(store: &str) -> anyhow::Result<(usize, Vec<String>)> {
    let folder = crates().join(store);
    let owned = owned_tables(&folder.join("migrations"))?;
    for table in [
        "conversations",
        "messages",
        "runs",
        "feed",
        "sessions",
        "api_keys",
    ] {
        anyhow::ensure!(
            owned.contains(table),
            "{store}: {table} is nobody's: {owned:?}"
        );
    }
    let (mut seen, mut unbound) = (0, Vec::new());
    for file in files(&folder.join("src"), "rs")? {
        if file.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        for sql in texts(&std::fs::read_to_string(&file)?) {
            let words = words(&sql);
            if !is_about(&words, &owned) {
                continue;
            }
            seen += 1;
            if !is_bound(&words, &sql) {
                let sql: Vec<&str> = sql.split_whitespace().collect();
                unbound.push(format!("{store}: {}", sql.join(" ")));
            }
        }
    }
    Ok((seen, unbound))
}

#[test]
fn every_statement_about_somebodys_rows_says_whose() -> Test {
    let mut unknown = Vec::new();
    let mut unused: BTreeSet<&str> = ALLOWED.iter().map(|(part, _)| *part).collect();
    for store in ["manent-storage-sqlite", "manent-storage-postgres"] {
        let (seen, found) = unbound(store)?;
        assert!(seen > 60, "{store}: {seen} statements were found");
        for statement in found {
            let known = ALLOWED.iter().find(|(part, _)| statement.contains(part));
            match known {
                Some((part, _)) => {
                    unused.remove(part);
                }
                None => unknown.push(statement),
            }
        }
    }
    assert!(
        unknown.is_empty(),
        "without an owner:\n{}",
        unknown.join("\n")
    );
    assert!(
        unused.is_empty(),
        "no statement is like these any more: {unused:?}"
    );
    Ok(())
}

#[test]
fn a_statement_without_its_owner_is_noticed() {
    let owned = BTreeSet::from(["messages".to_owned()]);
    let judged = |sql: &str| {
        let words = words(sql);
        is_about(&words, &owned).then(|| is_bound(&words, sql))
    };
    assert_eq!(
        judged("SELECT content FROM messages WHERE id = ?1"),
        Some(false)
    );
    assert_eq!(
        judged("SELECT content FROM messages WHERE pk = ?1 AND id = ?2"),
        Some(false)
    );
    assert_eq!(judged("DELETE FROM messages"), Some(false));
    assert_eq!(
        judged("UPDATE messages SET id = $1 WHERE pk = ANY($2)"),
        Some(true)
    );
    assert_eq!(
        judged("SELECT content FROM messages WHERE owner_pk = ?1 AND id = ?2"),
        Some(true)
    );
    assert_eq!(judged("SELECT name FROM roles WHERE name = ?1"), None);
    let source = "f(\"SELECT \\\n  1\", r#\"a \"quoted\" word\"#, '\"'); // \"a comment\"";
    assert_eq!(texts(source), ["SELECT    1", "a \"quoted\" word"]);
}
