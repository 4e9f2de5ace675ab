//! What both formats share: broken connections, keys, records, models, the end.

use std::sync::Arc;

use manent_scripted::rules::Flush;
use manent_scripted::server::RequestState;
use manent_scripted::{Rules, ServeArgs, ServeError, WireFormat, serve};
use tokio::io::AsyncReadExt;

use crate::client::{call, send, server, start};

const RULES: &str = r#"
[[model]]
id = "one"
name = "The first"

[[model]]
id = "two"

[[rule]]
when = { exact = "drop" }
chunks = ["a", "b", "c"]
drop = { after_chunks = 2 }

[[rule]]
when = { exact = "drop early" }
drop = {}

[[rule]]
name = "silence"
when = { exact = "hang" }
chunks = ["a", "b", "c"]
hang = { after_chunks = 2 }

[[rule]]
when = { regex = '^tokens (\d+)$' }
tokens = "{{1}}"

[fallback]
chunks = ["one", "two"]
"#;

fn question(text: &str) -> String {
    format!(
        r#"{{"model":"one","max_tokens":9,"stream":true,"messages":[{{"role":"user","content":"{text}"}}]}}"#
    )
}

const BOTH: [(&str, &str); 2] = [
    ("/v1/messages", "anthropic-version: 2023-06-01"),
    ("/v1/chat/completions", "accept: */*"),
];

#[tokio::test]
async fn breaks_the_connection_in_the_middle_of_the_body() {
    let server = server(RULES).await;
    for (path, header) in BOTH {
        let reply = call(server.address(), "POST", path, &[header], &question("drop"))
            .await
            .unwrap();
        assert_eq!(reply.status, 200);
        assert!(!reply.is_whole, "{reply:?}");
        assert!(reply.body.contains("\"b\""), "{reply:?}");
        assert!(!reply.body.contains("\"c\""), "{reply:?}");
    }
    server
        .requests()
        .wait_until(|requests| {
            requests.len() == 2
                && requests
                    .iter()
                    .all(|request| (request.state, request.chunks) == (RequestState::Dropped, 2))
        })
        .await;
}

#[tokio::test]
async fn breaks_the_connection_before_the_first_byte() {
    let server = server(RULES).await;
    for (path, header) in BOTH {
        let reply = call(
            server.address(),
            "POST",
            path,
            &[header],
            &question("drop early"),
        )
        .await;
        assert_eq!(reply, None);
    }
}

#[tokio::test]
async fn notes_when_the_client_goes_away_in_silence() {
    let server = server(RULES).await;
    for (number, (path, header)) in BOTH.into_iter().enumerate() {
        let mut stream = send(server.address(), "POST", path, &[header], &question("hang")).await;
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains("\"b\"") {
            assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0);
        }
        assert_eq!(
            server.requests().newest()[number].state,
            RequestState::Running
        );
        drop(stream);
        server
            .requests()
            .wait_until(|requests| requests[number].state == RequestState::Cancelled)
            .await;
        let request = &server.requests().newest()[number];
        assert_eq!(request.chunks, 2);
        assert_eq!(request.rule.as_deref(), Some("silence"));
    }
}

#[tokio::test]
async fn gives_each_token_an_event_of_its_own_in_either_manner() {
    for flush in [Flush::Coalesce, Flush::Each] {
        let rules = Arc::new(Rules::parse("r.toml", RULES).unwrap());
        let server = start(ServeArgs {
            flush: Some(flush),
            ..ServeArgs::new(rules)
        })
        .await;
        let reply = call(
            server.address(),
            "POST",
            "/v1/chat/completions",
            &[],
            &question("tokens 5000"),
        )
        .await
        .unwrap();
        assert!(reply.is_whole);
        // Before the tokens comes the role, behind them the reason and the end.
        assert_eq!(reply.body.matches("data: ").count(), 5003);
        assert!(reply.body.ends_with("data: [DONE]\n\n"));
    }
}

#[tokio::test]
async fn writes_each_event_apart_where_that_is_asked_for() {
    let rules = Arc::new(Rules::parse("r.toml", RULES).unwrap());
    for (flush, chunks_of_the_transfer) in [(Flush::Coalesce, 1), (Flush::Each, 4)] {
        let server = start(ServeArgs {
            flush: Some(flush),
            ..ServeArgs::new(Arc::clone(&rules))
        })
        .await;
        let path = "/v1/chat/completions";
        let mut stream = send(server.address(), "POST", path, &[], &question("x")).await;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        // Each piece of the transfer begins with its size on a line of its own and then the event.
        let pieces = text.matches("\r\ndata: ").count();
        assert_eq!(pieces, chunks_of_the_transfer, "{text}");
    }
}

#[tokio::test]
async fn asks_for_the_key_in_each_formats_words() {
    let rules = Arc::new(Rules::parse("r.toml", RULES).unwrap());
    let server = start(ServeArgs {
        required_key: Some("sk-right".into()),
        ..ServeArgs::new(rules)
    })
    .await;
    let ask = async |path: &str, headers: &[&str]| {
        let reply = call(server.address(), "POST", path, headers, &question("x"))
            .await
            .unwrap();
        (reply.status, reply.body)
    };
    let version = "anthropic-version: 2023-06-01";
    let (status, body) = ask("/v1/messages", &[version]).await;
    assert_eq!(status, 401);
    assert_eq!(
        body,
        r#"{"type":"error","error":{"type":"authentication_error","message":"a key is required: send it as x-api-key or as Authorization: Bearer"},"request_id":"req_scripted_000001"}"#
    );
    let (status, body) = ask("/v1/chat/completions", &["authorization: Bearer sk-wrong"]).await;
    assert_eq!(status, 401);
    assert_eq!(
        body,
        r#"{"error":{"message":"the key is not the one that this scripted server was started with","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#
    );
    let (status, _) = ask("/v1/messages", &[version, "x-api-key: sk-right"]).await;
    assert_eq!(status, 200);
    let (status, _) = ask("/v1/chat/completions", &["authorization: Bearer sk-right"]).await;
    assert_eq!(status, 200);
    let reply = call(server.address(), "GET", "/v1/models", &[], "").await;
    assert_eq!(reply.map(|reply| reply.status), Some(401));
}

#[tokio::test]
async fn lists_models_in_each_format() {
    let server = server(RULES).await;
    let get = async |path: &str, headers: &[&str]| {
        let reply = call(server.address(), "GET", path, headers, "")
            .await
            .unwrap();
        let body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        (reply.status, body)
    };
    assert_eq!(
        get("/v1/models", &[]).await,
        (
            200,
            serde_json::json!({"object": "list", "data": [
                {"id": "one", "object": "model", "created": 1_763_700_000, "owned_by": "it.toml"},
                {"id": "two", "object": "model", "created": 1_763_700_000, "owned_by": "it.toml"},
            ]})
        )
    );
    assert_eq!(
        get("/v1/models", &["anthropic-version: 2023-06-01"]).await,
        (
            200,
            serde_json::json!({"data": [
                {"type": "model", "id": "one", "display_name": "The first", "created_at": "2025-11-21T04:40:00Z"},
                {"type": "model", "id": "two", "display_name": "two", "created_at": "2025-11-21T04:40:00Z"},
            ], "has_more": false, "first_id": "one", "last_id": "two"})
        )
    );
    assert_eq!(get("/v1/models/two", &[]).await.0, 200);
    assert_eq!(get("/v1/models/three", &[]).await.0, 404);
    assert_eq!(get("/nowhere", &[]).await.0, 404);
}

#[tokio::test]
async fn shows_what_was_asked_without_keys() {
    let server = server(RULES).await;
    let body = question("x");
    let headers = ["x-api-key: sk-secret", "anthropic-version: 2023-06-01"];
    call(server.address(), "POST", "/v1/messages", &headers, &body).await;
    let shown = call(server.address(), "GET", "/_scripted/requests", &[], "")
        .await
        .unwrap();
    assert!(!shown.body.contains("sk-secret"), "{}", shown.body);
    let mut shown: serde_json::Value = serde_json::from_str(&shown.body).unwrap();
    assert_eq!(
        shown["requests"][0]["headers"]["x-api-key"],
        serde_json::json!("(present)")
    );
    shown["requests"][0]["headers"] = serde_json::Value::Null;
    assert_eq!(
        shown,
        serde_json::json!({"total": 1, "requests": [{
            "number": 1,
            "format": "anthropic",
            "path": "/v1/messages",
            "headers": null,
            "body": serde_json::from_str::<serde_json::Value>(&body).unwrap(),
            "rule": "fallback",
            "status": 200,
            "state": "finished",
            "chunks": 2,
        }]})
    );
    let cleared = call(server.address(), "DELETE", "/_scripted/requests", &[], "").await;
    assert_eq!(cleared.map(|reply| reply.status), Some(204));
    assert_eq!(server.requests().total(), 0);
}

#[tokio::test]
async fn keeps_only_the_newest_hundred() {
    let server = server(RULES).await;
    for _ in 0..105 {
        call(server.address(), "POST", "/v1/chat/completions", &[], "{}").await;
    }
    let numbers: Vec<_> = server
        .requests()
        .newest()
        .iter()
        .map(|request| request.number)
        .collect();
    assert_eq!(numbers, (6..=105).collect::<Vec<_>>());
    assert_eq!(server.requests().total(), 105);
}

#[tokio::test]
async fn serves_only_the_chosen_format() {
    let rules = Arc::new(Rules::parse("r.toml", RULES).unwrap());
    let server = start(ServeArgs {
        formats: vec![WireFormat::OpenAi],
        ..ServeArgs::new(rules)
    })
    .await;
    let reply = call(server.address(), "POST", "/v1/messages", &[], "{}")
        .await
        .unwrap();
    assert_eq!(reply.status, 404);
    assert_eq!(
        reply.body,
        r#"{"error":{"message":"the scripted server has no path /v1/messages","type":"invalid_request_error","param":null,"code":null}}"#
    );
}

#[tokio::test]
async fn refuses_to_listen_for_the_network() {
    let rules = Arc::new(Rules::parse("r.toml", RULES).unwrap());
    let arguments = ServeArgs {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..ServeArgs::new(Arc::clone(&rules))
    };
    let refused = serve(arguments, std::future::pending()).await.unwrap_err();
    assert!(matches!(refused, ServeError::NotLoopback { .. }));
    assert_eq!(
        refused.to_string(),
        "0.0.0.0:0 is not a loopback address; the scripted server only listens on 127.0.0.1 or [::1]"
    );
    let arguments = ServeArgs {
        formats: Vec::new(),
        ..ServeArgs::new(rules)
    };
    let refused = serve(arguments, std::future::pending()).await.unwrap_err();
    assert!(matches!(refused, ServeError::NoFormat));
}

#[tokio::test]
async fn ends_with_its_shutdown_and_cuts_what_is_running() {
    let rules = Arc::new(Rules::parse("r.toml", RULES).unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = serve(ServeArgs::new(rules), async move {
        let _ = stopped.await;
    })
    .await
    .unwrap();
    let path = "/v1/chat/completions";
    let mut stream = send(server.address(), "POST", path, &[], &question("hang")).await;
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("\"b\"") {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0);
    }
    stop.send(()).unwrap();
    server.finished().await;
    // The end, or a reset: nothing more of the answer.
    assert_eq!(stream.read_buf(&mut seen).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn refuses_a_body_that_is_too_large_in_each_formats_words() {
    let server = server(RULES).await;
    // One byte too many: the server has read everything when it refuses.
    let length = 32 * 1024 * 1024 + 1 - question("").len();
    let huge = question(&"a".repeat(length));
    let mut answers = Vec::new();
    for (path, header) in BOTH {
        let reply = call(server.address(), "POST", path, &[header], &huge)
            .await
            .unwrap();
        answers.push((reply.status, reply.body));
    }
    assert_eq!(
        answers,
        [
            (413, r#"{"type":"error","error":{"type":"request_too_large","message":"the request has more than 33554432 bytes"},"request_id":"req_scripted_000001"}"#.to_owned()),
            (413, r#"{"error":{"message":"the request has more than 33554432 bytes","type":"invalid_request_error","param":null,"code":"request_too_large"}}"#.to_owned()),
        ]
    );
}

#[tokio::test]
async fn refuses_other_methods() {
    let server = server(RULES).await;
    let reply = call(server.address(), "GET", "/v1/chat/completions", &[], "").await;
    assert_eq!(
        reply.map(|reply| (reply.status, reply.body)),
        Some((405, r#"{"error":{"message":"GET is not allowed here","type":"invalid_request_error","param":null,"code":null}}"#.to_owned()))
    );
}
