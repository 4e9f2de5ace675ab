//! Generating and storing know nothing of each other: a store that cannot be used takes nothing from a generation, and a generation
//! never touches the store.

use std::time::{Duration, Instant};

use manent_server::SqliteMetrics;
use manent_testkit::new_id;
use rusqlite::TransactionBehavior;
use serde_json::json;

use crate::support::reply::{Reply, get};
use crate::support::upstream::Upstream;
use crate::support::{Test, create, database, servers};

#[tokio::test]
async fn a_generation_reads_and_writes_nothing() -> Test {
    // Nor does anybody else meanwhile: dead runs are looked for only after minutes.
    let server = servers::start("[runs]\ndead_after = \"10m\"").await?;
    let client = server.client();
    create(client).await?;
    // The size of the log is published a moment after the answer; it says nothing about reads and writes.
    let figures = || SqliteMetrics {
        log_pages: 0,
        ..server.server().store_metrics().unwrap()
    };
    let before = figures();
    for question in [
        "hello",
        "think",
        "tool",
        "fail early",
        "fail late",
        "drop",
        "tokens 1000",
    ] {
        let body = json!({"messages": [{"role": "user", "content": question}]});
        let request = client.http().post(client.url("/completion/generate"));
        Reply::to(request.json(&body)).await?;
    }
    let invalid = client
        .post("/completion/generate", &json!({"messages": []}))
        .await?;
    assert_eq!(invalid.status, 422);
    assert_eq!(client.get("/models").await?.status, 200);
    assert_eq!(figures(), before);
    // The figures do move when something is stored and read.
    let id = create(client).await?;
    client.get(&format!("/conversation/{id}")).await?;
    let after = figures();
    assert_eq!(
        (
            after.jobs - before.jobs,
            after.commits - before.commits,
            after.reads - before.reads
        ),
        (1, 1, 1)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_goes_on_while_the_store_is_held_by_somebody_else() -> Test {
    let (mut upstream, server) =
        Upstream::with_server("[store]\nlock_wait = \"300ms\"\n", "").await?;
    let client = server.client();
    let conversation = create(client).await?;
    let rows = database::rows(server.data_dir())?;
    let prompt = json!({"messages": [{"role": "user", "content": "x"}]});

    let mut other = database::open(server.data_dir())?;
    let lock = other.transaction_with_behavior(TransactionBehavior::Exclusive)?;

    // A generation begins while nothing can be written …
    let (stream, call) = tokio::join!(client.generate(&prompt), async {
        let call = upstream.call().await?;
        call.say("one")?;
        anyhow::Ok(call)
    });
    let (mut stream, call) = (stream?, call?);
    assert_eq!(
        stream.next().await?.map(|event| event.name),
        Some("start".to_owned())
    );

    // … an append beside it is told to come back, within its bound …
    let begun = Instant::now();
    let message = json!({"message": {"id": new_id(), "conversationId": conversation, "role": "user", "content": "x"}});
    let request = client.http().post(client.url("/message/append"));
    let refused = Reply::to(request.json(&message)).await?;
    assert_eq!(
        refused.whole_problem(),
        json!({"type": "about:blank", "title": "Service Unavailable", "status": 503, "code": "store_busy",
            "detail": "The store has too much to do; try again in a moment.", "traceId": "<trace>", "retryAfterMs": 1000})
    );
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );

    // … what is stored can still be read …
    assert_eq!(client.get("/conversations").await?.status, 200);

    // … `/readyz` says which part it is, `/healthz` that the process lives …
    let ready = get(client, "/readyz").await?;
    assert_eq!(ready.status, 503);
    let ready = ready.json();
    assert_eq!(
        (
            &ready["ready"],
            &ready["parts"][0]["name"],
            &ready["parts"][0]["ready"]
        ),
        (&json!(false), &json!("store"), &json!(false))
    );
    assert!(ready["parts"][0]["detail"].is_string(), "{ready}");
    assert_eq!(get(client, "/healthz").await?.status, 200);

    // … and the generation ends as if nothing were the matter.
    call.say(" two")?;
    call.finish()?;
    let events = stream.rest().await?;
    let text: String = events
        .iter()
        .filter_map(|event| event.data["text"].as_str())
        .collect();
    assert_eq!(text, "one two");
    assert_eq!(events.last().map(|event| event.name.as_str()), Some("done"));

    drop(lock);
    assert_eq!(
        database::rows(server.data_dir())?,
        rows,
        "nothing half-written"
    );
    let stored = client.post("/message/append", &message).await?;
    assert_eq!(
        stored.body["results"][0]["outcome"], "stored",
        "sending it again is safe"
    );
    let ready = get(client, "/readyz").await?;
    assert_eq!(
        (ready.status, ready.json()),
        (
            200,
            json!({"ready": true, "parts": [{"name": "store", "ready": true}, {"name": "journal", "ready": true},
                {"name": "runs", "ready": true}, {"name": "server", "ready": true}]})
        )
    );
    Ok(())
}
