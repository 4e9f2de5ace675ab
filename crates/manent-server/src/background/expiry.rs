//! Removes temporary conversations whose time is over, once in a while. From that moment on nobody finds them; here their rows go.

use std::time::Duration;

use manent_domain::services::ConversationService;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often. The first time is at the start.
const INTERVAL: Duration = Duration::from_mins(1);

/// The most at once: others want the store too.
const BATCH: usize = 50;

/// How long it rests when there was more than that.
const REST: Duration = Duration::from_millis(200);

/// Removes until the server stops.
pub(crate) fn run(
    tasks: &TaskTracker,
    conversations: ConversationService,
    shutdown: CancellationToken,
) {
    let removing = async move {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            remove(&conversations).await;
        }
    };
    tasks.spawn(async move {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = removing => {}
        }
    });
}

async fn remove(conversations: &ConversationService) {
    loop {
        match conversations.remove_expired(BATCH).await {
            Ok(removed) => {
                if removed > 0 {
                    tracing::debug!(removed, "removed conversations whose time is over");
                }
                if removed < BATCH {
                    return;
                }
                tokio::time::sleep(REST).await;
            }
            Err(error) => {
                tracing::debug!(%error, "could not remove conversations whose time is over; trying again later");
                return;
            }
        }
    }
}
