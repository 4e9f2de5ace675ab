//! One task per process that stores what happens in all runs.
//!
//! Invariants:
//! - at most one batch is on its way to the store, and at most one to the journal, so a slow one delays no run's readers and no provider;
//! - what the store has not answered for a while, or refuses, is in the journal by then, if there is one;
//! - a run is let go of only when it is stored, journalled or known never to be, or when too many are in the way.

mod look;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use manent_domain::journal::JournalEntry;
use manent_domain::ports::{Journal, JournalError, StoreError};
use manent_domain::run::{RunProgress, RunStanding};
use metrics::{counter, histogram};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::hub::Hub;
use crate::live::{Context, Cut, LiveRun, Trial};
use look::Look;

/// How many runs one batch stores at most.
const BATCH_RUNS: usize = 256;

/// How many bytes of events one batch stores at most, about.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// How long a stored run stays in memory for late readers.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// How many stored runs stay at most, and how much they may take.
const KEPT_RUNS: usize = 1_000;
const KEPT_BYTES: usize = 64 * 1024 * 1024;

/// How long a run that lies in the journal as a whole is watched, to tell late readers the truth.
const JOURNALLED_FOR: Duration = Duration::from_mins(1);

/// How much the ended runs that nobody has taken may take in memory.
const UNSAVED_BYTES: usize = 256 * 1024 * 1024;

/// How long a journal that took nothing is left alone.
const JOURNAL_PAUSE: Duration = Duration::from_millis(500);

type InFlight<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

struct Recorded {
    runs: Vec<Arc<LiveRun>>,
    result: Result<Vec<Option<RunStanding>>, StoreError>,
    /// How far the store may have been behind what readers saw.
    lag_since: Instant,
}

struct Journalled {
    /// For those that the journal took: the position of the last entry.
    took: Vec<(Vec<Arc<LiveRun>>, u64)>,
    /// Those that it did not take.
    left: Vec<Arc<LiveRun>>,
    entries: usize,
    /// Why not.
    failure: Option<JournalError>,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Everything,
    Urgent,
}

/// The task's state.
pub(crate) struct Flusher {
    hub: Arc<Hub>,
    /// Runs that are not settled.
    open: Vec<Arc<LiveRun>>,
    /// Settled ones, for late readers.
    kept: VecDeque<(Instant, Arc<LiveRun>)>,
    kept_bytes: usize,
    recording: InFlight<Recorded>,
    record_began: Instant,
    /// When the batch that is under way counts as late.
    late_at: Option<Instant>,
    journalling: InFlight<Journalled>,
    journal_again_at: Instant,
    is_journal_failing: bool,
    last_full_look: Instant,
}

impl Flusher {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        let now = Instant::now();
        Self {
            hub,
            open: Vec::new(),
            kept: VecDeque::new(),
            kept_bytes: 0,
            recording: None,
            record_began: now,
            late_at: None,
            journalling: None,
            journal_again_at: now,
            is_journal_failing: false,
            last_full_look: now,
        }
    }

    /// Stores until the background work ends.
    pub(crate) async fn run(mut self) {
        let hub = Arc::clone(&self.hub);
        let mut tick = interval(hub.config.flush_interval);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let idle_until = self.kept.front().map(|(until, _)| *until);
            let late_at = self.late_at;
            let scope = tokio::select! {
                () = hub.stopping.cancelled() => break,
                done = in_flight(&mut self.recording) => self.recorded(done),
                done = in_flight(&mut self.journalling) => self.journalled(done),
                () = hub.flush_soon.notified() => Scope::Urgent,
                _ = tick.tick(), if !self.open.is_empty() => Scope::Everything,
                () = sleep_until(late_at.unwrap_or_else(Instant::now)), if late_at.is_some() => {
                    self.late_at = None;
                    Scope::Everything
                }
                () = sleep_until(idle_until.unwrap_or_else(Instant::now)), if idle_until.is_some() => Scope::Urgent,
            };
            self.look(scope);
        }
        // What could not be stored by now is told as it is.
        for run in self.open {
            run.with_state(true, |state| state.storing.give_up());
        }
    }

    fn look(&mut self, scope: Scope) {
        let now = Instant::now();
        self.open.extend(self.hub.take_fresh());
        self.let_go(now);
        let is_closing = self.hub.is_closing();
        // One fsync of the journal for all that happened since the last look, unless the process ends.
        let may_journal = self.journalling.is_none() && (scope == Scope::Everything || is_closing);
        let trial = Trial::new(&self.hub.health);
        let mut look = Look {
            hub: &self.hub,
            context: Context {
                now,
                is_lane_pending: false,
                has_journal: self.hub.ports.journal.is_some() && now >= self.journal_again_at,
                is_store_failing: self.hub.health.is_failing(),
                trial: &trial,
                is_urgent_only: scope == Scope::Urgent,
                is_closing,
                config: &self.hub.config,
            },
            may_record: self.recording.is_none(),
            may_journal,
            bytes: 0,
            progress: Vec::new(),
            progress_runs: Vec::new(),
            entries: Vec::new(),
        };
        for run in &self.open {
            look.at(run);
        }
        let Look {
            progress,
            progress_runs,
            entries,
            ..
        } = look;
        if !progress.is_empty() {
            self.record(progress, progress_runs);
        }
        if !entries.is_empty() {
            self.journal(entries);
        }
        if scope == Scope::Everything {
            self.last_full_look = now;
        }
    }

    fn record(&mut self, progress: Vec<RunProgress>, runs: Vec<Arc<LiveRun>>) {
        let hub = Arc::clone(&self.hub);
        let lag_since = self.last_full_look;
        self.record_began = Instant::now();
        self.late_at = Some(self.record_began + hub.config.patience());
        self.recording = Some(Box::pin(async move {
            let now = hub.ports.clock.now();
            let record = hub.ports.runs.record(hub.ports.node, progress, now);
            Recorded {
                runs,
                result: hub.write(record).await,
                lag_since,
            }
        }));
    }

    fn recorded(&mut self, done: Recorded) -> Scope {
        self.recording = None;
        self.late_at = None;
        let now = Instant::now();
        histogram!("manent_runs_flush_seconds")
            .record(now.duration_since(self.record_began).as_secs_f64());
        histogram!("manent_runs_flush_lag_seconds")
            .record(now.duration_since(done.lag_since).as_secs_f64());
        let standings = match done.result {
            Ok(standings) => standings,
            Err(error) => {
                // One of several may be what the store's adapter cannot take: it must not hold up the others.
                let is_suspect = matches!(error, StoreError::Internal { .. });
                for run in done.runs {
                    run.with_state(false, |state| state.storing.store_failed(now, is_suspect));
                }
                // The journal takes it at once.
                return Scope::Everything;
            }
        };
        let context = Context {
            now,
            is_lane_pending: false,
            has_journal: false,
            is_store_failing: false,
            trial: &Trial::new(&self.hub.health),
            is_urgent_only: false,
            is_closing: false,
            config: &self.hub.config,
        };
        let mut stored = 0;
        for (run, standing) in done.runs.iter().zip(standings) {
            let Some(standing) = standing else {
                if self.hub.departure(run.owner).is_some() {
                    run.with_state(true, |state| state.storing.give_up());
                    run.cut(Cut::Stopped);
                    continue;
                }
                tracing::warn!(run = %run.id, "the store does not have a registered run; it is registered anew");
                run.with_state(false, |state| state.storing.store_forgot(now));
                continue;
            };
            let has_ended = run.has_ended();
            let applied = run.with_state(has_ended, |state| {
                state.take_standing(run, &standing, &context)
            });
            stored += applied.stored_events;
            if applied.is_lost {
                tracing::error!(run = %run.id, "the store does not have a run as it was stored; the run is not logged any more");
                run.tell_not_logged();
            }
            if applied.is_stop_requested {
                run.cut(Cut::Stopped);
            }
        }
        counter!("manent_run_events_stored_total").increment(stored);
        Scope::Urgent
    }

    fn journal(&mut self, entries: Vec<(Arc<LiveRun>, Vec<JournalEntry>)>) {
        let Some(journal) = self.hub.ports.journal.clone() else {
            return;
        };
        self.journalling = Some(Box::pin(async move { write(&*journal, entries).await }));
    }

    fn journalled(&mut self, done: Journalled) -> Scope {
        self.journalling = None;
        let now = Instant::now();
        counter!("manent_run_journalled_total").increment(done.entries as u64);
        for (runs, position) in done.took {
            for run in runs {
                run.with_state(true, |state| state.storing.journal_took(position, now));
            }
        }
        if let Some(error) = &done.failure {
            if !self.is_journal_failing {
                tracing::error!(%error, "the journal does not take the writes of runs; they wait in memory");
            }
            self.journal_again_at = now + JOURNAL_PAUSE;
        }
        self.is_journal_failing = done.failure.is_some();
        for run in done.left {
            run.with_state(true, |state| state.storing.journal_failed());
        }
        Scope::Urgent
    }

    /// Takes settled runs out of the work, and old ones out of memory.
    fn let_go(&mut self, now: Instant) {
        let mut unsaved_bytes = 0;
        let mut settled = Vec::new();
        self.open.retain(|run| {
            let (is_settled, journalled_since, bytes, has_ended) = run.with_state(false, |state| {
                (
                    state.is_settled(run),
                    state.journalled_since(),
                    state.log.bytes(),
                    state.ended.is_some(),
                )
            });
            let is_journalled_long =
                journalled_since.is_some_and(|since| now.duration_since(since) >= JOURNALLED_FOR);
            if is_settled || is_journalled_long {
                settled.push((Arc::clone(run), bytes));
                return false;
            }
            if has_ended {
                unsaved_bytes += bytes;
            }
            true
        });
        if unsaved_bytes > UNSAVED_BYTES {
            self.give_up_oldest(unsaved_bytes);
        }
        for (run, bytes) in settled {
            self.kept_bytes += bytes;
            self.kept.push_back((now + KEPT_FOR, run));
        }
        while let Some((until, _)) = self.kept.front() {
            let is_crowded = self.kept.len() > KEPT_RUNS || self.kept_bytes > KEPT_BYTES;
            if *until > now && !is_crowded {
                break;
            }
            if let Some((_, run)) = self.kept.pop_front() {
                let bytes = run.with_state(false, |state| state.log.bytes());
                self.kept_bytes = self.kept_bytes.saturating_sub(bytes);
                self.hub.forget(&run);
            }
        }
    }

    /// Neither the store nor the journal takes anything, and memory is full.
    fn give_up_oldest(&mut self, mut unsaved_bytes: usize) {
        for run in &self.open {
            if unsaved_bytes <= UNSAVED_BYTES {
                return;
            }
            run.with_state(true, |state| {
                if state.ended.is_some() {
                    unsaved_bytes -= state.log.bytes();
                    tracing::error!(run = %run.id, "an answer is lost: neither the store nor the journal took it, and memory is full");
                    state.storing.give_up();
                }
            });
        }
    }
}

/// Completes with what is in flight; never, when nothing is.
async fn in_flight<T>(work: &mut InFlight<T>) -> T {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// Gives everything to the journal at once; when there is no room for all of it, as much of it as fits, half by half.
async fn write(
    journal: &dyn Journal,
    entries: Vec<(Arc<LiveRun>, Vec<JournalEntry>)>,
) -> Journalled {
    let mut done = Journalled {
        took: Vec::new(),
        left: Vec::new(),
        entries: 0,
        failure: None,
    };
    let mut pieces = vec![entries];
    while let Some(mut piece) = pieces.pop() {
        let all: Vec<JournalEntry> = piece
            .iter()
            .flat_map(|(_, entries)| entries.clone())
            .collect();
        let count = all.len();
        match journal.append(all).await {
            Ok(position) => {
                done.entries += count;
                let runs = piece.into_iter().map(|(run, _)| run).collect();
                done.took.push((runs, position));
            }
            Err(JournalError::Full { .. }) if piece.len() > 1 => {
                let second = piece.split_off(piece.len() / 2);
                pieces.extend([second, piece]);
            }
            Err(error) => {
                done.failure = Some(error);
                done.left.extend(piece.into_iter().map(|(run, _)| run));
            }
        }
    }
    done
}
