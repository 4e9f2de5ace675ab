//! The journal: what a turn has to keep while the store cannot take it.

use manent_testkit::{Client, Event, TestServer, new_id};
use rusqlite::TransactionBehavior;
use serde_json::{Value, json};

use crate::runs::{recorded, text};
use crate::support::reply::get;
use crate::support::upstream::Upstream;
use crate::support::{Test, create, database, servers};

/// Everything that waits for the store gives up soon.
const IMPATIENT: &str =
    "[store]\nlock_wait = \"100ms\"\n[runs]\nstore_wait = \"300ms\"\njoin_wait = \"2s\"\n";

async fn journal_part(client: &Client) -> anyhow::Result<Value> {
    let ready = get(client, "/readyz").await?.json();
    let parts = ready["parts"].as_array().cloned().unwrap_or_default();
    let part = parts.into_iter().find(|part| part["name"] == "journal");
    part.ok_or_else(|| anyhow::anyhow!("no journal: {ready}"))
}

fn end(events: &[Event]) -> (&str, Value) {
    events.last().map_or(("", Value::Null), |event| {
        let mut data = event.data.clone();
        if data["journalPosition"].is_u64() {
            data["journalPosition"] = json!("<position>");
        }
        (event.name.as_str(), data)
    })
}

/// Waits until the feed shows this message as complete.
async fn until_stored(client: &Client, message: &Value) -> Test {
    let mut feed = client.feed("0").await?;
    while let Some(event) = feed.next().await? {
        if event.data["id"] == *message && event.data["status"] == "complete" {
            return Ok(());
        }
    }
    anyhow::bail!("the feed ended")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_answered_and_journalled_while_the_store_is_held_and_stored_when_it_is_free()
-> Test {
    let server = servers::start(IMPATIENT).await?;
    let client = server.client();
    let mut other = database::open(server.data_dir())?;
    let lock = other.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let events = client
        .turn(&json!({"message": {"content": "hello"}}))
        .await?
        .rest()
        .await?;
    assert_eq!(text(&events), "Hello! This is a scripted answer.");
    assert_eq!(
        end(&events),
        (
            "done",
            json!({"finishReason": "stop", "status": "complete", "logged": false, "persisted": false,
                "journalPosition": "<position>"})
        )
    );
    let part = journal_part(client).await?;
    let detail = part["detail"].as_str().unwrap_or_default();
    assert_eq!(part["ready"], true);
    assert!(detail.ends_with("entries wait for the store"), "{part}");
    drop(lock);
    let start = events.iter().find(|event| event.name == "start");
    let start = start.map(|event| event.data.clone()).unwrap_or_default();
    until_stored(client, &start["answerId"]).await?;
    let conversation = start["conversationId"].as_str().unwrap_or_default();
    let stored = client.all_messages(conversation).await?;
    let ids: Vec<&Value> = stored.iter().map(|message| &message["id"]).collect();
    assert_eq!(ids, [&start["messageId"], &start["answerId"]]);
    assert_eq!(stored[1]["content"][0]["text"], json!(text(&events)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_journalled_survives_a_restart() -> Test {
    let server = servers::start(IMPATIENT).await?;
    let client = server.client().clone();
    let conversation = create(&client).await?;
    let mut other = database::open(server.data_dir())?;
    let lock = other.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let answer = new_id();
    let body = recorded(&new_id(), "hello", &conversation, &answer);
    let events = client.generate(&body).await?.rest().await?;
    assert_eq!(end(&events).1["persisted"], false);
    let directory = server.stop().await;
    drop(lock);
    let again = TestServer::start_in(directory, "").await?;
    until_stored(again.client(), &json!(answer)).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cut_by_the_stop_is_kept_while_the_store_hangs() -> Test {
    // The store answers nothing for longer than anybody waits for it.
    let configuration = "[http]\nshutdown_grace = \"100ms\"\n[store]\nlock_wait = \"3s\"\n[runs]\nstore_wait = \"300ms\"\njoin_wait = \"2s\"\n";
    let (mut upstream, server) = Upstream::with_server(configuration, "").await?;
    let client = server.client().clone();
    let conversation = create(&client).await?;
    let answer = new_id();
    let body = recorded(&new_id(), "x", &conversation, &answer);
    let (stream, call) = tokio::join!(client.generate(&body), async {
        let call = upstream.call().await?;
        call.say("half")?;
        anyhow::Ok(call)
    });
    let (mut stream, call) = (stream?, call?);
    let mut other = database::open(server.data_dir())?;
    let lock = other.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    call.say(" and more")?;
    while let Some(event) = stream.next().await? {
        if event.data["text"] == " and more" {
            break;
        }
    }
    let (directory, rest) = tokio::join!(server.stop(), stream.rest());
    let told = rest?;
    let told = told.last().map(|event| {
        (
            &event.data["status"],
            &event.data["persisted"],
            event.data["journalPosition"].is_u64(),
        )
    });
    assert_eq!(told, Some((&json!("interrupted"), &json!(false), true)));
    drop(lock);
    let again = TestServer::start_in(directory, "").await?;
    let mut feed = again.client().feed("0").await?;
    while let Some(event) = feed.next().await? {
        if event.data["id"] == answer && event.data["content"][0]["text"] == "half and more" {
            assert_eq!(event.data["status"], "interrupted");
            return Ok(());
        }
    }
    anyhow::bail!("the feed ended")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_journal_turns_the_server_red_and_tells_what_is_lost() -> Test {
    let server = servers::start(&format!("{IMPATIENT}[journal]\nmax_bytes = 1000000\n")).await?;
    let client = server.client();
    let mut other = database::open(server.data_dir())?;
    let lock = other.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    // Each comes to about 45 KB: what was said, what was answered, and the events of that.
    let said = json!({"message": {"content": "x".repeat(15_000)}});
    let mut kept = 0;
    loop {
        let events = client.turn(&said).await?.rest().await?;
        let (name, data) = end(&events);
        assert_eq!((name, &data["persisted"]), ("done", &json!(false)));
        if data["journalPosition"].is_null() {
            break;
        }
        kept += 1;
    }
    assert!((10..30).contains(&kept), "{kept}");
    let part = journal_part(client).await?;
    assert_eq!(part["ready"], false, "{part}");
    assert_eq!(get(client, "/readyz").await?.status, 503);
    drop(lock);
    // What was taken is drained, and the journal is empty again.
    let mut feed = client.feed("0").await?;
    while journal_part(client).await?["ready"] == false {
        feed.next_block().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_journal_what_is_not_stored_is_told_as_lost() -> Test {
    let server = servers::start(&format!("{IMPATIENT}[journal]\nenabled = false\n")).await?;
    let client = server.client();
    let mut other = database::open(server.data_dir())?;
    let lock = other.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let events = client
        .turn(&json!({"message": {"content": "hello"}}))
        .await?
        .rest()
        .await?;
    assert_eq!(
        end(&events),
        (
            "done",
            json!({"finishReason": "stop", "status": "complete", "logged": false, "persisted": false})
        )
    );
    drop(lock);
    assert!(journal_part(client).await.is_err());
    assert!(!server.data_dir().join("journal").exists());
    Ok(())
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_is_named_and_nothing_starts() -> Test {
    let server = servers::start("").await?;
    let directory = server.stop().await;
    let mark = directory.path().join("journal/journal.mark");
    std::fs::write(&mark, "something else")?;
    let refused = TestServer::start_in(directory, "").await.err();
    let told = refused.map(|error| error.to_string()).unwrap_or_default();
    assert!(told.contains("journal.mark"), "{told}");
    Ok(())
}
