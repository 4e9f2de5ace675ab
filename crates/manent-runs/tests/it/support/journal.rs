//! A journal in memory that is drained into the store by itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use manent_domain::journal::{JournalEntry, JournalLane, JournalWrite};
use manent_domain::ports::{
    Clock, ConversationRepository, Journal, JournalError, JournalStatus, MessageRepository,
    RunRepository, StoreError,
};
use manent_types::Timestamp;
use tokio::time::{sleep, timeout};

use super::store::FaultyStore;

/// The journal.
pub(crate) struct MemoryJournal {
    store: Arc<FaultyStore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pending: VecDeque<JournalEntry>,
    position: u64,
    is_full: bool,
    room: Option<usize>,
    is_held: bool,
    refuses_records: bool,
    appends: usize,
}

impl MemoryJournal {
    pub(crate) fn new(store: Arc<FaultyStore>) -> Self {
        Self {
            store,
            state: Mutex::default(),
        }
    }

    pub(crate) fn fill_up(&self, is_full: bool) {
        self.state.lock().unwrap().is_full = is_full;
    }

    /// From now on there is room for so many entries only.
    pub(crate) fn leave_room(&self, entries: usize) {
        self.state.lock().unwrap().room = Some(entries);
    }

    /// While held, nothing is drained.
    pub(crate) fn hold(&self, is_held: bool) {
        self.state.lock().unwrap().is_held = is_held;
    }

    /// From now on progress counts as what the store can never take.
    pub(crate) fn refuse_records(&self) {
        self.state.lock().unwrap().refuses_records = true;
    }

    /// How often something was appended.
    pub(crate) fn appends(&self) -> usize {
        self.state.lock().unwrap().appends
    }

    /// What waits.
    pub(crate) fn pending(&self) -> Vec<JournalWrite> {
        let state = self.state.lock().unwrap();
        state
            .pending
            .iter()
            .map(|entry| entry.write.clone())
            .collect()
    }

    /// Drains it every few milliseconds, for as long as the test runs.
    pub(crate) fn spawn_drain(self: &Arc<Self>, clock: Arc<dyn Clock>) {
        let journal = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                sleep(Duration::from_millis(20)).await;
                // It tries again.
                drop(timeout(Duration::from_secs(1), journal.drain(clock.now())).await);
            }
        });
    }

    async fn drain(&self, now: Timestamp) -> Result<(), StoreError> {
        loop {
            let (next, refuses_records) = {
                let state = self.state.lock().unwrap();
                let next = state.pending.front().filter(|_| !state.is_held).cloned();
                (next, state.refuses_records)
            };
            let Some(entry) = next else {
                return Ok(());
            };
            let owner = entry.owner;
            match entry.write {
                JournalWrite::CreateConversation(new) => {
                    self.store.create(owner, new, now).await?;
                }
                JournalWrite::Append(submission) => {
                    self.store.append(owner, vec![submission], now).await?;
                }
                JournalWrite::BeginRun(new) => {
                    self.store.begin(owner, new, now).await?;
                }
                JournalWrite::RecordRun { .. } if refuses_records => {}
                JournalWrite::RecordRun { node, progress } => {
                    self.store.record(node, vec![progress], now).await?;
                }
            }
            self.state.lock().unwrap().pending.pop_front();
        }
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(&self, entries: Vec<JournalEntry>) -> Result<u64, JournalError> {
        let mut state = self.state.lock().unwrap();
        if state.is_full || state.room.is_some_and(|room| entries.len() > room) {
            return Err(JournalError::Full {
                detail: "a test filled it".to_owned(),
            });
        }
        state.appends += 1;
        state.room = state.room.map(|room| room - entries.len());
        state.position += entries.len() as u64;
        state.pending.extend(entries);
        Ok(state.position)
    }

    fn has_pending(&self, lane: JournalLane) -> bool {
        let state = self.state.lock().unwrap();
        state.pending.iter().any(|entry| entry.lane == lane)
    }

    fn status(&self) -> JournalStatus {
        let state = self.state.lock().unwrap();
        JournalStatus {
            pending: state.pending.len() as u64,
            is_writable: !state.is_full,
            ..JournalStatus::default()
        }
    }
}
