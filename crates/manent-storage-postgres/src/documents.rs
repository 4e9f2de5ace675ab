//! Statements on documents.

use deadpool_postgres::ClientWrapper;
use manent_domain::conversation::Page;
use manent_domain::document::{Document, DocumentBody, Expect, MAX_DOCUMENTS, Put};
use manent_types::{Timestamp, UserId};
use tokio_postgres::Row;

use crate::error::{Error, to_count, to_integer};
use crate::rows::{count, get, timestamp, unreadable, user_id};

/// The columns that [`document`] reads, in its order.
pub(crate) const DOCUMENT_COLUMNS: &str = "documents.kind, documents.id, documents.body, documents.revision, documents.created_at, \
     documents.updated_at";

/// The document whose columns begin at `at`.
pub(crate) fn document(row: &Row, at: usize) -> Result<Document, Error> {
    Ok(Document {
        kind: get(row, at, "documents.kind")?,
        id: get(row, at + 1, "documents.id")?,
        body: DocumentBody::from_stored(get(row, at + 2, "documents.body")?)
            .map_err(|_| unreadable("documents.body"))?,
        revision: count(row, at + 3, "documents.revision")?,
        created_at: timestamp(row, at + 4, "documents.created_at")?,
        updated_at: timestamp(row, at + 5, "documents.updated_at")?,
    })
}

/// One document.
pub(crate) async fn find(
    client: &ClientWrapper,
    owner: UserId,
    kind: &str,
    id: &str,
) -> Result<Option<Document>, Error> {
    let sql = format!(
        "SELECT {DOCUMENT_COLUMNS} FROM documents WHERE owner_id = $1 AND kind = $2 AND id = $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client
        .query_opt(&statement, &[&owner.as_uuid(), &kind, &id])
        .await?;
    row.map(|row| document(&row, 0)).transpose()
}

/// A page of a kind, by id.
pub(crate) async fn list(
    client: &ClientWrapper,
    owner: UserId,
    kind: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<Document, String>, Error> {
    // No id is empty.
    let sql = format!(
        "SELECT {DOCUMENT_COLUMNS} FROM documents WHERE owner_id = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4"
    );
    let statement = client.prepare_cached(&sql).await?;
    let fetch = to_integer(limit as u64 + 1, "the limit")?;
    let after = after.unwrap_or_default();
    let rows = client
        .query(&statement, &[&owner.as_uuid(), &kind, &after, &fetch])
        .await?;
    let mut items = rows
        .iter()
        .map(|row| document(row, 0))
        .collect::<Result<Vec<_>, Error>>()?;
    let has_more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| has_more);
    let next = last.map(|last| last.id.clone());
    Ok(Page { items, next })
}

/// What is to be stored.
pub(crate) struct Writing<'put> {
    pub(crate) owner: UserId,
    pub(crate) kind: &'put str,
    pub(crate) id: &'put str,
    pub(crate) body: &'put DocumentBody,
    pub(crate) expect: Expect,
    pub(crate) now: Timestamp,
}

/// Stores a document, if what is there is what is expected. `accounts_only`: an owner without a row is gone.
pub(crate) async fn put(
    client: &ClientWrapper,
    writing: &Writing<'_>,
    accounts_only: bool,
) -> Result<Put, Error> {
    let Writing {
        owner,
        kind,
        id,
        body,
        expect,
        now,
    } = *writing;
    if !accounts_only {
        let sql = "INSERT INTO users (id, created_at, feed_seq) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING";
        let statement = client.prepare_cached(sql).await?;
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
            [&owner.as_uuid(), &now.as_millisecond()];
        client.execute(&statement, &values).await?;
    }
    // Whoever else writes the owner's rows waits, so that what is found here stays so.
    let statement = client
        .prepare_cached("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE")
        .await?;
    let known = client.query_opt(&statement, &[&owner.as_uuid()]).await?;
    let existing = find(client, owner, kind, id).await?;
    if !expect.holds(existing.as_ref()) {
        return Ok(Put::Conflict(existing));
    }
    let document = Document::following(existing.as_ref(), kind, id, body.clone(), now);
    if known.is_none() {
        // As if it had been written just before its owner was deleted with everything.
        return Ok(Put::Stored(document));
    }
    if existing.is_none() && count_of(client, owner, kind).await? >= MAX_DOCUMENTS {
        return Ok(Put::Full);
    }
    write(client, owner, &document).await?;
    Ok(Put::Stored(document))
}

async fn count_of(client: &ClientWrapper, owner: UserId, kind: &str) -> Result<u64, Error> {
    let statement = client
        .prepare_cached("SELECT count(*) FROM documents WHERE owner_id = $1 AND kind = $2")
        .await?;
    let row = client
        .query_one(&statement, &[&owner.as_uuid(), &kind])
        .await?;
    to_count(row.get(0), "documents")
}

async fn write(client: &ClientWrapper, owner: UserId, document: &Document) -> Result<(), Error> {
    let statement = client
        .prepare_cached(
            "INSERT INTO documents (owner_id, kind, id, body, revision, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (owner_id, kind, id) DO UPDATE SET body = EXCLUDED.body, revision = EXCLUDED.revision, \
             created_at = EXCLUDED.created_at, updated_at = EXCLUDED.updated_at",
        )
        .await?;
    let revision = to_integer(document.revision, "a document's revision")?;
    client
        .execute(
            &statement,
            &[
                &owner.as_uuid(),
                &document.kind,
                &document.id,
                &document.body.to_stored(),
                &revision,
                &document.created_at.as_millisecond(),
                &document.updated_at.as_millisecond(),
            ],
        )
        .await?;
    Ok(())
}

/// Removes a document; tells whether it was there.
pub(crate) async fn remove(
    client: &ClientWrapper,
    owner: UserId,
    kind: &str,
    id: &str,
) -> Result<bool, Error> {
    let statement = client
        .prepare_cached("DELETE FROM documents WHERE owner_id = $1 AND kind = $2 AND id = $3")
        .await?;
    let removed = client
        .execute(&statement, &[&owner.as_uuid(), &kind, &id])
        .await?;
    Ok(removed > 0)
}

/// Removes all documents of a kind; tells how many there were.
pub(crate) async fn remove_all(
    client: &ClientWrapper,
    owner: UserId,
    kind: &str,
) -> Result<u64, Error> {
    let statement = client
        .prepare_cached("DELETE FROM documents WHERE owner_id = $1 AND kind = $2")
        .await?;
    Ok(client
        .execute(&statement, &[&owner.as_uuid(), &kind])
        .await?)
}

/// A document by its id alone, the one that was stored first.
pub(crate) async fn find_of_anyone(
    client: &ClientWrapper,
    kind: &str,
    id: &str,
) -> Result<Option<(UserId, Document)>, Error> {
    let sql = format!(
        "SELECT {DOCUMENT_COLUMNS}, owner_id FROM documents WHERE id = $1 AND kind = $2 ORDER BY created_at, owner_id LIMIT 1"
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client.query_opt(&statement, &[&id, &kind]).await?;
    row.map(|row| Ok((user_id(&row, 6, "documents.owner_id")?, document(&row, 0)?)))
        .transpose()
}
