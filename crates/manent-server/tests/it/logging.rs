//! What the log tells, and what it never tells.
//!
//! A process has one log. So each scenario is a test that only runs when it is asked for, in a process of its own, and the test beside
//! it starts that process and reads its standard error.

use std::process::Command;

use manent_server::telemetry::{LogFormat, init_logging};
use manent_testkit::new_id;
use serde_json::{Value, json};

use crate::support::reply::Reply;
use crate::support::upstream::Upstream;
use crate::support::{Test, append, create, database};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Runs a test of this module in a process of its own and gives what it logged, line by line.
fn log_of(scenario: &str) -> anyhow::Result<Vec<Value>> {
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
    log.lines()
        .map(|line| Ok(serde_json::from_str(line)?))
        .collect()
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
