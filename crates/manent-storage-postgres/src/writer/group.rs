//! One attempt to write a group.

use std::panic::{AssertUnwindSafe, catch_unwind};

use manent_domain::ports::Signal;

use super::job::Job;
use crate::error::Error;
use crate::pool::Lease;
use crate::workspace::{GroupMark, Wanted, Workspace};

/// How often rows may turn out to be missing. Each time the work gets further; a row leads to others a few times at most.
const PASSES: usize = 12;

/// How an attempt ended.
pub(super) enum Ended {
    /// All is durable.
    Committed(Committed),
    /// Nothing was written: the work of some jobs failed.
    JobsFailed,
    /// Nothing was written, or nobody knows.
    Failed {
        error: Error,
        /// Surely nothing.
        is_before_writing: bool,
    },
}

/// What a group did.
pub(super) struct Committed {
    /// False when there was nothing to write.
    pub(super) is_written: bool,
    pub(super) signals: Vec<Signal>,
    pub(super) messages: usize,
}

/// Does the work of the jobs and writes it in one transaction.
pub(super) async fn attempt(
    lease: &Lease,
    jobs: &mut [Box<dyn Job>],
    mark: GroupMark,
    accounts_only: bool,
) -> Ended {
    let mut workspace = Workspace::new(accounts_only);
    let before_writing = |error| Ended::Failed {
        error,
        is_before_writing: true,
    };
    match lease.run(prepare(lease, jobs, &mut workspace)).await {
        Err(error) => {
            roll_back(lease).await;
            return before_writing(error);
        }
        Ok(Prepared::JobsFailed) => {
            roll_back(lease).await;
            return Ended::JobsFailed;
        }
        Ok(Prepared::Ready) => {}
    }
    if !workspace.is_changed() {
        roll_back(lease).await;
        return Ended::Committed(Committed {
            is_written: false,
            signals: workspace.take_signals(),
            messages: 0,
        });
    }
    match lease.run(workspace.commit(lease.client(), mark)).await {
        Ok(()) => Ended::Committed(Committed {
            is_written: true,
            messages: workspace.new_messages(),
            signals: workspace.take_signals(),
        }),
        Err(error) => {
            roll_back(lease).await;
            Ended::Failed {
                error,
                is_before_writing: false,
            }
        }
    }
}

enum Prepared {
    Ready,
    JobsFailed,
}

/// Begins the transaction and does the work until no row is missing.
async fn prepare(
    lease: &Lease,
    jobs: &mut [Box<dyn Job>],
    workspace: &mut Workspace,
) -> Result<Prepared, Error> {
    let mut wanted = Wanted::default();
    for job in jobs.iter() {
        job.want(&mut wanted);
    }
    workspace.begin(lease.client(), &wanted).await?;
    for _ in 0..PASSES {
        workspace.begin_pass();
        for job in jobs.iter_mut() {
            // A panic leaves the job without a result, which counts as a failure.
            let _ = catch_unwind(AssertUnwindSafe(|| job.act(workspace)));
        }
        let missing = workspace.take_missing();
        if missing.is_empty() {
            let has_failed = jobs.iter().any(|job| job.has_failed());
            return Ok(if has_failed {
                Prepared::JobsFailed
            } else {
                Prepared::Ready
            });
        }
        workspace.load(lease.client(), &missing).await?;
    }
    Err(Error::Unfit {
        what: "work that never has the rows that it needs",
    })
}

/// Ends the transaction, if there is one and if that is possible.
async fn roll_back(lease: &Lease) {
    if lease.is_sound() {
        // A failure marks the connection, which is then closed; and so ends its transaction.
        let rolled_back = async { Ok(lease.client().batch_execute("ROLLBACK").await?) };
        if let Err(error) = lease.run(rolled_back).await {
            tracing::debug!(error = %error, "a transaction was ended with its connection");
        }
    }
}
