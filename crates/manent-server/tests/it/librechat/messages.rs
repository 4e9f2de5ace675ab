//! Messages as LibreChat's client reads, edits, rates, searches and deletes them.

use reqwest::Method;
use serde_json::{Value, json};

use super::convos::{NO_PARENT, id, seed};
use super::people::{join, server};
use crate::support::Test;
use crate::support::reply::Reply;

fn error(reply: &Reply) -> (u16, String) {
    let body = reply.json();
    (
        reply.status,
        body["error"].as_str().unwrap_or_default().to_owned(),
    )
}

fn not_found(what: &str) -> (u16, String) {
    (404, format!("{what} not found"))
}

/// The names and parents of messages.
fn links(messages: &Value) -> Vec<(Value, Value)> {
    let list = messages.as_array().into_iter().flatten();
    list.map(|message| {
        (
            message["messageId"].clone(),
            message["parentMessageId"].clone(),
        )
    })
    .collect()
}

#[tokio::test]
async fn a_message_is_read_alone_and_among_the_others() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    seed(
        &server,
        &ada,
        1,
        "First",
        &[(11, 0, "Hi"), (12, 11, "Hello")],
    )
    .await?;
    seed(&server, &ada, 2, "Second", &[(21, 0, "Hi")]).await?;
    let all = ada
        .get(&server, &format!("/api/messages/{}", id(1)))
        .await?
        .json();
    assert_eq!(
        links(&all),
        [
            (json!(id(11)), json!(NO_PARENT)),
            (json!(id(12)), json!(id(11)))
        ]
    );
    let one = ada
        .get(&server, &format!("/api/messages/{}/{}", id(1), id(12)))
        .await?;
    assert_eq!((one.status, one.json()), (200, json!([all[1]])));
    assert_eq!(
        ada.get(&server, "/api/messages/new").await?.json(),
        json!([])
    );
    for (path, what) in [
        (format!("{}/{}", id(1), id(21)), "Message"),
        (format!("{}/x", id(1)), "Message"),
        (format!("x/{}", id(12)), "Conversation"),
        (id(9), "Conversation"),
        ("x".to_owned(), "Conversation"),
    ] {
        let reply = ada.get(&server, &format!("/api/messages/{path}")).await?;
        assert_eq!(error(&reply), not_found(what), "{path}");
    }
    for path in [id(1), format!("{}/{}", id(1), id(12))] {
        let reply = eve.get(&server, &format!("/api/messages/{path}")).await?;
        assert_eq!(error(&reply), not_found("Conversation"), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_text_and_a_part_are_edited() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    seed(
        &server,
        &ada,
        1,
        "First",
        &[(11, 0, "Hi"), (12, 11, "Hello")],
    )
    .await?;
    let path = |message: u32| format!("/api/messages/{}/{}", id(1), id(message));
    let put = async |message: u32, body: Value| {
        ada.send(&server, Method::PUT, &path(message), Some(&body))
            .await
    };
    let edited = put(11, json!({"text": "Good day", "model": "m"})).await?;
    let expected = json!({"messageId": id(11), "conversationId": id(1), "parentMessageId": NO_PARENT, "sender": "User", "text": "Good day",
        "isCreatedByUser": true, "tokenCount": 2});
    assert_eq!((edited.status, edited.json()), (200, expected));
    let part = put(12, json!({"text": "Servus", "index": 0})).await?;
    assert_eq!((part.status, &part.json()["text"]), (200, &json!("Servus")));
    let all = ada
        .get(&server, &format!("/api/messages/{}", id(1)))
        .await?
        .json();
    assert_eq!(
        (&all[0]["text"], &all[1]["content"]),
        (
            &json!("Good day"),
            &json!([{"type": "text", "text": "Servus"}])
        )
    );
    for (message, body, expected) in [
        (12, json!({"text": "x", "index": 1}), "Invalid index"),
        (12, json!({"text": "x", "index": -1}), "Invalid index"),
        (12, json!({"text": "x", "index": "0"}), "Invalid index"),
        (11, json!({"text": "x", "index": 0}), "Invalid index"),
        (11, json!({"index": 0}), "Missing text"),
        (11, json!({"text": 7}), "Missing text"),
    ] {
        assert_eq!(
            error(&put(message, body.clone()).await?),
            (400, expected.to_owned()),
            "{body}"
        );
    }
    assert_eq!(put(11, json!({"text": ""})).await?.status, 422);
    assert_eq!(
        error(&put(13, json!({"text": "x"})).await?),
        not_found("Message")
    );
    let foreign = eve
        .send(&server, Method::PUT, &path(11), Some(&json!({"text": "x"})))
        .await?;
    assert_eq!(error(&foreign), not_found("Conversation"));
    assert_eq!(
        ada.get(&server, &format!("/api/messages/{}", id(1)))
            .await?
            .json(),
        all
    );
    Ok(())
}

#[tokio::test]
async fn an_opinion_is_kept_and_taken_back() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    seed(
        &server,
        &ada,
        1,
        "First",
        &[(11, 0, "Hi"), (12, 11, "Hello")],
    )
    .await?;
    let path = format!("/api/messages/{}/{}/feedback", id(1), id(12));
    let rate = async |body: Value| ada.send(&server, Method::PUT, &path, Some(&body)).await;
    let kept = async || {
        let all = ada
            .get(&server, &format!("/api/messages/{}", id(1)))
            .await?
            .json();
        anyhow::Ok(all[1].get("feedback").cloned())
    };
    let long = json!({"rating": "thumbsDown", "tag": "not_helpful", "text": "No"});
    let reply = rate(json!({"feedback": long})).await?;
    assert_eq!(
        (reply.status, reply.json()),
        (
            200,
            json!({"messageId": id(12), "conversationId": id(1), "feedback": long})
        )
    );
    assert_eq!(kept().await?, Some(long.clone()));
    assert_eq!(
        error(&rate(json!({"feedback": {"rating": "maybe"}})).await?),
        (400, "Invalid feedback".to_owned())
    );
    assert_eq!(kept().await?, Some(long));
    let short = json!({"rating": "thumbsUp"});
    rate(json!({"feedback": short})).await?;
    assert_eq!(kept().await?, Some(short));
    let taken = rate(json!({})).await?;
    assert_eq!(
        (taken.status, taken.json()),
        (200, json!({"messageId": id(12), "conversationId": id(1)}))
    );
    assert_eq!(kept().await?, None);
    Ok(())
}

#[tokio::test]
async fn what_followed_a_deleted_message_follows_what_that_followed() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    seed(
        &server,
        &ada,
        1,
        "First",
        &[(11, 0, "Hi"), (12, 11, "Hello"), (13, 12, "More")],
    )
    .await?;
    let path = format!("/api/messages/{}/{}", id(1), id(12));
    let gone = ada.send(&server, Method::DELETE, &path, None).await?;
    assert_eq!((gone.status, gone.body.len()), (204, 0), "{gone:?}");
    let all = ada
        .get(&server, &format!("/api/messages/{}", id(1)))
        .await?
        .json();
    assert_eq!(
        links(&all),
        [
            (json!(id(11)), json!(NO_PARENT)),
            (json!(id(13)), json!(id(11)))
        ]
    );
    let again = ada.send(&server, Method::DELETE, &path, None).await?;
    assert_eq!(error(&again), not_found("Message"));
    Ok(())
}

#[tokio::test]
async fn a_message_can_be_added() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    seed(&server, &ada, 1, "First", &[(11, 0, "Hi")]).await?;
    let path = format!("/api/messages/{}", id(1));
    let body = json!({"messageId": id(12), "conversationId": id(1), "parentMessageId": id(11), "text": "Hello", "isCreatedByUser": false, "sender": "GPT"});
    let added = ada.post(&server, &path, body.clone()).await?;
    assert_eq!(
        (added.status, &added.json()["sender"]),
        (201, &json!("GPT")),
        "{added:?}"
    );
    assert_eq!(added.json()["parentMessageId"], id(11));
    assert_eq!(ada.post(&server, &path, body).await?.status, 201);
    for (body, expected) in [
        (
            json!({"conversationId": id(2), "text": "x"}),
            (400, "Conversation ID mismatch"),
        ),
        (
            json!({"text": "x", "messageId": "x"}),
            (400, "messageId must be a UUID"),
        ),
        (
            json!({"text": "x", "parentMessageId": "x_"}),
            (400, "parentMessageId must be a UUID"),
        ),
        (
            json!({"text": "x", "parentMessageId": id(99)}),
            (404, "Parent message not found"),
        ),
        (json!({}), (400, "Message not saved: it is empty")),
    ] {
        let reply = ada.post(&server, &path, body.clone()).await?;
        assert_eq!(error(&reply), (expected.0, expected.1.to_owned()), "{body}");
    }
    let elsewhere = ada
        .post(
            &server,
            &format!("/api/messages/{}", id(9)),
            json!({"text": "x"}),
        )
        .await?;
    assert_eq!(error(&elsewhere), not_found("Conversation"));
    Ok(())
}

#[tokio::test]
async fn hits_and_pages_are_messages_with_their_conversation() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    seed(
        &server,
        &ada,
        1,
        "First",
        &[
            (11, 0, "Where is the walrus?"),
            (12, 11, "The walrus sleeps."),
            (13, 12, "Good."),
        ],
    )
    .await?;
    let hits = ada
        .get(&server, "/api/messages?search=walrus")
        .await?
        .json();
    let list: Vec<_> = hits["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|hit| {
            (
                hit["text"].clone(),
                hit["title"].clone(),
                hit["isCreatedByUser"].clone(),
            )
        })
        .collect();
    assert_eq!(
        list,
        [
            (json!("The walrus sleeps."), json!("First"), json!(false)),
            (json!("Where is the walrus?"), json!("First"), json!(true)),
        ]
    );
    assert_eq!(hits["nextCursor"], Value::Null);
    let nothing = json!({"messages": [], "nextCursor": null});
    for path in [
        "",
        "?search=%2A",
        "?search=nowhere",
        "?conversationId=x",
        "?conversationId=x&messageId=y",
    ] {
        assert_eq!(
            ada.get(&server, &format!("/api/messages{path}"))
                .await?
                .json(),
            nothing,
            "{path}"
        );
    }
    for path in [
        "?search=walrus".to_owned(),
        format!("?conversationId={}", id(1)),
    ] {
        assert_eq!(
            eve.get(&server, &format!("/api/messages{path}"))
                .await?
                .json(),
            nothing,
            "{path}"
        );
    }
    let first = ada
        .get(
            &server,
            &format!(
                "/api/messages?conversationId={}&pageSize=2&sortDirection=asc",
                id(1)
            ),
        )
        .await?
        .json();
    assert_eq!(links(&first["messages"]).len(), 2);
    let cursor = first["nextCursor"].as_str().unwrap_or_default();
    let rest = ada
        .get(
            &server,
            &format!(
                "/api/messages?conversationId={}&pageSize=2&sortDirection=asc&cursor={cursor}",
                id(1)
            ),
        )
        .await?
        .json();
    assert_eq!(
        (links(&rest["messages"]), &rest["nextCursor"]),
        (vec![(json!(id(13)), json!(id(12)))], &Value::Null)
    );
    let one = ada
        .get(
            &server,
            &format!(
                "/api/messages?conversationId={}&messageId={}",
                id(1),
                id(12)
            ),
        )
        .await?
        .json();
    assert_eq!(links(&one["messages"]), [(json!(id(12)), json!(id(11)))]);
    Ok(())
}

#[tokio::test]
async fn an_artifact_is_edited_in_its_answer() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    let answer = "Look:\n:::artifact{identifier=\"a\"}\n```html\n<p>one</p>\n```\n:::\n";
    seed(
        &server,
        &ada,
        1,
        "First",
        &[(11, 0, "Hi"), (12, 11, answer)],
    )
    .await?;
    let path = format!("/api/messages/artifact/{}", id(12));
    let body = json!({"index": 0, "original": "<p>one</p>\n", "updated": "<p>two</p>\n"});
    assert_eq!(
        error(&eve.post(&server, &path, body.clone()).await?),
        not_found("Message")
    );
    let reply = ada.post(&server, &path, body.clone()).await?;
    let content = json!([{"type": "text", "text": answer.replace("one", "two")}]);
    assert_eq!(
        (reply.status, reply.json()),
        (
            200,
            json!({"conversationId": id(1), "content": content, "text": ""})
        )
    );
    assert_eq!(
        error(&ada.post(&server, &path, body).await?),
        (
            400,
            "Original content not found in target artifact".to_owned()
        )
    );
    for (body, expected) in [
        (
            json!({"index": 1, "original": "a", "updated": "b"}),
            "Artifact index out of bounds",
        ),
        (
            json!({"index": -1, "original": "a", "updated": "b"}),
            "Invalid request parameters",
        ),
        (
            json!({"index": 0, "original": "a"}),
            "Invalid request parameters",
        ),
    ] {
        assert_eq!(
            error(&ada.post(&server, &path, body.clone()).await?),
            (400, expected.to_owned()),
            "{body}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn there_is_no_answer_of_many_voices_to_branch_from() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    seed(
        &server,
        &ada,
        1,
        "First",
        &[(11, 0, "Hi"), (12, 11, "Hello")],
    )
    .await?;
    for (body, expected) in [
        (json!({}), (400, "messageId and agentId are required")),
        (
            json!({"messageId": "x", "agentId": "a"}),
            (404, "Source message not found"),
        ),
        (
            json!({"messageId": id(11), "agentId": "a"}),
            (400, "Cannot branch from user messages"),
        ),
        (
            json!({"messageId": id(12), "agentId": "a"}),
            (
                400,
                "Message does not have parallel content with attributions",
            ),
        ),
    ] {
        let reply = ada
            .post(&server, "/api/messages/branch", body.clone())
            .await?;
        assert_eq!(error(&reply), (expected.0, expected.1.to_owned()), "{body}");
    }
    Ok(())
}
