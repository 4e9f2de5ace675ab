//! What is larger than a limit.

use serde_json::{Value, json};

use super::Untouched;
use crate::support::database;
use crate::support::{Test, append};

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
