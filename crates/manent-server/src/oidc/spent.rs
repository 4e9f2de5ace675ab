//! Which sign-ins came back already.
//!
//! Invariant: on one node an answer of the provider is taken at most once. Between nodes the provider sees to it, which takes a code once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use manent_types::Timestamp;

/// The most that are remembered.
const REMEMBERED: usize = 10_000;

/// States that came back, until they mean nothing any more.
#[derive(Debug, Default)]
pub(crate) struct Spent(Mutex<HashMap<String, Timestamp>>);

impl Spent {
    /// Whether this is the first time that a state comes back.
    pub(crate) fn take(&self, state: &str, expires_at: Timestamp, now: Timestamp) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.retain(|_, expires_at| now < *expires_at);
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(state.to_owned(), expires_at).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back_once() {
        let at = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
        let spent = Spent::default();
        assert!(spent.take("a", at(10), at(0)));
        assert!(!spent.take("a", at(10), at(0)));
        assert!(spent.take("b", at(10), at(0)));
    }
}
