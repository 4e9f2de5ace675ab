//! Durable appends: at the store and through HTTP, against plain group commit with the same rows and the same durability.

mod chat_length;
mod http;
pub(super) mod store;

use crate::environment::Environment;
use crate::floor::group_commit::Run;
use crate::report::Report;
use crate::statistics::{Latencies, median};

/// How many clients append at the same time.
const CLIENTS: [usize; 4] = [1, 16, 64, 256];

/// Runs it.
///
/// # Errors
/// When a store or a process does not start, or an append fails.
pub(crate) fn run(environment: &Environment) -> anyhow::Result<Report> {
    let mut report = Report::new("append", environment.quick);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        store::measure(environment, &mut report).await?;
        chat_length::measure(environment, &mut report).await
    })?;
    if environment.has_server(&mut report) {
        http::measure(environment, &mut report)?;
    }
    Ok(report)
}

/// What several rounds of the same come to.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    rates: Vec<f64>,
    latencies: Latencies,
}

impl Rounds {
    pub(super) fn push(&mut self, run: Run) {
        self.rates.push(run.rate());
        self.latencies.extend(run.latencies);
    }

    pub(super) fn rate(&self) -> f64 {
        median(&self.rates)
    }

    /// Of all appends of all rounds: a stall that comes once in several rounds belongs into the tail.
    pub(super) fn percentile(&self, percent: f64) -> f64 {
        self.latencies.percentile(percent)
    }
}

/// Appends of each client in a round: enough for a stable median, the same for the figure and its floor, so that their databases grow alike.
pub(super) fn appends_each(environment: &Environment, clients: usize) -> usize {
    let all = match clients {
        1 => environment.scaled(400, 2_000),
        16 => environment.scaled(2_000, 10_000),
        _ => environment.scaled(5_000, 25_000),
    };
    all / clients
}
