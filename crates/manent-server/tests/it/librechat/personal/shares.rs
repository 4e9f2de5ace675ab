//! Shared links.

use manent_testkit::{Client, TestServer};
use reqwest::Method;
use serde_json::{Value, json};

use super::{conversation, each, read, send, world};
use crate::librechat::people::{join, message, send as as_stranger, server};
use crate::support::Test;

/// Stores a message; its id.
async fn say(
    client: &Client,
    conversation: &str,
    parent: Option<&str>,
    words: &str,
) -> anyhow::Result<String> {
    let id = manent_testkit::new_id();
    let body = json!({"messages": [{
        "id": id, "conversationId": conversation, "parentId": parent, "role": "user", "content": [{"type": "text", "text": words}],
    }]});
    let answer = client.post("/message/append", &body).await?;
    anyhow::ensure!(answer.status < 300, "{answer:?}");
    Ok(id)
}

#[tokio::test]
async fn a_link_shows_what_was_there_when_it_was_published() -> Test {
    let server = world().await?;
    let client = server.client();
    let id = conversation(client, "Shared").await?;
    let first = say(client, &id, None, "first").await?;
    let (status, made) = send(
        client,
        "POST",
        &format!("/api/share/{id}"),
        json!({"snapshotFiles": false}),
    )
    .await?;
    let share = made["shareId"].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (status, share.len(), &made["conversationId"]),
        (200, 32, &json!(id)),
        "{made}"
    );
    let second = say(client, &id, Some(&first), "second").await?;
    let told = read(client, &format!("/api/share/{share}")).await?;
    assert_eq!(
        (&told["title"], each(&told["messages"], "text")),
        (&json!("Shared"), vec![&json!("first")])
    );
    for secret in [&id, &first, &second] {
        assert!(!told.to_string().contains(secret.as_str()), "{told}");
    }
    let again = read(client, &format!("/api/share/{share}")).await?;
    assert_ne!(again["conversationId"], told["conversationId"]);
    let link = read(client, &format!("/api/share/link/{id}")).await?;
    assert_eq!(
        link,
        json!({"success": true, "shareId": share, "conversationId": id, "_id": made["_id"], "snapshotFiles": false})
    );
    let exists = send(client, "POST", &format!("/api/share/{id}"), json!({})).await?;
    assert_eq!(exists, (409, json!({"message": "Share already exists"})));
    let (status, updated) = send(
        client,
        "PATCH",
        &format!("/api/share/{share}"),
        json!({"targetMessageId": second}),
    )
    .await?;
    assert_eq!(
        (status, &updated["targetMessageId"]),
        (200, &json!(second)),
        "{updated}"
    );
    let told = read(client, &format!("/api/share/{share}")).await?;
    assert_eq!(each(&told["messages"], "text"), ["first", "second"]);
    assert_eq!(
        told["messages"][1]["parentMessageId"],
        told["messages"][0]["messageId"]
    );
    let list = read(
        client,
        "/api/share?pageSize=25&sortBy=createdAt&sortDirection=desc&search=SHAR",
    )
    .await?;
    assert_eq!(
        (each(&list["links"], "shareId"), &list["hasNextPage"]),
        (vec![&json!(share)], &json!(false))
    );
    send(
        client,
        "DELETE",
        &format!("/conversation/{id}"),
        Value::Null,
    )
    .await?;
    let gone = send(client, "GET", &format!("/api/share/{share}"), Value::Null).await?;
    assert_eq!(gone, (404, json!({"message": "Shared link not found"})));
    assert_eq!(read(client, "/api/share").await?["links"], json!([]));
    let (status, deleted) = send(
        client,
        "DELETE",
        &format!("/api/share/{share}"),
        Value::Null,
    )
    .await?;
    assert_eq!((status, &deleted["success"]), (200, &json!(true)));
    let gone = send(
        client,
        "DELETE",
        &format!("/api/share/{share}"),
        Value::Null,
    )
    .await?;
    assert_eq!(gone, (404, json!({"message": "Share not found"})));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_shared_is_refused() -> Test {
    let server = world().await?;
    let client = server.client();
    let empty = conversation(client, "Empty").await?;
    let full = conversation(client, "Full").await?;
    say(client, &full, None, "words").await?;
    let (empty, full) = (format!("/api/share/{empty}"), format!("/api/share/{full}"));
    let long = format!("/api/share?search={}", "x".repeat(257));
    for (method, path, body, status) in [
        ("POST", empty.as_str(), json!({}), 400),
        ("POST", full.as_str(), json!({"targetMessageId": ""}), 400),
        (
            "POST",
            full.as_str(),
            json!({"targetMessageId": "unknown"}),
            400,
        ),
        ("POST", full.as_str(), json!({"snapshotFiles": "yes"}), 400),
        ("POST", "/api/share/none", json!({}), 404),
        ("PATCH", "/api/share/none", json!({}), 404),
        ("GET", "/api/share/none", Value::Null, 404),
        ("GET", "/api/share/none/config", Value::Null, 404),
        ("GET", "/api/share/none/files/f/preview", Value::Null, 404),
        ("GET", "/api/share?cursor=none", Value::Null, 400),
        ("GET", long.as_str(), Value::Null, 400),
    ] {
        let (got, answer) = send(client, method, path, body.clone()).await?;
        assert_eq!(got, status, "{method} {path} {body} {answer}");
    }
    let none = json!({"success": false, "shareId": null, "conversationId": "none"});
    assert_eq!(read(client, "/api/share/link/none").await?, none);
    Ok(())
}

/// A link of somebody's: who made it, and its path.
async fn shared(server: &TestServer) -> anyhow::Result<(crate::librechat::people::Person, String)> {
    let ada = join(server, "ada@example.org").await?;
    let id = manent_testkit::new_id();
    ada.post(
        server,
        "/conversation/create",
        json!({"id": id, "title": "T"}),
    )
    .await?;
    let said = json!({"messages": [{"id": manent_testkit::new_id(), "conversationId": id, "parentId": null, "role": "user", "content": [{"type": "text", "text": "words"}]}]});
    ada.post(server, "/message/append", said).await?;
    let made = ada
        .post(server, &format!("/api/share/{id}"), json!({}))
        .await?;
    let share = made.json()["shareId"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    anyhow::ensure!(made.status == 200, "{made:?}");
    Ok((ada, format!("/api/share/{share}")))
}

#[tokio::test]
async fn everybody_reads_a_public_link_until_the_account_is_gone() -> Test {
    let server = server("").await?;
    join(&server, "root@example.org").await?;
    let (ada, path) = shared(&server).await?;
    let told = as_stranger(&server, Method::GET, &path, None).await?;
    assert_eq!(
        (told.status, told.header("cache-control")),
        (200, "no-store"),
        "{told:?}"
    );
    assert_eq!(each(&told.json()["messages"], "text"), ["words"]);
    assert!(!String::from_utf8_lossy(&told.body).contains("Ada"));
    let config = as_stranger(&server, Method::GET, &format!("{path}/config"), None).await?;
    assert_eq!(
        (config.status, config.json()["appTitle"].is_string()),
        (200, true),
        "{config:?}"
    );
    let eve = join(&server, "eve@example.org").await?;
    assert_eq!(eve.get(&server, &path).await?.status, 200);
    for method in [Method::PATCH, Method::DELETE] {
        let foreign = eve.send(&server, method, &path, Some(&json!({}))).await?;
        assert_eq!(message(&foreign), (404, "Share not found".to_owned()));
    }
    ada.send(
        &server,
        Method::DELETE,
        "/api/user/delete",
        Some(&json!({})),
    )
    .await?;
    let gone = as_stranger(&server, Method::GET, &path, None).await?;
    assert_eq!(message(&gone), (404, "Shared link not found".to_owned()));
    Ok(())
}
