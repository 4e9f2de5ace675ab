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
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const LIMITS: Limits = Limits {
        jobs: 100,
        bytes: 1_000_000,
    };

    fn owner(number: u128) -> UserId {
        UserId::new(Uuid::from_u128(number))
    }

    /// A schedule for three writers with a job of 10 bytes of each of these owners.
    fn with_jobs(owners: impl IntoIterator<Item = u128>) -> Schedule<u128> {
        let mut schedule = Schedule::new(3, LIMITS);
        add(&mut schedule, owners);
        schedule
    }

    fn add(schedule: &mut Schedule<u128>, owners: impl IntoIterator<Item = u128>) {
        for number in owners {
            schedule.add(owner(number), 10, number).unwrap();
        }
    }

    /// What a writer takes, which must be something.
    fn taken(schedule: &mut Schedule<u128>, writer: usize, now: Instant) -> Taken<u128> {
        match schedule.look(writer, now) {
            Look::Write(taken) => taken,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_writer_takes_all_that_waits() {
        let now = Instant::now();
        let mut schedule = with_jobs([1, 2, 1]);
        assert_eq!(schedule.call(now), Some(0));
        assert_eq!(schedule.call(now), None, "it was called already");
        let all = taken(&mut schedule, 0, now);
        assert_eq!(all.jobs, [1, 1, 2]);
        assert_eq!(all.owners, [owner(1), owner(2)]);
        assert_eq!(schedule.call(now), None);
    }

    #[test]
    fn an_owner_is_with_one_writer_at_a_time() {
        let now = Instant::now();
        let mut schedule = with_jobs([1]);
        let first = taken(&mut schedule, 0, now);
        add(&mut schedule, [1, 2]);
        let late = now + PATIENCE;
        assert_eq!(taken(&mut schedule, 1, late).jobs, [2]);
        assert_eq!(schedule.look(2, late), Look::Wait(None));
        schedule.finish(0, &first.owners, 0, late);
        assert_eq!(taken(&mut schedule, 0, late + PATIENCE).jobs, [1]);
    }

    #[test]
    fn another_writer_begins_for_a_crowd_or_when_the_first_takes_long() {
        let now = Instant::now();
        let mut schedule = with_jobs([1]);
        taken(&mut schedule, 0, now);
        add(&mut schedule, [2]);
        assert_eq!(schedule.call(now), Some(1), "to look again in time");
        assert_eq!(schedule.look(1, now), Look::Wait(Some(now + PATIENCE)));
        assert_eq!(schedule.call(now), None);
        add(&mut schedule, 3..=64);
        assert_eq!(schedule.call(now), None);
        add(&mut schedule, [65]);
        assert_eq!(schedule.call(now), Some(1));
        assert_eq!(taken(&mut schedule, 1, now).jobs.len(), 64);
        add(&mut schedule, [66]);
        let late = now + PATIENCE;
        assert_eq!(taken(&mut schedule, 2, late).jobs, [66]);
    }

    #[test]
    fn those_who_were_answered_are_waited_for_until_they_are_back() {
        let now = Instant::now();
        let mut schedule = with_jobs([1, 2]);
        let group = taken(&mut schedule, 0, now);
        add(&mut schedule, [3]);
        schedule.finish(0, &group.owners, 2, now);
        let wait = Look::Wait(Some(now + GATHERING));
        assert_eq!(schedule.look(0, now), wait);
        assert_eq!(schedule.look(1, now).jobs(), 0, "nobody else begins");
        add(&mut schedule, [1]);
        assert_eq!(schedule.call(now), None);
        add(&mut schedule, [2]);
        assert_eq!(schedule.call(now), Some(0));
        assert_eq!(taken(&mut schedule, 0, now).jobs, [3, 1, 2]);
    }

    #[test]
    fn who_is_alone_waits_for_nobody() {
        let now = Instant::now();
        let mut schedule = with_jobs([1]);
        let group = taken(&mut schedule, 0, now);
        schedule.finish(0, &group.owners, 1, now);
        assert_eq!(schedule.look(0, now), Look::Wait(None));
    }

    #[test]
    fn waiting_in_vain_becomes_rare() {
        let mut now = Instant::now();
        let mut schedule = with_jobs([]);
        let mut waits = 0;
        for _ in 0..1_000 {
            add(&mut schedule, [1, 2]);
            let group = taken(&mut schedule, 0, now);
            schedule.finish(0, &group.owners, 2, now);
            if schedule.look(0, now) == Look::Wait(Some(now + GATHERING)) {
                waits += 1;
                now += GATHERING;
                assert_eq!(schedule.look(0, now), Look::Wait(None));
            }
        }
        assert_eq!(waits, 20);
    }

    #[test]
    fn a_group_has_its_limits_and_what_is_left_comes_next() {
        let now = Instant::now();
        let mut schedule = Schedule::new(
            1,
            Limits {
                jobs: 3,
                bytes: 100,
            },
        );
        add(&mut schedule, [1, 1, 2, 2]);
        schedule.add(owner(3), 200, 3).unwrap();
        add(&mut schedule, [4]);
        let mut groups = Vec::new();
        while let Look::Write(group) = schedule.look(0, now) {
            schedule.finish(0, &group.owners, 0, now);
            groups.push(group.jobs);
        }
        assert_eq!(groups, [vec![1, 1, 2], vec![3], vec![4, 2]]);
    }

    #[test]
    fn what_waits_is_done_before_the_end() {
        let now = Instant::now();
        let mut schedule = with_jobs([1]);
        let group = taken(&mut schedule, 0, now);
        add(&mut schedule, [1]);
        schedule.close();
        assert_eq!(schedule.add(owner(2), 10, 2), Err(2));
        assert_eq!(schedule.look(1, now), Look::End);
        schedule.finish(0, &group.owners, 1, now);
        assert_eq!(taken(&mut schedule, 0, now).jobs, [1]);
        schedule.finish(0, &group.owners, 1, now);
        assert_eq!(schedule.look(0, now), Look::End);
    }

    #[test]
    fn what_waits_is_given_up_with_the_last_writer() {
        let mut schedule = with_jobs([1]);
        assert_eq!(schedule.leave(0), []);
        assert_eq!(schedule.leave(1), []);
        assert_eq!(schedule.leave(2), [1]);
        assert_eq!(schedule.add(owner(1), 10, 1), Err(1));
    }

    impl<T> Look<T> {
        fn jobs(&self) -> usize {
            match self {
                Look::Write(taken) => taken.jobs.len(),
                Look::Wait(_) | Look::End => 0,
            }
        }
    }

    /// What happens to a schedule.
    #[derive(Debug, Clone)]
    enum Event {
        Add { owner: u128, count: usize },
        Pass { microseconds: u64 },
        Finish { writer: usize, is_answered: bool },
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            (1..8_u128, 1..40_usize).prop_map(|(owner, count)| Event::Add { owner, count }),
            (1..4_000_u64).prop_map(|microseconds| Event::Pass { microseconds }),
            (0..3_usize, any::<bool>()).prop_map(|(writer, is_answered)| Event::Finish {
                writer,
                is_answered
            }),
        ];
        prop::collection::vec(event, 0..200)
    }

    /// Writers that look when they are called or when their time has come, as the real ones do.
    struct Office {
        schedule: Schedule<(u128, u64)>,
        now: Instant,
        alarms: [Option<Instant>; 3],
        groups: [Option<Taken<(u128, u64)>>; 3],
        done: HashMap<u128, u64>,
        added: HashMap<u128, u64>,
    }

    impl Office {
        fn settle(&mut self) {
            while let Some(writer) = self.schedule.call(self.now).or_else(|| self.rung()) {
                self.look(writer);
            }
        }

        fn rung(&self) -> Option<usize> {
            let now = self.now;
            let is_due = |alarm: &Option<Instant>| alarm.is_some_and(|until| until <= now);
            self.alarms.iter().position(is_due)
        }

        fn look(&mut self, writer: usize) {
            assert!(self.groups[writer].is_none(), "called while at work");
            self.alarms[writer] = None;
            match self.schedule.look(writer, self.now) {
                Look::Write(group) => {
                    assert!(!group.jobs.is_empty());
                    for other in self.groups.iter().flatten() {
                        assert!(!other.owners.iter().any(|one| group.owners.contains(one)));
                    }
                    self.groups[writer] = Some(group);
                }
                Look::Wait(until) => {
                    assert!(until.is_none_or(|until| until > self.now));
                    self.alarms[writer] = until;
                }
                Look::End => panic!("nobody closed it"),
            }
        }

        fn finish(&mut self, writer: usize, is_answered: bool) {
            let Some(group) = self.groups[writer].take() else {
                return;
            };
            for (owner, number) in &group.jobs {
                let done = self.done.entry(*owner).or_default();
                *done += 1;
                assert_eq!(*number, *done, "in order");
            }
            let answered = if is_answered { group.jobs.len() } else { 0 };
            let now = self.now;
            self.schedule.finish(writer, &group.owners, answered, now);
            self.look(writer);
        }
    }

    proptest! {
        #[test]
        fn every_job_is_done_once_and_in_order(events in events()) {
            let mut office = Office {
                schedule: Schedule::new(3, Limits { jobs: 50, bytes: 10_000 }),
                now: Instant::now(),
                alarms: [None; 3],
                groups: [None, None, None],
                done: HashMap::new(),
                added: HashMap::new(),
            };
            for event in events {
                match event {
                    Event::Add { owner: number, count } => {
                        for _ in 0..count {
                            let added = office.added.entry(number).or_default();
                            *added += 1;
                            office.schedule.add(owner(number), 300, (number, *added)).unwrap();
                        }
                    }
                    Event::Pass { microseconds } => office.now += Duration::from_micros(microseconds),
                    Event::Finish { writer, is_answered } => office.finish(writer, is_answered),
                }
                office.settle();
            }
            // Then every group is written, and time goes on.
            for _ in 0..1_000 {
                for writer in 0..3 {
                    office.finish(writer, true);
                    office.settle();
                }
                office.now += GATHERING;
                office.settle();
            }
            prop_assert_eq!(office.done, office.added);
        }
    }
}
