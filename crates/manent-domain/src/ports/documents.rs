//! Stores of documents.

use async_trait::async_trait;
use manent_types::{Timestamp, UserId};

use super::store_error::StoreError;
use crate::conversation::Page;
use crate::document::{Document, DocumentBody, Expect, Put};

/// Documents ([`crate::document`]). They do not stand in the feed.
#[async_trait]
pub trait DocumentRepository: Send + Sync {
    /// One document.
    async fn find(
        &self,
        owner: UserId,
        kind: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError>;

    /// A page of at most `limit` documents of a kind, by the bytes of their ids, strictly after one.
    async fn list(
        &self,
        owner: UserId,
        kind: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Document, String>, StoreError>;

    /// Stores a document, new or in place of the one with its id, when what is there is what is expected ([`Expect::holds`]).
    async fn put(
        &self,
        owner: UserId,
        kind: &str,
        id: &str,
        body: DocumentBody,
        expect: Expect,
        now: Timestamp,
    ) -> Result<Put, StoreError>;

    /// Removes a document; tells whether it was there.
    async fn remove(&self, owner: UserId, kind: &str, id: &str) -> Result<bool, StoreError>;

    /// Removes all documents of a kind; tells how many there were.
    async fn remove_all(&self, owner: UserId, kind: &str) -> Result<u64, StoreError>;

    /// A document by its id alone, whoever has it: for ids that are secrets which nobody guesses. Where several owners have one with this
    /// id, the one that was stored first.
    async fn find_of_anyone(
        &self,
        kind: &str,
        id: &str,
    ) -> Result<Option<(UserId, Document)>, StoreError>;
}
