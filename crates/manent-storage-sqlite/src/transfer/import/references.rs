//! The rows that records refer to, which were imported before.

use manent_types::{ConversationId, RunId, UserId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Error;
use crate::users::Owner;
use crate::writer::Unit;

pub(super) fn owner_of(unit: &mut Unit<'_>, id: UserId) -> Result<Owner, Error> {
    unit.known_owner(id)?.ok_or(Error::Unfit {
        what: "a record whose owner is not there",
    })
}

pub(super) fn conversation_row(
    connection: &Connection,
    owner: Owner,
    id: ConversationId,
) -> Result<i64, Error> {
    find_row(
        connection,
        "SELECT pk FROM conversations WHERE owner_pk = ?1 AND id = ?2",
        owner,
        &id.to_string(),
        "a record whose conversation is not there",
    )
}

pub(super) fn run_row(connection: &Connection, owner: Owner, id: RunId) -> Result<i64, Error> {
    find_row(
        connection,
        "SELECT pk FROM runs WHERE owner_pk = ?1 AND id = ?2",
        owner,
        &id.to_string(),
        "a record whose run is not there",
    )
}

pub(super) fn find_row(
    connection: &Connection,
    sql: &str,
    owner: Owner,
    id: &str,
    missing: &'static str,
) -> Result<i64, Error> {
    connection
        .prepare_cached(sql)?
        .query_row(params![owner.pk, id], |row| row.get(0))
        .optional()?
        .ok_or(Error::Unfit { what: missing })
}
