//! What does not begin, and what nobody may see.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::people::{join, server as accounts};
use super::{begun, first, nobody, with, world};
use crate::support::Test;
use crate::support::servers::scripted_provider;

async fn refused(client: &manent_testkit::Client, more: Value) -> anyhow::Result<(u16, Value)> {
    let body = with(first("hi"), more);
    let answer = client.post("/api/agents/chat/gated", &body).await?;
    Ok((answer.status, answer.body))
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_begins_nothing() -> Test {
    let (upstream, server) = world("", "").await?;
    let client = server.client();
    let placeholder = format!("{}_", nobody().as_str().unwrap_or_default());
    let conflict = "Cannot submit a follow-up while the selected parent response is still being saved. Please wait and try again.";
    let cases = [
        (
            json!({"parentMessageId": placeholder}),
            (409, json!({"error": conflict})),
        ),
        (
            json!({"model": "other"}),
            (
                400,
                json!({"type": "illegal_model_request", "info": "gated|other"}),
            ),
        ),
        (
            json!({"model": null}),
            (400, json!({"type": "missing_model", "info": "gated"})),
        ),
        (
            json!({"endpoint": "nobody"}),
            (
                400,
                json!({"type": "endpoint_models_not_loaded", "info": "nobody"}),
            ),
        ),
        (
            json!({"clientRequestId": "a b"}),
            (
                400,
                json!({"code": "INVALID_CLIENT_REQUEST_ID", "error": "clientRequestId has 1 to 128 letters, digits, colons, underscores and hyphens"}),
            ),
        ),
        (
            json!({"conversationId": "x"}),
            (400, json!("conversationId is no UUID")),
        ),
        (json!({"text": 7}), (400, json!("text is no text"))),
        (
            json!({"conversationId": nobody(), "parentMessageId": nobody()}),
            (404, json!({"error": "Conversation not found"})),
        ),
        (
            json!({"parentMessageId": nobody()}),
            (404, json!({"error": "Parent message not found"})),
        ),
        (
            json!({"overrideParentMessageId": nobody(), "isRegenerate": true}),
            (404, json!({"error": "Message not found"})),
        ),
    ];
    for (more, expected) in cases {
        assert_eq!(refused(client, more.clone()).await?, expected, "{more}");
    }
    for text in ["", "x".repeat(300_000).as_str()] {
        let (status, _) = refused(client, json!({"text": text})).await?;
        assert!((400..500).contains(&status), "{status}");
    }
    let list = client.get("/api/convos").await?.body;
    assert_eq!(list["conversations"], json!([]));
    assert!(!upstream.has_call());
    Ok(())
}

#[tokio::test]
async fn what_is_not_done_here_is_refused_so_that_the_client_does_it() -> Test {
    let (_upstream, server) = world("", "").await?;
    let client = server.client();
    let steer = client
        .post("/api/agents/chat/steer", &json!({"text": "wait"}))
        .await?;
    assert_eq!((steer.status, steer.code()), (409, "STEER_UNSUPPORTED"));
    for path in ["steer/cancel", "steer/arm", "steer/deliver", "resume"] {
        let answer = client
            .post(&format!("/api/agents/chat/{path}"), &json!({}))
            .await?;
        assert_eq!(answer.status, 404, "{path} {answer:?}");
    }
    Ok(())
}

#[tokio::test]
async fn another_persons_generation_is_not_there() -> Test {
    let server = accounts(&scripted_provider()).await?;
    let ada = join(&server, "ada@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    let body = json!({"text": "hello", "endpoint": "scripted", "endpointType": "custom", "model": "scripted-test", "clientRequestId": "same"});
    let started = ada
        .post(&server, "/api/agents/chat/scripted", body.clone())
        .await?;
    assert_eq!(started.status, 200, "{started:?}");
    let id = started.json()["conversationId"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let mine = ada
        .get(&server, &format!("/api/agents/chat/stream/{id}"))
        .await?;
    assert!(
        String::from_utf8_lossy(&mine.body).contains("\"final\":true"),
        "{mine:?}"
    );
    for path in ["stream", "status"] {
        let reply = eve
            .get(&server, &format!("/api/agents/chat/{path}/{id}"))
            .await?;
        let expected = if path == "stream" { 404 } else { 200 };
        assert_eq!(reply.status, expected, "{reply:?}");
        assert!(
            !String::from_utf8_lossy(&reply.body).contains("hello"),
            "{reply:?}"
        );
    }
    for path in ["convos", "messages", "convos/gen_title"] {
        let reply = eve.get(&server, &format!("/api/{path}/{id}")).await?;
        assert_eq!(reply.status, 404, "{path} {reply:?}");
    }
    let stop = eve
        .post(
            &server,
            "/api/agents/chat/abort",
            json!({"conversationId": id}),
        )
        .await?;
    assert_eq!(stop.status, 404, "{stop:?}");
    // The same name of a request is another request of another person.
    let theirs = eve.post(&server, "/api/agents/chat/scripted", body).await?;
    assert_eq!(theirs.json()["status"], "started");
    assert_ne!(theirs.json()["conversationId"], id);
    // Going on from what is another's is going on from nothing.
    let messages = ada
        .get(&server, &format!("/api/messages/{id}"))
        .await?
        .json();
    let foreign = json!({
        "text": "more", "endpoint": "scripted", "endpointType": "custom", "model": "scripted-test",
        "conversationId": id, "parentMessageId": messages[1]["messageId"],
    });
    let reply = eve
        .post(&server, "/api/agents/chat/scripted", foreign)
        .await?;
    assert_eq!(reply.status, 404, "{reply:?}");
    Ok(())
}

#[tokio::test]
async fn a_key_of_ones_own_that_is_missing_is_told_before_anything_begins() -> Test {
    let provider = "[[providers]]\nid = \"own\"\nkind = \"openai\"\napi_key = \"user_provided\"\nmodels = [\"m\"]\n";
    let server = accounts(provider).await?;
    let ada = join(&server, "ada@example.org").await?;
    let body = json!({"text": "hello", "endpoint": "own", "endpointType": "custom", "model": "m", "key": "never"});
    let reply = ada
        .post(&server, "/api/agents/chat/own", body.clone())
        .await?;
    assert_eq!(
        (reply.status, reply.json()),
        (400, json!({"type": "no_user_key"}))
    );
    let key = json!({"name": "own", "value": "sk-1", "expiresAt": "2020-01-01T00:00:00.000Z"});
    ada.send(&server, Method::PUT, "/api/keys", Some(&key))
        .await?;
    let reply = ada.post(&server, "/api/agents/chat/own", body).await?;
    assert_eq!(
        (reply.status, reply.json()),
        (
            400,
            json!({"type": "expired_user_key", "endpoint": "own", "expiredAt": "2020-01-01T00:00:00.000Z"})
        )
    );
    let list = ada.get(&server, "/api/convos").await?.json();
    assert_eq!(list["conversations"], json!([]));
    Ok(())
}

#[tokio::test]
async fn limits_are_told_in_the_clients_words() -> Test {
    let (mut upstream, server) = world(
        "[limits]\nconcurrent_generations = 1\ngenerations_per_minute = 2",
        "",
    )
    .await?;
    let client = server.client();
    let (_, call) = begun(&mut upstream, client, &first("one")).await?;
    let (status, body) = refused(client, json!({"text": "two"})).await?;
    assert_eq!(
        (status, body),
        (
            429,
            json!({"type": "concurrent", "limit": 1, "pendingRequests": 1})
        )
    );
    call.finish()?;
    Ok(())
}
