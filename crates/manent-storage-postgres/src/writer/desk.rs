//! Where the writers get their work.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use manent_types::UserId;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use super::job::Job;
use super::schedule::{Limits, Look, Schedule};

/// The schedule, with a bell for each writer.
pub(super) struct Desk {
    schedule: Mutex<Schedule<Box<dyn Job>>>,
    bells: Vec<Notify>,
    writers: watch::Sender<usize>,
}

impl Desk {
    pub(super) fn new(writers: usize, limits: Limits) -> Self {
        Self {
            schedule: Mutex::new(Schedule::new(writers, limits)),
            bells: (0..writers).map(|_| Notify::new()).collect(),
            writers: watch::Sender::new(writers),
        }
    }

    /// Adds a job. False when it is closed: then the job is dropped.
    pub(super) fn put(&self, owner: UserId, job: Box<dyn Job>) -> bool {
        let mut schedule = self.schedule();
        let bytes = job.bytes();
        // The job that comes back is dropped after the lock is given up.
        let refused = schedule.add(owner, bytes, job);
        self.call(schedule);
        refused.is_ok()
    }

    /// Takes no more jobs, and waits until those that are there are done.
    pub(super) async fn close(&self) {
        self.begin_to_close();
        // An error would mean that there is nobody to wait for.
        let _ = self.writers.subscribe().wait_for(|count| *count == 0).await;
    }

    pub(super) fn begin_to_close(&self) {
        self.schedule().close();
        for bell in &self.bells {
            bell.notify_one();
        }
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule<Box<dyn Job>>> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, mut schedule: MutexGuard<'_, Schedule<Box<dyn Job>>>) {
        let called = schedule.call(Instant::now());
        drop(schedule);
        if let Some(bell) = called.and_then(|writer| self.bells.get(writer)) {
            bell.notify_one();
        }
    }
}

/// A writer's place at the desk, given up when it is dropped.
pub(super) struct Seat {
    desk: Arc<Desk>,
    writer: usize,
}

impl Seat {
    pub(super) fn new(desk: Arc<Desk>, writer: usize) -> Self {
        Self { desk, writer }
    }

    /// The next group; `None` when the desk is closed and nothing is left.
    pub(super) async fn next(&self) -> Option<Group> {
        let bell = self.desk.bells.get(self.writer)?;
        loop {
            // Those who were just answered, or wait for the same thread, come into this group and not into the next one.
            tokio::task::yield_now().await;
            let until = match self.look() {
                Look::Write(taken) => {
                    return Some(Group {
                        desk: Arc::clone(&self.desk),
                        writer: self.writer,
                        owners: taken.owners,
                        jobs: taken.jobs,
                        is_finished: false,
                    });
                }
                Look::Wait(until) => until,
                Look::End => return None,
            };
            // A bell that rang since the look is heard.
            let rung = pin!(bell.notified());
            match until {
                Some(until) => tokio::select! {
                    biased;
                    () = rung => {}
                    () = sleep_until(until) => {}
                },
                None => rung.await,
            }
        }
    }

    fn look(&self) -> Look<Box<dyn Job>> {
        let mut schedule = self.desk.schedule();
        let look = schedule.look(self.writer, Instant::now());
        self.desk.call(schedule);
        look
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut schedule = self.desk.schedule();
        let given_up = schedule.leave(self.writer);
        self.desk.call(schedule);
        // Their callers are told that the store is closed.
        drop(given_up);
        self.desk
            .writers
            .send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// Jobs that one writer does. Their owners' next jobs wait until it is finished or dropped.
pub(super) struct Group {
    desk: Arc<Desk>,
    writer: usize,
    owners: Vec<UserId>,
    pub(super) jobs: Vec<Box<dyn Job>>,
    is_finished: bool,
}

impl Group {
    /// The group is done, and so many callers are about to be answered.
    pub(super) fn finish(&mut self, answered: usize) {
        if !std::mem::replace(&mut self.is_finished, true) {
            let mut schedule = self.desk.schedule();
            schedule.finish(self.writer, &self.owners, answered, Instant::now());
            self.desk.call(schedule);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.finish(0);
    }
}
