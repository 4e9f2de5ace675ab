//! Documents that surfaces keep for people.

use std::sync::Arc;

use manent_types::UserId;

use crate::conversation::Page;
use crate::document::{Document, DocumentBody, Expect, Put};
use crate::error::DomainError;
use crate::ports::{Clock, DocumentRepository};

/// The longest kind in characters.
const MAX_KIND: usize = 40;

/// The longest id in characters.
const MAX_ID: usize = 128;

/// Keeps documents. Checks names; what stands in a document is the surface's business.
#[derive(Clone)]
pub struct DocumentService {
    repository: Arc<dyn DocumentRepository>,
    clock: Arc<dyn Clock>,
}

impl DocumentService {
    /// A service over these ports.
    pub fn new(repository: Arc<dyn DocumentRepository>, clock: Arc<dyn Clock>) -> Self {
        Self { repository, clock }
    }

    /// One document; absent as well when no document could have this name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(
        &self,
        owner: UserId,
        kind: &str,
        id: &str,
    ) -> Result<Option<Document>, DomainError> {
        if check(kind, id).is_err() {
            return Ok(None);
        }
        Ok(self.repository.find(owner, kind, id).await?)
    }

    /// A page of a kind, by the bytes of the ids. `limit` is held between 1 and 1,000.
    ///
    /// # Errors
    /// An invalid kind, or a failing store.
    pub async fn list(
        &self,
        owner: UserId,
        kind: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Document, String>, DomainError> {
        check_kind(kind)?;
        if let Some(after) = after {
            check_id(after)?;
        }
        let limit = limit.clamp(1, 1_000);
        Ok(self.repository.list(owner, kind, after, limit).await?)
    }

    /// All documents of a kind, by the bytes of their ids.
    ///
    /// # Errors
    /// An invalid kind, or a failing store.
    pub async fn all(&self, owner: UserId, kind: &str) -> Result<Vec<Document>, DomainError> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.list(owner, kind, after.as_deref(), 1_000).await?;
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Stores a document when what is there is what is expected.
    ///
    /// # Errors
    /// An invalid kind or id, or a failing store.
    pub async fn put(
        &self,
        owner: UserId,
        kind: &str,
        id: &str,
        body: DocumentBody,
        expect: Expect,
    ) -> Result<Put, DomainError> {
        check(kind, id)?;
        let now = self.clock.now();
        Ok(self
            .repository
            .put(owner, kind, id, body, expect, now)
            .await?)
    }

    /// Removes a document; tells whether it was there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove(&self, owner: UserId, kind: &str, id: &str) -> Result<bool, DomainError> {
        if check(kind, id).is_err() {
            return Ok(false);
        }
        Ok(self.repository.remove(owner, kind, id).await?)
    }

    /// Removes all documents of a kind; tells how many there were.
    ///
    /// # Errors
    /// An invalid kind, or a failing store.
    pub async fn remove_all(&self, owner: UserId, kind: &str) -> Result<u64, DomainError> {
        check_kind(kind)?;
        Ok(self.repository.remove_all(owner, kind).await?)
    }

    /// A document by its id alone, whoever has it: for ids that are secrets which nobody guesses.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find_of_anyone(
        &self,
        kind: &str,
        id: &str,
    ) -> Result<Option<(UserId, Document)>, DomainError> {
        if check(kind, id).is_err() {
            return Ok(None);
        }
        Ok(self.repository.find_of_anyone(kind, id).await?)
    }
}

fn check(kind: &str, id: &str) -> Result<(), DomainError> {
    check_kind(kind)?;
    check_id(id)
}

fn check_kind(kind: &str) -> Result<(), DomainError> {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-'
    };
    if (1..=MAX_KIND).contains(&kind.len()) && kind.bytes().all(allowed) {
        return Ok(());
    }
    Err(DomainError::Invalid {
        field: "kind",
        reason: format!("must be 1 to {MAX_KIND} characters out of a-z 0-9 . -"),
    })
}

fn check_id(id: &str) -> Result<(), DomainError> {
    let is_short = id.chars().take(MAX_ID + 1).count() <= MAX_ID;
    if !id.is_empty() && is_short && !id.chars().any(char::is_control) {
        return Ok(());
    }
    Err(DomainError::Invalid {
        field: "id",
        reason: format!("must be 1 to {MAX_ID} characters without control characters"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded() {
        assert!(check("chat.preset-2", "ü").is_ok());
        let (long_kind, long_id) = ("x".repeat(41), "x".repeat(129));
        for (kind, id) in [
            ("", "a"),
            ("A", "a"),
            ("a b", "a"),
            (long_kind.as_str(), "a"),
            ("a", ""),
            ("a", "a\0"),
            ("a", long_id.as_str()),
        ] {
            assert!(check(kind, id).is_err(), "{kind:?} {id:?}");
        }
    }
}
