//! Readers that go away in the middle.

use std::time::Duration;

use anyhow::ensure;
use manent_proofs::{
    Api, Deployment, Follower, Store, bounded, eventually, scaled, text_of, words,
};
use manent_testkit::new_id;
use serde_json::json;
use tokio::task::JoinSet;

on_every_store!(an_answer_is_complete_in_the_store_wherever_its_reader_left);

/// Of the twenty words of an answer, how many a reader waits for: 5 %, 50 % and 95 %.
const LEAVES_AFTER: [usize; 3] = [1, 10, 19];

/// Answers for each of these places.
const ANSWERS: usize = 100;

/// Answers at the same time.
const AT_ONCE: usize = 50;

async fn an_answer_is_complete_in_the_store_wherever_its_reader_left(
    store: Store,
) -> anyhow::Result<()> {
    bounded(Duration::from_mins(3), async {
        let deployment = Deployment::new(store).await?;
        let node = deployment.node("a").await?;
        let api = node.direct()?;
        for leaves_after in LEAVES_AFTER {
            let mut answers = JoinSet::new();
            let mut complete = 0;
            for number in 0..scaled(ANSWERS) {
                if answers.len() >= AT_ONCE
                    && let Some(answer) = answers.join_next().await
                {
                    answer??;
                    complete += 1;
                }
                answers.spawn(leave(api.clone(), leaves_after, number % 2 == 0));
            }
            while let Some(answer) = answers.join_next().await {
                answer??;
                complete += 1;
            }
            println!("reader gone after {leaves_after} of 20 words: {complete} complete");
            ensure!(complete == scaled(ANSWERS));
        }
        Ok(())
    })
    .await
}

async fn leave(api: Api, leaves_after: usize, is_turn: bool) -> anyhow::Result<()> {
    let (conversation, run, answer) = (new_id(), new_id(), new_id());
    let opened = if is_turn {
        let turn = json!({"conversationId": conversation, "create": {}, "message": {"content": "brief"},
            "config": {}, "answerId": answer, "runId": run});
        api.turn(&turn).await?
    } else {
        api.create(&conversation).await?;
        let record = json!({"conversationId": conversation, "messageId": answer, "parentId": null});
        let request = json!({"messages": [{"role": "user", "content": "brief"}], "config": {},
            "runId": run, "record": record});
        api.generate(&request).await?
    };
    let mut stream = opened.stream()?;
    let mut reader = Follower::new(api.clone(), &run);
    let waited_for = words(leaves_after).len();
    while reader.text().len() < waited_for {
        let event = stream.next().await?;
        reader.take(event.ok_or_else(|| anyhow::anyhow!("the stream ended"))?);
        ensure!(reader.end().is_none(), "it was over before: {reader:?}");
    }
    drop(stream);
    let message = eventually("the answer is complete", Duration::from_secs(30), || {
        api.ended_message(&answer)
    })
    .await?;
    ensure!(
        message["status"] == "complete" && text_of(&message) == words(20),
        "{message}"
    );
    ensure!(api.status(&run).await?["status"] == "complete");
    Ok(())
}
