//! What waits in the journal when the server dies as well.

use std::time::Duration;

use anyhow::{Context, ensure};
use manent_proofs::{
    Api, Deployment, Follower, Store, WORDS, bounded, eventually, scaled, text_of, words,
};
use manent_testkit::new_id;
use serde_json::json;
use tokio::task::JoinSet;

on_every_store!(
    turns_of_an_outage_survive_kill_9_in_the_journal,
    a_run_that_the_store_does_not_take_streams_all_the_same_and_is_stored_later,
);

/// Turns that are taken while the store is down.
const TURNS: usize = 40;

async fn turns_of_an_outage_survive_kill_9_in_the_journal(store: Store) -> anyhow::Result<()> {
    bounded(Duration::from_mins(2), async {
        let mut deployment = Deployment::new(store).await?;
        let mut node = deployment.node("a").await?;
        let known = new_id();
        node.direct()?.create(&known).await?;
        let data_dir = node.directory().to_owned();
        deployment.database_mut().go_down(&data_dir).await?;

        let mut turns = JoinSet::new();
        for number in 0..scaled(TURNS) {
            // One half in new conversations, the other in one that is stored.
            let conversation = if number % 2 == 0 {
                new_id()
            } else {
                known.clone()
            };
            turns.spawn(take_turn(node.direct()?, conversation));
        }
        let mut taken = Vec::new();
        while let Some(turn) = turns.join_next().await {
            taken.push(turn??);
        }
        node.kill().await?;
        deployment.database_mut().come_back().await?;
        node.restart().await?;

        let api = node.direct()?;
        for turn in &taken {
            let answer = eventually("the answer is stored", Duration::from_secs(30), || {
                api.ended_message(&turn.answer)
            })
            .await?;
            ensure!(
                answer["status"] == "complete"
                    && answer["parentId"] == json!(turn.message)
                    && text_of(&answer) == words(20),
                "{answer}"
            );
            let message = api.message(&turn.message).await?.context("the message")?;
            ensure!(text_of(&message) == "brief", "{message}");
            ensure!(
                message["seq"].as_u64() < answer["seq"].as_u64(),
                "{message} {answer}"
            );
        }
        let in_known = taken.iter().filter(|turn| turn.conversation == known);
        let expected = in_known.count() * 2;
        ensure!(api.messages(&known).await?.len() == expected);
        eventually("the journal is empty", Duration::from_secs(10), || {
            journal_is_empty(&api)
        })
        .await?;
        Ok(())
    })
    .await
}

struct Taken {
    conversation: String,
    message: String,
    answer: String,
}

/// A turn that ends well, whose words are only in the journal.
async fn take_turn(api: Api, conversation: String) -> anyhow::Result<Taken> {
    let (message, answer) = (new_id(), new_id());
    let turn = json!({"conversationId": conversation, "create": {}, "message": {"id": message, "content": "brief", "parentId": null},
        "config": {}, "answerId": answer});
    let events = api.turn(&turn).await?.stream()?.rest().await?;
    let end = events.last().context("an end")?;
    ensure!(
        end.name == "done"
            && end.data["persisted"] == false
            && end.data["journalPosition"].is_u64(),
        "{end:?}"
    );
    Ok(Taken {
        conversation,
        message,
        answer,
    })
}

async fn journal_is_empty(api: &Api) -> anyhow::Result<Option<()>> {
    let ready = api.read("/readyz").await?;
    Ok((ready["ready"] == true).then_some(()))
}

async fn a_run_that_the_store_does_not_take_streams_all_the_same_and_is_stored_later(
    store: Store,
) -> anyhow::Result<()> {
    bounded(Duration::from_mins(1), async {
        let mut deployment = Deployment::new(store).await?;
        let node = deployment.node("a").await?;
        let api = node.direct()?;
        let conversation = new_id();
        api.create(&conversation).await?;
        let data_dir = node.directory().to_owned();
        deployment.database_mut().go_down(&data_dir).await?;

        // Five seconds: a store that is only slow is given two.
        let (run, answer) = (new_id(), new_id());
        let record = json!({"conversationId": conversation, "messageId": answer, "parentId": null});
        let request = json!({"messages": [{"role": "user", "content": "count"}], "config": {},
            "runId": run, "record": record});
        let stream = api.generate(&request).await?.stream()?;
        let mut reader = Follower::new(api.clone(), &run);
        ensure!(reader.read(stream).await, "{reader:?}");
        ensure!(reader.text() == words(WORDS), "{}", reader.text());
        let end = reader.end().context("an end")?;
        ensure!(
            end.name == "done"
                && end.data["logged"] == false
                && end.data["persisted"] == false
                && end.data["journalPosition"].is_u64(),
            "{end:?}"
        );
        let told = reader.notices.iter().any(|notice| {
            notice.name == "notice" && notice.data["code"] == "not_logged" && notice.id.is_none()
        });
        ensure!(told, "{:?}", reader.notices);

        deployment.database_mut().come_back().await?;
        let kept = eventually("the answer is stored", Duration::from_secs(30), || {
            api.ended_message(&answer)
        })
        .await?;
        ensure!(
            kept["status"] == "complete" && text_of(&kept) == words(WORDS),
            "{kept}"
        );
        ensure!(api.status(&run).await?["status"] == "complete");
        // Whoever was not there reads it now.
        let mut later = Follower::new(api.clone(), &run);
        later.follow().await?;
        ensure!(later.text() == words(WORDS), "{}", later.text());
        Ok(())
    })
    .await
}
