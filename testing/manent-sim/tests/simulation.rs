//! Many worlds. A failure names its seed; `MANENT_SIM_MESSAGES` runs longer, and so does `cargo xtask sim`.

use std::ops::ControlFlow;

use manent_sim::{Campaign, Report, Scenario, simulate};

const SCENARIO: Scenario = Scenario {
    seed: 1,
    messages: 200,
    devices: 3,
    tabs: 3,
};

fn messages() -> usize {
    let asked = std::env::var("MANENT_SIM_MESSAGES").ok();
    asked
        .and_then(|asked| asked.parse().ok())
        .unwrap_or(100_000)
}

/// The world is as bad as it is meant to be; otherwise the silence of the run shows nothing.
fn check_badness(total: &Report) {
    let at_least = |what: &str, count: usize, least: usize| {
        assert!(count >= least, "only {count} {what}: {total:#?}");
    };
    let written = total.written;
    at_least("messages stored", total.stored, written / 2);
    at_least("messages with the user", total.with_the_user, written / 50);
    at_least("messages cleared away", total.cleared_away, written / 100);
    at_least("probes", total.probes, written / 100);
    at_least("corrected lanes", total.lane_moves, written / 100);
    at_least("crashes", total.crashes, written / 50);
    at_least("successions", total.successions, written / 200);
    at_least("cleared storages", total.storage_losses, written / 200);
    at_least("refused writes", total.refused_writes, written / 50);
    at_least("foreign parents", total.foreign_parents, written / 50);
    at_least("retries", total.retries, written / 100);
    at_least("resends", total.resends, written / 200);
    at_least("withdrawals", total.withdrawals, written / 50);
    at_least("discards", total.discards, written / 100);
    at_least("messages seen in the feed", total.seen, written / 400);
    at_least("sign-outs", total.sign_outs, written / 1_000);
    at_least("resignations", total.resignations, written / 200);
    at_least("requests that never left", total.unsent, written / 200);
    at_least("commands refused", total.refused_commands, written / 100);
    at_least("messages moved", total.moved, written / 2_000);
    at_least("items at the limit", total.at_the_limit, written / 100);
    at_least("items without room", total.over_full, written / 200);
    // What waits together goes together.
    at_least("larger requests", total.batches, total.requests / 10);
    let share = total.wait_shares / total.waits_drawn.max(1) as u64;
    assert!(
        total.waits_drawn > written / 200 && (400..600).contains(&share),
        "waits are no longer drawn evenly: {share} of 1000, {total:#?}"
    );
}

#[test]
fn every_promise_holds_whatever_goes_wrong() {
    let campaign = Campaign {
        first: SCENARIO,
        messages: messages(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    match campaign.run(|_| ControlFlow::Continue(())) {
        Ok(progress) => {
            println!("{} worlds: {:#?}", progress.worlds, progress.report);
            check_badness(&progress.report);
        }
        Err(failure) => panic!("{failure}\nreplay: {}", failure.replay()),
    }
}

/// Worlds that broke a promise once: seed, messages, devices, the most tabs of a device.
const ONCE_BROKEN: [(u64, usize, usize, usize); 50] = [
    (6, 3, 1, 1),
    (10, 3, 1, 1),
    (12, 6, 2, 2),
    (21, 200, 3, 3),
    (36, 200, 3, 3),
    (61, 200, 3, 3),
    (133, 200, 3, 3),
    (139, 50, 1, 2),
    (157, 6, 1, 2),
    (171, 12, 1, 3),
    (508, 200, 3, 3),
    (566, 200, 3, 3),
    (601, 50, 1, 2),
    (794, 200, 3, 3),
    (932, 200, 3, 3),
    (1_097, 200, 3, 3),
    (1_141, 200, 3, 3),
    (1_276, 200, 3, 3),
    (1_559, 200, 3, 3),
    (1_582, 200, 3, 3),
    (1_631, 200, 3, 3),
    (1933, 200, 3, 3),
    (2_346, 200, 3, 3),
    (2_462, 200, 3, 3),
    (2_623, 200, 3, 3),
    (2_723, 200, 3, 3),
    (2_803, 200, 3, 3),
    (3_052, 50, 1, 3),
    (3_621, 12, 1, 2),
    (4_378, 200, 3, 3),
    (4_886, 200, 3, 3),
    (5_917, 50, 3, 3),
    (6_949, 200, 3, 3),
    (9_021, 200, 3, 3),
    (9_499, 200, 3, 3),
    (14_941, 200, 3, 3),
    (15_681, 200, 3, 3),
    (19_326, 200, 3, 3),
    (22_561, 200, 5, 4),
    (22_904, 200, 3, 3),
    (31_211, 100, 1, 2),
    (31_954, 100, 1, 2),
    (39_653, 200, 3, 3),
    (40_136, 200, 2, 4),
    (45_264, 200, 3, 3),
    (52_568, 200, 3, 3),
    (73_395, 12, 1, 3),
    (75_849, 12, 1, 3),
    (500_611, 200, 3, 3),
    (700_132, 200, 3, 3),
];

#[test]
fn worlds_that_once_broke_a_promise_break_none() {
    let failures: Vec<_> = ONCE_BROKEN
        .into_iter()
        .filter_map(|(seed, messages, devices, tabs)| {
            let scenario = Scenario {
                seed,
                messages,
                devices,
                tabs,
            };
            simulate(scenario).err()
        })
        .collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_same_seed_gives_the_same_world() {
    assert_eq!(simulate(SCENARIO), simulate(SCENARIO));
}
