//! Many worlds in which devices wait for answers.

use manent_sim::{Scenario, simulate_answers};

#[test]
fn every_answer_that_is_wanted_ends_whatever_goes_wrong() {
    let mut totals = [0_usize; 8];
    for seed in 1..=300 {
        let scenario = Scenario {
            seed,
            messages: 60,
            devices: 3,
            tabs: 3,
        };
        let report = simulate_answers(scenario).unwrap();
        let counts = [
            report.wanted,
            report.ended,
            report.refused,
            report.cleared_away,
            report.starts,
            report.probes,
            report.crashes,
            report.adoptions,
        ];
        for (total, count) in totals.iter_mut().zip(counts) {
            *total += count;
        }
    }
    let [
        wanted,
        ended,
        refused,
        cleared_away,
        starts,
        probes,
        crashes,
        adoptions,
    ] = totals;
    println!(
        "{wanted} wanted, {ended} ended, {refused} refused, {cleared_away} cleared away; {starts} starts, {probes} probes, {crashes} crashes, {adoptions} adoptions"
    );
    // The worlds are as bad as they are meant to be.
    assert!(ended > wanted / 2 && refused > wanted / 100 && cleared_away > wanted / 1_000);
    assert!(starts > wanted && probes > wanted / 20 && crashes > wanted / 20);
    assert!(adoptions > wanted / 20);
}
