//! What a reader of a run gets.

use std::pin::Pin;

use futures_core::Stream;
use manent_domain::error::DomainError;
use manent_domain::run::LoggedEvent;

/// What is kept of a run, told with its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Persisted {
    /// The log is in the store.
    pub logged: bool,
    /// For a run that records its answer, and for a turn: everything of it is in the store. Absent: nothing was to be kept.
    pub persisted: Option<bool>,
    /// The position in the journal of what is only there yet.
    pub journal_position: Option<u64>,
}

/// Something about a run that is in no log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Stable: `not_logged`, `not_recorded`.
    pub code: &'static str,
    /// For people.
    pub detail: String,
}

/// What a reader gets.
#[derive(Debug, Clone, PartialEq)]
pub enum RunItem {
    /// The next event, with its place in the log.
    Event(LoggedEvent),
    /// Something about the run, such as that it is not logged.
    Notice(Notice),
    /// The last event, with what is kept of the run. Nothing follows.
    End(LoggedEvent, Persisted),
}

/// The events of a run after a position: what happened, then what happens, no gap and no overlap. Dropping it leaves the run alone. An
/// error ends it: the store could not be read; attach again from the last position.
pub type RunReader = Pin<Box<dyn Stream<Item = Result<RunItem, DomainError>> + Send + 'static>>;
