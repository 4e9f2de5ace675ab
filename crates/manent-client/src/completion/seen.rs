//! Which events of a run were taken in. Ids mean nothing by themselves, so they are remembered, and not compared.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// The events of one run that were taken in. A server that repeats some of them, because it overlooks after which one was asked, doubles
/// nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct SeenEvents {
    hasher: RandomState,
    hashes: HashSet<u64>,
}

impl SeenEvents {
    /// Whether this event is taken in for the first time. One without an id always is.
    pub(crate) fn is_new(&mut self, id: Option<&str>) -> bool {
        id.is_none_or(|id| self.hashes.insert(self.hasher.hash_one(id)))
    }

    /// The run is read from its beginning.
    pub(crate) fn forget(&mut self) {
        self.hashes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_new_once_and_one_without_an_id_always() {
        let mut seen = SeenEvents::default();
        let ids = [Some("r.1"), Some("r.2"), Some("r.1"), None, None];
        assert_eq!(
            ids.map(|id| seen.is_new(id)),
            [true, true, false, true, true]
        );
        seen.forget();
        assert!(seen.is_new(Some("r.1")));
    }
}
