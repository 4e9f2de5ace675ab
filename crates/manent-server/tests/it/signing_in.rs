//! The switch with which tests of clients let everyone's session expire.

use manent_testkit::{TestServer, new_id};
use serde_json::json;

use crate::support::reply::Reply;
use crate::support::{Test, append, create, database, say};

const SWITCHED: &str = "[testing]\nsign_in_switch = true";
const SWITCH: &str = "/testing/sign-in-needed";

#[tokio::test]
async fn the_switch_is_not_there_unless_it_is_asked_for() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let answer = client.post(SWITCH, &json!({"needed": true})).await?;
    assert_eq!(
        (answer.status, answer.body["code"].as_str()),
        (404, Some("not_found"))
    );
    assert_eq!(client.get("/conversations").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn while_a_sign_in_is_needed_the_api_answers_401_and_changes_nothing() -> Test {
    let server = TestServer::start_with(SWITCHED).await?;
    let client = server.client();
    let conversation = create(client).await?;
    say(client, &conversation, "before").await?;
    let rows = database::rows(server.data_dir())?;

    let turned = client.post(SWITCH, &json!({"needed": true})).await?;
    assert_eq!((turned.status, turned.body), (200, json!({"needed": true})));

    let run = new_id();
    let prompt = json!({"messages": [{"role": "user", "content": "x"}], "runId": run});
    let message =
        json!({"id": new_id(), "conversationId": conversation, "role": "user", "content": "x"});
    for (path, body) in [
        ("/conversation/create", json!({"id": new_id()})),
        ("/message/append", json!({"message": message})),
        ("/completion/generate", prompt),
        (
            "/turn/start",
            json!({"conversationId": conversation, "message": {"content": "x"}, "config": {}}),
        ),
    ] {
        let reply = Reply::to(client.http().post(client.url(path)).json(&body)).await?;
        assert_eq!(
            reply.whole_problem(),
            json!({"type": "about:blank", "title": "Unauthorized", "status": 401, "code": "signed_out",
                "detail": "Sign in again; nothing was changed by this request.", "traceId": "<trace>"}),
            "{path}"
        );
    }
    for path in [
        "/conversations".to_owned(),
        format!("/conversation/{conversation}/messages"),
        "/feed".to_owned(),
        "/models".to_owned(),
        "/search?q=before".to_owned(),
        format!("/completion/{run}"),
        format!("/completion/{run}/status"),
    ] {
        assert_eq!(client.get(&path).await?.status, 401, "{path}");
    }
    for path in [
        "/",
        "/healthz",
        "/readyz",
        "/metrics",
        "/version",
        "/openapi.json",
    ] {
        let reply = Reply::to(client.http().get(client.url(path))).await?;
        assert_eq!(reply.status, 200, "{path}");
    }
    assert_eq!(
        database::rows(server.data_dir())?,
        rows,
        "nothing was changed"
    );

    client.post(SWITCH, &json!({"needed": false})).await?;
    let results = append(client, &json!({"message": message})).await?;
    assert_eq!(results[0]["outcome"], "stored");
    Ok(())
}

#[tokio::test]
async fn streams_that_are_open_go_on() -> Test {
    let server = TestServer::start_with(SWITCHED).await?;
    let client = server.client();
    let conversation = create(client).await?;
    let mut feed = client.feed("0").await?;
    while feed
        .next()
        .await?
        .is_some_and(|event| event.name != "ready")
    {}
    client.post(SWITCH, &json!({"needed": true})).await?;
    client.post(SWITCH, &json!({"needed": false})).await?;
    let said = say(client, &conversation, "after").await?;
    let told = feed.next().await?.map(|event| event.data["id"].clone());
    assert_eq!(told, Some(json!(said)));
    Ok(())
}

#[tokio::test]
async fn the_switch_takes_nothing_but_its_position() -> Test {
    let server = TestServer::start_with(SWITCHED).await?;
    let client = server.client();
    for body in [
        json!({}),
        json!({"needed": "yes"}),
        json!({"needed": true, "for": "ever"}),
        json!([true]),
    ] {
        assert_eq!(client.post(SWITCH, &body).await?.status, 400, "{body}");
    }
    assert_eq!(client.get("/conversations").await?.status, 200);
    Ok(())
}
