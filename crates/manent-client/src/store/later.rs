//! What is said when its turn comes. It is no part of what the engine owns: whoever said it knows it too.

use manent_types::MessageId;

use super::Store;
use super::records::LATER;

impl Store {
    /// Keeps a message until its turn, over what was kept under its id.
    pub(crate) fn put_later(&self, id: MessageId, body: &str) -> rusqlite::Result<()> {
        self.connection.execute(
            "INSERT INTO record (key, body) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET body = ?2",
            [format!("{LATER}{id}").as_str(), body],
        )?;
        Ok(())
    }

    /// Keeps it no longer.
    pub(crate) fn delete_later(&self, id: MessageId) -> rusqlite::Result<()> {
        self.connection.execute(
            "DELETE FROM record WHERE key = ?1",
            [format!("{LATER}{id}")],
        )?;
        Ok(())
    }

    /// All that is kept, oldest first: their ids are in the order of time.
    pub(crate) fn later(&self) -> rusqlite::Result<Vec<String>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT body FROM record WHERE key GLOB ?1 ORDER BY key")?;
        let rows = statement.query_map([format!("{LATER}*")], |row| row.get(0))?;
        rows.collect()
    }
}
