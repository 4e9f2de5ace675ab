//! The port of documents.

use async_trait::async_trait;
use manent_domain::conversation::Page;
use manent_domain::document::{Document, DocumentBody, Expect, Put};
use manent_domain::ports::{DocumentRepository, StoreError};
use manent_types::{Timestamp, UserId};

use super::PostgresStore;
use crate::documents::{self, Writing};

#[async_trait]
impl DocumentRepository for PostgresStore {
    async fn find(
        &self,
        owner: UserId,
        kind: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        self.opened
            .connections
            .read(|client| {
                let (kind, id) = (kind.to_owned(), id.to_owned());
                Box::pin(async move { documents::find(client, owner, &kind, &id).await })
            })
            .await
    }

    async fn list(
        &self,
        owner: UserId,
        kind: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Document, String>, StoreError> {
        self.opened
            .connections
            .read(|client| {
                let (kind, after) = (kind.to_owned(), after.map(str::to_owned));
                Box::pin(async move {
                    documents::list(client, owner, &kind, after.as_deref(), limit).await
                })
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
        let accounts_only = self.opened.accounts_only;
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.unit(move |client| {
            let (kind, id, body) = (kind.clone(), id.clone(), body.clone());
            Box::pin(async move {
                let writing = Writing {
                    owner,
                    kind: &kind,
                    id: &id,
                    body: &body,
                    expect,
                    now,
                };
                documents::put(client, &writing, accounts_only).await
            })
        })
        .await
    }

    async fn remove(&self, owner: UserId, kind: &str, id: &str) -> Result<bool, StoreError> {
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.unit(move |client| {
            let (kind, id) = (kind.clone(), id.clone());
            Box::pin(async move { documents::remove(client, owner, &kind, &id).await })
        })
        .await
    }

    async fn remove_all(&self, owner: UserId, kind: &str) -> Result<u64, StoreError> {
        let kind = kind.to_owned();
        self.unit(move |client| {
            let kind = kind.clone();
            Box::pin(async move { documents::remove_all(client, owner, &kind).await })
        })
        .await
    }

    async fn find_of_anyone(
        &self,
        kind: &str,
        id: &str,
    ) -> Result<Option<(UserId, Document)>, StoreError> {
        self.opened
            .connections
            .read(|client| {
                let (kind, id) = (kind.to_owned(), id.to_owned());
                Box::pin(async move { documents::find_of_anyone(client, &kind, &id).await })
            })
            .await
    }
}
