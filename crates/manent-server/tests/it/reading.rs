//! Reading messages, searching, listing models.

use manent_testkit::{Client, TestServer, new_id};
use serde_json::{Value, json};

use crate::support::redaction::Redaction;
use crate::support::{Test, append, create, say, servers};

/// A conversation with this many messages, which say their `seq`.
async fn conversation_of(client: &Client, count: u64) -> anyhow::Result<String> {
    let id = create(client).await?;
    let message =
        |seq| json!({"conversationId": id, "role": "user", "content": format!("message {seq}")});
    let messages: Vec<Value> = (1..=count).map(message).collect();
    append(client, &json!({"messages": messages})).await?;
    Ok(id)
}

fn seqs(page: &Value) -> Vec<u64> {
    let messages = page["messages"].as_array().cloned().unwrap_or_default();
    messages
        .iter()
        .filter_map(|message| message["seq"].as_u64())
        .collect()
}

/// All pages from this query on, with the cursor alone or with what came before it repeated.
async fn pages(
    client: &Client,
    id: &str,
    query: &str,
    again: &str,
) -> anyhow::Result<Vec<Vec<u64>>> {
    let mut pages = Vec::new();
    let mut query = query.to_owned();
    loop {
        let answer = client
            .get(&format!("/conversation/{id}/messages?{query}"))
            .await?;
        anyhow::ensure!(answer.status == 200, "{answer:?}");
        pages.push(seqs(&answer.body));
        match answer.body["next"].as_str() {
            Some(next) => query = format!("{again}&cursor={next}"),
            None => return Ok(pages),
        }
    }
}

#[tokio::test]
async fn messages_are_paged_both_ways() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let id = conversation_of(client, 7).await?;
    let all = |query: &'static str, again: &'static str| pages(client, &id, query, again);
    assert_eq!(
        all("limit=3", "limit=3").await?,
        [vec![1, 2, 3], vec![4, 5, 6], vec![7]]
    );
    assert_eq!(
        all("limit=3&after=2", "limit=3").await?,
        [vec![3, 4, 5], vec![6, 7]]
    );
    assert_eq!(
        all("limit=3&order=newest", "limit=3&order=newest").await?,
        [vec![5, 6, 7], vec![2, 3, 4], vec![1]]
    );
    assert_eq!(
        all("limit=3&before=5", "limit=2").await?,
        [vec![2, 3, 4], vec![1]]
    );
    assert_eq!(all("after=7", "").await?, [vec![0; 0]]);
    assert_eq!(all("before=1", "").await?, [vec![0; 0]]);
    assert_eq!(all("after=18446744073709551615", "").await?, [vec![0; 0]]);
    assert_eq!(
        all("before=18446744073709551615&limit=7", "").await?,
        [vec![1, 2, 3, 4, 5, 6, 7]]
    );
    assert_eq!(all("limit=7", "").await?, [vec![1, 2, 3, 4, 5, 6, 7]]);
    Ok(())
}

#[tokio::test]
async fn a_page_upward_goes_on_with_what_was_stored_meanwhile() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let id = conversation_of(client, 3).await?;
    let path = format!("/conversation/{id}/messages?limit=2");
    let first = client.get(&path).await?.body;
    say(client, &id, "message 4").await?;
    let cursor = first["next"].as_str().unwrap_or_default();
    let second = client.get(&format!("{path}&cursor={cursor}")).await?.body;
    assert_eq!((seqs(&first), seqs(&second)), (vec![1, 2], vec![3, 4]));
    Ok(())
}

#[tokio::test]
async fn an_empty_conversation_has_an_empty_page() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let id = create(client).await?;
    for order in ["", "?order=newest", "?order=oldest"] {
        let answer = client
            .get(&format!("/conversation/{id}/messages{order}"))
            .await?;
        assert_eq!(answer.body, json!({"messages": [], "next": null}));
    }
    Ok(())
}

#[tokio::test]
async fn search_finds_messages_and_titles_with_snippets() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let path = format!("/conversation/{conversation}");
    client
        .patch(&path, &json!({"title": "Garden plans"}))
        .await?;
    let message = say(client, &conversation, "We plan the Gärden today").await?;
    let names = Redaction::new(&[(&conversation, "c"), (&message, "m")]);
    let message_hit = json!({"kind": "message", "conversationId": "<c>", "conversationTitle": "Garden plans", "messageId": "<m>",
        "seq": 1, "role": "user", "createdAt": "<time>",
        "snippet": [{"text": "We plan the "}, {"text": "Gärden", "match": true}, {"text": " today"}]});
    let title_hit = json!({"kind": "title", "conversationId": "<c>", "conversationTitle": "Garden plans", "createdAt": "<time>",
        "snippet": [{"text": "Garden", "match": true}, {"text": " plans"}]});
    for query in ["garden", "gard", "G%C3%84RDEN&order=newest"] {
        let answer = client.get(&format!("/search?q={query}")).await?;
        assert_eq!(
            names.apply(&answer.body),
            json!({"hits": [title_hit, message_hit], "next": null}),
            "{query}"
        );
    }
    let relevance = client.get("/search?q=today+garden&order=relevance").await?;
    assert_eq!(
        relevance.body["hits"][0]["messageId"], message,
        "both words occur in the message alone"
    );
    for nothing in ["gardener", "plan+nothing", "ard"] {
        let answer = client.get(&format!("/search?q={nothing}")).await?;
        assert_eq!(answer.body, json!({"hits": [], "next": null}), "{nothing}");
    }
    Ok(())
}

#[tokio::test]
async fn search_shows_each_hit_once_over_its_pages() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let id = create(client).await?;
    let message = |number: u32| json!({"conversationId": id, "role": "user", "content": format!("needle {number}")});
    let messages: Vec<Value> = (0..25).map(message).collect();
    append(client, &json!({"messages": messages})).await?;
    for order in ["newest", "relevance"] {
        let mut path = format!("/search?q=needle&limit=10&order={order}");
        let mut seen = Vec::new();
        let mut titles = 0;
        loop {
            let answer = client.get(&path).await?;
            assert_eq!(answer.status, 200, "{answer:?}");
            for hit in answer.body["hits"].as_array().into_iter().flatten() {
                match hit["seq"].as_u64() {
                    Some(seq) => seen.push(seq),
                    None => titles += 1,
                }
            }
            // Something new must not move what was not seen yet.
            if order == "newest" {
                say(client, &create(client).await?, "needle again").await?;
            }
            match answer.body["next"].as_str() {
                Some(next) => {
                    path = format!("/search?q=needle&limit=10&order={order}&cursor={next}");
                }
                None => break,
            }
        }
        if order == "newest" {
            let newest_first: Vec<u64> = (1..=25).rev().collect();
            assert_eq!((seen, titles), (newest_first, 1));
        } else {
            // Those that came meanwhile, too.
            assert!(seen.len() >= 25, "{seen:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn words_are_found_whatever_the_query_looks_like() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    say(client, &create(client).await?, "one two three").await?;
    for query in [
        "\"one",
        "one*",
        "one AND",
        "NEAR(one)",
        "-one",
        "one:",
        "^one",
        "(one",
        "{one}",
        "one\0",
    ] {
        let encoded: Vec<String> = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let encoded = encoded.concat();
        let reply = client.get(&format!("/search?q={encoded}")).await?;
        assert_eq!(reply.status, 200, "{query}: {reply:?}");
    }
    let reply = client.get("/search?q=one").await?;
    assert_eq!(reply.body["hits"].as_array().map(Vec::len), Some(2));
    Ok(())
}

#[tokio::test]
async fn lists_the_configured_models_with_the_default_first() -> Test {
    let server = servers::start("").await?;
    let answer = server.client().get("/models").await?;
    assert_eq!(
        (answer.status, answer.body),
        (
            200,
            json!({
                "models": [
                    {"provider": "scripted", "model": "scripted-test", "name": "Scripted test model", "default": true,
                     "vision": true, "reasoning": true, "contextWindow": 200_000},
                    {"provider": "scripted", "model": "scripted-other", "name": "Another scripted model", "default": false}
                ],
                "default": {"provider": "scripted", "model": "scripted-test"},
                "demo": false
            })
        )
    );
    Ok(())
}

#[tokio::test]
async fn says_when_only_the_demonstration_answers_and_when_nothing_does() -> Test {
    let demo = TestServer::start().await?;
    let models = demo.client().get("/models").await?.body;
    assert_eq!(
        (&models["demo"], &models["default"]["provider"]),
        (&json!(true), &json!("demo"))
    );

    let nothing = TestServer::start_with("demo = false\n").await?;
    let models = nothing.client().get("/models").await?.body;
    assert_eq!(
        models,
        json!({"models": [], "default": null, "demo": false})
    );
    let prompt = json!({"messages": [{"role": "user", "content": new_id()}]});
    let answer = nothing
        .client()
        .post("/completion/generate", &prompt)
        .await?;
    assert_eq!((answer.status, answer.code()), (422, "unknown_provider"));
    Ok(())
}
