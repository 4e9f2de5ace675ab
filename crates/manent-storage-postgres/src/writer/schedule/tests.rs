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
