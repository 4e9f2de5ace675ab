//! Providers that fail.

use std::time::Duration;

use anyhow::{Context, ensure};
use manent_proofs::{
    Api, Deployment, Follower, Opened, Store, bounded, eventually, scaled, text_of, words,
};
use manent_testkit::new_id;
use serde_json::json;
use tokio::task::JoinSet;

on_every_store!(
    a_provider_that_fails_in_mid_stream_leaves_what_it_said_and_why,
    a_provider_that_refuses_leaves_the_message_and_the_reason,
);

/// Failures of each kind.
const FAILURES: usize = 100;

async fn a_provider_that_fails_in_mid_stream_leaves_what_it_said_and_why(
    store: Store,
) -> anyhow::Result<()> {
    bounded(Duration::from_mins(2), async {
        let deployment = Deployment::new(store).await?;
        let node = deployment.node("a").await?;
        let mut failures = JoinSet::new();
        for number in 0..scaled(FAILURES) {
            let question = ["break", "drop"][number % 2];
            failures.spawn(fail(node.direct()?, question, number % 3 == 0));
        }
        let mut kept = 0;
        while let Some(failure) = failures.join_next().await {
            failure??;
            kept += 1;
        }
        println!("provider failed in mid-stream: {kept} partial answers and errors kept");
        ensure!(kept == scaled(FAILURES));
        Ok(())
    })
    .await
}

/// One failure in mid-stream, with or without a reader; then the conversation goes on.
async fn fail(api: Api, question: &str, leaves: bool) -> anyhow::Result<()> {
    let (conversation, message, run, answer) = (new_id(), new_id(), new_id(), new_id());
    let turn = json!({"conversationId": conversation, "create": {}, "message": {"id": message, "content": question},
        "config": {}, "answerId": answer, "runId": run});
    let stream = api.turn(&turn).await?.stream()?;
    let code = if question == "break" {
        "provider_overloaded"
    } else {
        "provider_truncated"
    };
    if leaves {
        drop(stream);
    } else {
        let mut reader = Follower::new(api.clone(), &run);
        if !reader.read(stream).await {
            reader.follow().await?;
        }
        let end = reader.end().context("an end")?;
        ensure!(
            end.name == "error"
                && end.data["code"] == code
                && end.data["status"] == "failed"
                && end.data["persisted"] == true,
            "{end:?}"
        );
        ensure!(reader.text() == words(5), "{}", reader.text());
    }
    let kept = eventually("the answer has failed", Duration::from_secs(30), || {
        api.ended_message(&answer)
    })
    .await?;
    ensure!(
        kept["status"] == "failed" && kept["parentId"] == json!(message),
        "{kept}"
    );
    ensure!(text_of(&kept) == words(5), "{kept}");
    let last = kept["content"].as_array().and_then(|parts| parts.last());
    let last = last.context("parts")?;
    ensure!(last["type"] == "error" && last["code"] == code, "{kept}");
    let status = api.status(&run).await?;
    ensure!(
        status["status"] == "failed" && status["code"] == code,
        "{status}"
    );
    go_on(&api, &conversation, &answer, 2).await
}

async fn a_provider_that_refuses_leaves_the_message_and_the_reason(
    store: Store,
) -> anyhow::Result<()> {
    bounded(Duration::from_mins(1), async {
        let deployment = Deployment::new(store).await?;
        let node = deployment.node("a").await?;
        let api = node.direct()?;
        for _ in 0..scaled(20) {
            let (conversation, message, run, answer) = (new_id(), new_id(), new_id(), new_id());
            let turn = json!({"conversationId": conversation, "create": {}, "message": {"id": message, "content": "refuse"},
                "config": {}, "answerId": answer, "runId": run});
            let opened = api.turn(&turn).await?;
            let Opened::Refused(refused) = opened else {
                anyhow::bail!("a stream from a provider that refuses: {opened:?}");
            };
            ensure!(refused.code() == "provider_bad_request", "{refused:?}");
            let kept = eventually("the answer has failed", Duration::from_secs(30), || {
                api.ended_message(&answer)
            })
            .await?;
            ensure!(
                kept["status"] == "failed"
                    && kept["parentId"] == json!(message)
                    && kept["content"][0]["code"] == "provider_bad_request",
                "{kept}"
            );
            ensure!(text_of(&api.message(&message).await?.context("the message")?) == "refuse");
            go_on(&api, &conversation, &answer, 2).await?;
        }
        Ok(())
    })
    .await
}

/// The conversation takes the next message, by an append and by a turn.
async fn go_on(api: &Api, conversation: &str, answer: &str, messages: usize) -> anyhow::Result<()> {
    let next = new_id();
    let appended = api.append(conversation, &next, "still there?").await?;
    ensure!(
        appended.body["results"][0]["outcome"] == "stored",
        "{appended:?}"
    );
    let turn = json!({"conversationId": conversation, "message": {"content": "once more", "parentId": answer}, "config": {}});
    let mut stream = api.turn(&turn).await?.stream()?;
    let end = stream.rest().await?.pop().context("an end")?;
    ensure!(
        end.name == "done" && end.data["persisted"] == true,
        "{end:?}"
    );
    let all = api.messages(conversation).await?;
    ensure!(all.len() == messages + 3, "{all:?}");
    Ok(())
}
