//! Creating, listing, changing, trashing and restoring conversations.

use manent_testkit::{Client, TestServer, new_id};
use serde_json::{Value, json};

use crate::support::redaction::{Redaction, redacted};
use crate::support::{Test, create, say};

/// A conversation as it is answered, with changes.
fn expected(changes: &Value) -> Value {
    let mut conversation = json!({
        "id": "<c>", "title": null, "titleSource": "none", "config": {}, "archived": false, "pinned": false, "trashedAt": null,
        "lastSeq": 0, "createdAt": "<time>", "updatedAt": "<time>", "lastMessageAt": "<time>", "archivedAt": null,
        "expiresAt": null, "labels": []
    });
    for (field, value) in changes.as_object().into_iter().flatten() {
        conversation[field] = value.clone();
    }
    conversation
}

async fn ids(client: &Client, path: &str) -> anyhow::Result<Vec<String>> {
    let answer = client.get(path).await?;
    anyhow::ensure!(answer.status == 200, "{answer:?}");
    let list = answer.body["conversations"].as_array().cloned();
    Ok(list
        .unwrap_or_default()
        .iter()
        .filter_map(|conversation| conversation["id"].as_str().map(str::to_owned))
        .collect())
}

#[tokio::test]
async fn creates_once_and_answers_with_the_existing_one_afterwards() -> Test {
    let server = TestServer::start().await?;
    let id = new_id();
    let body = json!({"id": id, "title": "  Plan the garden ", "config": {"model": "m", "temperature": 0.5, "stop": ["x"],
        "topP": 1.0, "maxTokens": 10, "system": "s", "provider": "p", "thinking": {"budgetTokens": 1024}, "reasoningEffort": "low"}});
    let names = Redaction::new(&[(&id, "c")]);

    let first = server.client().post("/conversation/create", &body).await?;
    assert_eq!(first.status, 201);
    let whole = expected(
        &json!({"title": "Plan the garden", "titleSource": "user", "config": body["config"]}),
    );
    assert_eq!(names.apply(&first.body), whole);

    let other = json!({"id": id, "title": "Another"});
    for again in [&body, &other] {
        let second = server.client().post("/conversation/create", again).await?;
        assert_eq!((second.status, &second.body), (200, &first.body));
    }
    let read = server.client().get(&format!("/conversation/{id}")).await?;
    assert_eq!((read.status, read.body), (200, first.body));
    Ok(())
}

#[tokio::test]
async fn creates_with_an_empty_object_and_mints_a_new_id_each_time() -> Test {
    let server = TestServer::start().await?;
    let first = server
        .client()
        .post("/conversation/create", &json!({}))
        .await?;
    let second = server
        .client()
        .post("/conversation/create", &json!({}))
        .await?;
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(redacted(&first.body), expected(&json!({"id": "<id>"})));
    assert_ne!(first.body["id"], second.body["id"]);
    Ok(())
}

#[tokio::test]
async fn pages_show_each_conversation_once_while_others_are_inserted() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let mut created = Vec::new();
    for _ in 0..11 {
        created.push(create(client).await?);
    }
    let newest_first = ids(client, "/conversations?limit=100").await?;
    assert_eq!(newest_first.len(), 11);

    let mut seen = Vec::new();
    let mut path = "/conversations?limit=3".to_owned();
    let mut sizes = Vec::new();
    loop {
        let page = client.get(&path).await?;
        let shown = page.body["conversations"].as_array().cloned();
        let shown = shown.unwrap_or_default();
        sizes.push(shown.len());
        seen.extend(
            shown
                .iter()
                .map(|one| one["id"].as_str().unwrap_or_default().to_owned()),
        );
        create(client).await?;
        match page.body["next"].as_str() {
            Some(next) => path = format!("/conversations?limit=3&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, newest_first);
    assert_eq!(sizes, [3, 3, 3, 2]);
    Ok(())
}

#[tokio::test]
async fn a_message_moves_its_conversation_to_the_top() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let (first, second) = (create(client).await?, create(client).await?);
    say(client, &first, "hello").await?;
    let mut listed = ids(client, "/conversations").await?;
    // Within one millisecond the id decides.
    let times = client.get("/conversations").await?.body["conversations"].clone();
    if times[0]["lastMessageAt"] == times[1]["lastMessageAt"] {
        listed.sort();
    }
    assert_eq!(listed, [first, second]);
    Ok(())
}

#[tokio::test]
async fn filters_choose_archived_trashed_and_pinned() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let (plain, pinned, archived, trashed) = (
        create(client).await?,
        create(client).await?,
        create(client).await?,
        create(client).await?,
    );
    client
        .patch(&format!("/conversation/{pinned}"), &json!({"pinned": true}))
        .await?;
    client
        .patch(
            &format!("/conversation/{archived}"),
            &json!({"archived": true}),
        )
        .await?;
    client.delete(&format!("/conversation/{trashed}")).await?;
    let all = |query: &str| {
        let path = format!("/conversations{query}");
        async move { ids(client, &path).await }
    };
    let mut active = all("").await?;
    active.sort();
    let mut expected = vec![plain.clone(), pinned.clone()];
    expected.sort();
    assert_eq!(active, expected);
    assert_eq!(all("?pinned=true").await?, [pinned]);
    assert_eq!(all("?pinned=false").await?, [plain]);
    assert_eq!(all("?archived=true").await?, [archived]);
    assert_eq!(all("?trashed=true").await?, [trashed]);
    assert_eq!(
        all("?archived=true&trashed=true&pinned=true").await?,
        [""; 0]
    );
    Ok(())
}

#[tokio::test]
async fn patches_what_is_named_and_nothing_else() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let id = create(client).await?;
    let path = format!("/conversation/{id}");
    let names = Redaction::new(&[(&id, "c")]);
    let config = json!({"model": "a", "system": "b"});
    let steps = [
        (json!({"config": config}), json!({"config": config})),
        (
            json!({"title": "T"}),
            json!({"title": "T", "titleSource": "user"}),
        ),
        (
            json!({"archived": true}),
            json!({"archived": true, "archivedAt": "<time>"}),
        ),
        (
            json!({"labels": {"add": ["b", "a"]}}),
            json!({"labels": ["a", "b"]}),
        ),
        (
            json!({"labels": {"remove": ["a"], "add": ["ü"]}}),
            json!({"labels": ["b", "ü"]}),
        ),
        (json!({"pinned": true}), json!({"pinned": true})),
        (json!({}), json!({})),
        (
            json!({"config": {"model": "c"}, "archived": false}),
            json!({"config": {"model": "c"}, "archived": false, "archivedAt": null}),
        ),
    ];
    let mut whole = expected(&json!({}));
    for (patch, changes) in steps {
        let answer = client.patch(&path, &patch).await?;
        for (field, value) in changes.as_object().into_iter().flatten() {
            whole[field] = value.clone();
        }
        assert_eq!(
            (answer.status, names.apply(&answer.body)),
            (200, whole.clone())
        );
        assert_eq!(client.get(&path).await?.body, answer.body);
    }
    Ok(())
}

#[tokio::test]
async fn a_temporary_conversation_answers_whoever_knows_it_and_stands_nowhere() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let id = new_id();
    let body =
        json!({"id": id, "expiresAt": "2999-01-01T00:00:00.000Z", "labels": ["b", "a", "b"]});
    let created = client.post("/conversation/create", &body).await?;
    assert_eq!(created.status, 201);
    assert_eq!(created.body["expiresAt"], body["expiresAt"]);
    assert_eq!(created.body["labels"], json!(["a", "b"]));
    say(client, &id, "white whale").await?;
    assert_eq!(client.all_messages(&id).await?.len(), 1);
    let read = client.get(&format!("/conversation/{id}")).await?;
    assert_eq!((read.status, &read.body["lastSeq"]), (200, &json!(1)));
    assert_eq!(
        ids(client, "/conversations").await?,
        Vec::<String>::default()
    );
    assert_eq!(client.get("/search?q=whale").await?.body["hits"], json!([]));
    Ok(())
}

#[tokio::test]
async fn labels_and_ends_outside_their_bounds_are_refused() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let many: Vec<String> = (0..101).map(|number| format!("l{number}")).collect();
    for (status, body) in [
        (422, json!({"expiresAt": "2020-01-01T00:00:00.000Z"})),
        (422, json!({"labels": many})),
        (400, json!({"expiresAt": "tomorrow"})),
        (400, json!({"labels": [""]})),
        (400, json!({"labels": ["a\nb"]})),
        (400, json!({"labels": ["x".repeat(161)]})),
    ] {
        let refused = client.post("/conversation/create", &body).await?;
        assert_eq!(refused.status, status, "{body}: {refused:?}");
    }
    let id = create(client).await?;
    let path = format!("/conversation/{id}");
    for (status, body) in [
        (422, json!({"labels": {"add": many}})),
        (400, json!({"labels": ["a"]})),
        (400, json!({"labels": {"set": ["a"]}})),
        (400, json!({"expiresAt": "2999-01-01T00:00:00.000Z"})),
    ] {
        let refused = client.patch(&path, &body).await?;
        assert_eq!(refused.status, status, "{body}: {refused:?}");
    }
    assert_eq!(client.get(&path).await?.body["labels"], json!([]));
    Ok(())
}

#[tokio::test]
async fn the_trash_keeps_everything_and_gives_it_back() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let id = create(client).await?;
    say(client, &id, "keep me").await?;
    let path = format!("/conversation/{id}");
    let before = client.get(&path).await?.body;

    let trashed = client.delete(&path).await?;
    assert_eq!(trashed.status, 200);
    assert!(trashed.body["trashedAt"].is_string(), "{trashed:?}");
    assert_eq!(
        client.delete(&path).await?,
        trashed,
        "repeating changes nothing"
    );
    assert_eq!(client.get(&path).await?, trashed);
    assert_eq!(client.get("/search?q=keep").await?.body["hits"], json!([]));
    assert_eq!(client.all_messages(&id).await?.len(), 1);

    let restored = client.post(&format!("{path}/restore"), &json!({})).await?;
    let mut expected = before.clone();
    expected["updatedAt"] = restored.body["updatedAt"].clone();
    assert_eq!((restored.status, &restored.body), (200, &expected));
    let again = client.post(&format!("{path}/restore"), &json!({})).await?;
    assert_eq!(again, restored, "repeating changes nothing");
    let hits = client.get("/search?q=keep").await?.body["hits"].clone();
    // The title, cut from the message, and the message.
    assert_eq!(hits.as_array().map(Vec::len), Some(2));
    Ok(())
}

#[tokio::test]
async fn only_a_users_message_takes_a_conversation_out_of_the_trash() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let id = create(client).await?;
    let path = format!("/conversation/{id}");
    client.delete(&path).await?;
    for role in ["assistant", "system", "tool"] {
        let message = json!({"conversationId": id, "role": role, "content": "x"});
        client
            .post("/message/append", &json!({"message": message}))
            .await?;
        assert!(
            client.get(&path).await?.body["trashedAt"].is_string(),
            "{role}"
        );
    }
    client
        .patch(&path, &json!({"title": "T", "archived": true}))
        .await?;
    assert!(client.get(&path).await?.body["trashedAt"].is_string());
    say(client, &id, "hello").await?;
    assert_eq!(client.get(&path).await?.body["trashedAt"], json!(null));
    Ok(())
}

#[tokio::test]
async fn whatever_names_no_conversation_is_not_found() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let unknown = new_id();
    let path = format!("/conversation/{unknown}");
    let answers = [
        client.get(&path).await?,
        client.patch(&path, &json!({"title": "T"})).await?,
        client.delete(&path).await?,
        client.post(&format!("{path}/restore"), &json!({})).await?,
        client.get(&format!("{path}/messages")).await?,
    ];
    for answer in answers {
        assert_eq!(
            (answer.status, answer.code()),
            (404, "conversation_not_found")
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_empty_patch_changes_nothing_not_even_the_time_of_the_last_change() -> Test {
    let server = TestServer::start().await?;
    let id = create(server.client()).await?;
    let path = format!("/conversation/{id}");
    let before = server.client().get(&path).await?;
    for nothing in [json!({}), json!({"title": null})] {
        let answer = server.client().patch(&path, &nothing).await?;
        assert_eq!((answer.status, &answer.body), (200, &before.body));
    }
    let missing = format!("/conversation/{}", new_id());
    let answer = server.client().patch(&missing, &json!({})).await?;
    assert_eq!(
        (answer.status, answer.code()),
        (404, "conversation_not_found")
    );
    Ok(())
}

#[tokio::test]
async fn says_what_is_wrong_with_a_query() -> Test {
    let server = TestServer::start().await?;
    let limit = server.client().get("/conversations?limit=101").await?;
    assert_eq!(
        (
            limit.status,
            limit.code(),
            &limit.body["field"],
            &limit.body["detail"]
        ),
        (
            400,
            "invalid_query",
            &json!("limit"),
            &json!("Lies between 1 and 100.")
        )
    );
    let unknown = server.client().get("/conversations?archive=true").await?;
    let detail = unknown.body["detail"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert_eq!((unknown.status, unknown.code()), (400, "invalid_query"));
    assert!(
        detail.contains("archive") && detail.contains("archived"),
        "{detail}"
    );
    Ok(())
}
