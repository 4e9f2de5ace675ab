//! Tags.

use serde_json::{Value, json};

use super::{conversation, each, read, send, world};
use crate::support::Test;

#[tokio::test]
async fn a_tag_is_made_counted_renamed_and_removed_with_its_conversations() -> Test {
    let server = world().await?;
    let client = server.client();
    let (one, other) = (
        conversation(client, "One").await?,
        conversation(client, "Other").await?,
    );
    let new = json!({"tag": "Trip ✈ 50 %", "description": "d", "addToConversation": true, "conversationId": one});
    let (status, made) = send(client, "POST", "/api/tags", new.clone()).await?;
    assert_eq!(
        (status, &made["count"], &made["position"]),
        (200, &json!(1), &json!(1)),
        "{made}"
    );
    assert_eq!(made["_id"].as_str().map(str::len), Some(24));
    let (_, again) = send(client, "POST", "/api/tags", new).await?;
    assert_eq!(again, made);
    let tags = json!({"tags": ["Trip ✈ 50 %", "later"]});
    let put = send(client, "PUT", &format!("/api/tags/convo/{other}"), tags).await?;
    assert_eq!(put, (200, json!(["Trip ✈ 50 %", "later"])));
    let list = read(client, "/api/tags").await?;
    assert_eq!(each(&list, "count"), [&json!(2), &json!(1)]);
    let path = "/api/tags/Trip%20%E2%9C%88%2050%20%25";
    let change = json!({"tag": "Travel", "description": "", "position": 2});
    let (status, changed) = send(client, "PUT", path, change).await?;
    assert_eq!(
        (status, &changed["tag"], &changed["position"]),
        (200, &json!("Travel"), &json!(2)),
        "{changed}"
    );
    assert_eq!(changed["_id"], made["_id"]);
    assert_eq!(changed.get("description"), None);
    let told = read(client, &format!("/api/convos/{one}")).await?;
    assert_eq!(told["tags"], json!(["Travel"]));
    assert_eq!(
        each(&read(client, "/api/tags").await?, "tag"),
        ["later", "Travel"]
    );
    let (status, removed) = send(client, "DELETE", "/api/tags/Travel", Value::Null).await?;
    assert_eq!((status, &removed["count"]), (200, &json!(2)));
    let told = read(client, &format!("/api/convos/{other}")).await?;
    assert_eq!(told["tags"], json!(["later"]));
    send(
        client,
        "DELETE",
        &format!("/conversation/{other}"),
        Value::Null,
    )
    .await?;
    assert_eq!(
        each(&read(client, "/api/tags").await?, "count"),
        [&json!(0)]
    );
    Ok(())
}

#[tokio::test]
async fn bad_tags_are_refused_and_change_nothing() -> Test {
    let server = world().await?;
    let client = server.client();
    let one = conversation(client, "One").await?;
    for tag in ["a", "b"] {
        send(client, "POST", "/api/tags", json!({"tag": tag})).await?;
    }
    let before = read(client, "/api/tags").await?;
    let convo = format!("/api/tags/convo/{one}");
    let many: Vec<String> = (0..101).map(|index| index.to_string()).collect();
    for (method, path, body, status) in [
        ("POST", "/api/tags", json!({}), 400),
        ("POST", "/api/tags", json!({"tag": ""}), 400),
        ("POST", "/api/tags", json!({"tag": 1}), 400),
        ("POST", "/api/tags", json!({"tag": "x".repeat(129)}), 400),
        (
            "POST",
            "/api/tags",
            json!({"tag": "c", "description": "x".repeat(1049)}),
            400,
        ),
        ("PUT", "/api/tags/a", json!({"tag": "b"}), 409),
        ("PUT", "/api/tags/a", json!({"position": "first"}), 400),
        ("PUT", "/api/tags/none", json!({"tag": "c"}), 404),
        ("DELETE", "/api/tags/none", Value::Null, 404),
        ("PUT", convo.as_str(), json!({"tags": "a"}), 400),
        ("PUT", convo.as_str(), json!({"tags": [""]}), 400),
        ("PUT", convo.as_str(), json!({ "tags": many }), 400),
        ("PUT", "/api/tags/convo/none", json!({"tags": []}), 404),
        ("PUT", "/api/tags/%FF", json!({"tag": "c"}), 400),
    ] {
        let (got, answer) = send(client, method, path, body.clone()).await?;
        assert_eq!(got, status, "{method} {path} {body} {answer}");
    }
    assert_eq!(read(client, "/api/tags").await?, before);
    assert_eq!(
        read(client, &format!("/api/convos/{one}")).await?["tags"],
        json!([])
    );
    Ok(())
}
