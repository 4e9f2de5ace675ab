//! Clears what nobody needs any more, once in a while.

use std::time::Duration;

use manent_accounts::services::HousekeepingService;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often. The first time is at the start.
const INTERVAL: Duration = Duration::from_mins(30);

/// How long it rests when there was more than it took: others want the store too.
const REST: Duration = Duration::from_secs(1);

/// Tidies until the server stops.
pub(crate) fn run(tasks: &TaskTracker, service: HousekeepingService, shutdown: CancellationToken) {
    let tidying = async move {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            tidy(&service).await;
        }
    };
    tasks.spawn(async move {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tidying => {}
        }
    });
}

async fn tidy(service: &HousekeepingService) {
    loop {
        match service.tidy().await {
            Ok(tidied) => {
                tracing::debug!(?tidied, "cleared what nobody needs any more");
                if !tidied.is_full() {
                    return;
                }
                tokio::time::sleep(REST).await;
            }
            Err(error) => {
                tracing::debug!(%error, "could not clear what nobody needs any more; trying again later");
                return;
            }
        }
    }
}
