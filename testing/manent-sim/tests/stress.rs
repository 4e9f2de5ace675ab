//! Kind under stress: after an outage the requests of many clients come back no faster than they came before.

use manent_sim::Violation;
use manent_sim::stress::{Load, Outage, Profile, stress};

const CLIENTS: usize = 500;
const OUTAGE_MS: u64 = 60_000;
const OUTAGES: [Outage; 4] = [
    Outage::Refused,
    Outage::Silent,
    Outage::Busy {
        retry_after_ms: 10_000,
    },
    Outage::BusyUntilTheEnd,
];

fn run(seed: u64, beat_ms: u64, outage: Outage, says_online: bool) -> Result<Profile, Violation> {
    let load = Load {
        seed,
        clients: CLIENTS,
        beat_ms,
        outage,
        outage_ms: OUTAGE_MS,
        says_online,
    };
    stress(load)
}

/// Each client writes a message a second: 500 requests a second, enough that chance alone makes no busiest second of 1.2 times the mean.
#[test]
fn the_busiest_second_after_an_outage_stays_under_1_2_times_the_steady_rate() {
    for outage in OUTAGES {
        let profile = run(1, 1_000, outage, false).unwrap();
        println!("{outage:?}: {profile}");
        assert!(
            f64::from(profile.peak) < 1.2 * profile.steady,
            "{outage:?}: {profile}"
        );
        assert!(
            f64::from(profile.spike) < 1.2 * f64::from(profile.steady_spike),
            "{outage:?}: {profile}"
        );
    }
}
