//! What bad input gets: a problem with a stable code, and nothing half-written.

mod addresses;
mod limits;
mod messages;

use manent_testkit::{Client, TestServer};
use serde_json::{Value, json};

use crate::support::database::{self, Rows};
use crate::support::reply::{Reply, post_bytes};
use crate::support::{Test, create, say};

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
        "/turn/start",
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
            "/turn/start",
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
            "/turn/start",
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
