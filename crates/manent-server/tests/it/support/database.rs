//! A look into the database's file, past the server.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

/// Every table that holds what people said, or that it was said.
const TABLES: [&str; 7] = [
    "users",
    "conversations",
    "messages",
    "lanes",
    "lane_refusals",
    "message_search_docsize",
    "title_search_docsize",
];

/// The rows of each table, and a sum over what each conversation says of itself.
pub(crate) type Rows = BTreeMap<&'static str, i64>;

/// A connection of its own to a server's database.
pub(crate) fn open(data_dir: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(data_dir.join("manent.db"))?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

/// Counts what is there.
pub(crate) fn rows(data_dir: &Path) -> rusqlite::Result<Rows> {
    let connection = open(data_dir)?;
    let mut rows = Rows::new();
    for table in TABLES {
        let count = connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
            row.get(0)
        })?;
        rows.insert(table, count);
    }
    let seqs = "SELECT coalesce(sum(last_seq), 0) FROM conversations";
    rows.insert(
        "sum of last_seq",
        connection.query_row(seqs, [], |row| row.get(0))?,
    );
    let changes = "SELECT coalesce(sum(updated_at), 0) FROM conversations";
    rows.insert(
        "sum of updated_at",
        connection.query_row(changes, [], |row| row.get(0))?,
    );
    let lanes = "SELECT coalesce(sum(device_seq), 0) FROM lanes";
    rows.insert(
        "sum of device_seq",
        connection.query_row(lanes, [], |row| row.get(0))?,
    );
    Ok(rows)
}
