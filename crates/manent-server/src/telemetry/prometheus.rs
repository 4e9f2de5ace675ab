//! Metrics of the process. Labels come from bounded sets only: routes, methods, outcomes, configured providers.

use std::sync::OnceLock;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// The process has one recorder, whatever number of servers tests start in it.
static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Upper ends of the buckets of every `_seconds` histogram.
const SECONDS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// Begins to record. Further calls do nothing.
pub fn init_metrics() {
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .ok()?;
        let handle = builder.install_recorder().ok()?;
        describe();
        Some(handle)
    });
}

/// The figures as text; empty when nothing is recorded.
pub(crate) fn render_metrics() -> String {
    HANDLE
        .get()
        .and_then(Option::as_ref)
        .map(PrometheusHandle::render)
        .unwrap_or_default()
}

/// Lets the recorder fold what it has collected, so that it does not grow between two scrapes.
pub(crate) fn run_upkeep() {
    if let Some(Some(handle)) = HANDLE.get() {
        handle.run_upkeep();
    }
}

fn describe() {
    describe_counter!(
        "manent_http_requests_total",
        "Requests, by route and status"
    );
    describe_histogram!(
        "manent_http_response_seconds",
        Unit::Seconds,
        "Time until a response begins, by route"
    );
    describe_counter!("manent_append_items_total", "Items of appends, by outcome");
    describe_counter!(
        "manent_completions_total",
        "Generations, by provider and outcome"
    );
    describe_gauge!("manent_completions_running", "Generations that run now");
    describe_histogram!(
        "manent_completion_first_event_seconds",
        Unit::Seconds,
        "Time from the request to the provider's first event, by provider"
    );
    describe_counter!(
        "manent_titles_total",
        "Titles made in the background, by outcome"
    );
    describe_gauge!("manent_runs_running", "Runs that this process carries");
    describe_counter!("manent_runs_total", "Runs that ended here, by status");
    describe_counter!(
        "manent_runs_interrupted_total",
        "Runs of others that were found dead"
    );
    describe_counter!(
        "manent_run_attaches_total",
        "Readers that attached to a run, by where they read it from"
    );
    describe_counter!(
        "manent_run_journalled_total",
        "Writes of runs and turns that went to the journal"
    );
    describe_gauge!(
        "manent_journal_waiting_entries",
        "Entries that wait for the store"
    );
    describe_gauge!(
        "manent_journal_refused_entries",
        "Entries that can never be stored and are kept aside"
    );
    describe_gauge!(
        "manent_journal_oldest_entry_seconds",
        Unit::Seconds,
        "How long the oldest entry has been waiting"
    );
    describe_gauge!(
        "manent_journal_writable",
        "1 while the journal takes entries"
    );
}
