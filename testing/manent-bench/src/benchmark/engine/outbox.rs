//! The engine with a device's store that takes everything at once and a server that stores everything at once, so that only the engine's own
//! work is measured.

use std::collections::VecDeque;

use anyhow::ensure;
use manent_engine::append_api::MessagePayload;
use manent_engine::{
    Answer, Batch, Engine, EngineConfig, Input, ItemOutcome, NewItem, Outcome, Output, PersistId,
    RequestId, Snapshot,
};

/// See the module.
pub(super) struct Outbox {
    engine: Engine<MessagePayload>,
    now: u64,
    persists: VecDeque<PersistId>,
    request: Option<(RequestId, Batch<MessagePayload>)>,
    wake_at: Option<u64>,
}

impl Outbox {
    pub(super) fn over(snapshot: Snapshot<MessagePayload>) -> Self {
        Self {
            engine: Engine::new(EngineConfig::default(), snapshot, 1),
            now: 1_000,
            persists: VecDeque::new(),
            request: None,
            wake_at: None,
        }
    }

    /// Takes an item until it is durable; a request that it makes possible stays on the way.
    pub(super) fn enqueue(&mut self, item: NewItem<MessagePayload>) {
        self.tell(Input::Enqueue(item));
    }

    /// Answers requests until nothing is left to be sent; tells how many items were stored.
    ///
    /// # Errors
    /// When the engine stands still.
    pub(super) fn drain(&mut self) -> anyhow::Result<usize> {
        let mut stored = 0;
        while !self.engine.is_idle() {
            if let Some((request, batch)) = self.request.take() {
                stored += batch.items.len();
                let outcomes = batch.items.iter().map(|item| ItemOutcome {
                    id: item.id,
                    outcome: Outcome::Stored { position: None },
                });
                let answer = Answer::Outcomes(outcomes.collect());
                self.tell(Input::Answered { request, answer });
                continue;
            }
            let wake_at = self.wake_at.take().unwrap_or(self.now);
            ensure!(wake_at > self.now, "the engine stands still");
            self.now = wake_at;
            self.tell(Input::Wake);
        }
        Ok(stored)
    }

    fn tell(&mut self, input: Input<MessagePayload>) {
        self.engine.handle(self.now, input);
        self.follow();
        while let Some(id) = self.persists.pop_front() {
            self.engine.handle(self.now, Input::Persisted(id));
            self.follow();
        }
    }

    fn follow(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Persist(id, operations) => {
                    std::hint::black_box(operations);
                    self.persists.push_back(id);
                }
                Output::Send(request, batch) => self.request = Some((request, batch)),
                Output::Notify(event) => {
                    std::hint::black_box(event);
                }
                Output::WakeAt(at) => self.wake_at = Some(at),
                Output::Cancel(_) => self.request = None,
            }
        }
    }
}
