//! Kind under stress: after an outage the requests of many clients come back no faster than they came before.
//!
//! What is counted is the busiest window in which half of the clients write once when all is well: half a beat, and never less than a second. So
//! a window holds as many requests whatever the beat is, and chance does as much to each. Where that is still much, several worlds are counted
//! together; what chance did before the outage is printed beside what followed it.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use manent_sim::Violation;
use manent_sim::stress::{Load, Outage, Profile, stress, stress_answers};

const OUTAGES: [Outage; 4] = [
    Outage::Refused,
    Outage::Silent,
    Outage::Busy {
        retry_after_ms: 10_000,
    },
    Outage::BusyUntilTheEnd,
];

type Run = fn(Load, u64) -> Result<Profile, Violation>;

fn check(what: &str, run: Run, beat_ms: u64, worlds: u64) {
    let window_ms = (beat_ms / 2).max(1_000);
    for outage in OUTAGES {
        let load = Load {
            seed: 1,
            clients: 500,
            beat_ms,
            outage,
            outage_ms: 60_000,
            says_online: false,
        };
        let profile = run(load, worlds).unwrap();
        let (before, after) = (profile.chance_of(window_ms), profile.peak_of(window_ms));
        println!(
            "{what}, beat {beat_ms} ms, {outage:?}: busiest {window_ms} ms: {before:.2} x steady before, {after:.2} x after; {profile}"
        );
        assert!(
            after < 1.2,
            "{what}, beat {beat_ms} ms, {outage:?}: {profile}"
        );
    }
}

#[test]
fn those_who_write_each_second_come_back_as_they_left() {
    check("messages", stress, 1_000, 1);
}

#[test]
fn those_who_write_every_ten_seconds_come_back_as_they_left() {
    check("messages", stress, 10_000, 4);
}

#[test]
fn those_who_write_once_a_minute_come_back_as_they_left() {
    check("messages", stress, 60_000, 8);
}

#[test]
fn those_who_wait_for_an_answer_every_ten_seconds_come_back_as_they_left() {
    check("answers", stress_answers, 10_000, 4);
}

#[test]
fn those_who_wait_for_an_answer_each_minute_come_back_as_they_left() {
    check("answers", stress_answers, 60_000, 8);
}

/// No spike within the second either.
#[test]
fn no_tenth_of_a_second_after_an_outage_is_busier_than_before() {
    for outage in OUTAGES {
        let load = Load {
            seed: 2,
            clients: 500,
            beat_ms: 1_000,
            outage,
            outage_ms: 60_000,
            says_online: false,
        };
        let profile = stress(load, 1).unwrap();
        assert!(
            f64::from(profile.spike) < 1.2 * f64::from(profile.steady_spike),
            "{outage:?}: {profile}"
        );
    }
}
