//! The port of documents.

use std::ops::Bound;

use async_trait::async_trait;
use manent_domain::conversation::Page;
use manent_domain::document::{Document, DocumentBody, Expect, MAX_DOCUMENTS, Put};
use manent_domain::ports::{DocumentRepository, StoreError};
use manent_types::{Timestamp, UserId};

use crate::MemoryStore;
use crate::state::State;

fn key(owner: UserId, kind: &str, id: &str) -> (UserId, String, String) {
    (owner, kind.to_owned(), id.to_owned())
}

/// The documents of a kind after an id, in order.
fn after<'state>(
    state: &'state State,
    owner: UserId,
    kind: &'state str,
    id: Option<&str>,
) -> impl Iterator<Item = &'state Document> {
    let start = match id {
        Some(id) => Bound::Excluded(key(owner, kind, id)),
        None => Bound::Included(key(owner, kind, "")),
    };
    state
        .documents
        .range((start, Bound::Unbounded))
        .take_while(move |((whose, known, _), _)| *whose == owner && known == kind)
        .map(|(_, document)| document)
}

#[async_trait]
impl DocumentRepository for MemoryStore {
    async fn find(
        &self,
        owner: UserId,
        kind: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        let state = self.state();
        Ok(state.documents.get(&key(owner, kind, id)).cloned())
    }

    async fn list(
        &self,
        owner: UserId,
        kind: &str,
        after_id: Option<&str>,
        limit: usize,
    ) -> Result<Page<Document, String>, StoreError> {
        let state = self.state();
        let found = after(&state, owner, kind, after_id);
        let mut items: Vec<Document> = found.take(limit.saturating_add(1)).cloned().collect();
        let has_more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| has_more);
        let next = last.map(|last| last.id.clone());
        Ok(Page { items, next })
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
        Ok(self.write(|unit| {
            let existing = unit.state.documents.get(&key(owner, kind, id));
            if !expect.holds(existing) {
                return Put::Conflict(existing.cloned());
            }
            let count = after(unit.state, owner, kind, None).count();
            if existing.is_none() && count as u64 >= MAX_DOCUMENTS {
                return Put::Full;
            }
            let document = Document::following(existing, kind, id, body, now);
            unit.ensure_user(owner, now);
            let stored = document.clone();
            unit.state.documents.insert(key(owner, kind, id), stored);
            Put::Stored(document)
        }))
    }

    async fn remove(&self, owner: UserId, kind: &str, id: &str) -> Result<bool, StoreError> {
        Ok(self.write(|unit| {
            let removed = unit.state.documents.remove(&key(owner, kind, id));
            removed.is_some()
        }))
    }

    async fn remove_all(&self, owner: UserId, kind: &str) -> Result<u64, StoreError> {
        Ok(self.write(|unit| {
            let documents = &mut unit.state.documents;
            let before = documents.len();
            documents.retain(|(whose, known, _), _| *whose != owner || known != kind);
            (before - documents.len()) as u64
        }))
    }

    async fn find_of_anyone(
        &self,
        kind: &str,
        id: &str,
    ) -> Result<Option<(UserId, Document)>, StoreError> {
        let state = self.state();
        let found = state
            .documents
            .iter()
            .filter(|((_, known, name), _)| known == kind && name == id)
            .min_by_key(|((owner, ..), document)| (document.created_at, *owner));
        Ok(found.map(|((owner, ..), document)| (*owner, document.clone())))
    }
}
