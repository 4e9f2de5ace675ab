//! Stopping, starting again, and starting twice.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use manent_testkit::{Client, EventReader, RawConnection, TestServer, new_id};
use serde_json::{Value, json};

use crate::support::upstream::{Call, Upstream};
use crate::support::{Test, append, create, database, say, servers};

/// Far more than a stop without anything in its way takes, and less than the time that it would wait.
const SOON: Duration = Duration::from_secs(5);

/// A generation that has said something, and the call to its provider.
async fn half_an_answer(
    upstream: &mut Upstream,
    client: &Client,
    body: &Value,
) -> anyhow::Result<(EventReader, Call)> {
    let (stream, call) = tokio::join!(client.generate(body), async {
        let call = upstream.call().await?;
        call.say("half an answer")?;
        anyhow::Ok(call)
    });
    let (mut stream, call) = (stream?, call?);
    while stream
        .next()
        .await?
        .is_some_and(|event| event.name != "delta")
    {}
    Ok((stream, call))
}

/// Returns when the server has begun to stop: it refuses connections then.
async fn until_stopping(address: SocketAddr) {
    while RawConnection::open(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

fn prompt(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}]})
}

#[tokio::test]
async fn a_running_generation_may_finish_and_the_server_ends_then() -> Test {
    let (mut upstream, server) =
        Upstream::with_server("[http]\nshutdown_grace = \"60s\"", "").await?;
    let client = server.client().clone();
    let (mut stream, call) = half_an_answer(&mut upstream, &client, &prompt("x")).await?;
    let begun = Instant::now();
    let address = server.address();
    let (stopped, rest) = tokio::join!(server.stop(), async {
        until_stopping(address).await;
        call.say(" and the rest")?;
        call.finish()?;
        stream.rest().await
    });
    drop(stopped);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    let names: Vec<String> = rest?.into_iter().map(|event| event.name).collect();
    assert_eq!(names, ["delta", "done"]);
    Ok(())
}

#[tokio::test]
async fn a_generation_that_does_not_finish_in_time_is_told() -> Test {
    let (mut upstream, server) =
        Upstream::with_server("[http]\nshutdown_grace = \"200ms\"", "").await?;
    let client = server.client().clone();
    let (mut stream, call) = half_an_answer(&mut upstream, &client, &prompt("x")).await?;
    let begun = Instant::now();
    let (stopped, rest) = tokio::join!(server.stop(), stream.rest());
    drop(stopped);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    let rest = rest?;
    assert_eq!(rest.len(), 1, "{rest:?}");
    assert_eq!((rest[0].id, rest[0].name.as_str()), (3, "error"));
    let mut data = rest[0].data.clone();
    data["traceId"] = json!("");
    assert_eq!(
        data,
        json!({"code": "shutting_down", "detail": "The server is stopping.", "retryable": true, "traceId": ""})
    );
    tokio::time::timeout(SOON, call.cancelled()).await?;
    Ok(())
}

#[tokio::test]
async fn a_generation_that_never_pauses_is_told_too() -> Test {
    let server = servers::start("[http]\nshutdown_grace = \"200ms\"").await?;
    let client = server.client().clone();
    let mut stream = client.generate(&prompt("tokens 1000000")).await?;
    stream.next().await?;
    let begun = Instant::now();
    let (stopped, rest) = tokio::join!(server.stop(), async {
        let mut last = None;
        while let Some(event) = stream.next().await? {
            last = Some(event);
        }
        anyhow::Ok(last)
    });
    drop(stopped);
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(
        rest?.map(|event| event.data["code"].clone()),
        Some(json!("shutting_down"))
    );
    Ok(())
}

#[tokio::test]
async fn a_run_may_finish_without_a_reader_before_the_server_ends() -> Test {
    let (mut upstream, server) =
        Upstream::with_server("[http]\nshutdown_grace = \"60s\"", "").await?;
    let client = server.client().clone();
    let conversation = create(&client).await?;
    let (run, message) = (new_id(), new_id());
    let mut body = prompt("x");
    body["runId"] = json!(run);
    body["record"] = json!({"conversationId": conversation, "messageId": message});
    let (stream, call) = half_an_answer(&mut upstream, &client, &body).await?;
    drop(stream);
    let begun = Instant::now();
    let address = server.address();
    let (directory, finished) = tokio::join!(server.stop(), async {
        until_stopping(address).await;
        call.say(" and the rest")?;
        call.finish()
    });
    finished?;
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    let again = TestServer::start_in(directory, "").await?;
    let stored = again.client().get(&format!("/message/{message}")).await?;
    assert_eq!(
        (&stored.body["status"], &stored.body["content"][0]["text"]),
        (&json!("complete"), &json!("half an answer and the rest"))
    );
    Ok(())
}

#[tokio::test]
async fn a_run_that_does_not_finish_in_time_is_kept_as_interrupted_and_its_reader_told() -> Test {
    let (mut upstream, server) =
        Upstream::with_server("[http]\nshutdown_grace = \"200ms\"", "").await?;
    let client = server.client().clone();
    let conversation = create(&client).await?;
    let (run, message) = (new_id(), new_id());
    let mut body = prompt("x");
    body["runId"] = json!(run);
    body["record"] = json!({"conversationId": conversation, "messageId": message});
    let (mut stream, call) = half_an_answer(&mut upstream, &client, &body).await?;
    let begun = Instant::now();
    let (directory, rest) = tokio::join!(server.stop(), stream.rest());
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    let last = rest?.pop();
    let last = last.map(|event| (event.name, event.data));
    let Some((name, data)) = last else {
        anyhow::bail!("the reader was not told");
    };
    assert_eq!(
        (
            name.as_str(),
            &data["code"],
            &data["status"],
            &data["persisted"]
        ),
        (
            "error",
            &json!("interrupted"),
            &json!("interrupted"),
            &json!(true)
        )
    );
    tokio::time::timeout(SOON, call.cancelled()).await?;
    let again = TestServer::start_in(directory, "").await?;
    let client = again.client();
    let stored = client.get(&format!("/message/{message}")).await?;
    assert_eq!(
        (&stored.body["status"], &stored.body["content"][0]["text"]),
        (&json!("interrupted"), &json!("half an answer"))
    );
    let replayed = client.attach(&run, "").await?.rest().await?;
    assert_eq!(
        replayed.last().map(|event| &event.data["code"]),
        Some(&json!("interrupted"))
    );
    Ok(())
}

#[tokio::test]
async fn feeds_end_at_once_while_answers_go_on() -> Test {
    let (mut upstream, server) =
        Upstream::with_server("[http]\nshutdown_grace = \"60s\"", "").await?;
    let client = server.client().clone();
    let mut feed = client.feed("0").await?;
    assert_eq!(
        feed.next().await?.map(|event| event.name),
        Some("ready".to_owned())
    );
    let (mut stream, call) = half_an_answer(&mut upstream, &client, &prompt("x")).await?;
    let (stopped, rest) = tokio::join!(server.stop(), async {
        assert_eq!(feed.rest().await?, Vec::new());
        call.finish()?;
        stream.rest().await
    });
    drop(stopped);
    assert_eq!(rest?.last().map(|event| event.name.as_str()), Some("done"));
    Ok(())
}

#[tokio::test]
async fn connections_without_a_request_do_not_hold_the_server() -> Test {
    let server = TestServer::start_with("[http]\nshutdown_grace = \"60s\"").await?;
    let address = server.address();
    // One that never said anything, one that is idle after an answer; the server has seen both.
    let mut silent = RawConnection::open(address).await?;
    let mut idle = RawConnection::open(address).await?;
    idle.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await?;
    assert_eq!(idle.answer().await?.status, 200);
    let begun = Instant::now();
    drop(server.stop().await);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    idle.until_closed().await?;
    silent.until_closed().await?;
    assert!(
        RawConnection::open(address).await.is_err(),
        "nobody listens any more"
    );
    Ok(())
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_after_the_grace() -> Test {
    let server =
        TestServer::start_with("[http]\nshutdown_grace = \"200ms\"\nbody_read_timeout = \"60s\"")
            .await?;
    let mut slow = RawConnection::open(server.address()).await?;
    slow.send("POST /conversation/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
        .await?;
    // Now the request is running.
    assert_eq!(slow.answer().await?.status, 100);
    let begun = Instant::now();
    let directory = server.stop().await;
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    tokio::time::timeout(SOON, slow.until_closed()).await??;
    assert_eq!(database::rows(directory.path())?["conversations"], 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_holds_up_nobody() -> Test {
    let server = servers::start("[http]\nshutdown_grace = \"200ms\"").await?;
    let client = server.client().clone();
    let prompt = json!({"messages": [{"role": "user", "content": "tokens 1000000"}]}).to_string();
    let mut deaf = Vec::new();
    for _ in 0..10 {
        let mut connection = RawConnection::open(server.address()).await?;
        let head = "POST /completion/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length:";
        connection
            .send(format!("{head} {}\r\n\r\n{prompt}", prompt.len()))
            .await?;
        deaf.push(connection);
    }
    let hello = json!({"messages": [{"role": "user", "content": "hello"}]});
    let events = client.generate(&hello).await?.rest().await?;
    assert_eq!(events.last().map(|event| event.name.as_str()), Some("done"));
    say(&client, &create(&client).await?, "hello").await?;
    let begun = Instant::now();
    drop(server.stop().await);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    for mut connection in deaf {
        // What was under way to them, and then the end.
        tokio::time::timeout(SOON, connection.until_closed()).await??;
    }
    Ok(())
}

#[tokio::test]
async fn a_request_that_ends_in_time_is_answered() -> Test {
    let server = TestServer::start_with("[http]\nshutdown_grace = \"60s\"").await?;
    let mut slow = RawConnection::open(server.address()).await?;
    slow.send("POST /conversation/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        .await?;
    assert_eq!(slow.answer().await?.status, 100);
    let address = server.address();
    let (directory, answer) = tokio::join!(server.stop(), async {
        until_stopping(address).await;
        slow.send("{}").await?;
        slow.answer().await
    });
    assert_eq!(answer?.status, 201);
    assert_eq!(
        database::rows(directory.path())?["conversations"],
        1,
        "what was answered is kept"
    );
    Ok(())
}

#[tokio::test]
async fn everything_is_there_after_a_restart() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let (kept, trashed) = (create(client).await?, create(client).await?);
    say(client, &kept, "hello garden").await?;
    let item = |seq: u64| json!({"id": new_id(), "conversationId": kept, "deviceSeq": seq, "role": "user", "content": "x"});
    let refused = json!({"id": new_id(), "conversationId": kept, "deviceSeq": 2, "role": "user", "content": ""});
    let batch = json!({"deviceId": "d", "messages": [item(1), refused, item(3)]});
    append(client, &batch).await?;
    client.delete(&format!("/conversation/{trashed}")).await?;
    let look = async |server: &TestServer| -> anyhow::Result<Vec<Value>> {
        let client = server.client();
        let mut seen = Vec::new();
        for path in [
            "/conversations",
            "/conversations?trashed=true",
            "/search?q=garden",
            &format!("/conversation/{kept}/messages"),
        ] {
            seen.push(client.get(path).await?.body);
        }
        Ok(seen)
    };
    let before = look(&server).await?;
    let again = TestServer::start_in(server.stop().await, "").await?;
    assert_eq!(look(&again).await?, before);
    let outcomes: Vec<Value> = append(again.client(), &batch)
        .await?
        .as_array()
        .into_iter()
        .flatten()
        .map(|result| result["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["duplicate", "rejected", "duplicate"]);
    Ok(())
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused_with_a_sentence() -> Test {
    let server = TestServer::start().await?;
    let mut config = manent_config::load(&sources_for(server.data_dir())).into_config()?;
    config.listen = ([127, 0, 0, 1], 0).into();
    let refused = manent_server::Server::start(&config)
        .await
        .err()
        .map(|error| error.to_string());
    let expected = format!(
        "{} is in use by another Manent (process {}). Stop that process, or choose another directory with --data-dir: one data directory serves one process.",
        server.data_dir().display(),
        std::process::id()
    );
    assert_eq!(refused, Some(expected));
    assert_eq!(
        server.client().get("/readyz").await?.status,
        200,
        "the first one goes on"
    );
    Ok(())
}

#[tokio::test]
async fn an_address_that_is_not_loopback_or_is_taken_is_refused_with_a_sentence() -> Test {
    let server = TestServer::start().await?;
    let elsewhere = tempfile::tempdir()?;
    let mut config = manent_config::load(&sources_for(elsewhere.path())).into_config()?;
    let mut refused = async |listen| {
        config.listen = listen;
        manent_server::Server::start(&config)
            .await
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    assert_eq!(
        refused(([0, 0, 0, 0], 3080).into()).await,
        "0.0.0.0:3080 is not a loopback address: in the mode local, without accounts, Manent listens on this machine only (127.0.0.1 or [::1]); \
         set mode = \"accounts\""
    );
    let taken = refused(server.address()).await;
    assert!(
        taken.starts_with(&format!("cannot listen on {}: ", server.address())),
        "{taken}"
    );
    assert!(
        !elsewhere.path().join("manent.db").exists(),
        "nothing was made"
    );
    Ok(())
}

fn sources_for(data_dir: &std::path::Path) -> manent_config::Sources {
    manent_config::Sources {
        flags: vec![manent_config::FlagValue {
            flag: "--data-dir".to_owned(),
            key: "data_dir".to_owned(),
            value: data_dir.display().to_string(),
        }],
        current_directory: data_dir.to_owned(),
        ..Default::default()
    }
}
