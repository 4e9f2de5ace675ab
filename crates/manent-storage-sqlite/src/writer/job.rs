//! A job: work inside the transaction, an answer after it.

use manent_domain::ports::StoreError;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::group::Unit;
use crate::metrics::Gauge;

/// Something to write.
pub(crate) trait Job: Send {
    /// About how many bytes it writes.
    fn bytes(&self) -> usize;

    /// Does its work; false when it failed and has to be rolled back. Called again when the transaction was rolled back.
    fn run(&mut self, unit: &mut Unit<'_>) -> bool;

    /// Why it failed, if it did.
    fn failure(&self) -> Option<StoreError>;

    /// Answers the caller: with the job's own result, or with the failure of the whole group.
    fn answer(self: Box<Self>, failure: Option<&StoreError>);
}

pub(crate) struct WriteJob<T, W> {
    bytes: usize,
    work: W,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    held: (OwnedSemaphorePermit, Gauge),
}

impl<T, W> WriteJob<T, W> {
    pub(crate) fn new(
        bytes: usize,
        work: W,
        reply: oneshot::Sender<Result<T, StoreError>>,
        room: OwnedSemaphorePermit,
        gauge: Gauge,
    ) -> Self {
        Self {
            bytes,
            work,
            result: None,
            reply,
            held: (room, gauge),
        }
    }
}

impl<T, W> Job for WriteJob<T, W>
where
    T: Send,
    W: FnMut(&mut Unit<'_>) -> Result<T, StoreError> + Send,
{
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn run(&mut self, unit: &mut Unit<'_>) -> bool {
        // Absent while it works, and after a panic.
        self.result = None;
        let result = (self.work)(unit);
        let is_ok = result.is_ok();
        self.result = Some(result);
        is_ok
    }

    fn failure(&self) -> Option<StoreError> {
        self.result.as_ref()?.as_ref().err().cloned()
    }

    fn answer(self: Box<Self>, failure: Option<&StoreError>) {
        let result = match (self.result, failure) {
            // The job's own failure says more than the group's.
            (Some(Err(error)), _) => Err(error),
            (_, Some(failure)) => Err(failure.clone()),
            (Some(result), None) => result,
            (None, None) => Err(StoreError::Internal {
                detail: "the job ended without a result".to_owned(),
            }),
        };
        drop(self.held);
        // Nobody listens when the caller has gone; what is written stays written.
        let _ = self.reply.send(result);
    }
}
