//! Owners' rows.

use std::collections::HashMap;

use manent_types::{Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Error;

/// The most owners that the writer remembers.
const REMEMBERED: usize = 10_000;

/// The writer's memory of owners' row numbers. Must be cleared when a transaction is rolled back, for it may hold rows of it.
#[derive(Debug, Default)]
pub(crate) struct OwnerCache {
    known: HashMap<UserId, i64>,
}

impl OwnerCache {
    /// The owner's row, created at first use.
    pub(crate) fn ensure(
        &mut self,
        connection: &Connection,
        owner: UserId,
        now: Timestamp,
    ) -> Result<i64, Error> {
        if let Some(pk) = self.known.get(&owner) {
            return Ok(*pk);
        }
        let pk = match find(connection, owner)? {
            Some(pk) => pk,
            None => connection
                .prepare_cached("INSERT INTO users (id, created_at) VALUES (?1, ?2)")?
                .insert(params![owner.to_string(), now.as_millisecond()])?,
        };
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(owner, pk);
        Ok(pk)
    }

    pub(crate) fn clear(&mut self) {
        self.known.clear();
    }
}

/// The owner's row, if it has one.
pub(crate) fn find(connection: &Connection, owner: UserId) -> Result<Option<i64>, Error> {
    Ok(connection
        .prepare_cached("SELECT pk FROM users WHERE id = ?1")?
        .query_row([owner.to_string()], |row| row.get(0))
        .optional()?)
}
