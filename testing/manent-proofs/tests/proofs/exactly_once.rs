//! Readers whose connections break.

use std::time::Duration;

use anyhow::{Context, ensure};
use manent_proofs::{Arrived, Deployment, Follower, Store, bounded, scaled, seeded, words};
use manent_testkit::{Direction, Fault, FaultProxy, new_id};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::task::JoinSet;

on_every_store!(a_reader_whose_connection_is_cut_again_and_again_sees_every_event_once);

/// Readers of one run at the same time.
const READERS: usize = 8;

/// Runs, one after the other.
const RUNS: usize = 3;

async fn a_reader_whose_connection_is_cut_again_and_again_sees_every_event_once(
    store: Store,
) -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(seeded("exactly once"));
    bounded(Duration::from_mins(2), async {
        let deployment = Deployment::new(store).await?;
        let node = deployment.node("a").await?;
        let direct = node.direct()?;
        cut_at_random_places(node.proxy(), random.random());
        for _ in 0..scaled(RUNS) {
            let run = new_id();
            let request = json!({"messages": [{"role": "user", "content": "count"}], "config": {}, "runId": run});
            // This one is never cut: what it sees is what there was.
            let stream = direct.generate(&request).await?.stream()?;
            let mut undisturbed = Follower::new(direct.clone(), &run);
            let mut readers = JoinSet::new();
            for _ in 0..READERS {
                let mut reader = Follower::new(node.api()?, &run);
                readers.spawn(async move {
                    reader.follow().await?;
                    anyhow::Ok(reader)
                });
            }
            ensure!(undisturbed.read(stream).await, "{undisturbed:?}");
            let expected: Vec<_> = undisturbed.events.iter().map(Arrived::said).collect();
            ensure!(undisturbed.text() == words(100));
            while let Some(reader) = readers.join_next().await {
                let reader = reader??;
                // The first event of all is the same for everybody; so is the last.
                let seen: Vec<_> = reader.events.iter().map(Arrived::said).collect();
                ensure!(
                    seen == expected,
                    "one that attached {} times saw {seen:#?}\ninstead of {expected:#?}",
                    reader.attached
                );
                ensure!(
                    reader.attached > 3,
                    "one attached only {} times: it was hardly disturbed",
                    reader.attached
                );
            }
        }
        let counts = node.proxy().counts();
        println!("{counts:?}");
        ensure!(counts.cut + counts.reset >= 20, "{counts:?}");
        let run = new_id();
        let request = json!({"messages": [{"role": "user", "content": "brief"}], "config": {}, "runId": run});
        let events = direct.generate(&request).await?.stream()?.rest().await?;
        let last = events.last().context("an end")?;
        // Whoever has seen the end is told that nothing comes.
        let after = direct.attach(&run, last.id.as_deref()).await?;
        ensure!(
            matches!(after, manent_proofs::Opened::AtEnd),
            "{after:?}"
        );
        Ok(())
    })
    .await
}

/// Cuts or resets every connection after a few events, wherever in an event that is. The answer is so long that nobody sees it over
/// three such connections.
fn cut_at_random_places(proxy: &FaultProxy, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    proxy.set_plan(move |_| {
        let (direction, after) = (Direction::ToClient, random.random_range(150..2_000));
        if random.random() {
            Fault::Cut { direction, after }
        } else {
            Fault::Reset { direction, after }
        }
    });
}
