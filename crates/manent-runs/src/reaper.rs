//! Finds runs whose process is dead, and clears the logs of runs that ended long ago.

use std::sync::Arc;
use std::time::Duration;

use manent_domain::ports::StoreError;
use manent_types::{RunId, Timestamp, UserId};
use metrics::counter;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::hub::Hub;

/// How many dead runs are ended, and how many logs cleared, in one unit.
const BATCH: usize = 100;

/// How far ahead of now a heartbeat may lie at the start of a process that has its store for itself.
const CLOCK_STEP: Duration = Duration::from_secs(1);

/// How often old logs are looked for.
const CLEAR_EVERY: Duration = Duration::from_mins(10);

/// The pause after a failure at the start.
const START_PAUSE: Duration = Duration::from_millis(500);

/// Looks for dead runs and old logs until the background work ends.
pub(crate) async fn run(hub: Arc<Hub>) {
    tokio::select! {
        () = hub.stopping.cancelled() => {}
        () = look_for_ever(&hub) => {}
    }
}

async fn look_for_ever(hub: &Hub) {
    if hub.ports.is_store_exclusive {
        // Nobody else can be alive: whatever runs belonged to processes that are gone.
        while interrupt(hub, later(hub.ports.clock.now(), CLOCK_STEP))
            .await
            .is_err()
        {
            sleep(START_PAUSE).await;
        }
    }
    let dead_after = hub.config.dead_after;
    let mut cleared_at: Option<Instant> = None;
    loop {
        sleep(dead_after / 4).await;
        let now = Instant::now();
        if hub.health.is_healthy_for(dead_after, now) {
            // Failures are told by the store's health.
            drop(interrupt(hub, earlier(hub.ports.clock.now(), dead_after)).await);
        } else {
            // After an outage nobody's heartbeat is fresh, so nobody is called dead before everybody had time for one.
            ask(hub).await;
        }
        let is_due = cleared_at.is_none_or(|at| now.duration_since(at) >= CLEAR_EVERY);
        if is_due && !hub.health.is_failing() {
            cleared_at = Some(now);
            drop(clear(hub).await);
        }
    }
}

/// Asks the store for nothing, to see whether it answers.
async fn ask(hub: &Hub) {
    let nobody = UserId::new(Uuid::nil());
    let find = hub.ports.runs.find_run(nobody, RunId::new(Uuid::nil()));
    drop(hub.read(find).await);
}

async fn interrupt(hub: &Hub, heard_before: Timestamp) -> Result<(), StoreError> {
    loop {
        let now = hub.ports.clock.now();
        let interrupt = hub
            .ports
            .runs
            .interrupt_dead(hub.ports.node, heard_before, BATCH, now);
        let dead = hub.write(interrupt).await?;
        if !dead.is_empty() {
            tracing::info!(runs = dead.len(), "ended runs whose process is gone");
            counter!("manent_runs_interrupted_total").increment(dead.len() as u64);
        }
        for key in &dead {
            hub.watchers.wake(*key);
        }
        if dead.len() < BATCH {
            return Ok(());
        }
    }
}

async fn clear(hub: &Hub) -> Result<(), StoreError> {
    loop {
        let ended_before = earlier(hub.ports.clock.now(), hub.config.log_retention);
        let clear = hub.ports.runs.clear_logs(ended_before, BATCH);
        if hub.write(clear).await? < BATCH {
            return Ok(());
        }
    }
}

fn earlier(time: Timestamp, by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    let milliseconds = time.as_millisecond().saturating_sub(by).max(0);
    Timestamp::from_millisecond(milliseconds).unwrap_or(time)
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(time.as_millisecond().saturating_add(by)).unwrap_or(time)
}
