//! Every outcome of an append, plain and sequenced.

use manent_testkit::{TestServer, new_id};
use serde_json::{Value, json};

use crate::support::redaction::Redaction;
use crate::support::reply::Reply;
use crate::support::{Test, append, create, database, say};

#[tokio::test]
async fn a_plain_message_is_stored_and_read_back_whole() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let (question, answer) = (new_id(), new_id());
    let names = Redaction::new(&[(&conversation, "c"), (&question, "q"), (&answer, "a")]);
    let content = json!([
        {"type": "reasoning", "text": "Hm.", "durationMs": 12, "signature": "s"},
        {"type": "text", "text": "Grüße \u{1f600}"},
        {"type": "image", "mediaType": "image/png", "data": "AAAA"},
        {"type": "image", "url": "https://example.org/a.png"},
        {"type": "toolCall", "id": "t", "name": "n", "arguments": {"a": [1, null]}},
        {"type": "toolResult", "toolCallId": "t", "content": "r", "isError": true},
        {"type": "error", "code": "c", "detail": "d"}
    ]);
    let results = append(
        client,
        &json!({"messages": [
            {"id": question, "conversationId": conversation, "role": "user", "content": "Hello", "createdAt": "2026-01-02T03:04:05.678Z"},
            {"id": answer, "conversationId": conversation, "parentId": question, "role": "assistant", "content": content,
             "status": "stopped", "model": "m", "provider": "p",
             "usage": {"inputTokens": 1, "outputTokens": 2, "reasoningTokens": 3, "cacheReadTokens": 4, "cacheWriteTokens": 5}}
        ]}),
    )
    .await?;
    assert_eq!(
        names.apply(&results),
        json!([{"id": "<q>", "outcome": "stored", "seq": 1}, {"id": "<a>", "outcome": "stored", "seq": 2}])
    );
    let read = client.all_messages(&conversation).await?;
    assert_eq!(read[0]["createdAt"], "2026-01-02T03:04:05.678Z");
    assert_eq!(
        names.apply(&json!(read)),
        json!([
            {"id": "<q>", "conversationId": "<c>", "parentId": null, "seq": 1, "role": "user",
             "content": [{"type": "text", "text": "Hello"}], "status": "complete", "createdAt": "<time>", "storedAt": "<time>"},
            {"id": "<a>", "conversationId": "<c>", "parentId": "<q>", "seq": 2, "role": "assistant", "content": content,
             "status": "stopped", "model": "m", "provider": "p",
             "usage": {"inputTokens": 1, "outputTokens": 2, "reasoningTokens": 3, "cacheReadTokens": 4, "cacheWriteTokens": 5},
             "createdAt": "<time>", "storedAt": "<time>"}
        ])
    );
    Ok(())
}

#[tokio::test]
async fn the_bare_form_of_curl_is_taken_with_and_without_a_content_type() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let body =
        json!({"message": {"conversationId": conversation, "role": "user", "content": "hi"}});
    let kinds = [
        None,
        Some("application/x-www-form-urlencoded"),
        Some("application/json"),
        Some("Application/JSON; charset=utf-8"),
        Some("application/merge-patch+json"),
    ];
    for (seq, kind) in (1..).zip(kinds) {
        let mut request = client.http().post(client.url("/message/append"));
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let reply = Reply::to(request.body(body.to_string())).await?;
        assert_eq!(reply.status, 200, "{kind:?}");
        assert_eq!(
            Redaction::default().apply(&reply.json()),
            json!({"results": [{"id": "<id>", "outcome": "stored", "seq": seq}]}),
            "{kind:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_absent_parent_is_the_newest_message_and_null_is_a_root() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let conversation = create(client).await?;
    let ids: Vec<String> = (0..4).map(|_| new_id()).collect();
    let message = |id: &str| json!({"id": id, "conversationId": conversation, "role": "user", "content": "x"});
    let mut root = message(&ids[2]);
    root["parentId"] = json!(null);
    let mut branch = message(&ids[3]);
    branch["parentId"] = json!(ids[0]);
    append(
        client,
        &json!({"messages": [message(&ids[0]), message(&ids[1]), root, branch]}),
    )
    .await?;
    let parents: Vec<Value> = client
        .all_messages(&conversation)
        .await?
        .iter()
        .map(|message| message["parentId"].clone())
        .collect();
    assert_eq!(
        parents,
        [json!(null), json!(ids[0]), json!(null), json!(ids[0])]
    );
    Ok(())
}

#[tokio::test]
async fn a_repeated_plain_message_is_a_duplicate_and_another_under_its_id_a_conflict() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let (conversation, elsewhere) = (create(client).await?, create(client).await?);
    let id = say(client, &conversation, "first").await?;
    let before = database::rows(server.data_dir())?;
    let message = |conversation: &str, role: &str, text: &str| json!({"message": {"id": id, "conversationId": conversation, "role": role, "content": text}});
    let duplicate = json!([{"id": id, "outcome": "duplicate", "seq": 1}]);
    let conflict = json!([{"id": id, "outcome": "conflict", "code": "id_taken"}]);
    let again = append(client, &message(&conversation, "user", "first")).await?;
    assert_eq!(again, duplicate);
    for other in [
        message(&conversation, "user", "second"),
        message(&conversation, "assistant", "first"),
        message(&elsewhere, "user", "first"),
    ] {
        assert_eq!(append(client, &other).await?, conflict);
    }
    assert_eq!(database::rows(server.data_dir())?, before);
    Ok(())
}

/// A lane of one device in one conversation.
struct Lane {
    conversation: String,
    device: String,
}

impl Lane {
    fn item(&self, device_seq: u64, id: &str, text: &str) -> Value {
        json!({"id": id, "conversationId": self.conversation, "deviceSeq": device_seq, "role": "user", "content": text})
    }

    fn batch(&self, messages: &[Value]) -> Value {
        json!({"deviceId": self.device, "messages": messages})
    }
}

#[tokio::test]
async fn a_lost_answer_is_made_up_for_by_sending_the_batch_again() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let lane = Lane {
        conversation: create(client).await?,
        device: "phone-1".to_owned(),
    };
    let ids: Vec<String> = (0..3).map(|_| new_id()).collect();
    let items: Vec<Value> = (1..)
        .zip(&ids)
        .map(|(seq, id)| lane.item(seq, id, "x"))
        .collect();
    let outcomes = |outcome: &str| -> Value {
        (1..)
            .zip(&ids)
            .map(|(seq, id): (u64, _)| json!({"id": id, "outcome": outcome, "seq": seq}))
            .collect()
    };
    assert_eq!(
        append(client, &lane.batch(&items)).await?,
        outcomes("stored")
    );
    let before = database::rows(server.data_dir())?;
    assert_eq!(
        append(client, &lane.batch(&items)).await?,
        outcomes("duplicate")
    );
    assert_eq!(
        append(client, &lane.batch(&items[1..2])).await?[0],
        outcomes("duplicate")[1]
    );
    assert_eq!(database::rows(server.data_dir())?, before);
    Ok(())
}

#[tokio::test]
async fn a_gap_tells_where_to_go_on_and_stores_nothing_behind_it() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let lane = Lane {
        conversation: create(client).await?,
        device: "d".to_owned(),
    };
    let ids: Vec<String> = (0..4).map(|_| new_id()).collect();
    let results = append(
        client,
        &lane.batch(&[
            lane.item(1, &ids[0], "one"),
            lane.item(3, &ids[2], "three"),
            lane.item(2, &ids[1], "two"),
            lane.item(4, &ids[3], "four"),
        ]),
    )
    .await?;
    // Behind a gap nothing of the lane is taken any more, in whatever order it comes.
    let gap = |id: &str| json!({"id": id, "outcome": "gap", "expectedDeviceSeq": 2});
    assert_eq!(
        results,
        json!([{"id": ids[0], "outcome": "stored", "seq": 1}, gap(&ids[2]), gap(&ids[1]), gap(&ids[3])])
    );
    let results = append(
        client,
        &lane.batch(&[
            lane.item(2, &ids[1], "two"),
            lane.item(3, &ids[2], "three"),
            lane.item(4, &ids[3], "four"),
        ]),
    )
    .await?;
    assert_eq!(
        results[2],
        json!({"id": ids[3], "outcome": "stored", "seq": 4})
    );
    Ok(())
}

#[tokio::test]
async fn a_number_that_was_used_belongs_to_its_message() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let lane = Lane {
        conversation: create(client).await?,
        device: "d".to_owned(),
    };
    let (first, other) = (new_id(), new_id());
    append(client, &lane.batch(&[lane.item(1, &first, "one")])).await?;
    let before = database::rows(server.data_dir())?;
    assert_eq!(
        append(client, &lane.batch(&[lane.item(1, &other, "two")])).await?,
        json!([{"id": other, "outcome": "conflict", "code": "device_seq_taken"}])
    );
    assert_eq!(
        append(client, &lane.batch(&[lane.item(1, &first, "changed")])).await?,
        json!([{"id": first, "outcome": "conflict", "code": "id_taken"}])
    );
    assert_eq!(database::rows(server.data_dir())?, before);
    Ok(())
}

#[tokio::test]
async fn a_resend_without_ids_is_known_by_its_place_in_the_lane() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let lane = Lane {
        conversation: create(client).await?,
        device: "d".to_owned(),
    };
    let nameless = |device_seq: u64, text: &str| json!({"conversationId": lane.conversation, "deviceSeq": device_seq, "role": "user", "content": text});
    let batch = lane.batch(&[nameless(1, "one"), nameless(2, ""), nameless(3, "three")]);
    let first = append(client, &batch).await?;
    assert_eq!(
        (&first[0]["seq"], &first[1]["code"], &first[2]["seq"]),
        (&json!(1), &json!("content_empty"), &json!(2))
    );
    let mut again = first.clone();
    again[0]["outcome"] = json!("duplicate");
    again[2]["outcome"] = json!("duplicate");
    assert_eq!(append(client, &batch).await?, again);
    let changed = append(client, &lane.batch(&[nameless(1, "changed")])).await?;
    assert_eq!(
        (&changed[0]["outcome"], &changed[0]["code"]),
        (&json!("conflict"), &json!("id_taken"))
    );
    Ok(())
}

#[tokio::test]
async fn a_refused_message_takes_its_number_blocks_its_children_and_stays_refused() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let lane = Lane {
        conversation: create(client).await?,
        device: "d".to_owned(),
    };
    let ids: Vec<String> = (0..4).map(|_| new_id()).collect();
    let mut child = lane.item(2, &ids[1], "child");
    child["parentId"] = json!(ids[0]);
    let mut grandchild = lane.item(3, &ids[2], "grandchild");
    grandchild["parentId"] = json!(ids[1]);
    let batch = lane.batch(&[
        lane.item(1, &ids[0], ""),
        child,
        grandchild,
        lane.item(4, &ids[3], "goes on"),
    ]);
    let refused = json!([
        {"id": ids[0], "outcome": "rejected", "code": "content_empty", "detail": "The content is empty."},
        {"id": ids[1], "outcome": "blocked", "code": "parent_refused"},
        {"id": ids[2], "outcome": "blocked", "code": "parent_refused"},
    ]);
    let first = append(client, &batch).await?;
    assert_eq!(json!(first.as_array().map(|all| &all[..3])), refused);
    assert_eq!(
        first[3],
        json!({"id": ids[3], "outcome": "stored", "seq": 1})
    );
    let second = append(client, &batch).await?;
    assert_eq!(json!(second.as_array().map(|all| &all[..3])), refused);
    assert_eq!(
        second[3],
        json!({"id": ids[3], "outcome": "duplicate", "seq": 1})
    );
    Ok(())
}

#[tokio::test]
async fn an_unreadable_item_is_refused_alone_and_takes_its_number() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let lane = Lane {
        conversation: create(client).await?,
        device: "d".to_owned(),
    };
    let ids: Vec<String> = (0..6).map(|_| new_id()).collect();
    let mut unknown_role = lane.item(1, &ids[0], "x");
    unknown_role["role"] = json!("wizard");
    let mut unknown_field = lane.item(2, &ids[1], "x");
    unknown_field["colour"] = json!("red");
    let mut wrong_type = lane.item(3, &ids[2], "x");
    wrong_type["content"] = json!(7);
    let mut bad_id = lane.item(4, "no-uuid", "x");
    bad_id["content"] = json!("y");
    let mut bad_time = lane.item(5, &ids[4], "x");
    bad_time["createdAt"] = json!("yesterday");
    let good = lane.item(6, &ids[5], "good");
    let batch = lane.batch(&[
        unknown_role,
        unknown_field,
        wrong_type,
        bad_id,
        bad_time,
        good,
    ]);
    let outcome = |results: &Value| -> Value {
        results
            .as_array()
            .into_iter()
            .flatten()
            .map(|result| {
                json!([
                    result["id"],
                    result["outcome"],
                    result["code"],
                    result["seq"]
                ])
            })
            .collect()
    };
    let refused = |last: &str| {
        json!([
            [ids[0], "rejected", "role_not_allowed", null],
            [ids[1], "rejected", "invalid_body", null],
            [ids[2], "rejected", "invalid_body", null],
            ["no-uuid", "rejected", "invalid_id", null],
            [ids[4], "rejected", "invalid_value", null],
            [ids[5], last, null, 1],
        ])
    };
    assert_eq!(outcome(&append(client, &batch).await?), refused("stored"));
    assert_eq!(
        outcome(&append(client, &batch).await?),
        refused("duplicate")
    );
    assert_eq!(client.all_messages(&lane.conversation).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn lanes_of_devices_and_conversations_count_for_themselves() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let (a, b) = (create(client).await?, create(client).await?);
    for (conversation, device, seq) in [(&a, "d1", 1), (&a, "d2", 2), (&b, "d1", 1), (&b, "d2", 2)]
    {
        let lane = Lane {
            conversation: conversation.clone(),
            device: device.to_owned(),
        };
        let id = new_id();
        assert_eq!(
            append(client, &lane.batch(&[lane.item(1, &id, "x")])).await?,
            json!([{"id": id, "outcome": "stored", "seq": seq}])
        );
    }
    Ok(())
}

#[tokio::test]
async fn lane_numbers_and_devices_go_together() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let lane = Lane {
        conversation: create(client).await?,
        device: "d".to_owned(),
    };
    let id = new_id();
    let before = database::rows(server.data_dir())?;
    let rejected = json!([{"id": id, "outcome": "rejected", "code": "invalid_lane",
        "detail": "deviceId and deviceSeq go together, and deviceSeq counts from 1."}]);
    for device_seq in [json!(null), json!(0), json!(9_007_199_254_740_992_u64)] {
        let mut item = lane.item(1, &id, "x");
        item["deviceSeq"] = device_seq;
        assert_eq!(append(client, &lane.batch(&[item])).await?, rejected);
    }
    let without_device = json!({"message": lane.item(1, &id, "x")});
    let answer = client.post("/message/append", &without_device).await?;
    assert_eq!((answer.status, answer.code()), (400, "invalid_lane"));
    assert_eq!(answer.body["results"], rejected);
    assert_eq!(database::rows(server.data_dir())?, before);
    Ok(())
}
