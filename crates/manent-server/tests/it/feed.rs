//! The feed: what changes, in order, without gaps, from any place.

use manent_testkit::{Block, Event, EventReader, TestServer, new_id};
use serde_json::{Value, json};

use crate::runs::recorded;
use crate::support::reply::get;
use crate::support::{Test, append, create, say, servers};

/// Reads up to `ready`, which is left out.
async fn until_ready(feed: &mut EventReader) -> anyhow::Result<Vec<Event>> {
    let mut events = Vec::new();
    while let Some(event) = feed.next().await? {
        if event.name == "ready" {
            assert_eq!(event.cursor, None);
            return Ok(events);
        }
        events.push(event);
    }
    anyhow::bail!("the feed ended")
}

async fn next(feed: &mut EventReader) -> anyhow::Result<Event> {
    let event = feed.next().await?;
    event.ok_or_else(|| anyhow::anyhow!("the feed ended"))
}

/// Numbers, names and ids.
fn outline(events: &[Event]) -> Vec<(u64, &str, &Value)> {
    let outline = |event| {
        let event: &Event = event;
        (event.id, event.name.as_str(), &event.data["id"])
    };
    events.iter().map(outline).collect()
}

#[tokio::test]
async fn everything_is_told_in_order_and_then_what_comes() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let first = say(client, &conversation, "one").await?;
    let mut feed = client.feed("0").await?;
    let events = until_ready(&mut feed).await?;
    assert_eq!(
        outline(&events),
        [
            (1, "conversation", &json!(conversation)),
            (2, "message", &json!(first)),
            (3, "conversation", &json!(conversation)),
        ]
    );
    let stored = client.all_messages(&conversation).await?;
    assert_eq!(events[1].data, stored[0]);
    let path = format!("/conversation/{conversation}");
    assert_eq!(events[2].data, client.get(&path).await?.body);

    let second = say(client, &conversation, "two").await?;
    let live = [next(&mut feed).await?, next(&mut feed).await?];
    assert_eq!(
        outline(&live),
        [
            (4, "message", &json!(second)),
            (5, "conversation", &json!(conversation)),
        ]
    );
    client.delete(&path).await?;
    let trashed = next(&mut feed).await?;
    assert_eq!(trashed.name, "conversation");
    assert!(trashed.data["trashedAt"].is_string());
    Ok(())
}

#[tokio::test]
async fn a_reader_goes_on_from_any_place_and_two_readers_see_the_same() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    // More than a page.
    let item = |number: usize| json!({"conversationId": conversation, "role": "user", "content": format!("{number}")});
    let messages: Vec<Value> = (0..120).map(item).collect();
    append(client, &json!({"messages": messages})).await?;
    let all = until_ready(&mut client.feed("0").await?).await?;
    let numbers: Vec<u64> = all.iter().map(|event| event.id).collect();
    let expected: Vec<u64> = (1..).take(all.len()).collect();
    assert_eq!(numbers, expected, "no gap and no repeat");
    assert!(all.len() > 120);
    for after in [1, 49, 50, 51, 100, all.len() - 1, all.len()] {
        let mut feed = client.feed(&after.to_string()).await?;
        assert_eq!(until_ready(&mut feed).await?, all[after..], "after {after}");
        let by_header = client
            .http()
            .get(client.url("/feed?after=0"))
            .header("last-event-id", after.to_string());
        let mut feed = client.events(by_header).await?;
        assert_eq!(until_ready(&mut feed).await?, all[after..], "after {after}");
    }
    let mut readers = [client.feed("").await?, client.feed("").await?];
    for reader in &mut readers {
        assert_eq!(until_ready(reader).await?, Vec::new(), "from now on");
    }
    let id = say(client, &conversation, "live").await?;
    for reader in &mut readers {
        let event = next(reader).await?;
        assert_eq!(
            (event.id, &event.data["id"]),
            (all.len() as u64 + 1, &json!(id))
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_run_and_its_answer_are_told_as_they_come_and_end() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let conversation = create(client).await?;
    let mut feed = client.feed("").await?;
    until_ready(&mut feed).await?;
    let (run, answer) = (new_id(), new_id());
    let body = recorded(&run, "hello", &conversation, &answer);
    let told = client.generate(&body).await?.rest().await?;
    let mut seen = Vec::new();
    // An entry shows its subject as it is when it is read, so the first ones may show the end already.
    let is_complete = |seen: &[Event], name: &str| {
        let ended = |event: &Event| event.name == name && event.data["status"] == "complete";
        seen.iter().any(ended)
    };
    while !(is_complete(&seen, "run") && is_complete(&seen, "message")) {
        seen.push(next(&mut feed).await?);
    }
    assert_eq!(seen[0].name, "run");
    assert_eq!(seen[0].data["id"], json!(run));
    let of_answer: Vec<&Value> = seen
        .iter()
        .filter(|event| event.name == "message")
        .map(|event| &event.data)
        .collect();
    let last = of_answer.last().map(|message| {
        (
            &message["id"],
            &message["status"],
            &message["runId"],
            &message["content"][0]["text"],
        )
    });
    let text = crate::runs::text(&told);
    assert_eq!(
        last,
        Some((
            &json!(answer),
            &json!("complete"),
            &json!(run),
            &json!(text)
        ))
    );
    Ok(())
}

#[tokio::test]
async fn a_wrong_place_is_told_before_anything_streams() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    create(client).await?;
    for (cursor, expected) in [
        ("2", (409, "cursor_ahead")),
        ("x", (400, "invalid_cursor")),
        ("-1", (400, "invalid_cursor")),
        ("01", (400, "invalid_cursor")),
        ("8199b0df.1", (400, "invalid_cursor")),
        ("99999999999999999999", (400, "invalid_cursor")),
    ] {
        let reply = get(client, &format!("/feed?after={cursor}")).await?;
        let (status, code) = reply.problem();
        assert_eq!((status, code.as_str()), expected, "{cursor}");
    }
    assert_eq!(
        get(client, "/feed?from=1").await?.problem(),
        (400, "invalid_query".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn a_silent_feed_says_that_it_lives() -> Test {
    let server = TestServer::start_with("[sse]\nheartbeat = \"100ms\"").await?;
    let mut feed = server.client().feed("").await?;
    until_ready(&mut feed).await?;
    for _ in 0..2 {
        assert_eq!(
            feed.next_block().await?,
            Some(Block::Comment("ping".to_owned()))
        );
    }
    Ok(())
}

#[tokio::test]
async fn large_messages_are_told_whole_and_in_order() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let mut expected = Vec::new();
    for number in 0..30 {
        let is_large = number % 3 > 0;
        let text = number.to_string() + &"x".repeat(if is_large { 150_000 } else { 1 });
        say(client, &conversation, &text).await?;
        expected.push(json!([{"type": "text", "text": text}]));
    }
    let events = until_ready(&mut client.feed("0").await?).await?;
    let numbers: Vec<u64> = events.iter().map(|event| event.id).collect();
    assert_eq!(numbers, (1..=61).collect::<Vec<u64>>());
    let told = events.iter().filter(|event| event.name == "message");
    let contents: Vec<&Value> = told.map(|event| &event.data["content"]).collect();
    assert_eq!(contents, expected.iter().collect::<Vec<_>>());
    Ok(())
}

#[tokio::test]
async fn an_idle_feed_asks_the_store_nothing() -> Test {
    let configuration = "[sse]\nheartbeat = \"100ms\"\n[runs]\ndead_after = \"10m\"";
    let server = TestServer::start_with(configuration).await?;
    let client = server.client();
    create(client).await?;
    let mut feed = client.feed("0").await?;
    until_ready(&mut feed).await?;
    let reads = || server.server().store_metrics().map(|figures| figures.reads);
    let before = reads();
    for _ in 0..5 {
        feed.next_block().await?;
    }
    assert_eq!(reads(), before);
    Ok(())
}
