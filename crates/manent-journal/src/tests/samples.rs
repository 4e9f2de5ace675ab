//! Entries, a clock, targets.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use manent_domain::append::{NewItem, NewMessage, ParentRef, Submission};
use manent_domain::journal::{JournalEntry, JournalLane, JournalWrite};
use manent_domain::message::Fingerprint;
use manent_domain::ports::{Clock, StoreError};
use manent_types::{
    ConversationId, Extras, MessageId, MessageStatus, Part, Role, Timestamp, UserId,
};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{Applied, JournalConfig, JournalTarget};

/// Always the same moment.
pub(super) struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000).unwrap()
    }
}

pub(super) fn config(directory: &Path) -> JournalConfig {
    JournalConfig {
        max_bytes: 1024 * 1024,
        segment_bytes: 4 * 1024,
        ..JournalConfig::new(directory.join("journal"), Arc::new(FixedClock))
    }
}

pub(super) fn lane(number: u64) -> JournalLane {
    JournalLane::conversation(ConversationId::new(Uuid::from_u128(u128::from(number))))
}

/// A message of a lane; `number` makes it unlike the others.
pub(super) fn entry(lane_number: u64, number: u64) -> JournalEntry {
    let content = vec![Part::Text {
        text: format!("message {number} of {lane_number}"),
    }];
    let id = MessageId::new(Uuid::from_u128(
        u128::from(number) << 64 | u128::from(lane_number),
    ));
    let message = NewMessage {
        id,
        parent: ParentRef::Newest,
        role: Role::User,
        fingerprint: Fingerprint::of(Role::User, &content).unwrap(),
        content,
        status: MessageStatus::Complete,
        model: None,
        provider: None,
        usage: None,
        created_at: None,
        extras: Extras::new(),
    };
    JournalEntry {
        owner: UserId::new(Uuid::from_u128(7)),
        lane: lane(lane_number),
        write: JournalWrite::Append(Submission {
            conversation: ConversationId::new(Uuid::from_u128(u128::from(lane_number))),
            lane: None,
            id: Some(id),
            body: Ok(NewItem::Message(message)),
        }),
    }
}

/// What becomes of an entry; gets the number of the call, from 0.
type AnswerTo = dyn Fn(usize, &JournalEntry) -> Applied + Send + Sync;

/// Notes what comes, and answers as it is told to.
pub(super) struct Recorder {
    answer: Box<AnswerTo>,
    calls: Mutex<usize>,
    stored: watch::Sender<Vec<JournalEntry>>,
}

impl Recorder {
    pub(super) fn new(
        answer: impl Fn(usize, &JournalEntry) -> Applied + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            answer: Box::new(answer),
            calls: Mutex::new(0),
            stored: watch::Sender::new(Vec::new()),
        })
    }

    pub(super) fn willing() -> Arc<Self> {
        Self::new(|_, _| Applied::Stored)
    }

    pub(super) fn calls(&self) -> usize {
        *self.calls.lock().unwrap()
    }

    pub(super) fn stored(&self) -> Vec<JournalEntry> {
        self.stored.borrow().clone()
    }

    /// Waits until so many were stored.
    pub(super) async fn wait_for(&self, count: usize) {
        let mut stored = self.stored.subscribe();
        stored
            .wait_for(|stored| stored.len() >= count)
            .await
            .unwrap();
    }

    /// What was stored, by lane.
    pub(super) fn by_lane(&self) -> HashMap<JournalLane, Vec<JournalEntry>> {
        let mut lanes: HashMap<JournalLane, Vec<JournalEntry>> = HashMap::new();
        for entry in self.stored() {
            lanes.entry(entry.lane).or_default().push(entry);
        }
        lanes
    }
}

#[async_trait]
impl JournalTarget for Recorder {
    async fn apply(&self, entry: JournalEntry) -> Applied {
        let call = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls - 1
        };
        // Lets other lanes come in between.
        tokio::task::yield_now().await;
        let applied = (self.answer)(call, &entry);
        if applied == Applied::Stored {
            self.stored.send_modify(|stored| stored.push(entry));
        }
        applied
    }
}

pub(super) fn down() -> Applied {
    Applied::Failed(StoreError::Unavailable {
        detail: "down".to_owned(),
    })
}

/// Copies a directory's files.
pub(super) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
