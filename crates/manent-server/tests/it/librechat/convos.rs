//! Conversations as LibreChat's client lists, changes, copies, imports and deletes them.

use manent_testkit::TestServer;
use reqwest::Method;
use serde_json::{Value, json};

use super::people::{Person, join, server, text};
use crate::support::Test;
use crate::support::reply::Reply;

/// The parent of what has none.
pub(super) const NO_PARENT: &str = "00000000-0000-0000-0000-000000000000";

/// An id that is nobody's.
const NOBODYS: &str = "0199c0de-0000-7000-8000-00000000beef";

/// The id of a message or a conversation by its number.
pub(super) fn id(number: u32) -> String {
    format!("0199c0de-0000-7000-8000-{number:012}")
}

/// A conversation with a title and messages: number, parent's number (0: none), what is said. Even numbers are answers.
pub(super) async fn seed(
    server: &TestServer,
    person: &Person,
    conversation: u32,
    title: &str,
    messages: &[(u32, u32, &str)],
) -> anyhow::Result<()> {
    let body = json!({"id": id(conversation), "title": title});
    let made = person.post(server, "/conversation/create", body).await?;
    anyhow::ensure!(made.status == 200 || made.status == 201, "{made:?}");
    let messages: Vec<Value> = messages
        .iter()
        .map(|(number, parent, said)| {
            let parent = (*parent > 0).then(|| id(*parent));
            let role = if number % 2 == 0 { "assistant" } else { "user" };
            json!({"id": id(*number), "conversationId": id(conversation), "parentId": parent, "role": role, "content": said})
        })
        .collect();
    if !messages.is_empty() {
        let body = json!({ "messages": messages });
        let stored = person.post(server, "/message/append", body).await?;
        anyhow::ensure!(stored.status == 200, "{stored:?}");
    }
    Ok(())
}

async fn delete(server: &TestServer, person: &Person, body: Value) -> anyhow::Result<Reply> {
    person
        .send(server, Method::DELETE, "/api/convos", Some(&body))
        .await
}

/// Sends a file, as the client does.
async fn import(server: &TestServer, person: &Person, file: &str) -> anyhow::Result<Reply> {
    let body = format!(
        "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.json\"\r\nContent-Type: application/json\r\n\r\n{file}\r\n--cut--\r\n"
    );
    let client = server.client();
    let request = client
        .http()
        .post(client.url("/api/convos/import"))
        .bearer_auth(&person.token)
        .header("content-type", "multipart/form-data; boundary=cut")
        .body(body);
    Reply::to(request).await
}

async fn titles(server: &TestServer, person: &Person, query: &str) -> anyhow::Result<Vec<String>> {
    let reply = person.get(server, &format!("/api/convos{query}")).await?;
    anyhow::ensure!(reply.status == 200, "{reply:?}");
    let rows = reply.json()["conversations"].as_array().cloned();
    let title = |row: &Value| row["title"].as_str().unwrap_or_default().to_owned();
    Ok(rows.unwrap_or_default().iter().map(title).collect())
}

fn error(reply: &Reply) -> (u16, String) {
    let body = reply.json();
    (
        reply.status,
        body["error"].as_str().unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn a_change_answers_the_whole_conversation() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    seed(&server, &ada, 1, "First", &[(3, 0, "Hi")]).await?;
    let path = format!("/api/convos/{}", id(1));
    let mut expected = ada.get(&server, &path).await?.json();
    let before = expected["updatedAt"].clone();
    let changes = [
        ("update", json!({"title": " Two\nlines "}), 201),
        ("archive", json!({"isArchived": true}), 200),
        ("pin", json!({"pinned": true}), 200),
        ("archive", json!({"isArchived": false}), 200),
    ];
    for (what, mut argument, status) in changes {
        argument["conversationId"] = id(1).into();
        let reply = ada
            .post(
                &server,
                &format!("/api/convos/{what}"),
                json!({"arg": argument}),
            )
            .await?;
        let told = reply.json();
        assert_eq!(reply.status, status, "{reply:?}");
        assert_eq!(told, ada.get(&server, &path).await?.json());
        // To file it away, to pin or to name it is no activity.
        assert_eq!(told["updatedAt"], before);
        assert_eq!(told.get("archivedAt").is_some(), told["isArchived"] == true);
        expected = told;
    }
    assert_eq!(
        (expected["title"].as_str(), expected["pinned"].as_bool()),
        (Some("Two lines"), Some(true))
    );
    let long = json!({"arg": {"conversationId": id(1), "title": "ä".repeat(2_000)}});
    let told = ada.post(&server, "/api/convos/update", long).await?.json();
    assert_eq!(told["title"], "ä".repeat(200));
    Ok(())
}

#[tokio::test]
async fn a_change_that_says_too_little_is_refused() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    seed(&server, &ada, 1, "First", &[]).await?;
    let own = id(1);
    for (what, argument, expected) in [
        ("update", json!({}), (400, "conversationId is required")),
        (
            "update",
            json!({"conversationId": own}),
            (400, "title is required"),
        ),
        (
            "update",
            json!({"conversationId": own, "title": 7}),
            (400, "title must be a string"),
        ),
        (
            "update",
            json!({"conversationId": own, "title": " "}),
            (400, "title is required"),
        ),
        (
            "archive",
            json!({"isArchived": true}),
            (400, "conversationId is required"),
        ),
        (
            "archive",
            json!({"conversationId": own, "isArchived": "true"}),
            (400, "isArchived must be a boolean"),
        ),
        (
            "pin",
            json!({"conversationId": own}),
            (400, "pinned is required"),
        ),
        (
            "pin",
            json!({"conversationId": own, "pinned": 1}),
            (400, "pinned must be a boolean"),
        ),
        (
            "pin",
            json!({"conversationId": "x", "pinned": true}),
            (404, "Conversation not found"),
        ),
        (
            "pin",
            json!({"conversationId": NOBODYS, "pinned": true}),
            (404, "Conversation not found"),
        ),
    ] {
        let path = format!("/api/convos/{what}");
        let reply = ada.post(&server, &path, json!({ "arg": argument })).await?;
        assert_eq!(
            error(&reply),
            (expected.0, expected.1.to_owned()),
            "{what} {argument}"
        );
    }
    for (what, argument) in [
        ("update", json!({"conversationId": own, "title": "Mine"})),
        (
            "archive",
            json!({"conversationId": own, "isArchived": true}),
        ),
        ("pin", json!({"conversationId": own, "pinned": true})),
    ] {
        let path = format!("/api/convos/{what}");
        let reply = eve.post(&server, &path, json!({ "arg": argument })).await?;
        assert_eq!(
            error(&reply),
            (404, "Conversation not found".to_owned()),
            "{what}"
        );
    }
    assert_eq!(titles(&server, &ada, "").await?, ["First"]);
    Ok(())
}

#[tokio::test]
async fn the_list_has_pages_and_filters() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    for (number, title) in [(1, "b"), (2, "c"), (3, "a"), (4, "d")] {
        seed(
            &server,
            &ada,
            number,
            title,
            &[(number * 10 + 1, 0, &format!("words of {title}"))],
        )
        .await?;
    }
    let mut seen = Vec::new();
    let mut query = "?limit=3".to_owned();
    loop {
        let page = ada
            .get(&server, &format!("/api/convos{query}"))
            .await?
            .json();
        let rows = page["conversations"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        seen.extend(
            rows.iter()
                .map(|row| row["title"].as_str().unwrap_or_default().to_owned()),
        );
        let Some(cursor) = page["nextCursor"].as_str() else {
            assert_eq!(page.get("nextCursor"), Some(&Value::Null));
            break;
        };
        query = format!("?limit=3&cursor={cursor}");
    }
    assert_eq!(seen, ["d", "a", "c", "b"]);
    assert_eq!(
        titles(&server, &ada, "?sortBy=title&sortDirection=asc").await?,
        ["a", "b", "c", "d"]
    );
    assert_eq!(
        titles(&server, &ada, "?cursor=made-up&limit=0")
            .await?
            .len(),
        4
    );
    let archive = json!({"arg": {"conversationId": id(2), "isArchived": true}});
    ada.post(&server, "/api/convos/archive", archive).await?;
    let pin = json!({"arg": {"conversationId": id(3), "pinned": true}});
    ada.post(&server, "/api/convos/pin", pin).await?;
    assert_eq!(
        titles(
            &server,
            &ada,
            "?isArchived=true&sortBy=archivedAt&sortDirection=desc"
        )
        .await?,
        ["c"]
    );
    assert_eq!(titles(&server, &ada, "?pinned=true").await?, ["a"]);
    assert_eq!(
        titles(&server, &ada, "?projectId=unassigned").await?.len(),
        3
    );
    for nothing in [
        "?tags=x",
        "?tags=x&tags=y",
        "?projectId=0123456789abcdef01234567",
        "?search=%20%2A",
    ] {
        assert_eq!(
            titles(&server, &ada, nothing).await?,
            Vec::<String>::new(),
            "{nothing}"
        );
    }
    assert_eq!(
        titles(&server, &ada, "?search=words%20of").await?,
        ["d", "a", "b"]
    );
    assert_eq!(
        titles(&server, &ada, "?search=words%20of&limit=1").await?,
        ["d"]
    );
    assert_eq!(
        titles(&server, &ada, "?search=words&isArchived=true").await?,
        ["c"]
    );
    for bad in ["?sortBy=user", "?projectId=x"] {
        assert_eq!(
            ada.get(&server, &format!("/api/convos{bad}")).await?.status,
            400,
            "{bad}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_is_deleted_is_gone_here_and_in_the_trash_of_manent() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    seed(&server, &ada, 1, "First", &[(3, 0, "Hi"), (4, 3, "Hello")]).await?;
    let named = json!({"arg": {"conversationId": id(1), "source": "button"}});
    assert_eq!(
        error(&delete(&server, &eve, named.clone()).await?),
        (404, "Conversation not found".to_owned())
    );
    let reply = delete(&server, &ada, named.clone()).await?;
    let expected = json!({"acknowledged": true, "deletedCount": 1, "messages": {"acknowledged": true, "deletedCount": 2}, "conversationIds": [id(1)]});
    assert_eq!((reply.status, reply.json()), (201, expected));
    let conversation = ada.get(&server, &format!("/api/convos/{}", id(1))).await?;
    assert_eq!(text(&conversation), (404, String::new()));
    for path in [
        format!("/api/messages/{}", id(1)),
        format!("/api/messages/{}/{}", id(1), id(3)),
    ] {
        assert_eq!(
            error(&ada.get(&server, &path).await?),
            (404, "Conversation not found".to_owned()),
            "{path}"
        );
    }
    assert_eq!(
        error(&delete(&server, &ada, named).await?),
        (404, "Conversation not found".to_owned())
    );
    let fork = json!({"conversationId": id(1), "messageId": id(4)});
    assert_eq!(
        ada.post(&server, "/api/convos/fork", fork).await?.status,
        404
    );
    assert_eq!(titles(&server, &ada, "").await?, Vec::<String>::new());
    let restored = ada
        .post(
            &server,
            &format!("/conversation/{}/restore", id(1)),
            json!({}),
        )
        .await?;
    assert_eq!(restored.status, 200, "{restored:?}");
    assert_eq!(titles(&server, &ada, "").await?, ["First"]);
    Ok(())
}

#[tokio::test]
async fn deleting_and_archiving_everything_is_said_in_full() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    seed(&server, &eve, 9, "Eve's", &[]).await?;
    for number in 1..4 {
        seed(&server, &ada, number, "T", &[]).await?;
    }
    let archived = ada
        .post(&server, "/api/convos/archive/all", json!({}))
        .await?;
    assert_eq!(
        (archived.status, archived.json()),
        (200, json!({"archivedCount": 3}))
    );
    seed(&server, &ada, 4, "U", &[]).await?;
    for (body, expected) in [
        (json!({}), (400, "no parameters provided")),
        (json!({"arg": {}}), (400, "no parameters provided")),
        (
            json!({"arg": {"endpoint": "openAI"}}),
            (400, "no parameters provided"),
        ),
    ] {
        assert_eq!(
            error(&delete(&server, &ada, body).await?),
            (expected.0, expected.1.to_owned())
        );
    }
    let button = delete(&server, &ada, json!({"arg": {"source": "button"}})).await?;
    assert_eq!(
        text(&button),
        (200, "No conversationId provided".to_owned())
    );
    let all = ada
        .send(&server, Method::DELETE, "/api/convos/all", None)
        .await?;
    assert_eq!((all.status, &all.json()["deletedCount"]), (201, &json!(4)));
    assert_eq!(
        titles(&server, &ada, "").await?.len()
            + titles(&server, &ada, "?isArchived=true").await?.len(),
        0
    );
    assert_eq!(titles(&server, &eve, "").await?, ["Eve's"]);
    Ok(())
}

/// What messages say, in their order, each behind what its parent says.
fn outline(messages: &Value) -> Vec<(String, String)> {
    let list = messages.as_array().cloned().unwrap_or_default();
    let said = |message: &Value| {
        let part = message["content"][0]["text"].as_str();
        part.or(message["text"].as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let parent = |message: &Value| {
        let mut parents = list
            .iter()
            .filter(|one| one["messageId"] == message["parentMessageId"]);
        parents.next().map(said).unwrap_or_default()
    };
    list.iter()
        .map(|message| (parent(message), said(message)))
        .collect()
}

fn rows(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter()
        .map(|(parent, said)| ((*parent).to_owned(), (*said).to_owned()))
        .collect()
}

#[tokio::test]
async fn forks_and_duplicates_are_conversations_of_their_own() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    let messages = [
        (11, 0, "q"),
        (12, 11, "a"),
        (14, 11, "b"),
        (13, 12, "q2"),
        (16, 13, "a2"),
    ];
    seed(&server, &ada, 1, "First", &messages).await?;
    let fork = async |more: Value| {
        let mut body = json!({"conversationId": id(1), "messageId": id(13)});
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        ada.post(&server, "/api/convos/fork", body).await
    };
    for (more, expected) in [
        (
            json!({"option": "directPath"}),
            rows(&[("", "q"), ("q", "a"), ("a", "q2")]),
        ),
        (
            json!({"option": "includeBranches"}),
            rows(&[("", "q"), ("q", "a"), ("q", "b"), ("a", "q2")]),
        ),
        (
            json!({}),
            rows(&[("", "q"), ("q", "a"), ("q", "b"), ("a", "q2")]),
        ),
        (
            json!({"splitAtTarget": true, "latestMessageId": id(16)}),
            rows(&[("", "q2"), ("q2", "a2")]),
        ),
    ] {
        let reply = fork(more.clone()).await?;
        assert_eq!(reply.status, 200, "{reply:?}");
        let told = reply.json();
        assert_eq!(outline(&told["messages"]), expected, "{more}");
        assert_eq!(told["conversation"]["title"], "First");
        let own = told["conversation"]["conversationId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert_ne!(own, id(1));
        let stored = ada
            .get(&server, &format!("/api/messages/{own}"))
            .await?
            .json();
        assert_eq!(stored, told["messages"]);
        let times: Vec<_> = stored
            .as_array()
            .into_iter()
            .flatten()
            .map(|message| message["createdAt"].as_str().unwrap_or_default().to_owned())
            .collect();
        assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
    }
    for (more, status) in [
        (json!({"option": "else"}), 400),
        (json!({"splitAtTarget": true}), 400),
        (json!({"messageId": null}), 400),
        (json!({"messageId": NOBODYS}), 404),
        (json!({"conversationId": NOBODYS}), 404),
    ] {
        assert_eq!(fork(more.clone()).await?.status, status, "{more}");
    }
    let foreign = json!({"conversationId": id(1), "messageId": id(13)});
    assert_eq!(
        eve.post(&server, "/api/convos/fork", foreign.clone())
            .await?
            .status,
        404
    );
    assert_eq!(
        eve.post(&server, "/api/convos/duplicate", foreign)
            .await?
            .status,
        404
    );
    let named = json!({"conversationId": id(1), "title": "Again"});
    let copy = ada.post(&server, "/api/convos/duplicate", named).await?;
    assert_eq!(
        (copy.status, &copy.json()["conversation"]["title"]),
        (201, &json!("Again"))
    );
    assert_eq!(outline(&copy.json()["messages"]).len(), 5);
    assert_eq!(titles(&server, &eve, "").await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_file_comes_in_with_its_dates() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    seed(&server, &ada, 1, "Now", &[(11, 0, "Hi")]).await?;
    let at = "2025-03-01T10:00:00.000Z";
    let file = json!({"conversationId": "x", "title": "Then", "endpoint": "gone", "options": {"model": "gone", "temperature": 0.5}, "recursive": true,
        "messages": [{"messageId": "q", "parentMessageId": NO_PARENT, "text": "When?", "isCreatedByUser": true, "createdAt": at, "children": [
            {"messageId": "a", "text": "Then.", "sender": "GPT", "isCreatedByUser": false, "createdAt": at, "children": []}]}]});
    let reply = import(&server, &ada, &file.to_string()).await?;
    assert_eq!(
        (reply.status, reply.json()),
        (
            201,
            json!({"message": "Conversation(s) imported successfully"})
        )
    );
    let list = ada.get(&server, "/api/convos").await?.json();
    let row = &list["conversations"][1];
    assert_eq!(
        (row["title"].as_str(), row["createdAt"].as_str()),
        (Some("Then"), Some(at))
    );
    assert_eq!(row["updatedAt"], "2025-03-01T10:00:00.001Z");
    let own = row["conversationId"].as_str().unwrap_or_default();
    let messages = ada
        .get(&server, &format!("/api/messages/{own}"))
        .await?
        .json();
    assert_eq!(
        outline(&messages),
        rows(&[("", "When?"), ("When?", "Then.")])
    );
    assert_eq!(
        (&messages[0]["createdAt"], &messages[1]["sender"]),
        (&json!(at), &json!("GPT"))
    );
    Ok(())
}

#[tokio::test]
async fn a_file_that_cannot_be_taken_leaves_nothing() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let long = "x".repeat(400_000);
    let half = json!([{"name": "A", "chat_messages": [{"sender": "human", "text": "Hi"}]}, {"name": "B", "chat_messages": [{"sender": "human", "text": long}]}]);
    for (file, expected) in [
        ("{}".to_owned(), "Unsupported import type"),
        ("{".to_owned(), "The file is not JSON"),
        (half.to_string(), "A message of the file cannot be stored"),
    ] {
        let reply = import(&server, &ada, &file).await?;
        assert_eq!(reply.status, 400, "{reply:?}");
        let body = reply.json();
        let message = body["message"].as_str().unwrap_or_default();
        assert!(message.starts_with(expected), "{message}");
    }
    let json = ada.post(&server, "/api/convos/import", json!({})).await?;
    assert_eq!(json.status, 415, "{json:?}");
    assert_eq!(titles(&server, &ada, "").await?, Vec::<String>::new());
    Ok(())
}
