//! Rates of requests over time.

use std::fmt;
use std::ops::Range;

/// The width of the narrowest bucket.
const BUCKET_MS: u64 = 100;
const BUCKETS_PER_SECOND: usize = 10;

/// Requests and messages, counted in buckets of 100 ms.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    requests: Vec<u32>,
    messages: Vec<u32>,
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
    /// Requests in each second after the outage.
    pub recovery: Vec<u32>,
    /// Messages that reached the server in each second after the outage.
    pub messages: Vec<u32>,
}

impl Rates {
    pub(super) fn count(&mut self, at: u64, messages: usize) {
        let place = usize::try_from(at / BUCKET_MS).unwrap_or(usize::MAX);
        if self.requests.len() <= place {
            self.requests.resize(place + 1, 0);
            self.messages.resize(place + 1, 0);
        }
        self.requests[place] += 1;
        self.messages[place] += u32::try_from(messages).unwrap_or(u32::MAX);
    }

    pub(super) fn profile(mut self, steady: Range<u64>, recovery: Range<u64>) -> Profile {
        let buckets = |range: &Range<u64>| {
            let place = |at: u64| usize::try_from(at / BUCKET_MS).unwrap_or(usize::MAX);
            place(range.start)..place(range.end)
        };
        let (steady, recovery) = (buckets(&steady), buckets(&recovery));
        self.requests
            .resize(self.requests.len().max(recovery.end), 0);
        self.messages
            .resize(self.messages.len().max(recovery.end), 0);
        let before = &self.requests[steady.clone()];
        let after = &self.requests[recovery.clone()];
        let buckets = u32::try_from(before.len()).unwrap_or(u32::MAX);
        Profile {
            steady: f64::from(before.iter().sum::<u32>()) * 10.0 / f64::from(buckets),
            steady_peak: busiest_second(before),
            steady_spike: before.iter().copied().max().unwrap_or(0),
            peak: busiest_second(after),
            spike: after.iter().copied().max().unwrap_or(0),
            recovery: per_second(after),
            messages: per_second(&self.messages[recovery]),
        }
    }
}

fn busiest_second(buckets: &[u32]) -> u32 {
    let windows = buckets.windows(BUCKETS_PER_SECOND);
    windows.map(|window| window.iter().sum()).max().unwrap_or(0)
}

fn per_second(buckets: &[u32]) -> Vec<u32> {
    let seconds = buckets.chunks(BUCKETS_PER_SECOND);
    seconds.map(|second| second.iter().sum()).collect()
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "steady {:.0} requests/s (busiest second {}, busiest 100 ms {}); after the outage: busiest second {} ({:.2} x steady), busiest 100 ms {} ({:.2} x before)",
            self.steady,
            self.steady_peak,
            self.steady_spike,
            self.peak,
            f64::from(self.peak) / self.steady,
            self.spike,
            f64::from(self.spike) / f64::from(self.steady_spike.max(1)),
        )
    }
}
