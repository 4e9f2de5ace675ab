//! The store goes away under load, for a minute, and comes back.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use manent_proofs::{Api, Deployment, Store, bounded, eventually, percentile, text_of, words};
use manent_testkit::new_id;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::interval;

on_every_store!(turns_of_an_outage_are_stored_once_and_in_order_and_begin_as_fast_as_ever);

/// Twenty turns in a second.
const PACE: Duration = Duration::from_millis(50);

/// Each takes its turns in a chain, one in a second.
const CONVERSATIONS: usize = 20;

/// How much the slowest first word of a hundred may move.
const TOLERANCE: Duration = Duration::from_millis(5);

/// How long the store is down. SQLite's is shorter to keep the whole of the proofs short: what differs from Postgres shows within the
/// time that a write waits for a lock.
const fn outage(store: Store) -> Duration {
    match store {
        Store::Postgres => Duration::from_mins(1),
        Store::Sqlite => Duration::from_secs(20),
    }
}

async fn turns_of_an_outage_are_stored_once_and_in_order_and_begin_as_fast_as_ever(
    store: Store,
) -> anyhow::Result<()> {
    bounded(Duration::from_mins(4), async {
        let mut deployment = Deployment::new(store).await?;
        let node = deployment.node("a").await?;
        let data_dir = node.directory().to_owned();
        let mut load = Load::new(node.direct()?);
        // The first turns find everything cold.
        load.run(Duration::from_secs(3)).await;
        load.ends().await?;

        load.run(Duration::from_secs(15)).await;
        let mut up = load.ends().await?;

        deployment.database_mut().go_down(&data_dir).await?;
        load.run(outage(store)).await;
        deployment.database_mut().come_back().await?;
        let down = load.ends().await?;

        load.run(Duration::from_secs(15)).await;
        up.extend(load.ends().await?);

        let journalled = down.iter().filter(|turn| !turn.is_persisted).count();
        let times = |turns: &[Taken], percent| {
            let times: Vec<Duration> = turns.iter().map(|turn| turn.first_word).collect();
            percentile(&times, percent)
        };
        let (before, during) = (times(&up, 99)?, times(&down, 99)?);
        println!(
            "first word, p50 and p99: {:?} {before:?} of {} turns with the store, {:?} {during:?} of {} without it, {journalled} of them journalled",
            times(&up, 50)?, up.len(), times(&down, 50)?, down.len(),
        );
        ensure!(
            journalled * 2 > down.len(),
            "the store was hardly down: {journalled} of {} turns were journalled",
            down.len()
        );
        load.verify().await?;
        ensure!(
            during < before + TOLERANCE,
            "p99 of the first word was {before:?} with the store and {during:?} without it"
        );
        Ok(())
    })
    .await
}

/// One turn as its client saw it.
struct Taken {
    first_word: Duration,
    is_persisted: bool,
}

struct Load {
    api: Api,
    /// The ids of the messages that each must have in the end, in their order.
    conversations: Vec<(String, Vec<String>)>,
    next: usize,
    turns: JoinSet<anyhow::Result<Taken>>,
}

impl Load {
    fn new(api: Api) -> Self {
        Self {
            api,
            conversations: (0..CONVERSATIONS).map(|_| (new_id(), Vec::new())).collect(),
            next: 0,
            turns: JoinSet::new(),
        }
    }

    /// Starts turns at the pace, whatever becomes of those before.
    async fn run(&mut self, duration: Duration) {
        let end = Instant::now() + duration;
        let mut ticks = interval(PACE);
        while Instant::now() < end {
            ticks.tick().await;
            let (conversation, messages) = &mut self.conversations[self.next % CONVERSATIONS];
            self.next += 1;
            let (message, answer) = (new_id(), new_id());
            let turn = json!({"conversationId": conversation, "create": {},
                "message": {"id": message, "content": "brief", "parentId": messages.last()},
                "config": {}, "answerId": answer});
            messages.extend([message, answer]);
            self.turns.spawn(take_turn(self.api.clone(), turn));
        }
    }

    /// Waits for the end of every turn that runs.
    async fn ends(&mut self) -> anyhow::Result<Vec<Taken>> {
        let mut taken = Vec::new();
        while let Some(turn) = self.turns.join_next().await {
            taken.push(turn??);
        }
        Ok(taken)
    }

    async fn verify(&self) -> anyhow::Result<()> {
        for (conversation, expected) in &self.conversations {
            let last = expected.last().context("messages")?;
            eventually("everything is stored", Duration::from_mins(1), || {
                self.api.ended_message(last)
            })
            .await?;
            let messages = self.api.messages(conversation).await?;
            let found: Vec<_> = messages
                .iter()
                .map(|message| message["id"].as_str().unwrap_or_default().to_owned())
                .collect();
            ensure!(
                found == *expected,
                "{conversation}: {found:#?}\ninstead of {expected:#?}"
            );
            for pair in messages.chunks(2) {
                let [message, answer] = pair else {
                    anyhow::bail!("an odd number of messages")
                };
                ensure!(text_of(message) == "brief", "{message}");
                ensure!(
                    text_of(answer) == words(20)
                        && answer["status"] == "complete"
                        && answer["parentId"] == message["id"],
                    "{answer}"
                );
            }
        }
        Ok(())
    }
}

async fn take_turn(api: Api, turn: Value) -> anyhow::Result<Taken> {
    let start = Instant::now();
    let mut stream = api.turn(&turn).await?.stream()?;
    let events = stream.rest().await?;
    let first = events.iter().find(|event| !event.text().is_empty());
    let end = events.last().context("an end")?;
    ensure!(end.name == "done", "{end:?}");
    let is_persisted = end.data["persisted"] == true;
    ensure!(
        is_persisted || end.data["journalPosition"].is_u64(),
        "it is nowhere: {end:?}"
    );
    Ok(Taken {
        first_word: first.context("a first word")?.at - start,
        is_persisted,
    })
}
