//! Turns: what was said is kept and answered with one request.

use manent_testkit::{Client, EventReader, TestServer, new_id};
use serde_json::{Value, json};

use crate::runs::text;
use crate::support::reply::Reply;
use crate::support::upstream::{Call, Upstream};
use crate::support::{Test, create, say, servers};

async fn messages(client: &Client, conversation: &Value) -> anyhow::Result<Vec<Value>> {
    client
        .all_messages(conversation.as_str().unwrap_or_default())
        .await
}

/// A turn whose answer has begun, and the call to its provider.
async fn half_a_turn(
    upstream: &mut Upstream,
    client: &Client,
    body: &Value,
) -> anyhow::Result<(EventReader, Call)> {
    let (stream, call) = tokio::join!(client.turn(body), async {
        let call = upstream.call().await?;
        call.say("answer")?;
        anyhow::Ok(call)
    });
    Ok((stream?, call?))
}

#[tokio::test]
async fn one_request_makes_a_conversation_keeps_what_was_said_and_answers_it() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let body = json!({"message": {"content": "hello"}});
    let events = client.turn(&body).await?.rest().await?;
    let start = &events[0];
    assert_eq!((start.name.as_str(), start.id), ("start", 1));
    let end = events
        .last()
        .map(|event| (event.name.as_str(), &event.data));
    assert_eq!(
        end,
        Some((
            "done",
            &json!({"finishReason": "stop", "status": "complete", "logged": true, "persisted": true})
        ))
    );
    let stored = messages(client, &start.data["conversationId"]).await?;
    let outline: Vec<Value> = stored
        .iter()
        .map(|message| {
            json!([
                message["id"],
                message["parentId"],
                message["seq"],
                message["role"],
                message["status"],
                message["content"][0]["text"]
            ])
        })
        .collect();
    assert_eq!(
        outline,
        [
            json!([
                start.data["messageId"],
                null,
                1,
                "user",
                "complete",
                "hello"
            ]),
            json!([
                start.data["answerId"],
                start.data["messageId"],
                2,
                "assistant",
                "complete",
                text(&events)
            ]),
        ]
    );
    assert_eq!(stored[1]["runId"], start.data["runId"]);
    let path = format!(
        "/conversation/{}",
        start.data["conversationId"].as_str().unwrap_or_default()
    );
    let conversation = client.get(&path).await?.body;
    assert_eq!(
        (&conversation["title"], &conversation["titleSource"]),
        (&json!("hello"), &json!("cut"))
    );
    Ok(())
}

#[tokio::test]
async fn repeating_a_turn_attaches_and_stores_nothing_twice() -> Test {
    let (mut upstream, server) = Upstream::with_server("", "").await?;
    let client = server.client();
    let body = json!({"conversationId": new_id(), "create": {"title": "Mine"}, "runId": new_id(), "answerId": new_id(),
        "message": {"id": new_id(), "content": "x"}});
    let (mut first, call) = half_a_turn(&mut upstream, client, &body).await?;
    let mut second = client.turn(&body).await?;
    call.finish()?;
    let (first, second) = (first.rest().await?, second.rest().await?);
    assert_eq!(first, second);
    assert_eq!(
        (
            &first[0].data["conversationId"],
            &first[0].data["messageId"],
            &first[0].data["answerId"],
            &first[0].data["runId"]
        ),
        (
            &body["conversationId"],
            &body["message"]["id"],
            &body["answerId"],
            &body["runId"]
        )
    );
    assert_eq!(client.turn(&body).await?.rest().await?, first);
    assert!(!upstream.has_call(), "the provider was asked again");
    assert_eq!(messages(client, &body["conversationId"]).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_repeated_turn_names_the_ids_of_the_first_request() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let body = json!({"runId": new_id(), "message": {"content": "hello"}});
    let first = client.turn(&body).await?.rest().await?;
    assert_eq!(client.turn(&body).await?.rest().await?, first);
    Ok(())
}

#[tokio::test]
async fn the_provider_gets_the_history_and_the_message() -> Test {
    let (mut upstream, server) = Upstream::with_server("", "").await?;
    let client = server.client();
    let conversation = create(client).await?;
    let parent = say(client, &conversation, "before").await?;
    let body = json!({"conversationId": conversation, "message": {"parentId": parent, "content": [{"type": "text", "text": "now"}]},
        "history": [{"role": "user", "content": "before"}, {"role": "assistant", "content": "yes?"}]});
    let (mut stream, call) = half_a_turn(&mut upstream, client, &body).await?;
    let asked: Vec<Value> = call.body["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|message| json!([message["role"], message["content"]]))
        .collect();
    assert_eq!(
        asked,
        [
            json!(["user", "before"]),
            json!(["assistant", "yes?"]),
            json!(["user", "now"])
        ]
    );
    call.finish()?;
    stream.rest().await?;
    let stored = client.all_messages(&conversation).await?;
    assert_eq!((&stored[1]["parentId"], stored.len()), (&json!(parent), 3));
    Ok(())
}

#[tokio::test]
async fn what_was_said_is_kept_when_the_provider_fails_before_its_first_byte() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let conversation = create(client).await?;
    let (said, answer) = (new_id(), new_id());
    let body = json!({"conversationId": conversation, "message": {"id": said, "content": "fail early"}, "answerId": answer});
    let request = client.http().post(client.url("/turn/start"));
    let (status, code) = Reply::to(request.json(&body)).await?.problem();
    assert_eq!(
        (status / 100, code.starts_with("provider_")),
        (5, true),
        "{code}"
    );
    let mut feed = client.feed("0").await?;
    loop {
        let Some(event) = feed.next().await? else {
            anyhow::bail!("the feed ended");
        };
        if event.name == "message" && event.data["id"] == answer {
            assert_eq!(event.data["status"], "failed");
            assert_eq!(event.data["parentId"], said);
            assert_eq!(event.data["content"][0]["code"], code);
            break;
        }
    }
    let stored = client.all_messages(&conversation).await?;
    assert_eq!(
        (&stored[0]["id"], &stored[0]["content"][0]["text"]),
        (&json!(said), &json!("fail early"))
    );
    Ok(())
}

#[tokio::test]
async fn a_wrong_turn_is_refused_and_leaves_nothing() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let conversation = new_id();
    for (body, expected) in [
        (json!({"message": {"content": ""}}), (422, "content_empty")),
        (
            json!({"message": {"content": "x".repeat(300_000)}}),
            (413, "message_too_large"),
        ),
        (
            json!({"message": {"content": "x", "id": "y"}}),
            (400, "invalid_id"),
        ),
        (
            json!({"message": {"content": "x"}, "create": {"title": " "}}),
            (422, "invalid_value"),
        ),
        (
            json!({"message": {"content": "x"}, "config": {"topP": 7}}),
            (422, "invalid_value"),
        ),
        (
            json!({"message": {"content": "x"}, "config": {"provider": "nobody"}}),
            (422, "unknown_provider"),
        ),
        (
            json!({"message": {"content": "x"}, "history": [{"role": "user", "content": []}]}),
            (422, "invalid_value"),
        ),
        (
            json!({"message": {"content": "x"}, "conversationId": "x"}),
            (400, "invalid_id"),
        ),
        (
            json!({"message": {"content": "x"}, "runId": 7}),
            (400, "invalid_id"),
        ),
        (
            json!({"conversationId": conversation}),
            (400, "invalid_body"),
        ),
        (
            json!({"message": {"content": "x"}, "answer": 1}),
            (400, "invalid_body"),
        ),
    ] {
        let request = client.http().post(client.url("/turn/start"));
        let reply = Reply::to(request.json(&body)).await?;
        let (status, code) = reply.problem();
        assert_eq!((status, code.as_str()), expected, "{}", reply.json());
    }
    let list = client.get("/conversations").await?.body;
    assert_eq!(list["conversations"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_turn_outlives_its_reader_and_is_there_after_a_restart() -> Test {
    let (mut upstream, server) = Upstream::with_server("", "").await?;
    let client = server.client();
    let body = json!({"conversationId": new_id(), "create": {}, "runId": new_id(), "message": {"content": "x"}});
    let (stream, call) = half_a_turn(&mut upstream, client, &body).await?;
    drop(stream);
    call.say(" whole")?;
    call.finish()?;
    let run = body["runId"].as_str().unwrap_or_default();
    assert_eq!(
        text(&client.attach(run, "").await?.rest().await?),
        "answer whole"
    );
    let again = TestServer::start_in(server.stop().await, "").await?;
    let stored = messages(again.client(), &body["conversationId"]).await?;
    assert_eq!(stored.len(), 2);
    assert_eq!(
        (&stored[1]["status"], &stored[1]["content"][0]["text"]),
        (&json!("complete"), &json!("answer whole"))
    );
    Ok(())
}
