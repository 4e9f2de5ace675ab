//! Readers that go and come back.

use serde_json::json;

use super::{begun, first, parts, read, take, tell, text, world};
use crate::support::Test;

/// The words of an answer, each a piece of its own.
const WORDS: [&str; 6] = ["one ", "two ", "three ", "four ", "five ", "six"];

#[tokio::test]
async fn a_reader_that_comes_back_at_any_moment_reads_the_same() -> Test {
    for away in 0..=WORDS.len() {
        let (mut upstream, server) = world("", "").await?;
        let client = server.client();
        let (started, call) = begun(&mut upstream, client, &first("count")).await?;
        let id = &started["conversationId"];
        let mut stream = read(client, id, "").await?;
        assert_eq!(
            stream
                .next()
                .await?
                .map(|event| event.data["created"].clone()),
            Some(json!(true))
        );
        let mut content = Vec::new();
        for word in &WORDS[..away] {
            call.say(word)?;
            // Until the word is here.
            let before = content.clone();
            while content.iter().all(serde_json::Value::is_null) || content == before {
                let frame = stream.next().await?.map(|event| event.data);
                take(&mut content, &frame.unwrap_or_default())?;
            }
        }
        drop(stream);
        for word in &WORDS[away..] {
            call.say(word)?;
        }
        let mut again = read(client, id, "?resume=true").await?;
        let sync = again
            .next()
            .await?
            .map(|event| event.data)
            .unwrap_or_default();
        assert_eq!(sync["sync"], true, "{sync}");
        let state = &sync["resumeState"];
        assert_eq!(state["userMessage"]["text"], "count");
        assert_eq!(state["conversationId"], *id);
        let so_far = parts(&state["aggregatedContent"]);
        assert_eq!(parts(&state["runSteps"]).len(), so_far.len());
        call.finish()?;
        let told = tell(&mut again, so_far).await?;
        assert_eq!(
            told.content,
            vec![text("one two three four five six")],
            "{away}"
        );
        assert_eq!(
            told.last["responseMessage"]["messageId"],
            state["responseMessageId"]
        );
        assert_eq!(told.last["responseMessage"]["content"], json!(told.content));
    }
    Ok(())
}

#[tokio::test]
async fn two_readers_read_the_same_and_the_status_tells_how_far_it_is() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let (started, call) = begun(&mut upstream, client, &first("count")).await?;
    let id = &started["conversationId"];
    let mut one = read(client, id, "").await?;
    call.say("one ")?;
    while one
        .next()
        .await?
        .is_some_and(|event| event.data["event"] != "on_message_delta")
    {}
    let path = format!(
        "/api/agents/chat/status/{}",
        id.as_str().unwrap_or_default()
    );
    let status = client.get(&path).await?.body;
    assert_eq!(
        json!([
            status["active"],
            status["status"],
            status["streamId"],
            status["createdAt"],
            status["aggregatedContent"],
            status["resumeState"]["aggregatedContent"]
        ]),
        json!([
            true,
            "running",
            id,
            started["generationCreatedAt"],
            [text("one ")],
            [text("one ")]
        ])
    );
    let mut two = read(client, id, "?resume=true").await?;
    call.say("two")?;
    call.finish()?;
    let told = tell(&mut one, vec![text("one ")]).await?;
    let other = tell(&mut two, Vec::new()).await?;
    assert_eq!(told.content, vec![text("one two")]);
    assert_eq!((told.content, told.last), (other.content, other.last));
    let status = client.get(&path).await?.body;
    assert_eq!(status["active"], false);
    Ok(())
}

#[tokio::test]
async fn what_has_ended_is_read_again_from_either_end() -> Test {
    let (mut upstream, server) = world("", "").await?;
    let client = server.client();
    let (started, told) = super::turn(&mut upstream, client, &first("hi"), "hello").await?;
    let id = &started["conversationId"];
    let again = tell(&mut read(client, id, "").await?, Vec::new()).await?;
    assert_eq!(again, told);
    let resumed = tell(&mut read(client, id, "?resume=true").await?, Vec::new()).await?;
    assert_eq!((resumed.content, resumed.last), (told.content, told.last));
    Ok(())
}
