//! Owners' rows.

use std::collections::HashMap;

use manent_types::{Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Error;

/// The most owners that the writer remembers.
const REMEMBERED: usize = 10_000;

/// An owner with its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) id: UserId,
    pub(crate) pk: i64,
}

/// The writer's memory of owners' row numbers. Must be cleared when a transaction is rolled back, for it may hold rows of it.
#[derive(Debug, Default)]
pub(crate) struct OwnerCache {
    known: HashMap<UserId, i64>,
    /// Whether an owner without a row is gone.
    accounts_only: bool,
}

impl OwnerCache {
    /// `accounts_only`: an owner without a row is gone.
    pub(crate) fn new(accounts_only: bool) -> Self {
        Self {
            accounts_only,
            ..Self::default()
        }
    }

    /// Whether the owner is gone with the account.
    pub(crate) fn is_gone(&mut self, connection: &Connection, id: UserId) -> Result<bool, Error> {
        Ok(self.accounts_only && self.find(connection, id)?.is_none())
    }

    /// The owner's row, created at first use.
    pub(crate) fn ensure(
        &mut self,
        connection: &Connection,
        id: UserId,
        now: Timestamp,
    ) -> Result<Owner, Error> {
        if let Some(owner) = self.find(connection, id)? {
            return Ok(owner);
        }
        let pk = connection
            .prepare_cached("INSERT INTO users (id, created_at) VALUES (?1, ?2)")?
            .insert(params![id.to_string(), now.as_millisecond()])?;
        Ok(self.remember(id, pk))
    }

    /// The owner's row, if it has one.
    pub(crate) fn find(
        &mut self,
        connection: &Connection,
        id: UserId,
    ) -> Result<Option<Owner>, Error> {
        if let Some(pk) = self.known.get(&id) {
            return Ok(Some(Owner { id, pk: *pk }));
        }
        Ok(find(connection, id)?.map(|pk| self.remember(id, pk)))
    }

    fn remember(&mut self, id: UserId, pk: i64) -> Owner {
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(id, pk);
        Owner { id, pk }
    }

    /// The owner's row is gone.
    pub(crate) fn forget(&mut self, id: UserId) {
        self.known.remove(&id);
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
