//! The figures that proofs tell.

use std::time::Duration;

use manent_proofs::percentile;

#[test]
fn a_percentile_is_the_nearest_rank() {
    let times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
    let of = |percent| percentile(&times, percent).unwrap();
    assert_eq!(of(50), Duration::from_millis(100));
    assert_eq!(of(99), Duration::from_millis(198));
    assert_eq!(of(100), Duration::from_millis(200));
    assert!(percentile(&[], 50).is_err());
}
