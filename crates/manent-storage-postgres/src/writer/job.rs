//! A job: work on the rows of a group, an answer after the commit.

use manent_domain::ports::StoreError;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use crate::error::Error;
use crate::metrics::Gauge;
use crate::workspace::{Wanted, Workspace};

/// Something to write.
pub(super) trait Job: Send {
    /// About how many bytes it writes.
    fn bytes(&self) -> usize;

    /// Until when it may begin.
    fn deadline(&self) -> Instant;

    /// Names the owners whose rows it works on, and the rows that it will surely need.
    fn want(&self, wanted: &mut Wanted);

    /// Does its work. Called again when rows were missing, or when the group has to be done again.
    fn act(&mut self, workspace: &mut Workspace);

    /// Why its work failed, if it did.
    fn has_failed(&self) -> bool;

    /// Answers the caller: with the job's own result, or with the failure of the group.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

pub(super) struct WriteJob<T, W, A> {
    pub(super) bytes: usize,
    pub(super) deadline: Instant,
    pub(super) want: W,
    pub(super) act: A,
    pub(super) result: Option<Result<T, Error>>,
    pub(super) reply: oneshot::Sender<Result<T, StoreError>>,
    pub(super) held: (OwnedSemaphorePermit, Gauge),
}

impl<T, W, A> Job for WriteJob<T, W, A>
where
    T: Send,
    W: Fn(&mut Wanted) + Send,
    A: FnMut(&mut Workspace) -> Result<T, Error> + Send,
{
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn want(&self, wanted: &mut Wanted) {
        (self.want)(wanted);
    }

    fn act(&mut self, workspace: &mut Workspace) {
        // Absent while it works, and after a panic.
        self.result = None;
        self.result = Some((self.act)(workspace));
    }

    fn has_failed(&self) -> bool {
        !matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let result = match (self.result, failure) {
            // The job's own failure says more than the group's.
            (Some(Err(error)), _) => Err(error.into()),
            (_, Some(failure)) => Err(failure),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(StoreError::Internal {
                detail: "the job ended without a result".to_owned(),
            }),
        };
        drop(self.held);
        // Nobody listens when the caller has gone; what is written stays written.
        let _ = self.reply.send(result);
    }
}
