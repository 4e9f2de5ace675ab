//! The port of documents.

use async_trait::async_trait;
use manent_domain::conversation::Page;
use manent_domain::document::{Document, DocumentBody, Expect, Put};
use manent_domain::ports::{DocumentRepository, StoreError};
use manent_types::{Timestamp, UserId};

use super::{SMALL, SqliteStore};
use crate::documents;

#[async_trait]
impl DocumentRepository for SqliteStore {
    async fn find(
        &self,
        owner: UserId,
        kind: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.opened
            .reads
            .run(move |connection| documents::find(connection, owner, &kind, &id))
            .await
    }

    async fn list(
        &self,
        owner: UserId,
        kind: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Document, String>, StoreError> {
        let (kind, after) = (kind.to_owned(), after.map(str::to_owned));
        self.opened
            .reads
            .run(move |connection| {
                documents::list(connection, owner, &kind, after.as_deref(), limit)
            })
            .await
    }

    async fn put(
        &self,
        owner: UserId,
        kind: &str,
        id: &str,
        body: DocumentBody,
        expect: Expect,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.opened
            .writes
            .run(SMALL, move |unit| {
                let name = (kind.as_str(), id.as_str());
                Ok(documents::put(unit, owner, name, &body, expect, now)?)
            })
            .await
    }

    async fn remove(&self, owner: UserId, kind: &str, id: &str) -> Result<bool, StoreError> {
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.opened
            .writes
            .run(SMALL, move |unit| {
                Ok(documents::remove(unit.connection, owner, &kind, &id)?)
            })
            .await
    }

    async fn remove_all(&self, owner: UserId, kind: &str) -> Result<u64, StoreError> {
        let kind = kind.to_owned();
        self.opened
            .writes
            .run(SMALL, move |unit| {
                Ok(documents::remove_all(unit.connection, owner, &kind)?)
            })
            .await
    }

    async fn find_of_anyone(
        &self,
        kind: &str,
        id: &str,
    ) -> Result<Option<(UserId, Document)>, StoreError> {
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.opened
            .reads
            .run(move |connection| documents::find_of_anyone(connection, &kind, &id))
            .await
    }
}
