//! Prompts.

use serde_json::{Value, json};

use super::{each, read, send, world};
use crate::librechat::people::{join, server};
use crate::support::Test;

fn new(name: &str, words: &str) -> Value {
    json!({"prompt": {"prompt": words, "type": "text"}, "group": {"name": name, "category": "code", "oneliner": "o", "command": "c"}})
}

#[tokio::test]
async fn a_prompt_has_versions_of_which_one_is_in_use() -> Test {
    let server = world().await?;
    let client = server.client();
    let (status, made) = send(client, "POST", "/api/prompts", new("A", "one")).await?;
    assert_eq!(
        (status, &made["group"]["productionPrompt"]),
        (200, &json!({"prompt": "one"})),
        "{made}"
    );
    let group = made["group"]["_id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(made["prompt"]["groupId"], json!(group));
    let path = format!("/api/prompts/groups/{group}");
    let version = json!({"prompt": {"prompt": "two", "type": "chat"}});
    let (_, added) = send(client, "POST", &format!("{path}/prompts"), version).await?;
    let second = added["prompt"]["_id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let versions = read(client, &format!("/api/prompts?groupId={group}")).await?;
    assert_eq!(each(&versions, "prompt"), ["two", "one"]);
    assert_eq!(
        read(client, &path).await?["productionPrompt"]["prompt"],
        "one"
    );
    send(
        client,
        "PATCH",
        &format!("/api/prompts/{second}/tags/production"),
        json!({}),
    )
    .await?;
    assert_eq!(
        read(client, &path).await?["productionPrompt"]["prompt"],
        "two"
    );
    let used = send(client, "POST", &format!("{path}/use"), json!({})).await?;
    assert_eq!(used, (200, json!({"numberOfGenerations": 1})));
    let (_, changed) = send(
        client,
        "PATCH",
        &path,
        json!({"name": "B", "command": null}),
    )
    .await?;
    assert_eq!(
        (
            &changed["name"],
            changed.get("command"),
            &changed["category"]
        ),
        (&json!("B"), None, &json!("code"))
    );
    send(client, "POST", "/api/prompts", new("C", "three")).await?;
    let page = read(client, "/api/prompts/groups?limit=1").await?;
    assert_eq!(
        (each(&page["promptGroups"], "name"), &page["has_more"]),
        (vec![&json!("B")], &json!(true))
    );
    let after = page["after"].as_str().unwrap_or_default();
    let page = read(
        client,
        &format!("/api/prompts/groups?limit=1&cursor={after}"),
    )
    .await?;
    assert_eq!(
        (each(&page["promptGroups"], "name"), &page["after"]),
        (vec![&json!("C")], &Value::Null)
    );
    assert_eq!(
        each(&read(client, "/api/prompts/all?name=c").await?, "name"),
        ["C"]
    );
    let bits = read(
        client,
        &format!("/api/permissions/promptGroup/{group}/effective"),
    )
    .await?;
    assert_eq!(bits, json!({"permissionBits": 15}));
    let delete = async |id: &str| {
        send(
            client,
            "DELETE",
            &format!("/api/prompts/{id}?groupId={group}"),
            Value::Null,
        )
        .await
    };
    assert_eq!(
        delete(&second).await?,
        (200, json!({"prompt": "Prompt deleted successfully"}))
    );
    assert_eq!(
        read(client, &path).await?["productionPrompt"]["prompt"],
        "one"
    );
    let last = delete(made["prompt"]["_id"].as_str().unwrap_or_default()).await?;
    assert_eq!(last.1["promptGroup"]["id"], json!(group));
    assert_eq!(
        send(client, "GET", &path, Value::Null).await?,
        (404, json!({"message": "Prompt group not found"}))
    );
    Ok(())
}

#[tokio::test]
async fn bad_prompts_are_refused_and_those_of_others_are_not_there() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    let made = ada
        .post(&server, "/api/prompts", new("A", "one"))
        .await?
        .json();
    let group = made["group"]["_id"].as_str().unwrap_or_default();
    let prompt = made["prompt"]["_id"].as_str().unwrap_or_default();
    assert_eq!(made["group"]["authorName"], "Ada Lovelace");
    let path = format!("/api/prompts/groups/{group}");
    for (method, path, body) in [
        ("GET", path.clone(), None),
        ("PATCH", path.clone(), Some(json!({"name": "E"}))),
        ("DELETE", path.clone(), None),
        ("POST", format!("{path}/use"), Some(json!({}))),
        (
            "POST",
            format!("{path}/prompts"),
            Some(json!({"prompt": {"prompt": "x", "type": "text"}})),
        ),
        ("GET", format!("/api/prompts?groupId={group}"), None),
        ("GET", format!("/api/prompts/{prompt}"), None),
        (
            "PATCH",
            format!("/api/prompts/{prompt}/tags/production"),
            Some(json!({})),
        ),
        (
            "DELETE",
            format!("/api/prompts/{prompt}?groupId={group}"),
            None,
        ),
        (
            "GET",
            format!("/api/permissions/promptGroup/{group}/effective"),
            None,
        ),
    ] {
        let reply = eve
            .send(&server, method.parse()?, &path, body.as_ref())
            .await?;
        assert_eq!(reply.status, 404, "{method} {path} {reply:?}");
    }
    for (method, path, body) in [
        ("POST", "/api/prompts".to_owned(), json!({})),
        (
            "POST",
            "/api/prompts".to_owned(),
            json!({"prompt": {"prompt": "x", "type": "text"}, "group": {}}),
        ),
        (
            "POST",
            format!("{path}/prompts"),
            json!({"prompt": {"prompt": "", "type": "text"}}),
        ),
        ("PATCH", path.clone(), json!({"author": "x"})),
        ("GET", "/api/prompts?groupId=none".to_owned(), Value::Null),
        ("DELETE", format!("/api/prompts/{prompt}"), Value::Null),
    ] {
        let body = Some(&body).filter(|body| !body.is_null());
        let reply = ada.send(&server, method.parse()?, &path, body).await?;
        assert_eq!(reply.status, 400, "{method} {path} {reply:?}");
    }
    assert_eq!(ada.get(&server, &path).await?.json(), made["group"]);
    Ok(())
}
