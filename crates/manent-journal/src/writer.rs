//! The thread that owns the files. It takes the appends that wait, writes them together, syncs once and answers all.
//!
//! Invariants:
//! - an append is answered only after it is durable, and one that failed left nothing behind;
//! - what says that entries are settled is never in the way: it may be lost, and the entries are applied again, which is harmless.

mod group;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use manent_domain::ports::JournalError;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::directory::DirectoryLock;
use crate::files::Files;
use crate::frame::{self, FrameKind};
use crate::index::Index;
use crate::stored::{Refused, Settled};

/// While writing fails, so often is tried whether it works again.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// A drained segment of less than this is not worth a new file.
const FRESH_SEGMENT_BYTES: u64 = 64 * 1024;

/// What the thread is asked for.
#[derive(Debug)]
pub(crate) enum Command {
    /// Write a batch of entries.
    Append(Append),
    /// Entries are settled: applied, or refused for good. Answers whether the refused ones are safe.
    Settle {
        applied: Vec<u64>,
        refused: Vec<Refused>,
        reply: oneshot::Sender<bool>,
    },
    /// Tidy up and end.
    Close,
}

/// A batch of entries to write.
#[derive(Debug)]
pub(crate) struct Append {
    pub(crate) payload: Vec<u8>,
    /// When, in milliseconds since 1970.
    pub(crate) at: i64,
    /// The lane of each entry, reserved in the index.
    pub(crate) lanes: Vec<Uuid>,
    pub(crate) reply: oneshot::Sender<Result<u64, JournalError>>,
}

/// What others want to know about the thread's work.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// The size of all files.
    pub(crate) bytes: AtomicU64,
    /// Entries refused for good.
    pub(crate) refused: AtomicU64,
    /// Whether the last write, or the last try whether writing works, failed.
    pub(crate) is_failing: AtomicBool,
    /// The size at which a batch last found no room; 0: none did. Below it there is room again.
    pub(crate) full_at: AtomicU64,
    /// The thread came to its end.
    pub(crate) is_closed: AtomicBool,
    /// Bytes of batches that wait for the thread.
    pub(crate) queued_bytes: AtomicU64,
    /// Entries journalled since the start.
    pub(crate) appended: AtomicU64,
    /// Entries applied since the start.
    pub(crate) applied: AtomicU64,
    /// Syncs for appends since the start.
    pub(crate) syncs: AtomicU64,
}

/// The thread's belongings.
pub(crate) struct Writer {
    pub(crate) files: Files,
    pub(crate) index: Arc<Index>,
    pub(crate) figures: Arc<Figures>,
    pub(crate) max_bytes: u64,
    pub(crate) segment_bytes: u64,
    /// Told after entries were added.
    pub(crate) added: Arc<tokio::sync::Notify>,
    pub(crate) lock: DirectoryLock,
}

impl Writer {
    /// Works until it is told to close, or nobody can tell it anything any more.
    pub(crate) fn run(mut self, commands: &Receiver<Command>) {
        self.publish();
        loop {
            let wait = if self.figures.is_failing.load(Ordering::Relaxed) {
                commands.recv_timeout(PROBE_INTERVAL)
            } else {
                commands.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match wait {
                Ok(first) => {
                    if !self.take(first, commands) {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    let probed = self.files.probe();
                    self.note_outcome(&probed);
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.publish();
        }
        self.tidy(0);
        self.publish();
        self.figures.is_closed.store(true, Ordering::Release);
        drop(self.lock);
    }

    /// Does what waits; whether to go on.
    fn take(&mut self, first: Command, commands: &Receiver<Command>) -> bool {
        let mut appends = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        let mut goes_on = true;
        while let Some(command) = next {
            match command {
                Command::Append(append) => {
                    bytes += append.payload.len();
                    appends.push(append);
                }
                Command::Settle {
                    applied,
                    refused,
                    reply,
                } => {
                    let is_safe = self.settle(applied, &refused);
                    // Who does not listen any more needs no answer.
                    let _ = reply.send(is_safe);
                }
                Command::Close => {
                    goes_on = false;
                    break;
                }
            }
            if bytes >= group::MAX_BYTES {
                break;
            }
            next = commands.try_recv().ok();
        }
        if !appends.is_empty() {
            self.append(appends);
        }
        goes_on
    }

    /// Notes what is settled; whether the refused entries are safe.
    fn settle(&mut self, applied: Vec<u64>, refused: &[Refused]) -> bool {
        let kept = self.keep_refused(refused);
        let is_safe = kept.is_ok();
        self.note_outcome(&kept);
        self.publish();
        let mut settled: Vec<u64> = applied;
        // A refused entry leaves the queue a second time, later.
        settled.retain(|position| self.index.get(*position).is_some());
        self.figures
            .applied
            .fetch_add(settled.len() as u64, Ordering::Relaxed);
        if is_safe {
            settled.extend(refused.iter().map(|refused| refused.position));
        }
        settled.sort_unstable();
        settled.dedup();
        if settled.is_empty() {
            return is_safe;
        }
        if let Ok(payload) = Settled::of(settled.iter().copied()).encode()
            && self.files.bytes() + (payload.len() as u64) < self.max_bytes
        {
            let mut frames = Vec::new();
            let position = self.files.next_position();
            frame::write(&mut frames, FrameKind::Settled, 0, position, &payload);
            if let Err(error) = self.files.note(&frames) {
                tracing::debug!(%error, "what is settled could not be noted; it would be applied again after a restart");
            }
        }
        for position in settled {
            self.index.remove(position);
        }
        self.tidy(FRESH_SEGMENT_BYTES);
        is_safe
    }

    fn keep_refused(&mut self, refused: &[Refused]) -> io::Result<()> {
        let mut frames = Vec::new();
        let mut positions = Vec::new();
        for refused in refused {
            if self.files.is_refused(refused.position) {
                continue;
            }
            let payload = refused.encode().map_err(io::Error::other)?;
            frame::write(
                &mut frames,
                FrameKind::Refused,
                1,
                refused.position,
                &payload,
            );
            positions.push(refused.position);
        }
        if positions.is_empty() {
            return Ok(());
        }
        self.files.refuse(&frames, &positions)
    }

    /// Deletes what is drained; when nothing waits, the active segment too, once it is larger than `worth_bytes`.
    fn tidy(&mut self, worth_bytes: u64) {
        let index = Arc::clone(&self.index);
        let (first, bytes) = self.files.active();
        let is_drained = !index.has_any(first..u64::MAX);
        let done = if is_drained && self.files.has_records() && bytes > worth_bytes {
            self.files.rotate()
        } else {
            Ok(())
        };
        let done = done.and_then(|()| self.files.drop_drained(|range| index.has_any(range)));
        if let Err(error) = done {
            tracing::warn!(%error, "drained files of the journal could not be deleted; that is tried again later");
        }
    }

    fn note_outcome(&self, outcome: &io::Result<()>) {
        let was_failing = self
            .figures
            .is_failing
            .swap(outcome.is_err(), Ordering::Relaxed);
        match outcome {
            Err(error) if !was_failing => {
                tracing::error!(%error, "the journal cannot be written");
            }
            Ok(()) if was_failing => tracing::info!("the journal can be written again"),
            Ok(()) | Err(_) => {}
        }
    }

    fn publish(&self) {
        let figures = &self.figures;
        figures.bytes.store(self.files.bytes(), Ordering::Relaxed);
        figures
            .refused
            .store(self.files.refused_count(), Ordering::Relaxed);
    }
}
