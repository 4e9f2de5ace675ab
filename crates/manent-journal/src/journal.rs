//! The journal itself: what the server holds.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use manent_domain::journal::{JournalEntry, JournalLane};
use manent_domain::ports::{Journal, JournalError, JournalStatus};
use manent_engine::BreakerState;
use manent_types::DeviceId;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use crate::config::JournalConfig;
use crate::drain::{Drain, DrainFigures, DrainHandle};
use crate::error::JournalOpenError;
use crate::files::Files;
use crate::frame::MAX_PAYLOAD_BYTES;
use crate::index::Index;
use crate::stored::Batch;
use crate::target::JournalTarget;
use crate::writer::{Append, Command, Figures, Writer};
use crate::{directory, recovery};

/// The most bytes of batches that wait for the disk; more are refused.
const MAX_QUEUED_BYTES: u64 = 64 * 1024 * 1024;

/// The journal's figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JournalMetrics {
    /// How it stands.
    pub status: JournalStatus,
    /// How long the oldest entry has been waiting; absent while none does.
    pub oldest_age: Option<Duration>,
    /// Entries journalled since the start.
    pub appended: u64,
    /// Entries drained into the store since the start.
    pub drained: u64,
    /// Syncs for appends since the start.
    pub syncs: u64,
    /// Tries to drain after which at least one entry was settled, since the start.
    pub successful_rounds: u64,
    /// Tries to drain that settled nothing, since the start.
    pub failed_rounds: u64,
    /// Entries that were tried again, since the start.
    pub retries: u64,
    /// Whether draining pauses because the store does not work.
    pub is_breaker_open: bool,
}

/// A journal in files of one directory. Clones are one journal.
#[derive(Debug, Clone)]
pub struct FileJournal {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: JournalConfig,
    commands: Sender<Command>,
    index: Arc<Index>,
    figures: Arc<Figures>,
    drain_figures: Arc<DrainFigures>,
    added: Arc<Notify>,
    probe: Arc<Notify>,
    closed: Arc<Notify>,
    device: DeviceId,
    drain: Mutex<Option<DrainHandle>>,
}

impl FileJournal {
    /// Opens the journal in a directory, or begins one.
    ///
    /// # Errors
    /// [`JournalOpenError`]; nothing was deleted or changed then.
    pub async fn open(config: JournalConfig) -> Result<Self, JournalOpenError> {
        let path = config.directory.clone();
        let opened = tokio::task::spawn_blocking(move || Self::open_blocking(config)).await;
        opened.unwrap_or_else(|error| {
            Err(JournalOpenError::Directory {
                path,
                reason: error.to_string(),
            })
        })
    }

    fn open_blocking(config: JournalConfig) -> Result<Self, JournalOpenError> {
        let unusable = |reason: String| JournalOpenError::Directory {
            path: config.directory.clone(),
            reason,
        };
        let device: DeviceId = "journal"
            .parse()
            .map_err(|error: manent_types::InvalidDeviceId| unusable(error.to_string()))?;
        let lock = directory::claim(&config.directory)?;
        let mut recovered = recovery::read(&config.directory)?;
        let waiting = recovered
            .as_mut()
            .map(|recovered| std::mem::take(&mut recovered.waiting))
            .unwrap_or_default();
        let files = Files::open(&config.directory, recovered)?;
        let index = Arc::new(Index::new(waiting));
        let figures = Arc::new(Figures::default());
        figures.bytes.store(files.bytes(), Ordering::Relaxed);
        figures
            .refused
            .store(files.refused_count(), Ordering::Relaxed);
        let added = Arc::new(Notify::new());
        let closed = Arc::new(Notify::new());
        let (commands, receiver) = mpsc::channel();
        let writer = Writer {
            files,
            index: Arc::clone(&index),
            figures: Arc::clone(&figures),
            max_bytes: config.max_bytes,
            segment_bytes: config.segment_bytes,
            added: Arc::clone(&added),
            lock,
        };
        let when_closed = Arc::clone(&closed);
        thread::Builder::new()
            .name("manent-journal".to_owned())
            .spawn(move || {
                writer.run(&receiver);
                when_closed.notify_one();
            })
            .map_err(|error| unusable(format!("a thread could not be started: {error}")))?;
        Ok(Self {
            shared: Arc::new(Shared {
                config,
                commands,
                index,
                figures,
                drain_figures: Arc::new(DrainFigures::default()),
                added,
                probe: Arc::new(Notify::new()),
                closed,
                device,
                drain: Mutex::new(None),
            }),
        })
    }

    /// Begins to drain into the store, on the current runtime. A second call does nothing.
    pub fn start_draining(&self, target: Arc<dyn JournalTarget>) {
        let shared = &self.shared;
        let mut running = shared.drain.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_some() {
            return;
        }
        let drain = Drain::new(
            &shared.config,
            shared.device.clone(),
            Arc::clone(&shared.index),
            shared.commands.clone(),
            Arc::clone(&shared.drain_figures),
            target,
        );
        let signals = (Arc::clone(&shared.added), Arc::clone(&shared.probe));
        *running = Some(drain.start(signals));
    }

    /// The store seems to work again: try at once. The schedule stays.
    pub fn probe_now(&self) {
        self.shared.probe.notify_one();
    }

    /// Stops draining, writes down what is known and lets the directory go. Appends fail afterwards. What waits stays in the files.
    pub async fn close(&self) {
        let running = {
            let mut drain = self
                .shared
                .drain
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            drain.take()
        };
        if let Some(running) = running {
            running.stop().await;
        }
        if self.shared.commands.send(Command::Close).is_ok() {
            self.shared.closed.notified().await;
            // For a second close.
            self.shared.closed.notify_one();
        }
    }

    /// The figures.
    pub fn metrics(&self) -> JournalMetrics {
        let figures = &self.shared.figures;
        let drain = &self.shared.drain_figures;
        let now = self.shared.config.clock.now().as_millisecond();
        let age = |at: i64| Duration::from_millis(u64::try_from(now - at).unwrap_or(0));
        let engine = drain.engine();
        JournalMetrics {
            status: self.status(),
            oldest_age: self.shared.index.oldest_at().map(age),
            appended: figures.appended.load(Ordering::Relaxed),
            drained: figures.applied.load(Ordering::Relaxed),
            syncs: figures.syncs.load(Ordering::Relaxed),
            successful_rounds: engine.map_or(0, |engine| engine.successful_syncs),
            failed_rounds: engine.map_or(0, |engine| engine.failed_syncs),
            retries: engine.map_or(0, |engine| engine.retry_attempts),
            is_breaker_open: engine.is_some_and(|engine| engine.breaker != BreakerState::Closed),
        }
    }
}

#[async_trait]
impl Journal for FileJournal {
    async fn append(&self, entries: Vec<JournalEntry>) -> Result<u64, JournalError> {
        let shared = &self.shared;
        let lanes: Vec<Uuid> = entries.iter().map(|entry| entry.lane.as_uuid()).collect();
        let unavailable = |detail: &str| JournalError::Unavailable {
            detail: detail.to_owned(),
        };
        if lanes.is_empty() {
            return Err(unavailable("there is nothing to write"));
        }
        let at = shared.config.clock.now().as_millisecond();
        let payload = Batch { at, entries }
            .encode()
            .map_err(|error| unavailable(&error.to_string()))?;
        if payload.len() > MAX_PAYLOAD_BYTES {
            return Err(JournalError::Full {
                detail: format!("one batch may have at most {MAX_PAYLOAD_BYTES} bytes"),
            });
        }
        let bytes = payload.len() as u64;
        let queued = shared
            .figures
            .queued_bytes
            .fetch_add(bytes, Ordering::Relaxed);
        if queued + bytes > MAX_QUEUED_BYTES {
            shared
                .figures
                .queued_bytes
                .fetch_sub(bytes, Ordering::Relaxed);
            return Err(unavailable("its disk does not keep up"));
        }
        shared.index.reserve(lanes.iter().copied());
        let (reply, answer) = oneshot::channel();
        let append = Append {
            payload,
            at,
            lanes,
            reply,
        };
        if let Err(mpsc::SendError(Command::Append(append))) =
            shared.commands.send(Command::Append(append))
        {
            shared.index.give_back(append.lanes);
            shared
                .figures
                .queued_bytes
                .fetch_sub(bytes, Ordering::Relaxed);
            return Err(unavailable("it is closed"));
        }
        match answer.await {
            Ok(answer) => answer,
            Err(_) => Err(unavailable("it was closed meanwhile")),
        }
    }

    fn has_pending(&self, lane: JournalLane) -> bool {
        self.shared.index.has_lane(lane.as_uuid())
    }

    fn status(&self) -> JournalStatus {
        let shared = &self.shared;
        let figures = &shared.figures;
        let bytes = figures.bytes.load(Ordering::Relaxed);
        let max_bytes = shared.config.max_bytes;
        let is_failing = figures.is_failing.load(Ordering::Relaxed);
        let is_closed = figures.is_closed.load(Ordering::Acquire);
        let full_at = figures.full_at.load(Ordering::Relaxed);
        let is_full = bytes >= max_bytes - max_bytes / 16 || (full_at > 0 && bytes >= full_at);
        JournalStatus {
            pending: shared.index.count(),
            bytes,
            max_bytes,
            refused: figures.refused.load(Ordering::Relaxed),
            is_writable: !is_failing && !is_closed && !is_full,
        }
    }
}
