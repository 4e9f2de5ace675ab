//! A device's copy of what is stored, kept by the feed alone.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use manent_domain::feed::{Changed, Subject};
use manent_domain::ports::FeedRepository;
use manent_types::{MessageStatus, UserId};

use super::runner::subject_of;

/// A copy of what an owner has, made from the feed.
#[derive(Debug, Clone)]
pub struct Replica {
    owner: UserId,
    cursor: u64,
    state: HashMap<Subject, Changed>,
}

impl Replica {
    /// An empty copy that begins at the beginning.
    pub fn new(owner: UserId) -> Self {
        Self {
            owner,
            cursor: 0,
            state: HashMap::new(),
        }
    }

    /// Reads the feed to its end, so many changes at a time.
    ///
    /// # Panics
    /// When the numbers have holes or the store fails.
    pub async fn catch_up<S: FeedRepository + ?Sized>(&mut self, store: &S, limit: usize) {
        loop {
            let page = store.read_feed(self.owner, self.cursor, limit).await;
            let page = page.unwrap();
            assert!(page.head >= self.cursor, "the feed never gets shorter");
            if page.changes.is_empty() {
                assert_eq!(page.head, self.cursor, "the feed ends at its newest change");
                return;
            }
            for change in page.changes {
                assert_eq!(change.seq, self.cursor + 1, "the feed has no holes");
                self.cursor = change.seq;
                self.put(change.changed);
            }
        }
    }

    /// Sets what a thing is now.
    pub fn put(&mut self, changed: Changed) {
        self.state.insert(subject_of(&changed), settled(changed));
    }

    /// What is known. What changes without the feed while a run runs is left out: what its answer says so far, and its signs of life.
    pub const fn state(&self) -> &HashMap<Subject, Changed> {
        &self.state
    }

    /// A hash over what is known, the same for the same things in the same program.
    pub fn digest(&self) -> u64 {
        let mut things: Vec<String> = self
            .state
            .values()
            .map(|changed| format!("{changed:?}"))
            .collect();
        things.sort_unstable();
        let mut hasher = DefaultHasher::new();
        things.hash(&mut hasher);
        hasher.finish()
    }
}

fn settled(mut changed: Changed) -> Changed {
    match &mut changed {
        Changed::Conversation(_) => {}
        Changed::Message(message) => {
            if message.run.is_some() && message.status == MessageStatus::Running {
                message.content.clear();
                message.usage = None;
                message.model = None;
                message.provider = None;
            }
        }
        Changed::Run(run) => {
            run.log_cleared = false;
            if run.status == MessageStatus::Running {
                run.stop_requested = false;
                run.heartbeat_at = run.started_at;
                run.last_position = 0;
                run.model = None;
                run.provider = None;
            }
        }
    }
    changed
}
