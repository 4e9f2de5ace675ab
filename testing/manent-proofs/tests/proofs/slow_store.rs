//! Stores that are slow or gone, and the time to the first word.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use manent_proofs::{Api, Deployment, Store, bounded, percentile, scaled};
use manent_testkit::{Fault, new_id};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::interval;

/// Turns for each state of the store.
const TURNS: usize = 60;

/// One turn each.
const PACE: Duration = Duration::from_millis(40);

/// How much the middle of the times may differ: what a machine that does other things as well is uncertain by.
const TOLERANCE: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread")]
async fn the_first_word_of_a_turn_does_not_wait_for_a_store_that_is_slow_or_gone() {
    slow_postgres().await.unwrap();
}

async fn slow_postgres() -> anyhow::Result<()> {
    bounded(Duration::from_mins(2), async {
        let mut deployment = Deployment::new(Store::Postgres).await?;
        let node = deployment.node("a").await?;
        let api = node.direct()?;
        // The first ones find everything cold.
        first_words(&api, 10).await?;
        let undisturbed = first_words(&api, scaled(TURNS)).await?;
        for delay in [0, 100, 5_000] {
            let proxy = deployment.database().proxy()?;
            proxy.set_fault(Fault::Delay(Duration::from_millis(delay)));
            // Connections keep the fault that they began with.
            proxy.reset_all();
            let times = first_words(&api, scaled(TURNS)).await?;
            compare(&format!("delayed by {delay} ms"), &undisturbed, &times)?;
        }
        deployment.database_mut().go_down(node.directory()).await?;
        let times = first_words(&api, scaled(TURNS)).await?;
        compare("gone", &undisturbed, &times)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_word_of_a_turn_does_not_wait_for_a_locked_sqlite() {
    locked_sqlite().await.unwrap();
}

async fn locked_sqlite() -> anyhow::Result<()> {
    bounded(Duration::from_mins(1), async {
        let mut deployment = Deployment::new(Store::Sqlite).await?;
        let node = deployment.node("a").await?;
        let api = node.direct()?;
        first_words(&api, 10).await?;
        let undisturbed = first_words(&api, scaled(TURNS)).await?;
        deployment.database_mut().go_down(node.directory()).await?;
        let times = first_words(&api, scaled(TURNS)).await?;
        compare("locked", &undisturbed, &times)
    })
    .await
}

fn compare(state: &str, undisturbed: &[Duration], times: &[Duration]) -> anyhow::Result<()> {
    let (before, now) = (percentile(undisturbed, 50)?, percentile(times, 50)?);
    let worst = percentile(times, 90)?;
    println!("store {state}: first word after {now:?} (p90 {worst:?}), undisturbed {before:?}");
    ensure!(
        now <= before + TOLERANCE,
        "with the store {state} the first word takes {now:?} instead of {before:?}"
    );
    ensure!(
        worst <= percentile(undisturbed, 90)? + TOLERANCE * 2,
        "with the store {state} one in ten first words takes {worst:?}"
    );
    Ok(())
}

/// The times from the request to the first word, of turns that nobody reads further.
async fn first_words(api: &Api, number: usize) -> anyhow::Result<Vec<Duration>> {
    let mut ticks = interval(PACE);
    let mut turns = JoinSet::new();
    for _ in 0..number {
        ticks.tick().await;
        let api = api.clone();
        turns.spawn(async move {
            let turn = json!({"conversationId": new_id(), "create": {}, "message": {"content": "hello"}, "config": {}});
            let start = Instant::now();
            let mut stream = api.turn(&turn).await?.stream()?;
            loop {
                let event = stream.next().await?.context("a first word")?;
                if !event.text().is_empty() {
                    return anyhow::Ok(event.at - start);
                }
            }
        });
    }
    turns.join_all().await.into_iter().collect()
}
