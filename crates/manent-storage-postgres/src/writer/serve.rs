//! A writer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use manent_domain::ports::StoreError;
use tokio::time::Instant;

use super::desk::{Group, Seat};
use super::group::{self, Committed, Ended};
use super::job::Job;
use super::queue::WriterParts;
use crate::error::Error;
use crate::metrics::Counters;
use crate::pool::Lease;
use crate::signals::tell;
use crate::workspace::{GroupMark, Wanted};

/// How often a group is done again because others were in the way.
const CONFLICTS: u32 = 8;

/// The first pause after a conflict; each later one is longer by it.
const PAUSE: Duration = Duration::from_millis(5);

struct Writer {
    parts: Arc<WriterParts>,
    mark: GroupMark,
}

/// Serves until nothing is left and nothing comes.
pub(super) async fn run(seat: Seat, parts: Arc<WriterParts>, number: i32) {
    let mark = GroupMark {
        instance: parts.instance,
        writer: number,
        groups: 0,
    };
    let mut writer = Writer { parts, mark };
    while let Some(group) = seat.next().await {
        writer.serve(group).await;
    }
}

impl Writer {
    async fn serve(&mut self, mut group: Group) {
        let mut jobs = std::mem::take(&mut group.jobs);
        let now = Instant::now();
        let late: Vec<_> = jobs.extract_if(.., |job| job.deadline() <= now).collect();
        self.fail(
            late,
            &StoreError::Busy {
                detail: "the writers are behind".to_owned(),
            },
        );
        if jobs.is_empty() {
            return;
        }
        match self.write(&mut jobs).await {
            Ok(()) => {
                group.finish(jobs.len());
                answer(jobs);
            }
            // Which of them is to blame is not known.
            Err(Error::Postgres(error)) if jobs.len() > 1 && is_fault_of_one(&error) => {
                self.serve_singly(jobs).await;
            }
            Err(error) => self.fail(jobs, &told(error)),
        }
    }

    /// Writes the jobs of a group each by itself.
    async fn serve_singly(&mut self, jobs: Vec<Box<dyn Job>>) {
        // Owners whose lock somebody else holds for too long, and what was said about it.
        let mut held: Option<StoreError> = None;
        let mut held_owners = BTreeSet::new();
        for job in jobs {
            let mut wanted = Wanted::default();
            job.want(&mut wanted);
            let mut alone = vec![job];
            if let Some(error) = &held
                && !wanted.owners.is_disjoint(&held_owners)
            {
                self.fail(alone, error);
                continue;
            }
            match self.write(&mut alone).await {
                Ok(()) => answer(alone),
                Err(error) => {
                    let failure = told(error);
                    if matches!(failure, StoreError::Busy { .. }) {
                        held_owners.extend(wanted.owners);
                        held = Some(failure.clone());
                    }
                    self.fail(alone, &failure);
                }
            }
        }
    }

    /// Writes a group and tells what went on. Jobs whose own work failed are answered and taken out.
    async fn write(&mut self, jobs: &mut Vec<Box<dyn Job>>) -> Result<(), Error> {
        let mut conflicts = 0;
        let mut is_second_connection = false;
        let mut lease = self.parts.connections.lease().await?;
        loop {
            let mark = GroupMark {
                groups: self.mark.groups + 1,
                ..self.mark
            };
            let ended = group::attempt(&lease, jobs, mark, self.parts.accounts_only).await;
            match ended {
                Ended::Committed(committed) => {
                    drop(lease);
                    self.tell(committed, mark, jobs.len());
                    return Ok(());
                }
                Ended::JobsFailed => {
                    let (failed, sound) = std::mem::take(jobs)
                        .into_iter()
                        .partition(|job| job.has_failed());
                    *jobs = sound;
                    self.fail(
                        failed,
                        &StoreError::Internal {
                            detail: "the work on a write panicked".to_owned(),
                        },
                    );
                    if jobs.is_empty() {
                        return Ok(());
                    }
                }
                Ended::Failed { error, .. } if error.is_conflict() && conflicts < CONFLICTS => {
                    conflicts += 1;
                    Counters::add(&self.parts.counters.retried_groups, 1);
                    tokio::time::sleep(PAUSE * conflicts).await;
                }
                // It broke before anything was written, perhaps long ago: another one may do.
                Ended::Failed {
                    error,
                    is_before_writing: true,
                } if !lease.is_sound() && !is_second_connection => {
                    tracing::debug!(error = %error, "a group of writes begins again");
                    is_second_connection = true;
                    lease = self.fresh(lease).await?;
                }
                Ended::Failed { error, .. } => return Err(error),
            }
        }
    }

    async fn fresh(&self, broken: Lease) -> Result<Lease, Error> {
        drop(broken);
        self.parts.connections.lease().await
    }

    fn tell(&mut self, committed: Committed, mark: GroupMark, jobs: usize) {
        let counters = &self.parts.counters;
        Counters::add(&counters.jobs, jobs);
        if !committed.is_written {
            return;
        }
        self.mark = mark;
        Counters::add(&counters.commits, 1);
        Counters::add(&counters.messages, committed.messages);
        let size = u64::try_from(jobs).unwrap_or(u64::MAX);
        counters.largest_group.fetch_max(size, Ordering::Relaxed);
        for signal in &committed.signals {
            tell(&*self.parts.signals, *signal);
        }
        self.parts.notifier.committed(mark, committed.signals);
    }

    fn fail(&self, jobs: Vec<Box<dyn Job>>, failure: &StoreError) {
        Counters::add(&self.parts.counters.failed_jobs, jobs.len());
        for job in jobs {
            job.answer(Some(failure.clone()));
        }
    }
}

fn answer(jobs: Vec<Box<dyn Job>>) {
    for job in jobs {
        job.answer(None);
    }
}

/// Whether one job of a group may have made the whole of it fail.
fn is_fault_of_one(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        let class = &code.code()[..2];
        // A value, a constraint, a limit of the program, a lock that somebody holds for too long, a time-out.
        ["22", "23", "54", "42", "55"].contains(&class) || code.code() == "57014"
    })
}

fn told(error: Error) -> StoreError {
    let told = StoreError::from(error);
    if let StoreError::Internal { detail } = &told {
        tracing::error!(error = %detail, "a group of writes failed");
    }
    told
}
