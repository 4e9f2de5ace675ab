//! Starting, reading and stopping runs.

use std::time::Duration;

use manent_domain::completion::CompletionRequest;
use manent_domain::error::DomainError;
use manent_domain::run::{RecordTarget, Run};
use manent_types::{RunId, UserId};

use crate::config::RunsConfig;
use crate::ports::RunPorts;
use crate::reader::RunReader;

/// What starts a run.
#[derive(Debug, Clone, PartialEq)]
pub struct StartRun {
    /// Minted by the client or the surface.
    pub id: RunId,
    /// Where the answer goes, if the server keeps it.
    pub record: Option<RecordTarget>,
    /// What to answer.
    pub request: CompletionRequest,
}

/// A run that was started, or that ran (or had run) already under this id; the reader begins at its beginning.
pub struct Started {
    /// Whether this call started it.
    pub is_new: bool,
    /// Its events.
    pub reader: RunReader,
}

/// A place at a run's log.
pub enum Attachment {
    /// More comes.
    Reader(RunReader),
    /// The cursor is at the end of a run that ended: nothing comes any more.
    AtEnd,
}

/// Starts, reads and stops runs. Clones share one.
#[derive(Clone)]
pub struct RunService {}

impl RunService {
    /// A service over these ports. Spawns its background work (storing, finding dead runs, clearing logs) on the current runtime; end it with
    /// [`Self::shut_down`].
    pub fn new(ports: RunPorts, config: RunsConfig) -> Self {
        let _ = (ports, config);
        Self {}
    }

    /// Starts a run, or attaches to the one with this id. Returns when the provider has accepted the request.
    ///
    /// # Errors
    /// As [`manent_domain::services::CompletionService::start`] (the run is registered as failed then, unless the request itself was
    /// invalid); a conversation to record into that is not the owner's; [`DomainError::Overloaded`].
    pub async fn start(&self, owner: UserId, run: StartRun) -> Result<Started, DomainError> {
        let _ = (owner, run);
        Err(DomainError::Overloaded)
    }

    /// The run's events after a position, wherever it runs or ran. 0 begins at the beginning.
    ///
    /// # Errors
    /// [`DomainError::RunNotFound`], [`DomainError::CursorAhead`], [`DomainError::RunLogCleared`], or the store failed.
    pub async fn attach(
        &self,
        owner: UserId,
        id: RunId,
        after: u64,
    ) -> Result<Attachment, DomainError> {
        let _ = (owner, id, after);
        Err(DomainError::RunNotFound)
    }

    /// Asks a run to stop, wherever it runs; one that ended stays as it is. A run of this process has stopped when this returns.
    ///
    /// # Errors
    /// [`DomainError::RunNotFound`], or the store failed (a run of this process stops all the same).
    pub async fn stop(&self, owner: UserId, id: RunId) -> Result<Run, DomainError> {
        let _ = (owner, id);
        Err(DomainError::RunNotFound)
    }

    /// How a run stands.
    ///
    /// # Errors
    /// [`DomainError::RunNotFound`], or the store failed.
    pub async fn find(&self, owner: UserId, id: RunId) -> Result<Run, DomainError> {
        let _ = (owner, id);
        Err(DomainError::RunNotFound)
    }

    /// A store told that something went on: wakes readers and looks for stop requests.
    pub fn signal(&self, signal: manent_domain::ports::Signal) {
        let _ = signal;
    }

    /// How many runs this process carries.
    pub fn running(&self) -> usize {
        0
    }

    /// Takes no new runs, lets the running ones finish for so long, ends the rest as interrupted, stores everything (or journals it) and
    /// ends the background work.
    pub async fn shut_down(&self, grace: Duration) {
        let _ = grace;
    }
}
