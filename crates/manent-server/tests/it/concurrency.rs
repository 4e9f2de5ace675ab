//! Many at once.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use manent_testkit::{TestServer, new_id};
use serde_json::{Value, json};

use crate::support::{Test, append, create, database};

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_creates_with_one_id_make_one_conversation() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let body = json!({"id": new_id()});
    let answers =
        try_join_all((0..100).map(|_| client.post("/conversation/create", &body))).await?;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    let existing = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((created, existing), (1, 99));
    let distinct: BTreeSet<String> = answers
        .iter()
        .map(|answer| answer.body.to_string())
        .collect();
    assert_eq!(distinct.len(), 1, "all are told the same");
    assert_eq!(database::rows(server.data_dir())?["conversations"], 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_concurrent_appends_of_one_message_store_it_once() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let id = new_id();
    for sequenced in [false, true] {
        let id = if sequenced { new_id() } else { id.clone() };
        let mut message =
            json!({"id": id, "conversationId": conversation, "role": "user", "content": "once"});
        let mut body = json!({});
        if sequenced {
            message["deviceSeq"] = json!(1);
            body["deviceId"] = json!("d");
        }
        body["messages"] = json!([message]);
        let results = try_join_all((0..200).map(|_| append(client, &body))).await?;
        let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
        for result in &results {
            *outcomes
                .entry(result[0]["outcome"].to_string())
                .or_default() += 1;
        }
        let expected = [
            ("\"duplicate\"".to_owned(), 199),
            ("\"stored\"".to_owned(), 1),
        ];
        assert_eq!(outcomes, BTreeMap::from(expected));
        let seq = if sequenced { 2 } else { 1 };
        assert!(
            results
                .iter()
                .all(|result| result[0]["seq"] == seq && result[0]["id"] == id)
        );
    }
    assert_eq!(client.all_messages(&conversation).await?.len(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_appends_to_one_conversation_count_without_holes() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let texts: Vec<String> = (0..200).map(|number| format!("text {number}")).collect();
    let to = &conversation;
    try_join_all(texts.iter().map(|text| async move {
        let message = json!({"conversationId": to, "role": "user", "content": text});
        append(client, &json!({"message": message})).await
    }))
    .await?;
    let messages = client.all_messages(&conversation).await?;
    let seqs: Vec<Value> = messages
        .iter()
        .map(|message| message["seq"].clone())
        .collect();
    assert_eq!(json!(seqs), json!((1..=200).collect::<Vec<u64>>()));
    let read: BTreeSet<&str> = messages
        .iter()
        .filter_map(|message| message["content"][0]["text"].as_str())
        .collect();
    assert_eq!(read, texts.iter().map(String::as_str).collect());
    // Each follows the one before it: nobody named a parent.
    for pair in messages.windows(2) {
        assert_eq!(pair[1]["parentId"], pair[0]["id"]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_send_side_by_side_keep_their_own_order() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let devices = ["a", "b", "c", "d"];
    try_join_all(devices.map(|device| {
        let conversation = &conversation;
        async move {
            for seq in 1..=20 {
                let message = json!({"conversationId": conversation, "deviceSeq": seq, "role": "user", "id": new_id(),
                    "content": format!("{device} {seq}")});
                let body = json!({"deviceId": device, "messages": [message]});
                // Sent twice at the same time, as a client does that gave up waiting too early.
                let (first, second) = tokio::try_join!(append(client, &body), append(client, &body))?;
                let mut outcomes = [first[0]["outcome"].clone(), second[0]["outcome"].clone()];
                outcomes.sort_by_key(ToString::to_string);
                assert_eq!(outcomes, ["duplicate", "stored"]);
            }
            anyhow::Ok(())
        }
    }))
    .await?;
    let mut by_device: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for message in client.all_messages(&conversation).await? {
        let text = message["content"][0]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let (device, seq) = text.split_once(' ').unwrap_or_default();
        by_device
            .entry(device.to_owned())
            .or_default()
            .push(seq.parse()?);
    }
    let in_order: Vec<u64> = (1..=20).collect();
    assert_eq!(
        by_device,
        devices
            .map(|device| (device.to_owned(), in_order.clone()))
            .into()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_of_the_user_wins_against_concurrent_first_messages() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    try_join_all((0..30).map(|_| async move {
        let id = create(client).await?;
        let path = format!("/conversation/{id}");
        let message =
            json!({"message": {"conversationId": id, "role": "user", "content": "cut me"}});
        let title = json!({"title": "Mine"});
        tokio::try_join!(append(client, &message), client.patch(&path, &title))?;
        let conversation = client.get(&path).await?.body;
        assert_eq!(
            (&conversation["title"], &conversation["titleSource"]),
            (&json!("Mine"), &json!("user"))
        );
        anyhow::Ok(())
    }))
    .await?;
    Ok(())
}
