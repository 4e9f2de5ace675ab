//! The conversations that this client saw created: they need not be created again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Creations(Arc<Mutex<HashSet<Uuid>>>);

impl Creations {
    pub(crate) fn contains(&self, conversation: Uuid) -> bool {
        self.seen().contains(&conversation)
    }

    pub(crate) fn insert(&self, conversation: Uuid) {
        self.seen().insert(conversation);
    }

    fn seen(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
