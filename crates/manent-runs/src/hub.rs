//! What all the work on runs shares: the runs of this process, the ports, and how the store does.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use manent_domain::error::DomainError;
use manent_domain::journal::JournalLane;
use manent_domain::ports::StoreError;
use manent_domain::run::RunEnd;
use manent_types::UserId;
use metrics::{counter, gauge};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::RunsConfig;
use crate::gate::RegistrationGate;
use crate::health::StoreHealth;
use crate::live::{Blueprint, Cut, LiveRun};
use crate::ports::RunPorts;
use crate::watchers::{RunKey, Watchers};

/// How far an owner is who leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Departure {
    /// Is being deleted, unless that is refused.
    Leaving,
    /// Was deleted.
    Gone,
}

/// The most owners who left that are remembered; none of their runs lasts as long as so many take.
const DEPARTED: usize = 10_000;

/// What all the work on runs shares.
pub(crate) struct Hub {
    pub(crate) ports: RunPorts,
    pub(crate) config: RunsConfig,
    pub(crate) health: StoreHealth,
    pub(crate) gate: RegistrationGate,
    pub(crate) watchers: Arc<Watchers>,
    registry: Mutex<Registry>,
    /// Owners who leave or have left: a run of theirs that the store does not have is not registered anew.
    departed: Mutex<HashMap<UserId, Departure>>,
    /// A run began, ended, or needs to be stored without delay.
    pub(crate) flush_soon: Notify,
    /// A run ended.
    pub(crate) one_ended: Notify,
    /// The background work ends.
    pub(crate) stopping: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

#[derive(Default)]
struct Registry {
    runs: HashMap<RunKey, Arc<LiveRun>>,
    /// Those that the flusher does not know yet.
    fresh: Vec<Arc<LiveRun>>,
    running: usize,
    is_closing: bool,
}

/// What an id stands for in this process.
pub(crate) enum Entered {
    /// It was there.
    Known(Arc<LiveRun>),
    /// It is new, and nothing was done for it yet.
    New(Arc<LiveRun>),
}

impl Hub {
    pub(crate) fn new(ports: RunPorts, config: RunsConfig) -> Self {
        Self {
            ports,
            health: StoreHealth::new(Instant::now()),
            gate: RegistrationGate::new(config.registration_wait),
            config,
            watchers: Arc::default(),
            registry: Mutex::default(),
            departed: Mutex::default(),
            flush_soon: Notify::new(),
            one_ended: Notify::new(),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Remembers that an owner leaves, or has left; absent: stays after all.
    pub(crate) fn set_departure(&self, owner: UserId, departure: Option<Departure>) {
        let mut departed = self.departed.lock().unwrap_or_else(PoisonError::into_inner);
        match departure {
            None => drop(departed.remove(&owner)),
            Some(departure) => {
                if departed.len() >= DEPARTED {
                    departed.clear();
                }
                departed.insert(owner, departure);
            }
        }
    }

    /// Whether an owner leaves or has left.
    pub(crate) fn departure(&self, owner: UserId) -> Option<Departure> {
        let departed = self.departed.lock().unwrap_or_else(PoisonError::into_inner);
        departed.get(&owner).copied()
    }

    /// The run with this id in this process.
    pub(crate) fn find(&self, key: RunKey) -> Option<Arc<LiveRun>> {
        self.registry().runs.get(&key).cloned()
    }

    /// Enters a run, or finds the one that has its id.
    pub(crate) fn enter(&self, blueprint: Blueprint) -> Result<Entered, DomainError> {
        let key = (blueprint.owner, blueprint.id);
        let mut registry = self.registry();
        let has_room = !registry.is_closing && registry.running < self.config.max_running;
        let run = match registry.runs.entry(key) {
            Entry::Occupied(known) => return Ok(Entered::Known(Arc::clone(known.get()))),
            Entry::Vacant(_) if !has_room => return Err(DomainError::Overloaded),
            Entry::Vacant(place) => {
                let run = Arc::new(LiveRun::new(blueprint, Instant::now()));
                place.insert(Arc::clone(&run));
                run
            }
        };
        registry.running += 1;
        registry.fresh.push(Arc::clone(&run));
        #[expect(clippy::cast_precision_loss, reason = "a figure")]
        gauge!("manent_runs_running").set(registry.running as f64);
        drop(registry);
        self.flush_soon.notify_one();
        Ok(Entered::New(run))
    }

    /// The runs that were entered since the last call.
    pub(crate) fn take_fresh(&self) -> Vec<Arc<LiveRun>> {
        std::mem::take(&mut self.registry().fresh)
    }

    /// Lets go of a run: from now on its id is looked up in the store.
    pub(crate) fn forget(&self, run: &Arc<LiveRun>) {
        let mut registry = self.registry();
        if let Entry::Occupied(known) = registry.runs.entry(run.key())
            && Arc::ptr_eq(known.get(), run)
        {
            known.remove();
        }
    }

    /// Ends a run, once.
    pub(crate) fn end(&self, run: &LiveRun, end: RunEnd) {
        let status = end.status;
        if !run.end(end, self.ports.clock.now(), Instant::now()) {
            return;
        }
        if run.why_cut() != Some(Cut::Redirected) {
            counter!("manent_runs_total", "status" => status.as_str()).increment(1);
        }
        let mut registry = self.registry();
        registry.running = registry.running.saturating_sub(1);
        #[expect(clippy::cast_precision_loss, reason = "a figure")]
        gauge!("manent_runs_running").set(registry.running as f64);
        drop(registry);
        self.one_ended.notify_waiters();
        self.flush_soon.notify_one();
    }

    pub(crate) fn running(&self) -> usize {
        self.registry().running
    }

    /// The runs of this process, ended ones too.
    pub(crate) fn all(&self) -> Vec<Arc<LiveRun>> {
        self.registry().runs.values().cloned().collect()
    }

    /// Takes no new runs from now on.
    pub(crate) fn close(&self) {
        self.registry().is_closing = true;
        self.flush_soon.notify_one();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.registry().is_closing
    }

    /// Whether writes of the lane wait in the journal.
    pub(crate) fn is_lane_pending(&self, lane: JournalLane) -> bool {
        let journal = self.ports.journal.as_ref();
        journal.is_some_and(|journal| journal.has_pending(lane))
    }

    /// A write, bounded in time; how it went tells how the store does.
    pub(crate) async fn write<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let result = self.bounded(work).await;
        match &result {
            Ok(_) => self.health.write_succeeded(Instant::now()),
            Err(error) => self.health.write_failed(Instant::now(), error),
        }
        result
    }

    /// A read, bounded in time.
    pub(crate) async fn read<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let result = self.bounded(work).await;
        self.health.read_answered(Instant::now(), result.is_ok());
        result
    }

    async fn bounded<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let wait = self.config.store_wait;
        timeout(wait, work).await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable {
                detail: format!("no answer within {} ms", wait.as_millis()),
            })
        })
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends its run as failed when the task that drives it is gone without having ended it.
pub(crate) struct EndGuard {
    pub(crate) hub: Arc<Hub>,
    pub(crate) run: Arc<LiveRun>,
}

impl Drop for EndGuard {
    fn drop(&mut self) {
        if !self.run.has_ended() {
            tracing::error!(run = %self.run.id, "the task of a run is gone before its end");
            self.hub.end(&self.run, crate::driver::broken());
        }
    }
}
