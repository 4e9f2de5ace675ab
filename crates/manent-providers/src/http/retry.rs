//! How long to wait before the next try.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::config::Retries;

/// Random numbers, evenly spread over all of `u64`.
pub type RandomSource = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The wait before try number `attempt` (1 is the first repetition), or `None` when there is none.
///
/// Full jitter: evenly spread between nothing and a bound that doubles, so that callers who failed together do not return
/// together. What the provider asks for is the least.
pub(crate) fn delay_before(
    attempt: u32,
    retries: &Retries,
    retry_after: Option<Duration>,
    random: u64,
) -> Option<Duration> {
    if attempt > retries.limit {
        return None;
    }
    let asked = retry_after.unwrap_or_default();
    if asked > retries.max_retry_after {
        return None;
    }
    let doubled = retries
        .base_delay
        .saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
    let bound = u64::try_from(doubled.min(retries.max_delay).as_micros()).unwrap_or(u64::MAX);
    let share = u128::from(random) * u128::from(bound) / u128::from(u64::MAX);
    let jittered = Duration::from_micros(u64::try_from(share).unwrap_or(bound));
    Some(jittered.max(asked))
}

/// What `retry-after-ms` or `Retry-After` asks for: seconds, or a date, which is taken against the answer's own `Date`.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(milliseconds) = text("retry-after-ms").and_then(|value| value.parse::<f64>().ok())
        && let Ok(duration) = Duration::try_from_secs_f64(milliseconds / 1000.0)
    {
        return Some(duration);
    }
    let value = text(RETRY_AFTER.as_str())?;
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = |value: &str| {
        jiff::fmt::rfc2822::parse(value)
            .ok()
            .map(|zoned| zoned.timestamp())
    };
    let seconds = date(value)?.duration_since(date(text(DATE.as_str())?)?);
    Some(Duration::try_from(seconds).unwrap_or_default())
}

/// Milliseconds for a client.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRIES: Retries = Retries {
        limit: 3,
        base_delay: Duration::from_millis(100),
        max_delay: Duration::from_millis(300),
        max_retry_after: Duration::from_secs(5),
    };

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn doubles_the_bound_up_to_its_limit_and_then_gives_up() {
        let bounds: Vec<_> = (1..=4)
            .map(|attempt| delay_before(attempt, &RETRIES, None, u64::MAX))
            .collect();
        assert_eq!(
            bounds,
            [
                Some(Duration::from_millis(100)),
                Some(Duration::from_millis(200)),
                Some(Duration::from_millis(300)),
                None
            ]
        );
        assert_eq!(delay_before(1, &RETRIES, None, 0), Some(Duration::ZERO));
        assert_eq!(
            delay_before(1, &RETRIES, None, u64::MAX / 2),
            Some(Duration::from_micros(49_999))
        );
    }

    #[test]
    fn waits_at_least_as_long_as_asked_but_not_forever() {
        let second = Duration::from_secs(1);
        assert_eq!(
            delay_before(1, &RETRIES, Some(second), u64::MAX),
            Some(second)
        );
        assert_eq!(
            delay_before(1, &RETRIES, Some(Duration::from_secs(6)), 0),
            None
        );
    }

    #[test]
    fn reads_seconds_milliseconds_and_dates() {
        for (pairs, expected) in [
            (&[("retry-after", "2")][..], Some(2_000)),
            (&[("retry-after", " 0.25 ")], Some(250)),
            (
                &[("retry-after-ms", "1500"), ("retry-after", "9")],
                Some(1_500),
            ),
            (
                &[
                    ("retry-after", "Sat, 21 Nov 2026 06:00:30 GMT"),
                    ("date", "Sat, 21 Nov 2026 06:00:00 GMT"),
                ],
                Some(30_000),
            ),
            (
                &[
                    ("retry-after", "Sat, 21 Nov 2026 05:00:30 GMT"),
                    ("date", "Sat, 21 Nov 2026 06:00:00 GMT"),
                ],
                Some(0),
            ),
            (&[("retry-after", "Sat, 21 Nov 2026 06:00:30 GMT")], None),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "soon")], None),
            (&[], None),
        ] {
            assert_eq!(
                retry_after(&headers(pairs)).map(milliseconds),
                expected,
                "{pairs:?}"
            );
        }
    }
}
