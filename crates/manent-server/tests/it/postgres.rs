//! The same server over Postgres: everything of one user's day, two servers that share one database, and a database that goes away.

use manent_postgres::{Database, PostgresServer};
use manent_testkit::{Client, EventReader, Fault, FaultProxy, TestServer, new_id};
use serde_json::{Value, json};

use crate::runs::{recorded, request, text};
use crate::support::reply::{Reply, get};
use crate::support::upstream::Upstream;
use crate::support::{Test, create, say, servers};

async fn database() -> anyhow::Result<Database> {
    PostgresServer::shared().await?.fresh_database().await
}

fn configuration(database: &Database) -> String {
    format!("[database]\nurl = {:?}\n", database.url())
}

async fn until(
    feed: &mut EventReader,
    is_wanted: impl Fn(&manent_testkit::Event) -> bool,
) -> anyhow::Result<manent_testkit::Event> {
    while let Some(event) = feed.next().await? {
        if is_wanted(&event) {
            return Ok(event);
        }
    }
    anyhow::bail!("the feed ended")
}

async fn message(client: &Client, id: &str) -> anyhow::Result<Value> {
    Ok(client.get(&format!("/message/{id}")).await?.body)
}

#[tokio::test]
async fn a_day_with_postgres_is_a_day_with_sqlite() -> Test {
    let database = database().await?;
    let server = servers::start(&configuration(&database)).await?;
    let client = server.client();
    let conversation = create(client).await?;
    let question = say(client, &conversation, "hello garden").await?;
    let (run, answer) = (new_id(), new_id());
    let body = recorded(&run, "hello", &conversation, &answer);
    let events = client.generate(&body).await?.rest().await?;
    assert_eq!(
        events.last().map(|event| &event.data),
        Some(
            &json!({"finishReason": "stop", "status": "complete", "logged": true, "persisted": true})
        )
    );
    let turn = json!({"conversationId": conversation, "message": {"content": "hello"}});
    let events = client.turn(&turn).await?.rest().await?;
    assert_eq!(
        events.last().map(|event| &event.data["persisted"]),
        Some(&json!(true))
    );
    let edit = json!({"message": {"type": "edit", "id": new_id(), "conversationId": conversation, "messageId": question,
        "content": "hello meadow"}});
    let edited = client.post("/message/append", &edit).await?;
    assert_eq!(edited.body["results"][0]["outcome"], "stored");
    let stored = client.all_messages(&conversation).await?;
    assert_eq!(stored.len(), 4);
    assert_eq!(stored[0]["content"][0]["text"], "hello meadow");
    let hits = client.get("/search?q=meadow").await?.body;
    assert_eq!(hits["hits"][0]["messageId"], json!(question));
    let ready = get(client, "/readyz").await?;
    assert_eq!(ready.status, 200, "{}", ready.json());
    let metrics = String::from_utf8(get(client, "/metrics").await?.body)?;
    assert!(metrics.contains("manent_store_connections "), "{metrics}");

    // Nothing of it lies in the server: another one finds it.
    drop(server.stop().await);
    let again = servers::start(&configuration(&database)).await?;
    assert_eq!(again.client().all_messages(&conversation).await?, stored);
    let replayed = again.client().attach(&run, "").await?.rest().await?;
    assert_eq!(text(&replayed), "Hello! This is a scripted answer.");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_one_server_is_read_and_stopped_from_another() -> Test {
    let database = database().await?;
    let (mut upstream, here) = Upstream::with_server(&configuration(&database), "").await?;
    let there = servers::start(&configuration(&database)).await?;
    let conversation = create(here.client()).await?;
    let mut feed = there.client().feed("0").await?;
    let (run, answer) = (new_id(), new_id());
    let body = recorded(&run, "x", &conversation, &answer);
    let (stream, call) = tokio::join!(here.client().generate(&body), async {
        let call = upstream.call().await?;
        call.say("half")?;
        anyhow::Ok(call)
    });
    let (mut stream, call) = (stream?, call?);
    until(&mut feed, |event| {
        event.name == "run" && event.data["id"] == run
    })
    .await?;
    let mut reader = there.client().attach(&run, "").await?;
    until(&mut reader, |event| event.name == "delta").await?;
    call.say(" and more")?;
    until(&mut reader, |event| event.data["text"] == " and more").await?;
    let stop = there
        .client()
        .post(&format!("/completion/{run}/stop"), &json!({}))
        .await?;
    assert_eq!(
        (stop.status, &stop.body["stopRequested"]),
        (200, &json!(true))
    );
    call.cancelled().await;
    for events in [stream.rest().await?, reader.rest().await?] {
        let end = events
            .last()
            .map(|event| (&event.data["code"], &event.data["status"]));
        assert_eq!(end, Some((&json!("stopped"), &json!("stopped"))));
    }
    until(&mut feed, |event| {
        event.data["id"] == answer && event.data["status"] == "stopped"
    })
    .await?;
    let stored = message(there.client(), &answer).await?;
    assert_eq!(stored["content"][0]["text"], "half and more");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_sends_readers_of_anothers_run_elsewhere() -> Test {
    let database = database().await?;
    let (mut upstream, here) = Upstream::with_server(&configuration(&database), "").await?;
    let there = servers::start(&format!(
        "[http]\nshutdown_grace = \"100ms\"\n{}",
        configuration(&database)
    ))
    .await?;
    let run = new_id();
    let body = request(&run, "x");
    let (stream, call) = tokio::join!(here.client().generate(&body), async {
        let call = upstream.call().await?;
        call.say("half")?;
        anyhow::Ok(call)
    });
    let (stream, call) = (stream?, call?);
    let mut reader = there.client().attach(&run, "").await?;
    let last = until(&mut reader, |event| event.name == "delta").await?;
    let (stopped, rest) = tokio::join!(there.stop(), reader.rest());
    drop(stopped);
    let rest: Vec<(Option<String>, Value)> = rest?
        .into_iter()
        .map(|event| (event.cursor, event.data["code"].clone()))
        .collect();
    assert_eq!(rest, [(None, json!("shutting_down"))]);
    call.say(" and more")?;
    call.finish()?;
    let cursor = last.cursor.unwrap_or_default();
    let rest = here.client().attach(&run, &cursor).await?.rest().await?;
    assert_eq!(text(&rest), " and more");
    drop(stream);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_tells_what_another_server_stored() -> Test {
    let database = database().await?;
    let here = servers::start(&configuration(&database)).await?;
    let there = servers::start(&configuration(&database)).await?;
    let mut feed = there.client().feed("").await?;
    until(&mut feed, |event| event.name == "ready").await?;
    let conversation = create(here.client()).await?;
    let said = say(here.client(), &conversation, "hello").await?;
    let event = until(&mut feed, |event| event.name == "message").await?;
    assert_eq!(event.data["id"], json!(said));
    // The same run started there attaches.
    let run = new_id();
    let first = here
        .client()
        .generate(&request(&run, "hello"))
        .await?
        .rest()
        .await?;
    let second = there
        .client()
        .generate(&request(&run, "hello"))
        .await?
        .rest()
        .await?;
    assert_eq!(second, first);
    Ok(())
}

/// A proxy before a database, and the configuration of a server that goes through it and waits for nothing for long.
async fn behind_a_proxy(database: &Database) -> anyhow::Result<(FaultProxy, String)> {
    let url = reqwest::Url::parse(database.url())?;
    let place = (
        url.host_str().unwrap_or_default(),
        url.port().unwrap_or(5432),
    );
    let upstream = tokio::net::lookup_host(place).await?.next();
    let upstream = upstream.ok_or_else(|| anyhow::anyhow!("the database's address"))?;
    let proxy = FaultProxy::start(upstream).await?;
    let address = proxy.address();
    let url = database.url_through(&address.ip().to_string(), address.port())?;
    let configuration = format!(
        "[database]\nurl = {url:?}\nacquire_timeout = \"300ms\"\nstatement_timeout = \"1s\"\n\
         [runs]\nstore_wait = \"500ms\"\njoin_wait = \"2s\"\n"
    );
    Ok((proxy, configuration))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_costs_no_answer_and_nothing_that_was_said() -> Test {
    let database = database().await?;
    let (proxy, configuration) = behind_a_proxy(&database).await?;
    let server = servers::start(&configuration).await?;
    let client = server.client();
    let conversation = create(client).await?;
    let mut feed = client.feed("").await?;
    until(&mut feed, |event| event.name == "ready").await?;
    for fault in ["gone", "silent"] {
        if fault == "gone" {
            proxy.go_down().await;
        } else {
            proxy.stall();
        }
        let item = json!({"message": {"id": new_id(), "conversationId": conversation, "role": "user", "content": "x"}});
        let refused = Reply::to(
            client
                .http()
                .post(client.url("/message/append"))
                .json(&item),
        )
        .await?;
        let (status, code) = refused.problem();
        assert_eq!(status, 503, "{fault}: {code}");
        assert!(refused.json()["retryAfterMs"].is_u64(), "{fault}");
        let ready = get(client, "/readyz").await?.json();
        assert_eq!(
            (&ready["ready"], &ready["parts"][0]["ready"]),
            (&json!(false), &json!(false)),
            "{fault}: {ready}"
        );
        let turn = json!({"conversationId": conversation, "message": {"content": "hello"}, "answerId": new_id()});
        let events = client.turn(&turn).await?.rest().await?;
        assert_eq!(
            text(&events),
            "Hello! This is a scripted answer.",
            "{fault}"
        );
        let end = events.last().map(|event| {
            (
                &event.data["persisted"],
                event.data["journalPosition"].is_u64(),
            )
        });
        assert_eq!(end, Some((&json!(false), true)), "{fault}");
        if fault == "gone" {
            proxy.accept().await;
        } else {
            proxy.release();
        }
        // The feed has waited, and goes on.
        until(&mut feed, |event| {
            event.data["id"] == turn["answerId"] && event.data["status"] == "complete"
        })
        .await?;
    }
    // An append that was refused because nothing answered may have been stored all the same.
    let stored = client.all_messages(&conversation).await?;
    let texts = stored
        .iter()
        .map(|message| message["content"][0]["text"].as_str().unwrap_or_default());
    let turns: Vec<&str> = texts.filter(|text| *text != "x").collect();
    let turn = ["hello", "Hello! This is a scripted answer."];
    assert_eq!(turns, [turn, turn].concat());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_waits_for_its_database() -> Test {
    let database = database().await?;
    let (proxy, configuration) = behind_a_proxy(&database).await?;
    proxy.set_fault(Fault::Drop);
    let (server, ()) = tokio::join!(servers::start(&configuration), async {
        // It goes on once somebody has asked in vain.
        while proxy.counts().dropped == 0 {
            tokio::task::yield_now().await;
        }
        proxy.set_fault(Fault::None);
    });
    assert_eq!(get(server?.client(), "/readyz").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_named_without_its_password() -> Test {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = nobody.local_addr()?.port();
    drop(nobody);
    let configuration = format!(
        "[database]\nurl = \"postgres://me:hunter2@127.0.0.1:{port}/manent\"\nstart_wait = \"0s\"\n"
    );
    let refused = TestServer::start_with(&configuration).await.err();
    let told = refused.map(|error| error.to_string()).unwrap_or_default();
    assert!(told.contains(&format!("127.0.0.1:{port}")), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    Ok(())
}
