//! The port of the feed.

use async_trait::async_trait;
use manent_domain::feed::{Change, Changed, FeedPage, Subject};
use manent_domain::ports::{FeedRepository, StoreError};
use manent_types::UserId;

use crate::MemoryStore;
use crate::state::State;

#[async_trait]
impl FeedRepository for MemoryStore {
    async fn read_feed(
        &self,
        owner: UserId,
        after: u64,
        limit: usize,
    ) -> Result<FeedPage, StoreError> {
        let state = self.state();
        let head = state.users.get(&owner).map_or(0, |user| user.feed_seq);
        let changes = if after < head {
            state
                .feed
                .range((owner, after + 1)..=(owner, head))
                .take(limit)
                .filter_map(|((_, seq), entry)| {
                    Some(Change {
                        seq: *seq,
                        at: entry.at,
                        changed: present(&state, owner, entry.subject)?,
                    })
                })
                .collect()
        } else {
            Vec::new()
        };
        Ok(FeedPage { changes, head })
    }
}

/// The subject as it is now. Subjects are never taken away.
fn present(state: &State, owner: UserId, subject: Subject) -> Option<Changed> {
    match subject {
        Subject::Conversation(id) => {
            let conversation = state.conversation(owner, id)?;
            Some(Changed::Conversation(conversation.clone()))
        }
        Subject::Message(id) => {
            let stored = state.message(owner, id)?;
            Some(Changed::Message(stored.message.clone()))
        }
        Subject::Run(id) => Some(Changed::Run(state.run(owner, id)?.run.clone())),
    }
}
