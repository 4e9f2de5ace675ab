//! Bodies and addresses at random: never a failure of the server, never half of anything.

use futures_util::future::try_join_all;
use manent_testkit::{Client, new_id};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::reply::{Reply, get};
use crate::support::{Test, append, create, database, servers};

/// Values that look like what the API takes, and values that do not.
fn values(ids: Vec<String>) -> BoxedStrategy<Value> {
    let names = prop::sample::select(vec![
        "id",
        "conversationId",
        "parentId",
        "deviceSeq",
        "deviceId",
        "message",
        "messages",
        "role",
        "content",
        "type",
        "text",
        "title",
        "config",
        "status",
        "usage",
        "createdAt",
        "model",
        "temperature",
        "stop",
        "thinking",
        "budgetTokens",
        "inputTokens",
        "url",
        "data",
        "mediaType",
        "arguments",
        "name",
        "nonsense",
        "messageId",
        "runId",
        "answerId",
        "record",
        "create",
        "history",
        "",
    ]);
    let words = prop::sample::select(vec![
        "user",
        "assistant",
        "system",
        "tool",
        "text",
        "image",
        "toolCall",
        "toolResult",
        "reasoning",
        "error",
        "complete",
        "stopped",
        "running",
        "edit",
        "delete",
        "trash",
        "hello",
        "2026-11-21T05:48:25.123Z",
        "",
        "\0",
        "device-1",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (0_u64..5).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
        prop::sample::select(ids).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
    .boxed()
}

/// A body as it should be, in which one value was replaced by another.
fn bent(whole: &Value, other: &Value, choice: usize) -> Value {
    fn places(value: &Value) -> usize {
        1 + match value {
            Value::Object(fields) => fields.values().map(places).sum(),
            Value::Array(items) => items.iter().map(places).sum(),
            _ => 0,
        }
    }
    fn bend(value: &Value, other: &Value, left: &mut usize) -> Value {
        if *left == 0 {
            *left = usize::MAX;
            return other.clone();
        }
        *left -= 1;
        match value {
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (name.clone(), bend(value, other, left)))
                .collect(),
            Value::Array(items) => items.iter().map(|item| bend(item, other, left)).collect(),
            whole => whole.clone(),
        }
    }
    bend(whole, other, &mut (choice % places(whole)))
}

/// Sends it and holds the answer to what must be true of every answer.
async fn fire(client: &Client, path: &str, body: &str) -> anyhow::Result<()> {
    let method = if path.starts_with("/conversation/0") {
        Method::PATCH
    } else {
        Method::POST
    };
    let request = client
        .http()
        .request(method, client.url(path))
        .header("content-type", "application/json")
        .body(body.to_owned());
    let reply = Reply::to(request).await?;
    if reply.status < 300 {
        return Ok(());
    }
    let (status, code) = reply.problem();
    assert!(
        (400..500).contains(&status),
        "{path} {body}: {code} {}",
        reply.json()
    );
    assert!(!code.is_empty() && code != "internal", "{path} {body}");
    Ok(())
}

/// A fixed seed: the same bodies in every run. `PROPTEST_CASES` asks for more of them.
#[tokio::test(flavor = "multi_thread")]
async fn no_body_is_answered_with_a_failure_of_the_server_or_leaves_half_of_itself() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let conversation = create(client).await?;
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let config = Config::default();
    let cases = config.cases.max(1);
    let mut runner = TestRunner::new_with_rng(config, random);
    let values = values(vec![conversation.clone(), new_id()]);
    let good = json!({"deviceId": "device-1", "messages": [
        {"id": new_id(), "conversationId": conversation, "parentId": null, "deviceSeq": 1, "role": "assistant", "status": "stopped",
         "content": [{"type": "text", "text": "x"}, {"type": "toolCall", "id": "i", "name": "n", "arguments": {"a": 1}}],
         "model": "m", "usage": {"inputTokens": 1}, "createdAt": "2026-11-21T05:48:25.123Z"},
        {"conversationId": conversation, "deviceSeq": 2, "role": "user", "content": "y"}]});
    let said = append(
        client,
        &json!({"message": {"conversationId": conversation, "role": "user", "content": "x"}}),
    )
    .await?;
    let changes = json!({"messages": [
        {"type": "edit", "id": new_id(), "conversationId": conversation, "messageId": said[0]["id"], "content": "y"},
        {"type": "trash", "id": new_id(), "conversationId": conversation},
        {"type": "restore", "id": new_id(), "conversationId": conversation}]});
    let run = json!({"messages": [{"role": "user", "content": "x"}], "runId": new_id(),
        "record": {"conversationId": conversation, "messageId": new_id(), "parentId": said[0]["id"]}});
    let turn = json!({"conversationId": conversation, "create": {"title": "t"}, "message": {"id": new_id(), "parentId": null,
        "content": "x", "createdAt": "2026-11-21T05:48:25.123Z"}, "history": [{"role": "user", "content": "x"}],
        "config": {"temperature": 1}, "answerId": new_id(), "runId": new_id()});
    let prompt = json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}],
        "config": {"temperature": 1, "topP": 1, "maxTokens": 5, "stop": ["a"], "system": "s", "thinking": {"budgetTokens": 1024}}});
    let creation = json!({"id": new_id(), "title": "t", "config": prompt["config"]});
    let changing = format!("/conversation/{conversation}");
    let change =
        json!({"title": "t", "config": prompt["config"], "archived": true, "pinned": false});
    let mut bodies = Vec::new();
    for number in 0..cases {
        let mut next = || {
            let tree = values
                .new_tree(&mut runner)
                .map_err(|reason| anyhow::anyhow!("{reason}"))?;
            anyhow::Ok(tree.current())
        };
        let (random, choice) = (next()?, usize::try_from(number)? * 7);
        for (path, whole) in [
            ("/message/append", &good),
            ("/message/append", &changes),
            ("/completion/generate", &prompt),
            ("/completion/generate", &run),
            ("/turn/start", &turn),
            ("/conversation/create", &creation),
            (changing.as_str(), &change),
        ] {
            bodies.push((path, random.to_string()));
            bodies.push((path, bent(whole, &random, choice).to_string()));
            let text = whole.to_string();
            let cut = text
                .char_indices()
                .nth(choice % text.chars().count())
                .map_or(0, |(at, _)| at);
            bodies.push((path, text[..cut].to_owned()));
        }
    }
    let width = 16;
    for some in bodies.chunks(width) {
        try_join_all(some.iter().map(|(path, body)| fire(client, path, body))).await?;
    }
    // What is stored is whole: it can be read, found and counted.
    let mut messages = 0;
    for list in ["archived=false", "archived=true"] {
        let mut path = Some(format!("/conversations?limit=100&{list}"));
        while let Some(page) = path.take() {
            let page = client.get(&page).await?.body;
            for one in page["conversations"].as_array().into_iter().flatten() {
                let id = one["id"].as_str().unwrap_or_default();
                let read = client.all_messages(id).await?;
                assert_eq!(one["lastSeq"], read.len());
                messages += read.len();
            }
            let next = page["next"].as_str();
            path = next.map(|next| format!("/conversations?limit=100&{list}&cursor={next}"));
        }
    }
    let rows = database::rows(server.data_dir())?;
    assert_eq!(rows["messages"], i64::try_from(messages)?);
    assert_eq!(rows["messages"], rows["message_search_docsize"]);
    assert_eq!(rows["sum of last_seq"], rows["messages"]);
    let check: String =
        database::open(server.data_dir())?
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    assert_eq!(check, "ok");
    assert_eq!(client.get("/readyz").await?.status, 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_is_answered_with_a_failure_of_the_server() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let conversation = create(client).await?;
    append(
        client,
        &json!({"message": {"conversationId": conversation, "role": "user", "content": "hello"}}),
    )
    .await?;
    let messages = format!("/conversation/{conversation}/messages");
    let run = new_id();
    let started = json!({"messages": [{"role": "user", "content": "hello"}], "runId": run});
    client.generate(&started).await?.rest().await?;
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]),
    );
    let words = prop_oneof![
        any::<u64>().prop_map(|number| number.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..12),
        "\\PC{0,8}".prop_map(String::into_bytes),
        prop::sample::select(vec![
            "true",
            "newest",
            "relevance",
            "1",
            "hello",
            "\"a b",
            "a*"
        ])
        .prop_map(|word| word.as_bytes().to_vec()),
    ];
    let names = prop::sample::select(vec![
        "q", "limit", "cursor", "after", "before", "order", "archived", "trashed", "pinned", "x",
    ]);
    let queries = prop::collection::vec((names, words.clone()), 0..4);
    for _ in 0..Config::default().cases {
        let new = |reason| anyhow::anyhow!("{reason}");
        let query = queries.new_tree(&mut runner).map_err(new)?.current();
        let word = words.new_tree(&mut runner).map_err(new)?.current();
        let query: Vec<String> = query
            .iter()
            .map(|(name, word)| format!("{name}={}", encoded(word)))
            .collect();
        let query = query.join("&");
        let word = encoded(&word);
        for path in [
            format!("/search?q=hello&{query}"),
            format!("/search?{query}"),
            format!("/conversations?{query}"),
            format!("{messages}?{query}"),
            format!("/conversation/{word}"),
            format!("/conversation/{word}/messages?{query}"),
            format!("/message/{word}"),
            format!("/completion/{run}?{query}"),
            format!("/completion/{word}?{query}"),
            format!("/completion/{word}/status"),
            format!("/{word}/{word}?{query}"),
        ] {
            let reply = get(client, &path).await?;
            if reply.status >= 300 {
                let (status, code) = reply.problem();
                assert!((400..500).contains(&status), "{path}: {status} {code}");
            }
        }
        // Its answer has no end.
        let feed = client.http().get(client.url(&format!("/feed?{query}")));
        let status = feed.send().await?.status().as_u16();
        assert!(status == 200 || (400..500).contains(&status), "{query}");
    }
    Ok(())
}

/// Each byte as a client may write it.
fn encoded(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
    bytes.concat()
}
