//! Changes of what is stored: items of an append beside messages.

use manent_testkit::{Client, TestServer, new_id};
use serde_json::{Value, json};

use crate::support::reply::Reply;
use crate::support::{Test, append, create, say};

async fn message(client: &Client, id: &str) -> anyhow::Result<Value> {
    let answer = client.get(&format!("/message/{id}")).await?;
    anyhow::ensure!(answer.status == 200, "{answer:?}");
    Ok(answer.body)
}

/// Applies one change and gives its result.
async fn change(client: &Client, item: Value) -> anyhow::Result<Value> {
    Ok(append(client, &json!({"message": item})).await?[0].clone())
}

#[tokio::test]
async fn a_message_is_edited_deleted_and_comes_back_with_the_same_bytes() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let id = say(client, &conversation, "frist").await?;
    let before = message(client, &id).await?;
    assert_eq!(before["editedAt"], Value::Null);

    let edit = json!({"type": "edit", "id": new_id(), "conversationId": conversation, "messageId": id,
        "content": [{"type": "text", "text": "first"}]});
    let stored = json!({"id": edit["id"], "outcome": "stored", "seq": 1});
    assert_eq!(change(client, edit.clone()).await?, stored);
    let edited = message(client, &id).await?;
    assert_eq!(
        edited["content"],
        json!([{"type": "text", "text": "first"}])
    );
    assert!(edited["editedAt"].is_string());
    let again = change(client, edit).await?;
    assert_eq!(again["outcome"], "duplicate");

    let delete =
        json!({"type": "delete", "id": new_id(), "conversationId": conversation, "messageId": id});
    assert_eq!(change(client, delete).await?["outcome"], "stored");
    let deleted = message(client, &id).await?;
    assert!(deleted["deletedAt"].is_string());
    assert_eq!(
        (&deleted["content"], &deleted["seq"]),
        (&json!([]), &json!(1))
    );
    assert_eq!(client.all_messages(&conversation).await?, [deleted]);

    let undelete = json!({"type": "undelete", "id": new_id(), "conversationId": conversation, "messageId": id});
    assert_eq!(change(client, undelete).await?["outcome"], "stored");
    assert_eq!(message(client, &id).await?, edited);
    Ok(())
}

#[tokio::test]
async fn the_trash_is_a_change_too() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    say(client, &conversation, "hello").await?;
    let path = format!("/conversation/{conversation}");
    for (name, is_trashed) in [("trash", true), ("trash", true), ("restore", false)] {
        let item = json!({"type": name, "id": new_id(), "conversationId": conversation});
        assert_eq!(change(client, item).await?["outcome"], "stored");
        let trashed_at = client.get(&path).await?.body["trashedAt"].clone();
        assert_eq!(trashed_at.is_string(), is_trashed, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn changes_keep_their_place_among_the_messages_of_a_lane() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let id = new_id();
    let said = json!({"type": "message", "id": id, "conversationId": conversation, "deviceSeq": 1, "role": "user", "content": "a"});
    let edit = json!({"type": "edit", "id": new_id(), "conversationId": conversation, "deviceSeq": 2, "messageId": id, "content": "b"});
    let delete = json!({"type": "delete", "id": new_id(), "conversationId": conversation, "deviceSeq": 3, "messageId": id});
    let early = json!({"deviceId": "d", "messages": [delete]});
    let gap = append(client, &early).await?;
    assert_eq!(
        gap[0],
        json!({"id": delete["id"], "outcome": "gap", "expectedDeviceSeq": 1})
    );
    let all = json!({"deviceId": "d", "messages": [said, edit, delete]});
    for outcome in ["stored", "duplicate"] {
        let results = append(client, &all).await?;
        for result in results.as_array().into_iter().flatten() {
            assert_eq!(
                (&result["outcome"], &result["seq"]),
                (&json!(outcome), &json!(1))
            );
        }
    }
    let message = message(client, &id).await?;
    assert!(message["editedAt"].is_string() && message["deletedAt"].is_string());
    Ok(())
}

#[tokio::test]
async fn a_change_that_cannot_be_read_or_applied_is_refused_alone() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let id = say(client, &conversation, "hello").await?;
    let item = |fields: Value| {
        let mut item = json!({"id": new_id(), "conversationId": conversation});
        for (name, value) in fields.as_object().into_iter().flatten() {
            item[name] = value.clone();
        }
        item
    };
    let cases = [
        (
            json!({"type": "edit", "messageId": id}),
            "invalid_body",
            "Missing field `content`.",
        ),
        (
            json!({"type": "edit", "messageId": id, "content": ""}),
            "content_empty",
            "The content is empty.",
        ),
        (
            json!({"type": "delete"}),
            "invalid_body",
            "Missing field `messageId`.",
        ),
        (
            json!({"type": "delete", "messageId": "x"}),
            "invalid_id",
            "messageId: ",
        ),
        (
            json!({"type": "delete", "messageId": new_id()}),
            "target_unknown",
            "The message to be changed does not exist in this conversation.",
        ),
        (
            json!({"type": "delete", "messageId": id, "content": "x"}),
            "invalid_body",
            "content: does not belong to this type of change.",
        ),
        (
            json!({"type": "trash", "messageId": id}),
            "invalid_body",
            "messageId: does not belong to this type of change.",
        ),
        (
            json!({"type": "restore", "conversationId": new_id()}),
            "conversation_not_found",
            "There is no conversation with this id.",
        ),
        (
            json!({"type": "burn"}),
            "invalid_body",
            "type: must be message, edit, delete, undelete, trash or restore.",
        ),
        (json!({"type": 7}), "invalid_body", "type: "),
    ];
    let mut messages: Vec<Value> = cases
        .iter()
        .map(|(fields, ..)| item(fields.clone()))
        .collect();
    messages.push(item(
        json!({"type": "edit", "messageId": id, "content": "still applied"}),
    ));
    let results = append(client, &json!({"messages": messages})).await?;
    for (index, (fields, code, detail)) in cases.iter().enumerate() {
        let result = &results[index];
        assert_eq!(
            (&result["outcome"], &result["code"]),
            (&json!("rejected"), &json!(code)),
            "{fields}"
        );
        let told = result["detail"].as_str().unwrap_or_default();
        assert!(told.starts_with(detail), "{fields}: {told}");
    }
    assert_eq!(results[cases.len()]["outcome"], "stored");
    assert_eq!(
        message(client, &id).await?["content"][0]["text"],
        "still applied"
    );
    Ok(())
}

#[tokio::test]
async fn one_message_is_read_by_its_id() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let id = say(client, &conversation, "hello").await?;
    assert_eq!(
        vec![message(client, &id).await?],
        client.all_messages(&conversation).await?
    );
    for (id, expected) in [
        (new_id(), (404, "message_not_found")),
        ("x".to_owned(), (400, "invalid_id")),
    ] {
        let reply = Reply::to(client.http().get(client.url(&format!("/message/{id}")))).await?;
        let (status, code) = reply.problem();
        assert_eq!((status, code.as_str()), expected);
    }
    Ok(())
}
