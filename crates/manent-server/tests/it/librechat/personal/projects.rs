//! Projects.

use serde_json::{Value, json};

use super::{conversation, each, read, send, world};
use crate::support::Test;

#[tokio::test]
async fn conversations_stand_in_one_project_and_outlive_it() -> Test {
    let server = world().await?;
    let client = server.client();
    let make =
        async |name: &str| send(client, "POST", "/api/projects", json!({ "name": name })).await;
    let (status, a) = make(" Alpha ").await?;
    assert_eq!(
        (
            status,
            &a["name"],
            &a["conversationCount"],
            &a["lastConversationAt"]
        ),
        (201, &json!("Alpha"), &json!(0), &Value::Null),
        "{a}"
    );
    let (_, b) = make("Beta").await?;
    let one = conversation(client, "One").await?;
    let assign = async |id: &Value| {
        let path = format!("/api/projects/conversations/{one}");
        send(client, "PUT", &path, json!({ "projectId": id })).await
    };
    let (status, assigned) = assign(&a["_id"]).await?;
    assert_eq!(
        (
            status,
            &assigned["previousProjectId"],
            &assigned["projectId"]
        ),
        (200, &Value::Null, &a["_id"]),
        "{assigned}"
    );
    assert_eq!(assigned["conversation"]["chatProjectId"], a["_id"]);
    let (_, assigned) = assign(&b["_id"]).await?;
    assert_eq!(assigned["previousProjectId"], a["_id"]);
    let list = read(client, "/api/projects").await?;
    assert_eq!(
        each(&list["projects"], "name"),
        ["Beta", "Alpha"],
        "the last used first"
    );
    assert_eq!(
        each(&list["projects"], "conversationCount"),
        [&json!(1), &json!(0)]
    );
    assert_eq!(list["projects"][0]["lastConversationId"], json!(one));
    assert_eq!(list["nextCursor"], Value::Null);
    let path = |id: &Value| format!("/api/projects/{}", id.as_str().unwrap_or_default());
    let (_, renamed) = send(
        client,
        "PATCH",
        &path(&b["_id"]),
        json!({"description": "d"}),
    )
    .await?;
    assert_eq!(
        (&renamed["name"], &renamed["description"]),
        (&json!("Beta"), &json!("d"))
    );
    let deleted = send(client, "DELETE", &path(&b["_id"]), Value::Null).await?;
    assert_eq!(
        deleted,
        (200, json!({"deletedCount": 1, "modifiedCount": 1}))
    );
    assert_eq!(
        read(client, &format!("/api/convos/{one}"))
            .await?
            .get("chatProjectId"),
        None
    );
    assert_eq!(
        assign(&b["_id"]).await?,
        (404, json!({"error": "Project not found"}))
    );
    Ok(())
}

#[tokio::test]
async fn projects_come_in_pages_and_bad_ones_are_refused() -> Test {
    let server = world().await?;
    let client = server.client();
    for name in ["c", "a", "b"] {
        send(client, "POST", "/api/projects", json!({ "name": name })).await?;
    }
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = read(
            client,
            &format!("/api/projects?limit=1&sortBy=name&sortDirection=asc{cursor}"),
        )
        .await?;
        names.push(page["projects"][0]["name"].clone());
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(names, ["a", "b", "c"]);
    let one = conversation(client, "One").await?;
    let convo = format!("/api/projects/conversations/{one}");
    let unknown = "/api/projects/000000000000000000000000";
    for (method, path, body, status, words) in [
        ("POST", "/api/projects", json!({}), 400, "name is required"),
        (
            "POST",
            "/api/projects",
            json!({"name": " "}),
            400,
            "name is required",
        ),
        (
            "GET",
            "/api/projects/none",
            Value::Null,
            404,
            "Project not found",
        ),
        ("GET", unknown, Value::Null, 404, "Project not found"),
        (
            "PATCH",
            unknown,
            json!({"name": "x"}),
            404,
            "Project not found",
        ),
        ("DELETE", unknown, Value::Null, 404, "Project not found"),
        (
            "PUT",
            convo.as_str(),
            json!({"projectId": 1}),
            400,
            "projectId must be a string or null",
        ),
        (
            "PUT",
            convo.as_str(),
            json!({"projectId": "none"}),
            404,
            "Project not found",
        ),
        (
            "PUT",
            "/api/projects/conversations/none",
            json!({"projectId": null}),
            404,
            "Conversation not found",
        ),
    ] {
        let answer = send(client, method, path, body.clone()).await?;
        assert_eq!(
            answer,
            (status, json!({ "error": words })),
            "{method} {path} {body}"
        );
    }
    Ok(())
}
