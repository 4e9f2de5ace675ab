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
