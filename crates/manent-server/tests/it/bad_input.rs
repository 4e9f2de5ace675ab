//! What bad input gets: a problem with a stable code, and nothing half-written.

use manent_testkit::{Client, TestServer, new_id};
use serde_json::{Value, json};

use crate::support::database::{self, Rows};
use crate::support::reply::{Reply, get, post_bytes};
use crate::support::{Test, append, create, say};

/// A server with a conversation and a message, whose rows must stay as they are.
struct Untouched {
    server: TestServer,
    conversation: String,
    message: String,
    rows: Rows,
}

impl Untouched {
    async fn start(configuration: &str) -> anyhow::Result<Self> {
        let server = TestServer::start_with(configuration).await?;
        let conversation = create(server.client()).await?;
        let message = say(server.client(), &conversation, "hello").await?;
        let rows = database::rows(server.data_dir())?;
        Ok(Self {
            server,
            conversation,
            message,
            rows,
        })
    }

    fn client(&self) -> &Client {
        self.server.client()
    }

    /// A message, with these changes; a `null` takes a field away.
    fn message(&self, changes: &Value) -> Value {
        let mut message =
            json!({"conversationId": self.conversation, "role": "user", "content": "hi"});
        for (field, value) in changes.as_object().into_iter().flatten() {
            message[field] = value.clone();
        }
        message
    }

    /// Sends the body and compares status, code and field.
    async fn refuses(
        &self,
        path: &str,
        body: impl Into<Vec<u8>>,
        status: u16,
        code: &str,
        field: Option<&str>,
    ) -> anyhow::Result<()> {
        let body = body.into();
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let reply = post_bytes(self.client(), path, body).await?;
        assert_eq!(
            reply.problem(),
            (status, code.to_owned()),
            "{path} {shown}: {}",
            reply.json()
        );
        assert_eq!(reply.json()["field"].as_str(), field, "{path} {shown}");
        assert_eq!(
            database::rows(self.server.data_dir())?,
            self.rows,
            "{path} {shown}"
        );
        Ok(())
    }
}

#[tokio::test]
async fn malformed_json_is_told_as_such() -> Test {
    let world = Untouched::start("").await?;
    let deep = "[".repeat(100_000);
    let bodies = [
        "",
        " ",
        "{",
        "}",
        "nonsense",
        "{\"id\":}",
        "{'id': 1}",
        "{\"title\":\"a\"} trailing",
        "\u{feff}{}",
        "{\"title\":\"\u{1}\"}",
        "{\"title\":\"\\ud800\"}",
        "{\"title\":\"\\x\"}",
        "{\"config\":{\"temperature\":1e999}}",
        "{\"config\":{\"temperature\":NaN}}",
        "{\"config\":{\"temperature\":01}}",
        "{}{}",
    ];
    for body in bodies {
        world
            .refuses("/conversation/create", body, 400, "malformed_json", None)
            .await?;
    }
    for path in [
        "/conversation/create",
        "/message/append",
        "/completion/generate",
    ] {
        world
            .refuses(path, deep.as_str(), 400, "invalid_body", None)
            .await?;
        world
            .refuses(path, "{\"", 400, "malformed_json", None)
            .await?;
    }
    let nested = format!("{{\"x\":{}", "{\"x\":".repeat(100_000));
    world
        .refuses(
            "/completion/generate",
            nested,
            400,
            "invalid_body",
            Some("x"),
        )
        .await?;
    let content = format!(
        "{{\"messages\":[{{\"role\":\"user\",\"content\":[{{\"type\":\"toolCall\",\"id\":\"a\",\"name\":\"b\",\"arguments\":{}{}}}]}}]}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    world
        .refuses("/completion/generate", content, 400, "malformed_json", None)
        .await?;
    Ok(())
}

#[tokio::test]
async fn wrong_types_and_unknown_fields_are_named() -> Test {
    let world = Untouched::start("").await?;
    let create = "/conversation/create";
    let cases = [
        (create, json!([]), "invalid_body", None),
        (create, json!("text"), "invalid_body", None),
        (create, json!(null), "invalid_body", None),
        (create, json!({"tilte": "x"}), "invalid_body", Some("tilte")),
        (create, json!({"title": 7}), "invalid_body", Some("title")),
        (create, json!({"id": "no-uuid"}), "invalid_id", Some("id")),
        (create, json!({"id": 7}), "invalid_id", Some("id")),
        (
            create,
            json!({"config": []}),
            "invalid_body",
            Some("config"),
        ),
        (
            create,
            json!({"config": {"stop": "x"}}),
            "invalid_body",
            Some("config.stop"),
        ),
        (
            create,
            json!({"config": {"maxTokens": -1}}),
            "invalid_body",
            Some("config.maxTokens"),
        ),
        (
            create,
            json!({"config": {"maxTokens": 18_446_744_073_709_551_615_u64}}),
            "invalid_body",
            Some("config.maxTokens"),
        ),
        ("/message/append", json!({}), "invalid_body", None),
        (
            "/message/append",
            json!({"messages": []}),
            "invalid_body",
            None,
        ),
        (
            "/message/append",
            json!({"messages": {}}),
            "invalid_body",
            Some("messages"),
        ),
        (
            "/message/append",
            json!({"message": null}),
            "invalid_body",
            None,
        ),
        (
            "/message/append",
            json!({"message": {}, "messages": []}),
            "invalid_body",
            None,
        ),
        (
            "/message/append",
            json!({"mesage": {}}),
            "invalid_body",
            Some("mesage"),
        ),
        (
            "/message/append",
            json!({"deviceId": "has space", "message": {}}),
            "invalid_body",
            Some("deviceId"),
        ),
        (
            "/message/append",
            json!({"deviceId": "", "message": {}}),
            "invalid_body",
            Some("deviceId"),
        ),
    ];
    for (path, body, code, field) in cases {
        world
            .refuses(path, body.to_string(), 400, code, field)
            .await?;
    }
    let doubled = r#"{"title":"a","title":"b"}"#;
    world
        .refuses(create, doubled, 400, "invalid_body", Some("title"))
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_message_that_cannot_be_stored_says_why() -> Test {
    let world = Untouched::start("").await?;
    let elsewhere = create(world.client()).await?;
    let foreign = say(world.client(), &elsewhere, "x").await?;
    let world = Untouched {
        rows: database::rows(world.server.data_dir())?,
        ..world
    };
    let id = new_id();
    let of = |changes: Value| world.message(&changes);
    let cases = [
        (json!({}), 400, "invalid_body"),
        (json!(null), 400, "invalid_body"),
        (json!(7), 400, "invalid_body"),
        (of(json!({"conversationId": "x"})), 400, "invalid_id"),
        (
            of(json!({"conversationId": new_id()})),
            404,
            "conversation_not_found",
        ),
        (of(json!({"id": "x"})), 400, "invalid_id"),
        (of(json!({"id": 7})), 400, "invalid_id"),
        (of(json!({"parentId": "x"})), 400, "invalid_id"),
        (of(json!({"parentId": new_id()})), 422, "parent_unknown"),
        (of(json!({"id": id, "parentId": id})), 422, "parent_unknown"),
        (of(json!({"parentId": foreign})), 422, "parent_elsewhere"),
        (of(json!({"role": "wizard"})), 422, "role_not_allowed"),
        (of(json!({"role": "User"})), 422, "role_not_allowed"),
        (of(json!({"role": null})), 422, "role_not_allowed"),
        (of(json!({"content": ""})), 422, "content_empty"),
        (of(json!({"content": []})), 422, "content_empty"),
        (
            of(
                json!({"content": [{"type": "text", "text": ""}, {"type": "reasoning", "text": ""}]}),
            ),
            422,
            "content_empty",
        ),
        (of(json!({"content": null})), 400, "invalid_body"),
        (
            of(json!({"content": {"type": "text", "text": "x"}})),
            400,
            "invalid_body",
        ),
        (of(json!({"content": ["x"]})), 400, "invalid_body"),
        (
            of(json!({"content": [{"type": "video", "url": "x"}]})),
            400,
            "invalid_body",
        ),
        (
            of(json!({"content": [{"type": "text", "text": "x", "txet": "y"}]})),
            400,
            "invalid_body",
        ),
        (
            of(json!({"content": [{"type": "image"}]})),
            422,
            "invalid_value",
        ),
        (
            of(json!({"content": [{"type": "image", "url": "u", "data": "d", "mediaType": "m"}]})),
            422,
            "invalid_value",
        ),
        (of(json!({"status": "stopped"})), 422, "invalid_value"),
        (of(json!({"status": "asleep"})), 422, "invalid_value"),
        (of(json!({"createdAt": "yesterday"})), 422, "invalid_value"),
        (
            of(json!({"createdAt": "+999999-01-01T00:00:00Z"})),
            422,
            "invalid_value",
        ),
        (of(json!({"createdAt": 7})), 422, "invalid_value"),
        (of(json!({"model": "a\u{0}b"})), 422, "invalid_value"),
        (of(json!({"model": "x".repeat(201)})), 422, "invalid_value"),
        (
            of(json!({"usage": {"inputTokens": -1}})),
            400,
            "invalid_body",
        ),
        (
            of(json!({"usage": {"inputTokens": 1.5}})),
            400,
            "invalid_body",
        ),
        (of(json!({"usage": {"tokens": 1}})), 400, "invalid_body"),
        (of(json!({"deviceSeq": 1})), 400, "invalid_lane"),
        (of(json!({"deviceSeq": "1"})), 400, "invalid_body"),
        (of(json!({"colour": "red"})), 400, "invalid_body"),
        (of(json!({"seq": 1})), 400, "invalid_body"),
    ];
    for (message, status, code) in &cases {
        let body = json!({"message": message}).to_string();
        world
            .refuses("/message/append", body, *status, code, None)
            .await?;
    }
    let raw = |message: &str| {
        format!(
            r#"{{"message":{{"conversationId":"{}",{message}}}}}"#,
            world.conversation
        )
    };
    for (message, code) in [
        (
            r#""role":"user","role":"user","content":"x""#,
            "invalid_body",
        ),
        (
            r#""role":"user","content":"x","content":"y""#,
            "invalid_body",
        ),
        (r#""role":"user","content":"\ud800""#, "invalid_body"),
        (
            r#""role":"user","content":"x","deviceSeq":1e999"#,
            "invalid_body",
        ),
        (
            r#""role":"user","content":"x","deviceSeq":99999999999999999999999"#,
            "invalid_body",
        ),
    ] {
        world
            .refuses("/message/append", raw(message), 400, code, None)
            .await?;
    }
    let deep = format!(
        r#""role":"assistant","content":[{{"type":"toolCall","id":"a","name":"b","arguments":{}{}}}]"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    world
        .refuses("/message/append", raw(&deep), 400, "invalid_body", None)
        .await?;

    // All of it at once: each is told for itself, and the first one decides the answer.
    let all: Vec<&Value> = cases.iter().map(|(message, ..)| message).collect();
    let reply = post_bytes(
        world.client(),
        "/message/append",
        json!({"messages": all}).to_string(),
    )
    .await?;
    assert_eq!(reply.problem(), (400, "invalid_body".to_owned()));
    let codes: Vec<Value> = reply.json()["results"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|result| result["code"].clone())
        .collect();
    let expected: Vec<Value> = cases.iter().map(|(_, _, code)| json!(code)).collect();
    assert_eq!(codes, expected);
    assert_eq!(database::rows(world.server.data_dir())?, world.rows);
    Ok(())
}

#[tokio::test]
async fn one_bad_item_among_good_ones_is_refused_alone() -> Test {
    let world = Untouched::start("").await?;
    let (good, bad) = (new_id(), new_id());
    let messages = [
        world.message(&json!({"id": bad, "role": "wizard"})),
        world.message(&json!({"id": good})),
    ];
    let results = append(world.client(), &json!({"messages": messages})).await?;
    assert_eq!(
        results,
        json!([
            {"id": bad, "outcome": "rejected", "code": "role_not_allowed", "detail": results[0]["detail"]},
            {"id": good, "outcome": "stored", "seq": 2}
        ])
    );
    Ok(())
}

#[tokio::test]
async fn what_is_over_a_limit_is_refused_and_what_is_at_it_is_taken() -> Test {
    let limits = "[limits]\nmessage_text_bytes = 100\nmessage_image_bytes = 50\nmessage_parts = 3\nbatch_items = 3\ntitle_characters = 5\nsystem_bytes = 6\n";
    let world = Untouched::start(limits).await?;
    let of = |changes: Value| world.message(&changes);
    let text = |count: usize| json!({"type": "text", "text": "x".repeat(count)});
    let too_large = [
        json!({"content": "x".repeat(101)}),
        json!({"content": "ü".repeat(51)}),
        json!({"content": [text(50), text(51)]}),
        json!({"role": "assistant", "content": [text(1), {"type": "reasoning", "text": "x", "signature": "x".repeat(99)}]}),
        json!({"role": "assistant", "content": [{"type": "toolCall", "id": "", "name": "", "arguments": {"a": "x".repeat(93)}}]}),
        json!({"content": [text(1), text(1), text(1), text(1)]}),
        json!({"content": [{"type": "image", "mediaType": "i", "data": "x".repeat(51)}]}),
    ];
    for changes in too_large {
        let body = json!({"message": of(changes)}).to_string();
        world
            .refuses("/message/append", body, 413, "message_too_large", None)
            .await?;
    }
    let four = vec![of(json!({})); 4];
    world
        .refuses(
            "/message/append",
            json!({"messages": four}).to_string(),
            413,
            "batch_too_large",
            None,
        )
        .await?;
    for (body, field) in [
        (json!({"title": "sixsix"}), "title"),
        (json!({"title": "üüüüüü"}), "title"),
        (json!({"title": "  "}), "title"),
        (json!({"title": "a\nb"}), "title"),
        (json!({"title": "a\u{0}b"}), "title"),
        (json!({"title": "a\u{85}b"}), "title"),
        (json!({"config": {"system": "1234567"}}), "config.system"),
        (json!({"config": {"model": ""}}), "config.model"),
        (json!({"config": {"provider": "a\u{7}"}}), "config.provider"),
        (
            json!({"config": {"stop": ["1","2","3","4","5","6","7","8","9"]}}),
            "config.stop",
        ),
    ] {
        world
            .refuses(
                "/conversation/create",
                body.to_string(),
                422,
                "invalid_value",
                Some(field),
            )
            .await?;
        let patch = world
            .client()
            .patch(&format!("/conversation/{}", world.conversation), &body)
            .await?;
        assert_eq!(
            (patch.status, patch.code()),
            (422, "invalid_value"),
            "{body}"
        );
    }
    assert_eq!(database::rows(world.server.data_dir())?, world.rows);
    let at_the_limit = [
        of(json!({"content": "x".repeat(100)})),
        of(json!({"content": [text(30), text(30), text(40)]})),
        of(json!({"content": [{"type": "image", "mediaType": "i", "data": "x".repeat(50)}]})),
    ];
    let results = append(world.client(), &json!({"messages": at_the_limit})).await?;
    let stored = results
        .as_array()
        .into_iter()
        .flatten()
        .filter(|result| result["outcome"] == "stored");
    assert_eq!(stored.count(), 3, "{results}");
    Ok(())
}

#[tokio::test]
async fn default_limits_refuse_large_texts_batches_and_a_hundred_thousand_parts() -> Test {
    let world = Untouched::start("").await?;
    let body = json!({"message": world.message(&json!({"content": "x".repeat(256 * 1024 + 1)}))});
    world
        .refuses(
            "/message/append",
            body.to_string(),
            413,
            "message_too_large",
            None,
        )
        .await?;
    let body = json!({"messages": vec![world.message(&json!({})); 201]});
    world
        .refuses(
            "/message/append",
            body.to_string(),
            413,
            "batch_too_large",
            None,
        )
        .await?;
    let parts = r#"{"type":"error","code":"","detail":""},"#.repeat(70_000);
    let parts = parts.trim_end_matches(',');
    let body = format!(
        r#"{{"message":{{"conversationId":"{}","role":"user","content":[{parts}]}}}}"#,
        world.conversation
    );
    world
        .refuses("/message/append", body, 413, "message_too_large", None)
        .await?;
    let parts = vec!["{}"; 100_000].join(",");
    let body = format!(r#"{{"messages":[{parts}]}}"#);
    world
        .refuses("/message/append", body, 413, "batch_too_large", None)
        .await?;
    Ok(())
}

#[tokio::test]
async fn odd_characters_are_kept_as_they_are() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let id = create(client).await?;
    let texts = [
        "a\0b",
        "\u{1}\u{1f}\u{7f}\u{85}",
        "\u{202e}abc",
        "e\u{301}\u{2028}\u{feff}",
        "\r\n \t",
        "'; DROP TABLE messages; --",
        "\u{10ffff}",
    ];
    for text in texts {
        say(client, &id, text).await?;
    }
    let read: Vec<Value> = client
        .all_messages(&id)
        .await?
        .iter()
        .map(|message| message["content"][0]["text"].clone())
        .collect();
    assert_eq!(json!(read), json!(texts));
    assert_eq!(
        client.get("/search?q=drop+table").await?.body["hits"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    Ok(())
}

#[tokio::test]
async fn invalid_utf8_is_refused() -> Test {
    let world = Untouched::start("").await?;
    let mut body = json!({"message": world.message(&json!({"content": "X"}))})
        .to_string()
        .into_bytes();
    let at = body
        .iter()
        .position(|byte| *byte == b'X')
        .unwrap_or_default();
    for bad in [0xff, 0xc3, 0x80] {
        body[at] = bad;
        for path in [
            "/message/append",
            "/conversation/create",
            "/completion/generate",
        ] {
            world
                .refuses(path, body.clone(), 400, "invalid_utf8", None)
                .await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn other_content_types_are_refused() -> Test {
    let world = Untouched::start("").await?;
    let client = world.client();
    let body = json!({"message": world.message(&json!({}))}).to_string();
    for kind in [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonx",
        "json",
        "",
        "\u{e9}",
    ] {
        for path in [
            "/message/append",
            "/conversation/create",
            "/completion/generate",
        ] {
            let request = client
                .http()
                .post(client.url(path))
                .header("content-type", kind.as_bytes());
            let reply = Reply::to(request.body(body.clone())).await?;
            assert_eq!(
                reply.problem(),
                (415, "unsupported_media_type".to_owned()),
                "{kind}"
            );
        }
    }
    assert_eq!(database::rows(world.server.data_dir())?, world.rows);
    Ok(())
}

#[tokio::test]
async fn ids_cursors_and_queries_are_checked() -> Test {
    let world = Untouched::start("").await?;
    let client = world.client();
    let conversation = &world.conversation;
    for id in [
        "x",
        "0",
        "%00",
        "%ff",
        "..%2f..",
        "0199c0de-0000-7000-8000-00000000000",
        "'or'1'='1",
    ] {
        for path in [
            format!("/conversation/{id}"),
            format!("/conversation/{id}/messages"),
        ] {
            assert_eq!(
                get(client, &path).await?.problem(),
                (400, "invalid_id".to_owned()),
                "{path}"
            );
        }
        for (path, status) in [
            (format!("/conversation/{id}"), 400),
            (format!("/conversation/{id}/restore"), 405),
        ] {
            assert_eq!(client.delete(&path).await?.status, status, "{path}");
        }
    }
    // Cursors of another kind, made by hand, cut, or with more than there is.
    let list = client.get("/conversations?limit=1").await?.body;
    assert_eq!(list["next"], json!(null));
    let made = [
        "",
        "x",
        "AAAA",
        "YS4x",
        "%00",
        "Yy4xLng",
        "Yy4tMS4wMTk5YzBkZS0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDE",
    ];
    for cursor in made
        .map(str::to_owned)
        .into_iter()
        .chain([format!("{:A<5000}", "")])
    {
        let path = format!("/conversations?cursor={cursor}");
        assert_eq!(
            get(client, &path).await?.problem(),
            (400, "invalid_cursor".to_owned()),
            "{path}"
        );
        let path = format!("/search?q=x&cursor={cursor}");
        assert_eq!(
            get(client, &path).await?.problem(),
            (400, "invalid_cursor".to_owned()),
            "{path}"
        );
    }
    for cursor in [
        "",
        "x",
        "Yy4xLng",
        "YS4tMQ",
        "YS45OTk5OTk5OTk5OTk5OTk5OTk5OQ",
    ] {
        let path = format!("/conversation/{conversation}/messages?cursor={cursor}");
        assert_eq!(
            get(client, &path).await?.problem(),
            (400, "invalid_cursor".to_owned()),
            "{path}"
        );
    }
    let messages = format!("/conversation/{conversation}/messages");
    let queries = [
        "/conversations?limit=0".to_owned(),
        "/conversations?limit=101".to_owned(),
        "/conversations?limit=-1".to_owned(),
        "/conversations?limit=x".to_owned(),
        "/conversations?limit=99999999999999999999".to_owned(),
        "/conversations?limit=1&limit=2".to_owned(),
        "/conversations?archived=yes".to_owned(),
        "/conversations?colour=red".to_owned(),
        format!("{messages}?limit=201"),
        format!("{messages}?after=-1"),
        format!("{messages}?after=1.5"),
        format!("{messages}?after=1&before=2"),
        format!("{messages}?after=1&order=newest"),
        format!("{messages}?order=random"),
        format!("{messages}?afterr=1"),
        "/search".to_owned(),
        "/search?q=x&limit=51".to_owned(),
        "/search?q=x&order=random".to_owned(),
        "/search?query=x".to_owned(),
    ];
    for path in queries {
        assert_eq!(
            get(client, &path).await?.problem(),
            (400, "invalid_query".to_owned()),
            "{path}"
        );
    }
    for path in [
        "/search?q=".to_owned(),
        "/search?q=***".to_owned(),
        format!("/search?q={}", "x".repeat(301)),
    ] {
        let reply = get(client, &path).await?;
        assert_eq!(reply.problem(), (422, "invalid_value".to_owned()), "{path}");
        assert_eq!(reply.json()["field"], "q");
    }
    let long_query = get(client, &format!("/search?q={}", "%20".repeat(20_000))).await?;
    assert!(
        matches!(long_query.status, 414 | 422 | 431),
        "{long_query:?}"
    );
    assert_eq!(database::rows(world.server.data_dir())?, world.rows);
    assert_eq!(
        client.all_messages(conversation).await?[0]["id"],
        world.message
    );
    Ok(())
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_told_apart() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let id = new_id();
    for path in [
        "/nothing",
        "/conversation",
        "/conversation/",
        "/conversations/",
        &format!("/conversation/{id}/message"),
        "/api/v1/x",
        "/%2e%2e/etc/passwd",
        "/assets/../../Cargo.toml",
        "/assets/none.js",
    ] {
        for method in ["GET", "POST", "DELETE", "BREW"] {
            let request = client.http().request(method.parse()?, client.url(path));
            let reply = Reply::to(request).await?;
            assert_eq!(
                reply.problem(),
                (404, "not_found".to_owned()),
                "{method} {path}"
            );
        }
    }
    for (method, path, allowed) in [
        ("GET", "/conversation/create", "POST"),
        ("PUT", "/conversations", "GET,HEAD"),
        ("POST", "/conversations", "GET,HEAD"),
        ("BREW", "/completion/generate", "POST"),
        ("GET", "/message/append", "POST"),
        ("OPTIONS", "/message/append", "POST"),
        ("POST", "/healthz", "GET,HEAD"),
        ("POST", "/metrics", "GET,HEAD"),
        ("DELETE", "/openapi.json", "GET,HEAD"),
    ] {
        let reply = Reply::to(client.http().request(method.parse()?, client.url(path))).await?;
        assert_eq!(
            reply.problem(),
            (405, "method_not_allowed".to_owned()),
            "{method} {path}"
        );
        assert_eq!(reply.header("allow"), allowed, "{method} {path}");
    }
    let path = format!("/conversation/{id}");
    let reply = Reply::to(client.http().put(client.url(&path))).await?;
    assert_eq!(reply.problem(), (405, "method_not_allowed".to_owned()));
    let mut allowed: Vec<&str> = reply.header("allow").split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["DELETE", "GET", "HEAD", "PATCH"]);
    Ok(())
}
