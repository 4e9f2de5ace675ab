//! Draining: the queue-and-breaker engine over the journal's files.
//!
//! The engine's items are positions; what they stand for is read from the files when it is sent. The files are the engine's durable store:
//! an item is in them before the engine hears of it, and they learn what is settled. The store knows entries by their ids and runs by
//! their positions, so the engine's numbers mean nothing here and are not kept.
//!
//! Invariants:
//! - entries of a lane are applied in order, one after the other; lanes go side by side and none waits for another's failure;
//! - an entry leaves only when the store has it, or when it is kept among the refused ones.

mod reader;
mod round;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use manent_domain::ports::Clock;
use manent_engine::{
    Answer, Engine, EngineConfig, Event, Failure, Fate, Input, ItemId, ItemOutcome, LaneId,
    Metrics, Millis, NewItem, Outcome, Output, PersistId, RequestId, Snapshot, StoreOperation,
};
use manent_types::DeviceId;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use crate::config::JournalConfig;
use crate::index::Index;
use crate::stored::{Batch, Refused};
use crate::target::JournalTarget;
use crate::writer::Command;
pub(crate) use reader::Reader;
use round::{Round, Verdict};

/// The most items that the engine knows of; the rest waits in the index.
const WINDOW: usize = 4_096;

/// An engine keeps a little of every lane that it ever saw; one that is idle is replaced after so many items.
const ITEMS_OF_AN_ENGINE: u64 = 100_000;

/// How long a round that is under way may take to end when draining stops.
const LAST_ROUND: Duration = Duration::from_secs(2);

/// What became of entries, by their positions.
type Verdicts = Vec<(u64, Verdict)>;

/// The engine's counts, for whoever shows them.
#[derive(Debug, Default)]
pub(crate) struct DrainFigures {
    engine: Mutex<Option<Metrics>>,
    is_failing: AtomicBool,
}

impl DrainFigures {
    pub(crate) fn engine(&self) -> Option<Metrics> {
        *self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, metrics: Metrics) {
        *self.engine.lock().unwrap_or_else(PoisonError::into_inner) = Some(metrics);
    }
}

/// Draining that runs. Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct DrainHandle {
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl DrainHandle {
    /// Stops, and notes what is settled by now.
    pub(crate) async fn stop(mut self) {
        self.stop.notify_one();
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "draining the journal ended badly");
        }
    }
}

impl Drop for DrainHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the engines counted.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    successful: u64,
    failed: u64,
    retries: u64,
}

/// See the module.
pub(crate) struct Drain {
    engine: Engine<u64>,
    engine_config: EngineConfig,
    seed: u64,
    /// Items that the engine was told of since it was made.
    told: u64,
    /// The counts of the engines before it.
    before: Counts,
    device: DeviceId,
    index: Arc<Index>,
    commands: Sender<Command>,
    figures: Arc<DrainFigures>,
    clock: Arc<dyn Clock>,
    round: Round,
    began: Instant,
    /// The first position that the engine was not told of.
    next: u64,
    /// Items that the engine knows of.
    held: usize,
    /// Why entries were refused, until they are kept aside.
    refused: HashMap<u64, (String, Batch)>,
    under_way: Option<(RequestId, JoinHandle<Verdicts>)>,
    wake: Option<Instant>,
}

impl Drain {
    pub(crate) fn new(
        config: &JournalConfig,
        device: DeviceId,
        index: Arc<Index>,
        commands: Sender<Command>,
        figures: Arc<DrainFigures>,
        target: Arc<dyn JournalTarget>,
    ) -> Self {
        let millis =
            |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(Millis::MAX);
        let engine = EngineConfig {
            backoff_ms: millis(config.backoff),
            backoff_cap_ms: millis(config.backoff_cap),
            max_retries: config.max_failures,
            open_ms: millis(config.open),
            open_cap_ms: millis(config.open_cap),
            request_timeout_ms: millis(config.apply_timeout),
            max_item_bytes: u64::MAX,
            undo_ms: 0,
            // The store behind the journal is for this server alone.
            catch_up_spread_ms: 0,
            ..EngineConfig::default()
        };
        Self {
            engine: Engine::new(engine.clone(), Snapshot::default(), config.seed),
            engine_config: engine,
            seed: config.seed,
            told: 0,
            before: Counts::default(),
            device,
            round: Round {
                reader: Arc::new(Reader::new(&config.directory)),
                target,
                parallel_lanes: config.parallel_lanes.max(1),
                parent_wait: config.parent_wait,
            },
            index,
            commands,
            figures,
            clock: Arc::clone(&config.clock),
            began: Instant::now(),
            next: 0,
            held: 0,
            refused: HashMap::new(),
            under_way: None,
            wake: None,
        }
    }

    /// Drains in a task of its own. Goes on early at each of the signals: entries were added, the store may work again.
    pub(crate) fn start(self, signals: (Arc<Notify>, Arc<Notify>)) -> DrainHandle {
        let stop = Arc::new(Notify::new());
        let (added, probe) = signals;
        let task = tokio::spawn(self.run(added, probe, Arc::clone(&stop)));
        DrainHandle { stop, task }
    }

    async fn run(mut self, added: Arc<Notify>, probe: Arc<Notify>, stop: Arc<Notify>) {
        loop {
            self.refill();
            self.follow().await;
            let wake = self
                .wake
                .unwrap_or_else(|| self.began + Duration::from_hours(1));
            let has_timer = self.wake.is_some();
            let under_way = self.under_way.as_mut();
            let answered = async {
                match under_way {
                    Some((request, task)) => (*request, task.await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.notified() => break,
                () = added.notified() => {}
                () = probe.notified() => self.tell(Input::ProbeNow),
                () = tokio::time::sleep_until(wake), if has_timer => {
                    self.wake = None;
                    self.tell(Input::Wake);
                }
                (request, verdicts) = answered => {
                    self.under_way = None;
                    self.on_verdicts(request, verdicts.unwrap_or_else(|error| {
                        if error.is_panic() {
                            tracing::error!("a round of draining the journal panicked");
                        }
                        Vec::new()
                    }));
                }
            }
        }
        if let Some((request, task)) = self.under_way.take()
            && let Ok(Ok(verdicts)) = tokio::time::timeout(LAST_ROUND, task).await
        {
            self.on_verdicts(request, verdicts);
        }
        self.tell(Input::Lead(false));
        self.follow().await;
    }

    fn now(&self) -> Millis {
        Millis::try_from(self.began.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    fn tell(&mut self, input: Input<u64>) {
        let now = self.now();
        self.engine.handle(now, input);
    }

    /// Tells the engine of entries that it does not know of.
    fn refill(&mut self) {
        if self.held > WINDOW / 2 {
            return;
        }
        if self.told > ITEMS_OF_AN_ENGINE && self.held == 0 && self.engine.is_idle() {
            self.replace_engine();
        }
        for (position, place) in self.index.from(self.next, WINDOW - self.held) {
            self.next = position + 1;
            self.held += 1;
            self.told += 1;
            self.tell(Input::Enqueue(NewItem {
                id: item_of(position),
                lane: LaneId {
                    device: self.device.clone(),
                    stream: place.lane,
                },
                parent: None,
                payload: position,
                size_bytes: u64::from(place.length),
                trace: None,
            }));
        }
    }

    fn replace_engine(&mut self) {
        let metrics = self.engine.metrics();
        self.before = Counts {
            successful: self.before.successful + metrics.successful_syncs,
            failed: self.before.failed + metrics.failed_syncs,
            retries: self.before.retries + metrics.retry_attempts,
        };
        self.seed = self.seed.wrapping_add(1);
        self.engine = Engine::new(self.engine_config.clone(), Snapshot::default(), self.seed);
        self.told = 0;
        self.wake = None;
    }

    /// Does what the engine wants until it wants nothing more.
    async fn follow(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Persist(id, operations) => self.persist(id, operations).await,
                Output::Send(request, batch) => {
                    let now = self.clock.now().as_millisecond();
                    let places = batch.items.into_iter().filter_map(|item| {
                        let place = self.index.get(item.payload)?;
                        Some((item.payload, place, item.attempt))
                    });
                    let places = places.collect();
                    let round = self.round.clone();
                    let task = tokio::spawn(round.run(places, now));
                    self.under_way = Some((request, task));
                }
                Output::Cancel(request) => {
                    if let Some((_, task)) =
                        self.under_way.take_if(|(current, _)| *current == request)
                    {
                        task.abort();
                        self.note_failure();
                    }
                }
                Output::WakeAt(at) => self.wake = Some(self.began + Duration::from_millis(at)),
                Output::Notify(Event::Metrics(metrics)) => self.on_metrics(metrics),
                Output::Notify(Event::InvariantHeld(what)) => {
                    tracing::error!(what, "the journal's queue held an invariant; this is a bug");
                }
                Output::Notify(_) => {}
            }
        }
    }

    /// The files are the engine's store.
    async fn persist(&mut self, id: PersistId, operations: Vec<StoreOperation<u64>>) {
        let now = self.clock.now().as_millisecond();
        let mut applied = Vec::new();
        let mut refused = Vec::new();
        for operation in operations {
            match operation {
                StoreOperation::DeleteItem(item) => applied.extend(position_of(item)),
                StoreOperation::PutItem(item) if matches!(item.fate, Fate::Failed { .. }) => {
                    let position = item.payload;
                    if let Some((code, batch)) = self.refused.get(&position) {
                        refused.push(Refused {
                            position,
                            at: now,
                            code: code.clone(),
                            batch: batch.clone(),
                        });
                    }
                }
                // It is in the files already, lanes' numbers mean nothing here, and a restart tries at once.
                StoreOperation::PutItem(_)
                | StoreOperation::PutLane(_)
                | StoreOperation::PutPace(_)
                | StoreOperation::Clear => {}
            }
        }
        self.held = self.held.saturating_sub(applied.len());
        let kept: Vec<u64> = refused.iter().map(|refused| refused.position).collect();
        if !applied.is_empty() || !refused.is_empty() {
            let (reply, answer) = oneshot::channel();
            let sent = self.commands.send(Command::Settle {
                applied,
                refused,
                reply,
            });
            let is_safe = sent.is_ok() && answer.await.unwrap_or(false);
            if !is_safe {
                return self.tell(Input::PersistFailed(id));
            }
        }
        self.tell(Input::Persisted(id));
        for position in kept {
            self.refused.remove(&position);
            self.tell(Input::Discard(item_of(position)));
        }
    }

    fn on_verdicts(&mut self, request: RequestId, verdicts: Verdicts) {
        let mut outcomes = Vec::new();
        let mut failure = None;
        for (position, verdict) in verdicts {
            let id = item_of(position);
            match verdict {
                Verdict::Stored => outcomes.push(ItemOutcome {
                    id,
                    outcome: Outcome::Stored { position: None },
                }),
                Verdict::Refused { code, batch } => {
                    tracing::error!(
                        position,
                        code,
                        "the store can never take an entry of the journal; it is kept aside, see `manent journal inspect`"
                    );
                    self.refused.insert(position, (code.clone(), *batch));
                    outcomes.push(ItemOutcome {
                        id,
                        outcome: Outcome::Rejected { code, detail: None },
                    });
                }
                Verdict::NotYet(reason) => failure = Some(failure.unwrap_or(reason)),
            }
        }
        let answer = if outcomes.is_empty() {
            let failure = failure.unwrap_or(round::NotYet::Failed);
            self.note_failure();
            Answer::Failed(match failure {
                round::NotYet::Failed => Failure::Infrastructure,
                round::NotYet::Busy => Failure::BackPressure {
                    retry_after_ms: None,
                },
                round::NotYet::ParentMissing => Failure::BackPressure {
                    retry_after_ms: Some(1_000),
                },
            })
        } else {
            Answer::Outcomes(outcomes)
        };
        self.tell(Input::Answered { request, answer });
    }

    fn note_failure(&self) {
        if !self.figures.is_failing.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                pending = self.index.count(),
                "the store does not take what the journal holds; it is tried again until it does"
            );
        }
    }

    fn on_metrics(&self, metrics: Metrics) {
        self.figures.publish(Metrics {
            successful_syncs: metrics.successful_syncs + self.before.successful,
            failed_syncs: metrics.failed_syncs + self.before.failed,
            retry_attempts: metrics.retry_attempts + self.before.retries,
            ..metrics
        });
        if metrics.queued_messages == 0 && self.figures.is_failing.swap(false, Ordering::Relaxed) {
            tracing::info!("the journal is drained");
        }
    }
}

fn item_of(position: u64) -> ItemId {
    ItemId(Uuid::from_u128(u128::from(position)))
}

fn position_of(item: ItemId) -> Option<u64> {
    u64::try_from(item.0.as_u128()).ok()
}
