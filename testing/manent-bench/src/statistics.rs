//! Medians and percentiles.

use std::time::Duration;

/// Durations of single operations in milliseconds.
#[derive(Debug, Default, Clone)]
pub(crate) struct Latencies(Vec<f64>);

impl Latencies {
    /// Adds one.
    pub(crate) fn push(&mut self, duration: Duration) {
        self.0.push(duration.as_secs_f64() * 1_000.0);
    }

    /// Adds all of another.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The value below which `percent` of them lie, in milliseconds; NaN when there is none.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        percentile(&self.0, percent)
    }
}

/// The middle value; NaN when there is none.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50.0)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sample counts are far below 2^52 and the rank lies inside the slice"
)]
fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted: Vec<f64> = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let rank = (last as f64 * percent / 100.0).round() as usize;
    sorted.get(rank).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_middle_and_the_end() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((percentile(&[4.0, 1.0, 2.0, 3.0, 5.0], 100.0) - 5.0).abs() < f64::EPSILON);
        assert!(median(&[]).is_nan());
    }
}
