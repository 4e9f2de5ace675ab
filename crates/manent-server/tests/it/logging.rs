//! What the log tells, and what it never tells.
//!
//! A process has one log. So each scenario is a test that only runs when it is asked for, in a process of its own, and the test beside
//! it starts that process and reads its standard error.

mod whole_journey;

use std::process::Command;

use manent_engine::append_api::{MessagePayload, append_request};
use manent_engine::{Engine, EngineConfig, Input, ItemId, LaneId, NewItem, Output, Snapshot};
use manent_server::telemetry::{LogFormat, init_logging};
use manent_testkit::new_id;
use serde_json::{Value, json};

use crate::support::reply::Reply;
use crate::support::upstream::Upstream;
use crate::support::{Test, append, create, database};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Runs a test of this module in a process of its own and gives what it logged, line by line.
fn log_of(scenario: &str) -> anyhow::Result<Vec<Value>> {
    Ok(log_and_output_of(scenario)?.0)
}

/// The same, and what the test printed.
fn log_and_output_of(scenario: &str) -> anyhow::Result<(Vec<Value>, String)> {
    let name = format!("logging::{scenario}");
    let output = Command::new(std::env::current_exe()?)
        .args([name.as_str(), "--exact", "--ignored", "--nocapture"])
        .output()?;
    let told = String::from_utf8(output.stdout)?;
    let log = String::from_utf8(output.stderr)?;
    anyhow::ensure!(
        output.status.success() && told.contains("1 passed"),
        "{told}\n{log}"
    );
    let lines: Result<Vec<Value>, _> = log.lines().map(serde_json::from_str).collect();
    Ok((lines?, told))
}

#[test]
fn neither_content_nor_keys_are_logged_however_much_is_logged() -> Test {
    let log = log_of("a_chat_with_secrets")?;
    let is_own = |line: &&Value| {
        let target = line["target"].as_str().unwrap_or_default();
        target.starts_with("manent")
    };
    let own: Vec<&Value> = log.iter().filter(is_own).collect();
    assert!(own.len() >= 8, "there is a log: {own:#?}");
    let leaks: Vec<&&Value> = own
        .iter()
        .filter(|line| line.to_string().contains("secret"))
        .collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
    let leaks: Vec<&Value> = log
        .iter()
        .filter(|line| line.to_string().contains("secret-key"))
        .collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
    Ok(())
}

/// Nowhere, not by a library either, and not by an error that has them in it.
#[test]
fn neither_passwords_nor_tokens_nor_peoples_own_keys_are_logged() -> Test {
    let log = log_of("a_person_with_a_key_of_their_own")?;
    assert!(log.len() >= 8, "there is a log: {log:#?}");
    let whole: String = log.iter().map(ToString::to_string).collect();
    assert!(whole.contains("provider_bad_request"), "{log:#?}");
    let leaks: Vec<&Value> = log
        .iter()
        .filter(|line| line.to_string().contains("hidden-"))
        .collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
    Ok(())
}

#[test]
fn a_failure_of_our_own_is_logged_once_with_its_trace() -> Test {
    let log = log_of("a_store_that_fails")?;
    let told: Vec<(&Value, &Value)> = log
        .iter()
        .filter(|line| line.to_string().contains(TRACE))
        .map(|line| (&line["level"], &line["internal"]))
        .collect();
    let internal = json!("the store's adapter failed: no such table: messages");
    assert_eq!(told, [(&json!("ERROR"), &internal)], "{log:#?}");
    Ok(())
}

/// One trace from the key press to the row: each item of a batch was made in one of its own, and the request belongs to another. A change
/// tells the place of the message that it changes.
#[test]
fn each_stored_item_is_told_in_the_trace_in_which_it_was_made() -> Test {
    let log = log_of("a_batch_of_several_traces")?;
    let told: Vec<Value> = log
        .iter()
        .filter(|line| line["message"] == "item stored")
        .map(|line| json!([line["trace.id"], line["item.seq"], line["span"]["trace.id"]]))
        .collect();
    assert_eq!(
        told,
        [
            json!(["11111111111111111111111111111111", 1, TRACE]),
            json!([TRACE, 2, TRACE]),
            json!(["22222222222222222222222222222222", 1, TRACE]),
            json!([TRACE, 3, TRACE]),
        ],
        "{log:#?}"
    );
    Ok(())
}

/// From the press of a key, through the client's engine and its request, to the row.
#[test]
fn one_trace_runs_from_the_key_press_to_the_row() -> Test {
    let log = log_of("a_message_that_goes_through_the_outbox")?;
    let told: Vec<&Value> = log
        .iter()
        .filter(|line| line["trace.id"] == TRACE && line["message"] == "item stored")
        .collect();
    let [told] = told.as_slice() else {
        anyhow::bail!("one line is expected: {log:#?}");
    };
    assert_eq!(
        (&told["item.id"], &told["item.seq"]),
        (&json!(PRESSED), &json!(1))
    );
    assert_eq!(told["span"]["http.route"], "/message/append");
    Ok(())
}

/// The id of the message that [`a_message_that_goes_through_the_outbox`] sends.
const PRESSED: &str = "0199c0de-0000-7000-8000-000000000007";

#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn a_message_that_goes_through_the_outbox() -> Test {
    init_logging("warn,manent_server=debug", LogFormat::Json)?;
    let server = manent_testkit::TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let mut engine: Engine<MessagePayload> =
        Engine::new(EngineConfig::default(), Snapshot::default(), 1);
    let payload = json!({"role": "user", "content": "x"});
    let message = NewItem {
        id: ItemId(PRESSED.parse()?),
        lane: LaneId {
            device: "phone".parse()?,
            stream: conversation.parse()?,
        },
        parent: None,
        payload: payload.as_object().cloned().unwrap_or_default(),
        size_bytes: 40,
        trace: Some(format!("00-{TRACE}-00f067aa0ba902b7-01").parse()?),
    };
    engine.handle(0, Input::Enqueue(message));
    let mut batch = None;
    while let Some(output) = engine.poll_output() {
        match output {
            Output::Persist(id, _) => engine.handle(0, Input::Persisted(id)),
            Output::Send(_, sent) => batch = Some(sent),
            _ => {}
        }
    }
    let batch = batch.ok_or_else(|| anyhow::anyhow!("nothing is sent"))?;
    let results = append(client, &append_request(&batch)).await?;
    assert_eq!(results[0]["outcome"], "stored");
    Ok(())
}

#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn a_batch_of_several_traces() -> Test {
    init_logging("warn,manent_server=debug", LogFormat::Json)?;
    let server = manent_testkit::TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let first = new_id();
    let traceparent = |digit: &str| format!("00-{}-00f067aa0ba902b7-01", digit.repeat(32));
    let message = |id: &str, seq: u64| json!({"id": id, "conversationId": conversation, "deviceSeq": seq, "role": "user", "content": "x"});
    let with = |mut item: Value, trace: Value| {
        item["traceparent"] = trace;
        item
    };
    let change = json!({"type": "edit", "id": new_id(), "conversationId": conversation, "deviceSeq": 3, "messageId": first, "content": "y"});
    let batch = json!({"deviceId": "phone", "messages": [
        with(message(&first, 1), json!(traceparent("1"))),
        message(&new_id(), 2),
        with(change, json!(traceparent("2"))),
        with(message(&new_id(), 4), json!("nonsense")),
    ]});
    let request = client.http().post(client.url("/message/append"));
    let request = request.header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let reply = Reply::to(request.json(&batch)).await?;
    assert_eq!(reply.header("x-trace-id"), TRACE);
    let outcomes: Vec<Value> = reply.json()["results"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|result| result["outcome"].clone())
        .collect();
    assert_eq!(outcomes, vec![json!("stored"); 4]);
    // A repeat stores nothing, and nothing is told as stored.
    let again = append(client, &batch).await?;
    assert_eq!(again[0]["outcome"], "duplicate");
    Ok(())
}

#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn a_chat_with_secrets() -> Test {
    init_logging("trace", LogFormat::Json)?;
    let (mut upstream, server) = Upstream::with_server(
        "",
        "title_model = \"small\"\nheaders = { \"x-team\" = \"secret-header\" }",
    )
    .await?;
    let client = server.client();
    let conversation = create(client).await?;
    let path = format!("/conversation/{conversation}");
    client
        .patch(&path, &json!({"config": {"system": "secret-system"}}))
        .await?;
    let message =
        json!({"conversationId": conversation, "role": "user", "content": "secret-question"});
    append(client, &json!({"message": message})).await?;
    let title = upstream.call().await?;
    title.say("secret-title")?;
    title.finish()?;
    let prompt = json!({"messages": [{"role": "user", "content": "secret-prompt"}], "config": {"system": "secret-system"}});
    let (stream, call) = tokio::join!(client.generate(&prompt), async {
        let call = upstream.call().await?;
        call.say("secret-answer")?;
        anyhow::Ok(call)
    });
    // It breaks off: an error is logged, too.
    drop(call?);
    let events = stream?.rest().await?;
    assert_eq!(
        events.last().map(|event| event.name.as_str()),
        Some("error")
    );
    client
        .patch(&path, &json!({"title": "secret-name"}))
        .await?;
    client.get("/search?q=secret-search").await?;
    client
        .post(
            "/message/append",
            &json!({"message": {"secret-field": "secret-value"}}),
        )
        .await?;
    client
        .post("/conversation/create", &json!({"title": "secret\nline"}))
        .await?;
    Ok(())
}

#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn a_store_that_fails() -> Test {
    init_logging("warn", LogFormat::Json)?;
    let server = manent_testkit::TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let rows = database::rows(server.data_dir())?;
    // Somebody works on the database by hand.
    database::open(server.data_dir())?.execute_batch("ALTER TABLE messages RENAME TO put_aside")?;
    let message = json!({"message": {"id": new_id(), "conversationId": conversation, "role": "user", "content": "x"}});
    let request = client
        .http()
        .post(client.url("/message/append"))
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let reply = Reply::to(request.json(&message)).await?;
    assert_eq!(
        reply.whole_problem(),
        json!({"type": "about:blank", "title": "Internal Server Error", "status": 500, "code": "internal",
            "detail": "The server failed; its log has more under the trace id.", "traceId": "<trace>"})
    );
    database::open(server.data_dir())?.execute_batch("ALTER TABLE put_aside RENAME TO messages")?;
    assert_eq!(
        database::rows(server.data_dir())?,
        rows,
        "nothing half-written"
    );
    let stored = append(client, &message).await?;
    assert_eq!(stored[0]["outcome"], "stored", "the writer goes on");
    Ok(())
}

/// Signs in through both surfaces, gives a key in both, and asks a provider that repeats the key in its error.
#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn a_person_with_a_key_of_their_own() -> Test {
    init_logging("trace", LogFormat::Json)?;
    let router = axum::Router::new().fallback(async |headers: axum::http::HeaderMap| {
        let key = headers.get("authorization").cloned();
        let key = key
            .as_ref()
            .and_then(|key| key.to_str().ok())
            .unwrap_or_default();
        let body = json!({"error": {"message": format!("no such key: {key}")}});
        (axum::http::StatusCode::BAD_REQUEST, axum::Json(body))
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    let server = manent_testkit::TestServer::start_with(
        "mode = \"accounts\"\n[accounts]\nuser_url_networks = \"127.0.0.1\"\n[librechat]\nenabled = true\n\
         [[providers]]\nid = \"own\"\nkind = \"openai\"\nbase_url = \"user_provided\"\napi_key = \"user_provided\"\nmodels = [\"m\"]\nretries = 1\n"
    )
    .await?;
    let client = server.client();
    let password = "hidden-password";
    let register = json!({"name": "Ada", "email": "ada@example.org", "password": password, "confirm_password": password});
    let sign_in = json!({"email": "ada@example.org", "password": password});
    let made = client.post("/api/auth/register", &register).await?;
    assert_eq!(made.status, 200);
    let signed_in = client.post("/api/auth/login", &sign_in).await?;
    let token = signed_in.body["token"].as_str().unwrap_or_default();
    let wrong = json!({"email": "ada@example.org", "password": "hidden-and-wrong"});
    assert_eq!(client.post("/api/auth/login", &wrong).await?.status, 404);
    let send = async |method: reqwest::Method, path: &str, body: Value| {
        let request = client.http().request(method, client.url(path));
        Reply::to(request.bearer_auth(token).json(&body)).await
    };
    let base_url = format!("http://{address}/v1");
    let native = json!({"apiKey": "hidden-native-key", "baseURL": base_url});
    let path = "/account/provider-keys/own";
    assert_eq!(send(reqwest::Method::PUT, path, native).await?.status, 200);
    let ask = json!({"messages": [{"role": "user", "content": "hidden-question"}]});
    let run =
        json!({"runId": new_id(), "messages": [{"role": "user", "content": "hidden-question"}]});
    for body in [ask.clone(), run] {
        let failed = send(reqwest::Method::POST, "/completion/generate", body).await?;
        assert_eq!(failed.problem(), (502, "provider_bad_request".to_owned()));
        assert!(
            !String::from_utf8_lossy(&failed.body).contains("hidden-"),
            "{failed:?}"
        );
    }
    let value = json!({"apiKey": "hidden-other-key", "baseURL": base_url}).to_string();
    let body = json!({"name": "own", "value": value});
    assert_eq!(
        send(reqwest::Method::PUT, "/api/keys", body).await?.status,
        201
    );
    assert_eq!(
        send(reqwest::Method::POST, "/completion/generate", ask)
            .await?
            .status,
        502
    );
    for value in ["hidden broken key", "{\"apiKey\": \"hidden-broken-key\""] {
        let body = json!({"name": "own", "value": value});
        assert_eq!(
            send(reqwest::Method::PUT, "/api/keys", body).await?.status,
            400
        );
    }
    let native = json!({"apiKey": "hidden key", "hidden-field": "hidden-value"});
    assert_eq!(send(reqwest::Method::PUT, path, native).await?.status, 400);
    Ok(())
}
