//! Rates of requests over time.

use std::fmt;
use std::ops::Range;

/// The width of the narrowest bucket.
const BUCKET_MS: u64 = 100;
const BUCKETS_PER_SECOND: usize = 10;

/// Requests and messages, counted in buckets of 100 ms, and how long it took to catch up.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    requests: Vec<u32>,
    messages: Vec<u32>,
    /// Of each client that had something left: the time from the end of the outage until the server had it, in milliseconds.
    pub(super) caught_up: Vec<u64>,
}

/// The steady rate and the peaks beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Requests per second before the outage, on average.
    pub steady: f64,
    /// The busiest second before the outage, wherever it begins (in steps of 100 ms).
    pub steady_peak: u32,
    /// The busiest 100 ms before the outage.
    pub steady_spike: u32,
    /// The busiest second after the outage.
    pub peak: u32,
    /// The busiest 100 ms after the outage.
    pub spike: u32,
    /// Half of the clients that had something left had caught up so many milliseconds after the outage.
    pub caught_up_median_ms: u64,
    /// 99 of 100 had.
    pub caught_up_p99_ms: u64,
    /// Requests in each second after the outage.
    pub recovery: Vec<u32>,
    /// Messages that reached the server in each second after the outage.
    pub messages: Vec<u32>,
    /// Requests in each 100 ms, before and after.
    buckets: (Vec<u32>, Vec<u32>),
}

impl Profile {
    /// The busiest window of this width after the outage, as a multiple of the steady rate.
    pub fn peak_of(&self, window_ms: u64) -> f64 {
        busiest(&self.buckets.1, window_ms, self.steady)
    }

    /// The busiest window of this width before the outage, as a multiple of the mean: what chance does by itself.
    pub fn chance_of(&self, window_ms: u64) -> f64 {
        busiest(&self.buckets.0, window_ms, self.steady)
    }
}

impl Counted {
    pub(super) fn count(&mut self, at: u64, messages: usize) {
        let place = usize::try_from(at / BUCKET_MS).unwrap_or(usize::MAX);
        self.reach(place + 1);
        self.requests[place] += 1;
        self.messages[place] += u32::try_from(messages).unwrap_or(u32::MAX);
    }

    pub(super) fn add(&mut self, other: Self) {
        self.reach(other.requests.len());
        let requests = self.requests.iter_mut().zip(&other.requests);
        requests.for_each(|(total, more)| *total += more);
        let messages = self.messages.iter_mut().zip(&other.messages);
        messages.for_each(|(total, more)| *total += more);
        self.caught_up.extend(other.caught_up);
    }

    fn reach(&mut self, buckets: usize) {
        if self.requests.len() < buckets {
            self.requests.resize(buckets, 0);
            self.messages.resize(buckets, 0);
        }
    }

    pub(super) fn profile(mut self, steady: Range<u64>, recovery: Range<u64>) -> Profile {
        let buckets = |range: &Range<u64>| {
            let place = |at: u64| usize::try_from(at / BUCKET_MS).unwrap_or(usize::MAX);
            place(range.start)..place(range.end)
        };
        let (steady, recovery) = (buckets(&steady), buckets(&recovery));
        self.reach(recovery.end);
        self.caught_up.sort_unstable();
        let before = &self.requests[steady.clone()];
        let after = &self.requests[recovery.clone()];
        let buckets = u32::try_from(before.len()).unwrap_or(u32::MAX);
        Profile {
            steady: f64::from(before.iter().sum::<u32>()) * 10.0 / f64::from(buckets),
            steady_peak: busiest_sum(before, BUCKETS_PER_SECOND),
            steady_spike: before.iter().copied().max().unwrap_or(0),
            peak: busiest_sum(after, BUCKETS_PER_SECOND),
            spike: after.iter().copied().max().unwrap_or(0),
            caught_up_median_ms: part(&self.caught_up, 50),
            caught_up_p99_ms: part(&self.caught_up, 99),
            recovery: per_second(after),
            messages: per_second(&self.messages[recovery]),
            buckets: (before.to_vec(), after.to_vec()),
        }
    }
}

/// So many of a hundred are at most this.
fn part(sorted: &[u64], percent: usize) -> u64 {
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or(0)
}

fn busiest_sum(buckets: &[u32], width: usize) -> u32 {
    let windows = buckets.windows(width.max(1));
    windows.map(|window| window.iter().sum()).max().unwrap_or(0)
}

/// The busiest window of this width, as a multiple of so many requests a second.
fn busiest(buckets: &[u32], window_ms: u64, steady: f64) -> f64 {
    let width = usize::try_from(window_ms / BUCKET_MS).unwrap_or(usize::MAX);
    let seconds = f64::from(u32::try_from(window_ms).unwrap_or(u32::MAX)) / 1_000.0;
    f64::from(busiest_sum(buckets, width)) / seconds / steady
}

fn per_second(buckets: &[u32]) -> Vec<u32> {
    let seconds = buckets.chunks(BUCKETS_PER_SECOND);
    seconds.map(|second| second.iter().sum()).collect()
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "steady {:.0} requests/s; busiest second, in steady rates: {:.2} before, {:.2} after the outage; busiest 5 s: {:.2}, {:.2}; 30 s: {:.2}, {:.2}; busiest 100 ms: {} and {} requests; caught up after {:.1} s (median), {:.1} s (p99)",
            self.steady,
            self.chance_of(1_000),
            self.peak_of(1_000),
            self.chance_of(5_000),
            self.peak_of(5_000),
            self.chance_of(30_000),
            self.peak_of(30_000),
            self.steady_spike,
            self.spike,
            seconds(self.caught_up_median_ms),
            seconds(self.caught_up_p99_ms),
        )
    }
}

fn seconds(millis: u64) -> f64 {
    f64::from(u32::try_from(millis).unwrap_or(u32::MAX)) / 1_000.0
}
