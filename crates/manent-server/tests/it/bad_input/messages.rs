//! Messages that cannot be stored, and odd ones that can.

use manent_testkit::{TestServer, new_id};
use serde_json::{Value, json};

use super::Untouched;
use crate::support::database;
use crate::support::reply::post_bytes;
use crate::support::{Test, append, create, say};

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
