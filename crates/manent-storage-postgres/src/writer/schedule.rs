//! Who writes what, and when.
//!
//! A commit costs about the same for one write as for many, and two that are under way at once cost more than one with the writes of both. So
//! those who were just answered are waited for, for a moment: often they come back with their next write. And another writer begins beside one
//! that is at work when enough waits for a group of its own, or when the first takes long.
//!
//! Invariants: the jobs of an owner are given out in the order in which they came, and to one writer at a time. While a job is there to be
//! written, a writer is called, or at work, or looks again at a known time.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use manent_types::UserId;
use tokio::time::Instant;

/// So many jobs are worth a commit of their own: nobody waits for more, and another writer takes them at once.
const CROWD: usize = 64;

/// The same in bytes.
const CROWD_BYTES: usize = 1024 * 1024;

/// The longest wait for those who were just answered.
const GATHERING: Duration = Duration::from_micros(500);

/// How often such a wait is left out, at most, after one in vain.
const MOST_RESTS: u32 = 63;

/// How long a group is at work before another writer begins beside it, whatever waits.
const PATIENCE: Duration = Duration::from_millis(5);

/// The most that a group takes: no further job joins one that has reached the bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) jobs: usize,
    pub(super) bytes: usize,
}

/// What a writer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Idle,
    /// It was called and has not looked yet.
    Called,
    /// It looks again at a known time.
    Watching,
    /// It waits until so many jobs are there.
    Gathering {
        jobs: usize,
        until: Instant,
    },
    Writing {
        since: Instant,
    },
    Gone,
}

/// What waits of one owner.
#[derive(Debug)]
struct Line<T> {
    jobs: VecDeque<(usize, T)>,
    bytes: usize,
    is_at_work: bool,
}

/// Jobs for one writer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken<T> {
    pub(super) owners: Vec<UserId>,
    pub(super) jobs: Vec<T>,
}

/// What a writer finds when it looks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look<T> {
    Write(Taken<T>),
    /// Until it is called, or until then.
    Wait(Option<Instant>),
    /// Nothing is left, and nothing comes.
    End,
}

/// What waits, and what the writers do.
#[derive(Debug)]
pub(super) struct Schedule<T> {
    limits: Limits,
    lines: HashMap<UserId, Line<T>>,
    /// Owners of whom something waits and nothing is at work, in the order in which they came.
    ready: VecDeque<UserId>,
    ready_jobs: usize,
    ready_bytes: usize,
    places: Vec<Place>,
    /// How often waiting for those who were answered is still left out.
    rests: u32,
    /// How often it was left out after the last time in vain.
    last_rests: u32,
    is_closing: bool,
}

impl<T> Schedule<T> {
    pub(super) fn new(writers: usize, limits: Limits) -> Self {
        Self {
            limits,
            lines: HashMap::new(),
            ready: VecDeque::new(),
            ready_jobs: 0,
            ready_bytes: 0,
            places: vec![Place::Idle; writers],
            rests: 0,
            last_rests: 0,
            is_closing: false,
        }
    }

    /// Adds a job; gives it back when it is too late for that.
    pub(super) fn add(&mut self, owner: UserId, bytes: usize, job: T) -> Result<(), T> {
        if self.is_closing || self.places.iter().all(|place| *place == Place::Gone) {
            return Err(job);
        }
        let line = self.lines.entry(owner).or_insert_with(|| Line {
            jobs: VecDeque::new(),
            bytes: 0,
            is_at_work: false,
        });
        line.jobs.push_back((bytes, job));
        line.bytes += bytes;
        if !line.is_at_work {
            self.ready_jobs += 1;
            self.ready_bytes += bytes;
            if line.jobs.len() == 1 {
                self.ready.push_back(owner);
            }
        }
        Ok(())
    }

    /// Which writer is to look now, if any. To be asked whenever something changed.
    pub(super) fn call(&mut self, now: Instant) -> Option<usize> {
        if self.ready_jobs == 0 {
            return None;
        }
        if let Some((writer, jobs, _)) = self.gatherer() {
            return self.has(jobs).then_some(writer);
        }
        let called = self.count(Place::Called);
        let is_watched = self.count(Place::Watching) > 0;
        let is_needed = if called > 0 {
            self.ready_jobs >= CROWD * (called + 1)
        } else {
            !is_watched || self.may_begin(now)
        };
        if !is_needed {
            return None;
        }
        let free = |wanted| self.places.iter().position(|place| *place == wanted);
        let writer = free(Place::Watching).or_else(|| free(Place::Idle))?;
        self.places[writer] = Place::Called;
        Some(writer)
    }

    /// What a writer is to do now.
    pub(super) fn look(&mut self, writer: usize, now: Instant) -> Look<T> {
        if let Place::Gathering { jobs, until } = self.places[writer] {
            if self.has(jobs) {
                self.last_rests = 0;
            } else if now < until && !self.is_closing {
                return Look::Wait(Some(until));
            } else {
                self.last_rests = (2 * self.last_rests + 1).min(MOST_RESTS);
                self.rests = self.last_rests;
            }
            self.places[writer] = Place::Idle;
            if self.ready_jobs > 0 {
                return Look::Write(self.take(writer, now));
            }
        }
        if self.ready_jobs == 0 {
            if self.is_closing {
                self.places[writer] = Place::Gone;
                return Look::End;
            }
            self.places[writer] = Place::Idle;
            return Look::Wait(None);
        }
        if self.may_begin(now) {
            return Look::Write(self.take(writer, now));
        }
        self.places[writer] = Place::Watching;
        Look::Wait(self.busy_until(now))
    }

    /// A writer is done with these owners. `answered` are the jobs whose callers will know that they are durable.
    pub(super) fn finish(
        &mut self,
        writer: usize,
        owners: &[UserId],
        answered: usize,
        now: Instant,
    ) {
        for owner in owners {
            let Some(line) = self.lines.get_mut(owner) else {
                continue;
            };
            line.is_at_work = false;
            if line.jobs.is_empty() {
                self.lines.remove(owner);
            } else {
                self.ready_jobs += line.jobs.len();
                self.ready_bytes += line.bytes;
                self.ready.push_back(*owner);
            }
        }
        // It looks again at once.
        self.places[writer] = Place::Called;
        if answered == 0 || self.is_closing {
            return;
        }
        if let Some((other, jobs, until)) = self.gatherer() {
            let jobs = (jobs + answered).min(CROWD);
            self.places[other] = Place::Gathering { jobs, until };
            return;
        }
        let jobs = (answered + self.ready_jobs).min(CROWD);
        // Who is alone waits for nobody.
        if jobs < 2 || self.has(jobs) {
            return;
        }
        if self.rests > 0 {
            self.rests -= 1;
            return;
        }
        let until = now + GATHERING;
        self.places[writer] = Place::Gathering { jobs, until };
    }

    /// Takes no more jobs. All writers are to look.
    pub(super) fn close(&mut self) {
        self.is_closing = true;
    }

    /// A writer will not come back. What waits is given up with the last one.
    pub(super) fn leave(&mut self, writer: usize) -> Vec<T> {
        self.places[writer] = Place::Gone;
        if self.places.iter().any(|place| *place != Place::Gone) {
            return Vec::new();
        }
        self.ready.clear();
        (self.ready_jobs, self.ready_bytes) = (0, 0);
        let lines = std::mem::take(&mut self.lines);
        lines
            .into_values()
            .flat_map(|line| line.jobs)
            .map(|(_, job)| job)
            .collect()
    }

    fn take(&mut self, writer: usize, now: Instant) -> Taken<T> {
        let mut taken = Taken {
            owners: Vec::new(),
            jobs: Vec::new(),
        };
        let mut taken_bytes = 0;
        let limits = self.limits;
        while taken.jobs.len() < limits.jobs && taken_bytes < limits.bytes {
            let Some(owner) = self.ready.pop_front() else {
                break;
            };
            let Some(line) = self.lines.get_mut(&owner) else {
                continue;
            };
            // What is left of it waits until this group is done.
            self.ready_jobs -= line.jobs.len();
            self.ready_bytes -= line.bytes;
            line.is_at_work = true;
            taken.owners.push(owner);
            while taken.jobs.len() < limits.jobs && taken_bytes < limits.bytes {
                let Some((bytes, job)) = line.jobs.pop_front() else {
                    break;
                };
                line.bytes -= bytes;
                taken_bytes += bytes;
                taken.jobs.push(job);
            }
        }
        self.places[writer] = Place::Writing { since: now };
        taken
    }

    /// Whether so many jobs are there to be written, or enough of them for a group in any case.
    fn has(&self, jobs: usize) -> bool {
        self.ready_jobs >= jobs.min(CROWD) || self.ready_bytes >= CROWD_BYTES
    }

    fn may_begin(&self, now: Instant) -> bool {
        let is_worth_it = self.has(CROWD) && self.gatherer().is_none();
        self.is_closing || is_worth_it || self.busy_until(now).is_none()
    }

    /// Until when others are expected to come and take what waits.
    fn busy_until(&self, now: Instant) -> Option<Instant> {
        let until = |place: &Place| match place {
            Place::Gathering { until, .. } => Some(*until),
            Place::Writing { since } => Some(*since + PATIENCE),
            Place::Idle | Place::Called | Place::Watching | Place::Gone => None,
        };
        let busy = self.places.iter().filter_map(until);
        busy.filter(|until| *until > now).max()
    }

    fn gatherer(&self) -> Option<(usize, usize, Instant)> {
        (0..)
            .zip(&self.places)
            .find_map(|(writer, place)| match place {
                Place::Gathering { jobs, until } => Some((writer, *jobs, *until)),
                _ => None,
            })
    }

    fn count(&self, wanted: Place) -> usize {
        self.places.iter().filter(|place| **place == wanted).count()
    }
}

#[cfg(test)]
mod tests;
