//! Statements on documents.

use manent_domain::conversation::Page;
use manent_domain::document::{Document, DocumentBody, Expect, MAX_DOCUMENTS, Put};
use manent_types::{Timestamp, UserId};
use rusqlite::{Connection, Row, params};

use crate::error::{Error, to_count, to_integer};
use crate::rows::{parsed, text, timestamp, unreadable};
use crate::users;
use crate::writer::Unit;

/// The columns that [`document`] reads, in its order.
pub(crate) const DOCUMENT_COLUMNS: &str = "kind, id, body, revision, created_at, updated_at";

pub(crate) fn document(row: &Row<'_>) -> Result<Document, Error> {
    Ok(Document {
        kind: row.get(0)?,
        id: row.get(1)?,
        body: DocumentBody::from_stored(text(row, 2, "documents.body")?)
            .map_err(|_| unreadable("documents.body"))?,
        revision: to_count(row.get(3)?, "documents.revision")?,
        created_at: timestamp(row, 4, "documents.created_at")?,
        updated_at: timestamp(row, 5, "documents.updated_at")?,
    })
}

/// One document.
pub(crate) fn find(
    connection: &Connection,
    owner: UserId,
    kind: &str,
    id: &str,
) -> Result<Option<Document>, Error> {
    match users::find(connection, owner)? {
        Some(owner_pk) => find_row(connection, owner_pk, kind, id),
        None => Ok(None),
    }
}

fn find_row(
    connection: &Connection,
    owner_pk: i64,
    kind: &str,
    id: &str,
) -> Result<Option<Document>, Error> {
    let sql = format!(
        "SELECT {DOCUMENT_COLUMNS} FROM documents WHERE owner_pk = ?1 AND kind = ?2 AND id = ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params![owner_pk, kind, id])?;
    found.next()?.map(document).transpose()
}

/// A page of a kind, by id.
pub(crate) fn list(
    connection: &Connection,
    owner: UserId,
    kind: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<Document, String>, Error> {
    // No id is empty.
    let sql = format!(
        "SELECT {DOCUMENT_COLUMNS} FROM documents WHERE owner_pk = (SELECT pk FROM users WHERE id = ?1) AND kind = ?2 AND id > ?3 \
         ORDER BY id LIMIT ?4"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let fetch = to_integer(limit as u64 + 1, "the limit")?;
    let mut found = statement.query(params![
        owner.to_string(),
        kind,
        after.unwrap_or_default(),
        fetch
    ])?;
    let mut items = Vec::new();
    while let Some(row) = found.next()? {
        items.push(document(row)?);
    }
    let has_more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| has_more);
    let next = last.map(|last| last.id.clone());
    Ok(Page { items, next })
}

/// Stores a document, if what is there is what is expected.
pub(crate) fn put(
    unit: &mut Unit<'_>,
    owner: UserId,
    (kind, id): (&str, &str),
    body: &DocumentBody,
    expect: Expect,
    now: Timestamp,
) -> Result<Put, Error> {
    let known = unit.known_owner(owner)?;
    let existing = match known {
        Some(known) => find_row(unit.connection, known.pk, kind, id)?,
        None => None,
    };
    if !expect.holds(existing.as_ref()) {
        return Ok(Put::Conflict(existing));
    }
    let document = Document::following(existing.as_ref(), kind, id, body.clone(), now);
    if unit.is_gone(owner)? {
        // As if it had been written just before its owner was deleted with everything.
        return Ok(Put::Stored(document));
    }
    let owner = unit.owner(owner, now)?;
    if existing.is_none() && count(unit.connection, owner.pk, kind)? >= MAX_DOCUMENTS {
        return Ok(Put::Full);
    }
    write(unit.connection, owner.pk, &document)?;
    Ok(Put::Stored(document))
}

fn count(connection: &Connection, owner_pk: i64, kind: &str) -> Result<u64, Error> {
    let count = connection
        .prepare_cached("SELECT COUNT(*) FROM documents WHERE owner_pk = ?1 AND kind = ?2")?
        .query_row(params![owner_pk, kind], |row| row.get(0))?;
    to_count(count, "documents")
}

/// Writes a document as it is.
pub(crate) fn write(
    connection: &Connection,
    owner_pk: i64,
    document: &Document,
) -> Result<(), Error> {
    connection
        .prepare_cached(
            "INSERT INTO documents (owner_pk, kind, id, body, revision, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT (owner_pk, kind, id) DO UPDATE SET body = excluded.body, revision = excluded.revision, \
             created_at = excluded.created_at, updated_at = excluded.updated_at",
        )?
        .execute(params![
            owner_pk,
            document.kind,
            document.id,
            document.body.to_stored(),
            to_integer(document.revision, "a document's revision")?,
            document.created_at.as_millisecond(),
            document.updated_at.as_millisecond(),
        ])?;
    Ok(())
}

/// Removes a document; tells whether it was there.
pub(crate) fn remove(
    connection: &Connection,
    owner: UserId,
    kind: &str,
    id: &str,
) -> Result<bool, Error> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM documents WHERE owner_pk = (SELECT pk FROM users WHERE id = ?1) AND kind = ?2 AND id = ?3",
        )?
        .execute(params![owner.to_string(), kind, id])?;
    Ok(removed > 0)
}

/// Removes all documents of a kind; tells how many there were.
pub(crate) fn remove_all(connection: &Connection, owner: UserId, kind: &str) -> Result<u64, Error> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM documents WHERE owner_pk = (SELECT pk FROM users WHERE id = ?1) AND kind = ?2",
        )?
        .execute(params![owner.to_string(), kind])?;
    Ok(removed as u64)
}

/// A document by its id alone, the one that was stored first.
pub(crate) fn find_of_anyone(
    connection: &Connection,
    kind: &str,
    id: &str,
) -> Result<Option<(UserId, Document)>, Error> {
    let sql = format!(
        "SELECT {DOCUMENT_COLUMNS}, (SELECT users.id FROM users WHERE users.pk = documents.owner_pk) AS owner FROM documents \
         WHERE id = ?1 AND kind = ?2 ORDER BY created_at, owner LIMIT 1"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query([id, kind])?;
    match found.next()? {
        Some(row) => Ok(Some((parsed(row, 6, "users.id")?, document(row)?))),
        None => Ok(None),
    }
}
