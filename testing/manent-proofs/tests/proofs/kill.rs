//! `kill -9` at random points of streams.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use manent_proofs::{
    Api, Deployment, Follower, Opened, Store, WORDS, bounded, eventually, scaled, seeded, text_of,
    words,
};
use manent_testkit::new_id;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::task::JoinSet;

on_every_store!(
    what_was_streamed_survives_kill_9_and_can_be_continued,
    what_was_streamed_without_the_store_survives_kill_9_in_the_journal,
);

/// How many points of streams are hit: each kill hits every stream that runs.
const POINTS: usize = 200;

/// Streams at the same time. With Postgres each kill costs the time after which a process counts as dead.
const fn streams(store: Store) -> usize {
    match store {
        Store::Sqlite => 20,
        Store::Postgres => 40,
    }
}

/// How much of what a reader had received may be missing from what is stored.
const MOST_LOST: Duration = Duration::from_millis(250);

/// How long a reader may have to wait for the end of a run whose server died.
const MOST_WAITING: Duration = Duration::from_secs(15);

async fn what_was_streamed_survives_kill_9_and_can_be_continued(
    store: Store,
) -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(seeded("kill"));
    bounded(Duration::from_mins(5), async {
        let deployment = Deployment::new(store).await?;
        let mut node = deployment.node("a").await?;
        let mut tally = Tally::default();
        for _ in 0..scaled(POINTS).div_ceil(streams(store)) {
            let streams = start_streams(&node.api()?, streams(store), &mut random).await?;
            // Streams are at different words, and the longest one is far from its end.
            tokio::time::sleep(Duration::from_millis(random.random_range(300..2_500))).await;
            let killed_at = Instant::now();
            node.kill().await?;
            node.restart().await?;
            check_streams(&node.direct()?, streams, killed_at, &mut tally).await?;
        }
        println!("{tally:?}");
        ensure!(
            tally.interrupted >= scaled(POINTS) * 9 / 10,
            "too few streams were hit: {tally:?}"
        );
        Ok(())
    })
    .await
}

async fn what_was_streamed_without_the_store_survives_kill_9_in_the_journal(
    store: Store,
) -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(seeded("kill without the store"));
    bounded(Duration::from_mins(1), async {
        let mut deployment = Deployment::new(store).await?;
        let mut node = deployment.node("a").await?;
        let data_dir = node.directory().to_owned();
        deployment.database_mut().go_down(&data_dir).await?;
        let mut streams = Vec::new();
        for _ in 0..20 {
            let (conversation, run, answer) = (new_id(), new_id(), new_id());
            let turn = json!({"conversationId": conversation, "create": {}, "message": {"content": "count"},
                "config": {}, "answerId": answer, "runId": run});
            let stream = node.api()?.turn(&turn).await?.stream()?;
            let mut reader = Follower::new(node.api()?, &run);
            let reading = tokio::spawn(async move {
                reader.read(stream).await;
                reader
            });
            streams.push((run, answer, reading));
        }
        // By then it is known that the store does not answer.
        tokio::time::sleep(Duration::from_millis(random.random_range(2_500..4_000))).await;
        let killed_at = Instant::now();
        node.kill().await?;
        deployment.database_mut().come_back().await?;
        node.restart().await?;
        let api = node.direct()?;
        let (mut interrupted, mut most_lost) = (0, Duration::ZERO);
        for (run, answer, reading) in streams {
            let reader = reading.await?;
            let message = eventually("the answer is stored", Duration::from_secs(30), || {
                api.ended_message(&answer)
            })
            .await?;
            let stored = text_of(&message);
            if reader.end().is_some_and(|end| end.name == "done") {
                ensure!(stored == words(WORDS), "{message}");
                continue;
            }
            interrupted += 1;
            ensure!(
                message["status"] == "interrupted" && words(WORDS).starts_with(&stored),
                "{message}"
            );
            let lost = lost(&reader, &stored, killed_at);
            ensure!(
                lost <= MOST_LOST,
                "{run}: stored {stored:?}, {lost:?} short of {:?}",
                reader.text()
            );
            most_lost = most_lost.max(lost);
            let mut again = Follower::new(api.clone(), &run);
            let end = again.follow().await?;
            ensure!(end.data["status"] == "interrupted", "{end:?}");
        }
        println!("{interrupted} interrupted, at most {most_lost:?} lost");
        ensure!(interrupted >= 5, "too few streams were hit");
        Ok(())
    })
    .await
}

#[derive(Debug, Default)]
struct Tally {
    interrupted: usize,
    continued: usize,
    most_lost: Duration,
    longest_wait: Duration,
}

/// A stream that somebody reads.
struct Stream {
    conversation: String,
    run: String,
    answer: String,
    /// Reads on over the kill, and tells when it had the end.
    reader: tokio::task::JoinHandle<anyhow::Result<(Follower, Instant)>>,
}

/// Starts streams a random time apart: one half as turns, the other as runs that record their answers.
async fn start_streams(
    api: &Api,
    number: usize,
    random: &mut StdRng,
) -> anyhow::Result<Vec<Stream>> {
    let mut streams = Vec::new();
    for number in 0..number {
        let (conversation, run, answer) = (new_id(), new_id(), new_id());
        let opened = if number % 2 == 0 {
            let turn = json!({"conversationId": conversation, "create": {}, "message": {"content": "count"},
                "config": {}, "answerId": answer, "runId": run});
            api.turn(&turn).await?
        } else {
            api.create(&conversation).await?;
            let record =
                json!({"conversationId": conversation, "messageId": answer, "parentId": null});
            api.generate(&generation("count", None, &run, &record))
                .await?
        };
        let stream = opened.stream()?;
        let mut reader = Follower::new(api.clone(), &run);
        let reader = tokio::spawn(async move {
            if !reader.read(stream).await {
                reader.follow().await?;
            }
            Ok((reader, Instant::now()))
        });
        streams.push(Stream {
            conversation,
            run,
            answer,
            reader,
        });
        tokio::time::sleep(Duration::from_millis(random.random_range(0..40))).await;
    }
    Ok(streams)
}

async fn check_streams(
    api: &Api,
    streams: Vec<Stream>,
    killed_at: Instant,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let mut continuations = JoinSet::new();
    for stream in streams {
        let (reader, ended_at) = stream.reader.await??;
        let end = reader.end().context("an end")?;
        if end.data["status"] == "complete" {
            ensure!(end.at < killed_at, "a killed server went on: {end:?}");
            continue;
        }
        let run = &stream.run;
        ensure!(
            end.name == "error"
                && end.data["code"] == "interrupted"
                && end.data["status"] == "interrupted",
            "{run}: {end:?}"
        );
        let waited = ended_at - killed_at;
        ensure!(
            waited <= MOST_WAITING,
            "{run}: the reader waited {waited:?}"
        );
        tally.interrupted += 1;
        tally.longest_wait = tally.longest_wait.max(waited);

        let status = api.status(run).await?;
        ensure!(status["status"] == "interrupted", "{status}");
        let message = api.message(&stream.answer).await?;
        if let Some(message) = &message {
            ensure!(
                message["status"] == "interrupted" && message["runId"] == json!(run),
                "{message}"
            );
        }
        let stored = message.as_ref().map(text_of).unwrap_or_default();
        ensure!(
            words(WORDS).starts_with(&stored),
            "{run}: what is stored is not what was sent: {stored}"
        );
        let lost = lost(&reader, &stored, killed_at);
        ensure!(
            lost <= MOST_LOST,
            "{run}: stored {stored:?}, {lost:?} short of {:?}",
            reader.text()
        );
        tally.most_lost = tally.most_lost.max(lost);

        // Whoever reads it from the beginning gets what is stored, and the end.
        let mut again = Follower::new(api.clone(), run);
        again.follow().await?;
        ensure!(again.text() == stored, "{run}: {:?}", again.text());

        if message.is_some() {
            continuations.spawn(go_on(
                api.clone(),
                stream.conversation,
                stream.answer,
                stored,
            ));
        }
    }
    while let Some(continued) = continuations.join_next().await {
        continued??;
        tally.continued += 1;
    }
    Ok(())
}

/// The time between the first event whose text is not stored and the kill; nothing when all is.
fn lost(reader: &Follower, stored: &str, killed_at: Instant) -> Duration {
    let mut length = 0;
    for event in &reader.events {
        length += event.text().len();
        if length > stored.len() {
            return killed_at.saturating_duration_since(event.at);
        }
    }
    Duration::ZERO
}

/// Continues an answer below itself; together they are the whole.
async fn go_on(
    api: Api,
    conversation: String,
    partial: String,
    stored: String,
) -> anyhow::Result<()> {
    let (run, answer) = (new_id(), new_id());
    let record = json!({"conversationId": conversation, "messageId": answer, "parentId": partial});
    let opened = api
        .generate(&generation("count", Some(&stored), &run, &record))
        .await?;
    let Opened::Stream(stream) = opened else {
        anyhow::bail!("continuing {stored:?}: {opened:?}");
    };
    let mut reader = Follower::new(api.clone(), &run);
    if !reader.read(stream).await {
        reader.follow().await?;
    }
    let end = reader.end().context("an end")?;
    ensure!(
        end.name == "done" && end.data["persisted"] == true,
        "{end:?}"
    );
    let message = api.message(&answer).await?.context("the continuation")?;
    ensure!(
        message["parentId"] == json!(partial) && message["status"] == "complete",
        "{message}"
    );
    let whole = stored + &text_of(&message);
    ensure!(whole == words(WORDS), "{whole}");
    Ok(())
}

fn generation(question: &str, partial: Option<&str>, run: &str, record: &Value) -> Value {
    let mut messages = vec![json!({"role": "user", "content": question})];
    if let Some(partial) = partial {
        messages.push(json!({"role": "assistant", "content": partial}));
    }
    json!({"messages": messages, "config": {}, "runId": run, "record": record})
}
