//! What is refused, what others may see, and what is left when a log is gone.

use manent_testkit::{TestServer, new_id};
use serde_json::json;

use crate::runs::{recorded, request};
use crate::support::reply::{Reply, get};
use crate::support::{Test, create, database, servers};

#[tokio::test]
async fn an_answer_can_only_be_kept_as_a_run_and_in_a_conversation_of_ones_own() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let conversation = create(client).await?;
    let mut without_run = recorded(&new_id(), "hello", &conversation, &new_id());
    without_run["runId"] = json!(null);
    let elsewhere = recorded(&new_id(), "hello", &new_id(), &new_id());
    let mut unreadable = recorded(&new_id(), "hello", &conversation, "x");
    unreadable["record"]["conversationId"] = json!(conversation);
    for (body, expected) in [
        (without_run, (400, "invalid_body", json!("record"))),
        (elsewhere, (404, "conversation_not_found", json!(null))),
        (unreadable, (400, "invalid_id", json!("record.messageId"))),
    ] {
        let request = client.http().post(client.url("/completion/generate"));
        let reply = Reply::to(request.json(&body)).await?;
        let (status, code) = reply.problem();
        let field = reply.json()["field"].clone();
        assert_eq!((status, code.as_str(), field), expected);
    }
    assert_eq!(
        client.all_messages(&conversation).await?,
        Vec::<serde_json::Value>::new()
    );
    Ok(())
}

#[tokio::test]
async fn another_users_run_does_not_exist() -> Test {
    let server = servers::start("").await?;
    let run = new_id();
    server
        .client()
        .generate(&request(&run, "hello"))
        .await?
        .rest()
        .await?;
    let directory = server.stop().await;
    let connection = database::open(directory.path())?;
    connection.execute(
        "INSERT INTO users (id, created_at) VALUES (?1, 0)",
        [new_id()],
    )?;
    let moved = connection.execute("UPDATE runs SET owner_pk = (SELECT max(pk) FROM users)", [])?;
    assert_eq!(moved, 1);
    drop(connection);
    let server = TestServer::start_in(directory, "").await?;
    let client = server.client();
    for path in ["", "/status"] {
        let reply = get(client, &format!("/completion/{run}{path}")).await?;
        assert_eq!(reply.problem(), (404, "run_not_found".to_owned()), "{path}");
    }
    let stop = client
        .http()
        .post(client.url(&format!("/completion/{run}/stop")));
    assert_eq!(
        Reply::to(stop).await?.problem(),
        (404, "run_not_found".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn a_cleared_log_sends_readers_to_the_message() -> Test {
    let server = servers::start("[runs]\nlog_retention = \"1m\"").await?;
    let client = server.client();
    let conversation = create(client).await?;
    let (run, answer) = (new_id(), new_id());
    let body = recorded(&run, "hello", &conversation, &answer);
    client.generate(&body).await?.rest().await?;
    let directory = server.stop().await;
    // An hour later.
    let connection = database::open(directory.path())?;
    connection.execute("UPDATE runs SET ended_at = ended_at - 3600000", [])?;
    drop(connection);
    let server = TestServer::start_in(directory, "[runs]\nlog_retention = \"1m\"").await?;
    let client = server.client();
    let path = format!("/completion/{run}");
    // The clearing begins with the server; whoever is quicker still reads the log.
    let reply = loop {
        let reply = get(client, &path).await?;
        if reply.status != 200 {
            break reply;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(reply.problem(), (410, "run_log_cleared".to_owned()));
    assert_eq!(reply.json()["messageId"], json!(answer));
    let standing = client.get(&format!("{path}/status")).await?.body;
    assert_eq!(
        (
            &standing["status"],
            &standing["logCleared"],
            &standing["messageId"]
        ),
        (&json!("complete"), &json!(true), &json!(answer))
    );
    let stored = client.get(&format!("/message/{answer}")).await?;
    assert_eq!(stored.body["status"], "complete");
    Ok(())
}

#[tokio::test]
async fn a_server_that_carries_as_many_runs_as_it_may_says_so() -> Test {
    let server = servers::start("[runs]\nmax_running = 1").await?;
    let client = server.client();
    let mut first = client.generate(&request(&new_id(), "hang")).await?;
    first.next().await?;
    let http = client.http().post(client.url("/completion/generate"));
    let reply = Reply::to(http.json(&request(&new_id(), "hello"))).await?;
    assert_eq!(reply.problem(), (503, "overloaded".to_owned()));
    assert!(reply.json()["retryAfterMs"].is_u64());
    let ready = get(client, "/readyz").await?;
    assert_eq!((ready.status, &ready.json()["ready"]), (503, &json!(false)));
    // What is no run is not counted.
    let plain = json!({"messages": [{"role": "user", "content": "hello"}]});
    let events = client.generate(&plain).await?.rest().await?;
    assert_eq!(events.last().map(|event| event.name.as_str()), Some("done"));
    Ok(())
}
