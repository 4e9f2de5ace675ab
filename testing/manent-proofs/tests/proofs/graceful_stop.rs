//! Stopping a server that carries runs.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use manent_proofs::{Api, Deployment, Follower, Store, bounded, eventually, text_of, words};
use manent_testkit::new_id;
use serde_json::json;
use tokio::task::JoinSet;

on_every_store!(
    a_stop_lets_runs_finish_and_marks_the_rest_as_interrupted,
    a_second_stop_is_immediate_and_loses_nothing_that_was_answered_stored,
);

async fn a_stop_lets_runs_finish_and_marks_the_rest_as_interrupted(
    store: Store,
) -> anyhow::Result<()> {
    bounded(Duration::from_mins(1), async {
        let deployment = Deployment::new(store).await?;
        let mut node = deployment
            .node_with("a", "http.shutdown_grace = \"2s\"\n")
            .await?;
        let api = node.direct()?;
        // One takes half a second, the other five.
        let (brief, long) = (new_id(), new_id());
        let mut readers = JoinSet::new();
        for (answer, question) in [(&brief, "brief"), (&long, "count")] {
            let run = new_id();
            let turn = json!({"message": {"content": question}, "config": {}, "answerId": answer, "runId": run});
            let mut stream = api.turn(&turn).await?.stream()?;
            let mut reader = Follower::new(api.clone(), &run);
            reader.take(stream.next().await?.context("a start")?);
            readers.spawn(async move {
                reader.read(stream).await;
                reader
            });
        }
        let asked_at = Instant::now();
        node.terminate()?;
        let status = node.ended().await?;
        ensure!(status.code() == Some(0), "{status}");
        let took = asked_at.elapsed();
        ensure!(
            (Duration::from_secs(2)..Duration::from_secs(10)).contains(&took),
            "it took {took:?}"
        );
        let mut ends = Vec::new();
        while let Some(reader) = readers.join_next().await {
            let reader = reader?;
            let end = reader.end().context("an end before the server ended")?;
            ends.push((
                end.data["status"].as_str().unwrap_or_default().to_owned(),
                reader.text(),
            ));
        }
        ends.sort();
        ensure!(ends[0] == ("complete".to_owned(), words(20)), "{ends:?}");
        ensure!(
            ends[1].0 == "interrupted" && words(100).starts_with(&ends[1].1),
            "{ends:?}"
        );

        node.restart().await?;
        let api = node.direct()?;
        let brief = api.message(&brief).await?.context("the brief answer")?;
        ensure!(
            brief["status"] == "complete" && text_of(&brief) == words(20),
            "{brief}"
        );
        let long = api.message(&long).await?.context("the long answer")?;
        ensure!(
            long["status"] == "interrupted" && text_of(&long) == ends[1].1,
            "{long}"
        );
        Ok(())
    })
    .await
}

async fn a_second_stop_is_immediate_and_loses_nothing_that_was_answered_stored(
    store: Store,
) -> anyhow::Result<()> {
    bounded(Duration::from_mins(1), async {
        let deployment = Deployment::new(store).await?;
        let mut node = deployment
            .node_with("a", "http.shutdown_grace = \"60s\"\n")
            .await?;
        let api = node.direct()?;
        let conversation = new_id();
        api.create(&conversation).await?;
        let (run, answer) = (new_id(), new_id());
        let turn = json!({"message": {"content": "count"}, "config": {}, "answerId": answer, "runId": run});
        let stream = api.turn(&turn).await?.stream()?;
        let mut reader = Follower::new(node.api()?, &run);
        let reading = tokio::spawn(async move {
            if !reader.read(stream).await {
                reader.follow().await?;
            }
            anyhow::Ok(reader)
        });
        let mut writers = JoinSet::new();
        for _ in 0..4 {
            writers.spawn(write_until_it_is_over(api.clone(), conversation.clone()));
        }
        eventually("a few messages", Duration::from_secs(20), || async {
            Ok((api.messages(&conversation).await?.len() >= 20).then_some(()))
        })
        .await?;
        node.terminate()?;
        // Signals of one kind that come close together are one: the second must find the first one taken.
        eventually("it accepts nothing", Duration::from_secs(10), || async {
            Ok(node.direct()?.read("/readyz").await.is_err().then_some(()))
        })
        .await?;
        ensure!(!reading.is_finished(), "the run was not waited for");
        let asked_at = Instant::now();
        node.terminate()?;
        let status = node.ended().await?;
        let took = asked_at.elapsed();
        ensure!(took < Duration::from_secs(5), "it took {took:?}: {status}");
        let mut stored = Vec::new();
        while let Some(writer) = writers.join_next().await {
            stored.extend(writer?);
        }
        node.restart().await?;
        let reader = reading.await??;
        let end = reader.end().context("an end")?;
        ensure!(end.data["status"] == "interrupted", "{end:?}");
        let api = node.direct()?;
        let kept = api.message(&answer).await?.context("the answer")?;
        ensure!(
            kept["status"] == "interrupted" && words(100).starts_with(&text_of(&kept)),
            "{kept}"
        );
        let there = api.messages(&conversation).await?;
        for id in &stored {
            ensure!(
                there.iter().any(|message| message["id"] == json!(id)),
                "{id} was answered stored and is lost"
            );
        }
        println!("{} messages answered stored before a second stop", stored.len());
        ensure!(stored.len() >= 20);
        Ok(())
    })
    .await
}

/// What was answered as stored.
async fn write_until_it_is_over(api: Api, conversation: String) -> Vec<String> {
    let mut stored = Vec::new();
    loop {
        let id = new_id();
        match api.append(&conversation, &id, "a word").await {
            Ok(answer) if answer.body["results"][0]["outcome"] == "stored" => stored.push(id),
            Ok(_) | Err(_) => return stored,
        }
    }
}
