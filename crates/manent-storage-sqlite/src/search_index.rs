//! What a transaction changes in the search index.
//!
//! The changes are gathered while the jobs of a group run and applied once, at its end: FTS5 writes out a segment whenever a
//! savepoint begins or ends, so that indexing inside the jobs would cost a segment for each job instead of one for the group.

use rusqlite::{Connection, params};

use crate::error::Error;

#[derive(Debug)]
enum Change {
    AddMessage {
        pk: i64,
        owner_pk: i64,
        text: String,
    },
    AddTitle {
        pk: i64,
        owner_pk: i64,
        title: String,
    },
    RemoveTitle {
        pk: i64,
        owner_pk: i64,
        title: String,
    },
}

/// Changes that wait for the end of the group.
#[derive(Debug, Default)]
pub(crate) struct IndexChanges {
    changes: Vec<Change>,
}

/// A place to which [`IndexChanges`] can be taken back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(usize);

impl IndexChanges {
    /// A new message with these words.
    pub(crate) fn add_message(&mut self, pk: i64, owner_pk: i64, text: String) {
        if !text.is_empty() {
            self.changes.push(Change::AddMessage { pk, owner_pk, text });
        }
    }

    /// A conversation's title changes.
    pub(crate) fn change_title(
        &mut self,
        pk: i64,
        owner_pk: i64,
        old: Option<String>,
        new: Option<String>,
    ) {
        if old == new {
            return;
        }
        if let Some(title) = old {
            self.changes.push(Change::RemoveTitle {
                pk,
                owner_pk,
                title,
            });
        }
        if let Some(title) = new {
            self.changes.push(Change::AddTitle {
                pk,
                owner_pk,
                title,
            });
        }
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark(self.changes.len())
    }

    pub(crate) fn roll_back_to(&mut self, mark: Mark) {
        self.changes.truncate(mark.0);
    }

    /// Writes the changes and forgets them.
    pub(crate) fn apply(&mut self, connection: &Connection) -> Result<(), Error> {
        for change in self.changes.drain(..) {
            match change {
                Change::AddMessage { pk, owner_pk, text } => connection
                    .prepare_cached(
                        "INSERT INTO message_search (rowid, owner, text) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![pk, owner_word(owner_pk), text])?,
                Change::AddTitle { pk, owner_pk, title } => connection
                    .prepare_cached(
                        "INSERT INTO title_search (rowid, owner, text) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![pk, owner_word(owner_pk), title])?,
                Change::RemoveTitle { pk, owner_pk, title } => connection
                    .prepare_cached(
                        "INSERT INTO title_search (title_search, rowid, owner, text) VALUES ('delete', ?1, ?2, ?3)",
                    )?
                    .execute(params![pk, owner_word(owner_pk), title])?,
            };
        }
        Ok(())
    }
}

/// The word that stands for an owner in the index.
pub(crate) fn owner_word(owner_pk: i64) -> String {
    format!("u{owner_pk}")
}
