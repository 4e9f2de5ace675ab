//! Figures of measured times.

use std::time::Duration;

/// The time that so many of a hundred do not exceed.
///
/// # Errors
/// When nothing was measured.
pub fn percentile(times: &[Duration], percent: usize) -> anyhow::Result<Duration> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    let time = sorted.get(rank - 1);
    time.copied()
        .ok_or_else(|| anyhow::anyhow!("nothing was measured"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_nearest_rank() {
        let times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        let of = |percent| percentile(&times, percent).unwrap();
        assert_eq!(of(50), Duration::from_millis(100));
        assert_eq!(of(99), Duration::from_millis(198));
        assert_eq!(of(100), Duration::from_millis(200));
        assert!(percentile(&[], 50).is_err());
    }
}
