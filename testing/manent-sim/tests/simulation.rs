//! Many worlds. A failure names its seed; `MANENT_SIM_SEED` replays that world alone, `MANENT_SIM_MESSAGES` runs longer.

use manent_sim::{Report, simulate};

const MESSAGES_PER_WORLD: usize = 200;
const DEVICES: usize = 3;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn every_promise_holds_whatever_goes_wrong() {
    if let Some(seed) = number("MANENT_SIM_SEED") {
        simulate(seed, MESSAGES_PER_WORLD, DEVICES, 1).unwrap();
        return;
    }
    let messages = number("MANENT_SIM_MESSAGES").unwrap_or(20_000);
    let mut total = Report::default();
    let mut seed = 0;
    while (total.written as u64) < messages {
        seed += 1;
        let report = simulate(seed, MESSAGES_PER_WORLD, DEVICES, 1).unwrap_or_else(|failure| {
            panic!("{failure}\nreplay: MANENT_SIM_SEED={seed} cargo test -p manent-sim");
        });
        total.written += report.written;
        total.stored += report.stored;
        total.with_the_user += report.with_the_user;
        total.requests += report.requests;
        total.crashes += report.crashes;
        total.lane_moves += report.lane_moves;
        total.probes += report.probes;
        total.steps += report.steps;
    }
    println!("{seed} worlds: {total:?}");
    // The world is as bad as it is meant to be; otherwise the run shows nothing.
    assert!(total.stored * 10 > total.written * 7, "{total:?}");
    assert!(total.crashes > total.written / 100, "{total:?}");
    assert!(total.probes > total.written / 100, "{total:?}");
    assert!(total.lane_moves > 0, "{total:?}");
    assert!(total.with_the_user > total.written / 100, "{total:?}");
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let first = simulate(42, MESSAGES_PER_WORLD, DEVICES, 2).unwrap();
    assert_eq!(simulate(42, MESSAGES_PER_WORLD, DEVICES, 2), Ok(first));
}

/// Known to fail: after a leader's death its late requests and the next leader's numbers can put two messages of one tab out of order.
/// Nothing is lost or doubled by it. It begins where an item comes to the leader too late for its place (`late_rank`).
#[test]
#[ignore = "the order of one tab's messages is not kept yet when the leader of two tabs dies"]
fn two_tabs_on_a_device_keep_every_promise_too() {
    for seed in 1..=100 {
        simulate(seed, MESSAGES_PER_WORLD, DEVICES, 2).unwrap();
    }
}
