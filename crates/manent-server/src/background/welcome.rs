//! Looks again at those who have something open, and ends what is open in the name of whoever is not welcome any more.
//!
//! Invariant: what was ended on this node is acted on at once, what was ended elsewhere within the interval; while the store does not answer,
//! nobody is thrown out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use manent_accounts::services::StandingService;
use manent_domain::ports::StoreError;
use manent_runs::RunService;
use manent_types::UserId;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::OpenStreams;

/// How long one look may take.
const LOOK: Duration = Duration::from_secs(2);

/// How many looks are under way at once.
const LOOKS: usize = 8;

/// The shortest interval.
const LEAST: Duration = Duration::from_millis(50);

/// What is looked after.
pub(crate) struct Watch {
    pub(crate) standing: StandingService,
    pub(crate) streams: Arc<OpenStreams>,
    pub(crate) runs: RunService,
    /// How often everybody is looked at.
    pub(crate) interval: Duration,
}

/// Looks until the server stops.
pub(crate) fn run(tasks: &TaskTracker, watch: Watch, shutdown: CancellationToken) {
    tasks.spawn(async move {
        let mut ticks = interval(watch.interval.max(LEAST));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let changed = tokio::select! {
                () = shutdown.cancelled() => return,
                changed = watch.streams.next_changed() => Some(changed),
                _ = ticks.tick() => None,
            };
            let look = async {
                watch.look_at_streams(changed.as_ref()).await?;
                watch.look_at_runs(changed).await
            };
            if let Err(error) = look.await {
                tracing::debug!(%error, "could not look whether everybody is still welcome");
            }
        }
    });
}

impl Watch {
    /// Ends the streams of those who are not welcome any more; of these accounts, or of all.
    async fn look_at_streams(&self, of: Option<&BTreeSet<UserId>>) -> Result<(), StoreError> {
        stream::iter(self.streams.callers(of))
            .map(Ok)
            .try_for_each_concurrent(LOOKS, |caller| async move {
                if !bounded(self.standing.is_welcome(&caller)).await? {
                    self.streams.end(&caller);
                }
                Ok(())
            })
            .await
    }

    /// Stops the runs of accounts that are gone. Whoever is only signed out keeps what runs: the answer is kept.
    async fn look_at_runs(&self, of: Option<BTreeSet<UserId>>) -> Result<(), StoreError> {
        let mut owners = self.runs.owners();
        if let Some(accounts) = of {
            owners.retain(|owner| accounts.contains(owner));
        }
        stream::iter(owners)
            .map(Ok)
            .try_for_each_concurrent(LOOKS, |owner| async move {
                if !bounded(self.standing.exists(owner)).await? {
                    self.runs.stop_all_of(owner);
                }
                Ok(())
            })
            .await
    }
}

async fn bounded<T>(look: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(LOOK, look).await.unwrap_or_else(|_| {
        Err(StoreError::Busy {
            detail: "no answer in time".to_owned(),
        })
    })
}
