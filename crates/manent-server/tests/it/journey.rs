//! The main job, end to end: create, append and generate side by side, append the answer, read it back, branch, start again.

use manent_testkit::{Client, TestServer, new_id};
use serde_json::{Value, json};

use crate::support::redaction::Redaction;
use crate::support::servers::OverHttp;
use crate::support::{Test, append};

/// Asks, and keeps question and answer as a client does.
async fn turn(
    client: &Client,
    conversation: &str,
    provider: &str,
    (question, answer): (&str, &str),
    parent: Option<&str>,
    text: &str,
) -> Test {
    let message = json!({"id": question, "conversationId": conversation, "parentId": parent, "role": "user", "content": text});
    let prompt = json!({"messages": [{"role": "user", "content": text}],
        "config": {"provider": provider, "model": "scripted-test"}});
    let message = json!({"message": message});
    let (stored, generated) = tokio::join!(append(client, &message), async {
        client.generate(&prompt).await?.rest().await
    });
    assert_eq!(stored?[0]["outcome"], "stored");
    let events = generated?;
    let text: String = events
        .iter()
        .filter(|event| event.data["type"] == "text")
        .filter_map(|event| event.data["text"].as_str())
        .collect();
    let mut usage = json!({});
    for event in events.iter().filter(|event| event.name == "usage") {
        for (name, count) in event.data.as_object().into_iter().flatten() {
            usage[name] = count.clone();
        }
    }
    let start = &events[0].data;
    let kept = json!({"id": answer, "conversationId": conversation, "parentId": question, "role": "assistant", "content": text,
        "status": "complete", "model": start["model"], "provider": start["provider"], "usage": usage});
    let stored = append(client, &json!({"message": kept})).await?;
    assert_eq!(stored[0]["outcome"], "stored");
    Ok(())
}

#[tokio::test]
async fn a_conversation_is_held_kept_branched_and_found_again_after_a_restart() -> Test {
    let over_http = OverHttp::start("").await?;
    let client = over_http.server.client();
    let ids: Vec<String> = (0..7).map(|_| new_id()).collect();
    let conversation = &ids[0];
    client
        .post("/conversation/create", &json!({"id": conversation}))
        .await?;
    turn(
        client,
        conversation,
        "anthropic",
        (&ids[1], &ids[2]),
        None,
        "hello",
    )
    .await?;
    turn(
        client,
        conversation,
        "openai",
        (&ids[3], &ids[4]),
        Some(&ids[2]),
        "cut",
    )
    .await?;
    // The first question, edited: a branch beside it.
    turn(
        client,
        conversation,
        "openai",
        (&ids[5], &ids[6]),
        None,
        "hello!",
    )
    .await?;

    let names: Vec<(&str, String)> = (0..7)
        .map(|at| (ids[at].as_str(), format!("id {at}")))
        .collect();
    let names: Vec<(&str, &str)> = names
        .iter()
        .map(|(id, name)| (*id, name.as_str()))
        .collect();
    let names = Redaction::new(&names);
    let message = |number: u64, parent: Value, role: &str, text: &str| {
        let mut message = json!({"id": format!("<id {number}>"), "conversationId": "<id 0>", "parentId": parent, "seq": number, "role": role,
            "content": [{"type": "text", "text": text}], "status": "complete", "createdAt": "<time>", "storedAt": "<time>"});
        if role == "assistant" {
            message["model"] = json!("scripted-test");
            message["provider"] = json!(if number == 2 { "anthropic" } else { "openai" });
        }
        message
    };
    let hello = "Hello! This is a scripted answer.";
    let expected = json!([
        message(1, json!(null), "user", "hello"),
        message(2, json!("<id 1>"), "assistant", hello),
        message(3, json!("<id 2>"), "user", "cut"),
        message(
            4,
            json!("<id 3>"),
            "assistant",
            "This answer is cut at the token limit, in the middle of a"
        ),
        message(5, json!(null), "user", "hello!"),
        message(6, json!("<id 5>"), "assistant", hello),
    ]);
    let read = async |client: &Client| -> anyhow::Result<Value> {
        let mut messages = client.all_messages(conversation).await?;
        for message in &mut messages {
            let usage = message
                .as_object_mut()
                .and_then(|message| message.remove("usage"));
            let is_counted = usage.is_some_and(|usage| usage["outputTokens"].as_u64() > Some(0));
            assert_eq!(is_counted, message["role"] == "assistant", "{message}");
        }
        Ok(names.apply(&json!(messages)))
    };
    assert_eq!(read(client).await?, expected);
    let listed = client.get("/conversations").await?.body;
    assert_eq!(
        (
            &listed["conversations"][0]["title"],
            &listed["conversations"][0]["lastSeq"]
        ),
        (&json!("hello"), &json!(6))
    );

    let again = TestServer::start_in(over_http.server.stop().await, "").await?;
    assert_eq!(read(again.client()).await?, expected);
    assert_eq!(again.client().get("/conversations").await?.body, listed);
    let hits = again.client().get("/search?q=scripted+answer").await?.body;
    let found: Vec<&Value> = hits["hits"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|hit| &hit["seq"])
        .collect();
    assert_eq!(found, [&json!(6), &json!(2)]);
    Ok(())
}
