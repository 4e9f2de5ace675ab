//! Titles made by a model, one after the other, never in anybody's way.

use std::sync::Arc;
use std::time::Duration;

use manent_domain::ports::{AppendListener, TitleWanted};
use manent_domain::services::TitleService;
use metrics::counter;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How many titles may wait; more are not made, the cut stays.
const QUEUE: usize = 256;

/// How long one title may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Hands wanted titles to the worker.
pub(crate) struct TitleQueue(mpsc::Sender<TitleWanted>);

impl TitleQueue {
    /// The queue, and the end from which [`run`] takes.
    pub(crate) fn new() -> (Arc<Self>, mpsc::Receiver<TitleWanted>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Arc::new(Self(sender)), receiver)
    }
}

impl AppendListener for TitleQueue {
    fn title_wanted(&self, wanted: TitleWanted) {
        if self.0.try_send(wanted).is_err() {
            counter!("manent_titles_total", "outcome" => "skipped").increment(1);
        }
    }
}

/// Makes titles until the server stops.
pub(crate) fn run(
    tasks: &TaskTracker,
    service: TitleService,
    mut wanted: mpsc::Receiver<TitleWanted>,
    shutdown: CancellationToken,
) {
    tasks.spawn(async move {
        loop {
            let next = tokio::select! {
                () = shutdown.cancelled() => return,
                next = wanted.recv() => next,
            };
            let Some(next) = next else { return };
            if !service.is_configured() {
                continue;
            }
            let outcome = tokio::select! {
                () = shutdown.cancelled() => return,
                outcome = tokio::time::timeout(TIMEOUT, service.generate(next)) => outcome,
            };
            let label = match outcome {
                Ok(Ok(true)) => "set",
                Ok(Ok(false)) => "not_needed",
                Ok(Err(error)) => {
                    tracing::warn!(%error, "could not make a title");
                    "failed"
                }
                Err(_) => "timeout",
            };
            counter!("manent_titles_total", "outcome" => label).increment(1);
        }
    });
}
