//! Runs: answers that outlive their readers, are read from any place by anybody, and are kept when that is asked for.

mod faults;
mod places;

use manent_testkit::{Client, Event, EventReader, TestServer, new_id};
use serde_json::{Value, json};

use crate::support::reply::Reply;
use crate::support::upstream::{Call, Upstream};
use crate::support::{Test, create, say, servers};

/// A request for a run that keeps nothing.
pub(crate) fn request(run: &str, text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}], "runId": run})
}

/// A request for a run whose answer the server keeps.
pub(crate) fn recorded(run: &str, text: &str, conversation: &str, message: &str) -> Value {
    let mut body = request(run, text);
    body["record"] = json!({"conversationId": conversation, "messageId": message});
    body
}

/// The text in the deltas.
pub(crate) fn text(events: &[Event]) -> String {
    let texts = events.iter().filter(|event| event.name == "delta");
    texts
        .filter_map(|event| event.data["text"].as_str())
        .collect()
}

/// A run that has said something, read up to there, and the call to its provider.
async fn half_an_answer(
    upstream: &mut Upstream,
    client: &Client,
    body: &Value,
) -> anyhow::Result<(EventReader, Call)> {
    let (stream, call) = tokio::join!(client.generate(body), async {
        let call = upstream.call().await?;
        call.say("half")?;
        anyhow::Ok(call)
    });
    let (mut stream, call) = (stream?, call?);
    until_words(&mut stream).await?;
    Ok((stream, call))
}

/// Reads up to the first words.
async fn until_words(stream: &mut EventReader) -> anyhow::Result<Vec<Event>> {
    let mut events = Vec::new();
    while let Some(event) = stream.next().await? {
        let has_words = event.name == "delta";
        events.push(event);
        if has_words {
            break;
        }
    }
    Ok(events)
}

async fn message(client: &Client, id: &str) -> anyhow::Result<Value> {
    Ok(client.get(&format!("/message/{id}")).await?.body)
}

async fn status(client: &Client, run: &str) -> anyhow::Result<Value> {
    Ok(client.get(&format!("/completion/{run}/status")).await?.body)
}

#[tokio::test]
async fn a_run_streams_as_a_generation_does_and_its_ids_name_it() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let run = "0199c0de-0000-7000-8000-000000000001";
    let events = client
        .generate(&request(run, "hello"))
        .await?
        .rest()
        .await?;
    for (position, event) in (1..).zip(&events) {
        assert_eq!(event.cursor, Some(format!("8199b0df.{position}")));
    }
    assert_eq!(events[0].name, "start");
    assert_eq!(
        events[0].data,
        json!({"provider": "scripted", "model": "scripted-test", "runId": run})
    );
    assert_eq!(text(&events), "Hello! This is a scripted answer.");
    let last = events
        .last()
        .map(|event| (event.name.as_str(), &event.data));
    let end = json!({"finishReason": "stop", "status": "complete", "logged": true});
    assert_eq!(last, Some(("done", &end)));
    let mut standing = status(client, run).await?;
    for time in ["startedAt", "endedAt"] {
        assert!(standing[time].is_string(), "{standing}");
        standing[time] = json!("");
    }
    assert_eq!(
        standing,
        json!({"id": run, "status": "complete", "provider": "scripted", "model": "scripted-test",
            "lastEventId": format!("8199b0df.{}", events.len()), "stopRequested": false, "logCleared": false,
            "startedAt": "", "endedAt": ""})
    );
    Ok(())
}

#[tokio::test]
async fn a_recorded_answer_is_stored_and_storing_it_again_is_a_duplicate() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let conversation = create(client).await?;
    let question = say(client, &conversation, "hello").await?;
    let (run, answer) = (new_id(), new_id());
    let mut body = recorded(&run, "hello", &conversation, &answer);
    body["record"]["parentId"] = json!(question);
    let events = client.generate(&body).await?.rest().await?;
    let end = events.last().map(|event| &event.data);
    assert_eq!(
        end,
        Some(
            &json!({"finishReason": "stop", "status": "complete", "logged": true, "persisted": true})
        )
    );
    let stored = message(client, &answer).await?;
    let expected = [
        ("conversationId", json!(conversation)),
        ("parentId", json!(question)),
        ("seq", json!(2)),
        ("role", json!("assistant")),
        ("content", json!([{"type": "text", "text": text(&events)}])),
        ("status", json!("complete")),
        ("model", json!("scripted-test")),
        ("provider", json!("scripted")),
        ("usage", json!({"inputTokens": 2, "outputTokens": 11})),
        ("runId", json!(run)),
    ];
    for (field, value) in expected {
        assert_eq!(stored[field], value, "{field}");
    }
    let again = json!({"message": {"id": answer, "conversationId": conversation, "role": "assistant",
        "content": text(&events)}});
    let answer = client.post("/message/append", &again).await?;
    assert_eq!(answer.body["results"][0]["outcome"], "duplicate");
    Ok(())
}

#[tokio::test]
async fn a_second_start_attaches_from_the_beginning_and_the_provider_is_asked_once() -> Test {
    let (mut upstream, server) = Upstream::with_server("", "").await?;
    let client = server.client();
    let run = new_id();
    let (mut first, call) = half_an_answer(&mut upstream, client, &request(&run, "x")).await?;
    let mut second = client.generate(&request(&run, "x")).await?;
    let begun = until_words(&mut second).await?;
    assert_eq!(text(&begun), "half");
    call.say(" and half")?;
    call.finish()?;
    let (rest, again) = (first.rest().await?, second.rest().await?);
    assert_eq!(text(&rest), " and half");
    assert_eq!(rest, again);
    let third = client.generate(&request(&run, "x")).await?.rest().await?;
    assert_eq!(third, [begun, again].concat());
    assert!(!upstream.has_call(), "the provider was asked again");
    Ok(())
}

#[tokio::test]
async fn a_run_goes_on_when_its_reader_is_gone() -> Test {
    let (mut upstream, server) = Upstream::with_server("", "").await?;
    let client = server.client();
    let conversation = create(client).await?;
    let (run, answer) = (new_id(), new_id());
    let body = recorded(&run, "x", &conversation, &answer);
    let (reader, call) = half_an_answer(&mut upstream, client, &body).await?;
    drop(reader);
    call.say(" and half")?;
    call.finish()?;
    let events = client.attach(&run, "").await?.rest().await?;
    assert_eq!(text(&events), "half and half");
    let stored = message(client, &answer).await?;
    assert_eq!(
        (&stored["status"], &stored["content"][0]["text"]),
        (&json!("complete"), &json!("half and half"))
    );
    Ok(())
}

#[tokio::test]
async fn stopping_ends_it_for_every_reader_and_what_there_is_stays() -> Test {
    let (mut upstream, server) = Upstream::with_server("", "").await?;
    let client = server.client();
    let conversation = create(client).await?;
    let (run, answer) = (new_id(), new_id());
    let body = recorded(&run, "x", &conversation, &answer);
    let (mut first, call) = half_an_answer(&mut upstream, client, &body).await?;
    let mut second = client.attach(&run, "").await?;
    let stopped = client
        .post(&format!("/completion/{run}/stop"), &json!({}))
        .await?;
    assert_eq!(
        (stopped.status, &stopped.body["status"]),
        (200, &json!("stopped"))
    );
    call.cancelled().await;
    for events in [first.rest().await?, second.rest().await?] {
        let end = events.last().map(|event| {
            (
                event.name.as_str(),
                &event.data["code"],
                &event.data["status"],
                &event.data["persisted"],
                &event.data["retryable"],
            )
        });
        assert_eq!(
            end,
            Some((
                "error",
                &json!("stopped"),
                &json!("stopped"),
                &json!(true),
                &json!(false)
            ))
        );
    }
    let stored = message(client, &answer).await?;
    assert_eq!(
        (&stored["status"], &stored["content"][0]["text"]),
        (&json!("stopped"), &json!("half"))
    );
    // Stopping it again, or one that is complete, changes nothing.
    let again = client
        .post(&format!("/completion/{run}/stop"), &json!({}))
        .await?;
    assert_eq!(again.body, status(client, &run).await?);
    Ok(())
}

#[tokio::test]
async fn stopping_what_is_complete_changes_nothing() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let run = new_id();
    client
        .generate(&request(&run, "hello"))
        .await?
        .rest()
        .await?;
    let before = status(client, &run).await?;
    assert_eq!(before["status"], "complete");
    let stopped = client
        .post(&format!("/completion/{run}/stop"), &json!({}))
        .await?;
    assert_eq!((stopped.status, stopped.body), (200, before));
    Ok(())
}

#[tokio::test]
async fn a_finished_run_is_read_again_after_a_restart() -> Test {
    let server = servers::start("").await?;
    let run = new_id();
    let told = server
        .client()
        .generate(&request(&run, "think"))
        .await?
        .rest()
        .await?;
    let again = TestServer::start_in(server.stop().await, "").await?;
    let read = again.client().attach(&run, "").await?.rest().await?;
    assert_eq!(read, told);
    Ok(())
}

#[tokio::test]
async fn a_provider_that_fails_before_its_first_byte_has_its_own_status_and_the_run_is_failed()
-> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let conversation = create(client).await?;
    let (run, answer) = (new_id(), new_id());
    let body = recorded(&run, "fail early", &conversation, &answer);
    let request = client.http().post(client.url("/completion/generate"));
    let (code, name) = Reply::to(request.json(&body)).await?.problem();
    assert_eq!(
        (code / 100, name.starts_with("provider_")),
        (5, true),
        "{name}"
    );
    let standing = status(client, &run).await?;
    assert_eq!(
        (&standing["status"], &standing["code"]),
        (&json!("failed"), &json!(name))
    );
    Ok(())
}

#[tokio::test]
async fn an_error_in_mid_stream_keeps_the_partial_answer_and_the_conversation_goes_on() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let conversation = create(client).await?;
    let (run, answer) = (new_id(), new_id());
    let body = recorded(&run, "fail late", &conversation, &answer);
    let events = client.generate(&body).await?.rest().await?;
    let end = events
        .last()
        .map(|event| (event.name.as_str(), &event.data["status"]));
    assert_eq!(end, Some(("error", &json!("failed"))));
    let stored = message(client, &answer).await?;
    assert_eq!(stored["status"], "failed");
    assert_eq!(stored["content"][0]["text"], json!(text(&events)));
    assert_eq!(stored["content"][1]["type"], "error");
    say(client, &conversation, "and now?").await?;
    Ok(())
}
