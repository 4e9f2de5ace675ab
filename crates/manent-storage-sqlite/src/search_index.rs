//! What a transaction changes in the search index.
//!
//! The changes are gathered while the jobs of a group run and applied once, at its end: FTS5 writes out a segment whenever a
//! savepoint begins or ends, so that indexing inside the jobs would cost a segment for each job instead of one for the group.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use crate::error::Error;

/// The two indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Index {
    Messages,
    Titles,
}

/// What becomes of a row's words. The index holds no copy of them: to be taken out they have to be given once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Add,
    Remove,
}

#[derive(Debug)]
struct Change {
    index: Index,
    action: Action,
    pk: i64,
    owner_pk: i64,
    text: String,
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
    /// These words of a message are to be found from now on.
    pub(crate) fn add_message(&mut self, pk: i64, owner_pk: i64, text: String) {
        self.change(Index::Messages, Action::Add, pk, owner_pk, text);
    }

    /// These words of a message, which are in the index, are not to be found any more.
    pub(crate) fn remove_message(&mut self, pk: i64, owner_pk: i64, text: String) {
        self.change(Index::Messages, Action::Remove, pk, owner_pk, text);
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
            self.change(Index::Titles, Action::Remove, pk, owner_pk, title);
        }
        if let Some(title) = new {
            self.change(Index::Titles, Action::Add, pk, owner_pk, title);
        }
    }

    fn change(&mut self, index: Index, action: Action, pk: i64, owner_pk: i64, text: String) {
        if !text.is_empty() {
            self.changes.push(Change {
                index,
                action,
                pk,
                owner_pk,
                text,
            });
        }
    }

    /// The messages of an owner of whose words something waits.
    pub(crate) fn waiting_messages(&self, owner_pk: i64) -> HashSet<i64> {
        let waiting = self.changes.iter();
        let waiting =
            waiting.filter(|change| change.index == Index::Messages && change.owner_pk == owner_pk);
        waiting.map(|change| change.pk).collect()
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark(self.changes.len())
    }

    pub(crate) fn roll_back_to(&mut self, mark: Mark) {
        self.changes.truncate(mark.0);
    }

    /// Writes the changes and forgets them.
    pub(crate) fn apply(&mut self, connection: &Connection) -> Result<(), Error> {
        // FTS5 writes out a segment whenever a row comes before the one before it; the changes of one row keep their order.
        self.changes.sort_by_key(|change| change.pk);
        for change in self.changes.drain(..) {
            connection
                .prepare_cached(statement(change.index, change.action))?
                .execute(params![change.pk, owner_word(change.owner_pk), change.text])?;
        }
        Ok(())
    }
}

const fn statement(index: Index, action: Action) -> &'static str {
    match (index, action) {
        (Index::Messages, Action::Add) => {
            "INSERT INTO message_search (rowid, owner, text) VALUES (?1, ?2, ?3)"
        }
        (Index::Messages, Action::Remove) => {
            "INSERT INTO message_search (message_search, rowid, owner, text) VALUES ('delete', ?1, ?2, ?3)"
        }
        (Index::Titles, Action::Add) => {
            "INSERT INTO title_search (rowid, owner, text) VALUES (?1, ?2, ?3)"
        }
        (Index::Titles, Action::Remove) => {
            "INSERT INTO title_search (title_search, rowid, owner, text) VALUES ('delete', ?1, ?2, ?3)"
        }
    }
}

/// The word that stands for an owner in the index.
pub(crate) fn owner_word(owner_pk: i64) -> String {
    format!("u{owner_pk}")
}
