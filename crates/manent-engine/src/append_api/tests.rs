use serde_json::json;

use super::*;
use crate::id::LaneId;
use crate::port::BatchItem;

fn read(status: u16, retry_after_ms: Option<Millis>, body: &str) -> Answer {
    read_append_answer(HttpAnswer {
        status,
        retry_after_ms,
        body: body.as_bytes(),
    })
}

fn problem(status: u16, code: &str) -> String {
    format!(
        r#"{{"type":"about:blank","title":"T","status":{status},"code":"{code}","detail":"D","traceId":"t"}}"#
    )
}

#[test]
fn each_item_carries_the_trace_in_which_it_was_made() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let stream = Uuid::from_u128(9);
    let item = |number: u64, trace: Option<&str>| BatchItem {
        id: ItemId(Uuid::from_u128(u128::from(number))),
        lane: LaneId {
            device: "phone".parse().unwrap(),
            stream,
        },
        number,
        parent: None,
        payload: Map::from_iter([("role".to_owned(), json!("user"))]),
        trace: trace.map(|trace| trace.parse().unwrap()),
        attempt: 1,
    };
    let batch = Batch {
        device: "phone".parse().unwrap(),
        items: vec![item(1, Some(trace)), item(2, None)],
        is_probe: false,
    };
    let id = |number| Uuid::from_u128(number);
    assert_eq!(
        append_request(&batch),
        json!({"deviceId": "phone", "messages": [
            {"role": "user", "id": id(1), "conversationId": stream, "deviceSeq": 1, "traceparent": trace},
            {"role": "user", "id": id(2), "conversationId": stream, "deviceSeq": 2},
        ]})
    );
}

#[test]
fn reads_each_outcome() {
    let id = "0199c0de-0000-7000-8000-000000000001";
    let cases = [
        (
            r#""outcome":"stored","seq":4"#,
            Outcome::Stored { position: Some(4) },
        ),
        (
            r#""outcome":"duplicate""#,
            Outcome::Duplicate { position: None },
        ),
        (
            r#""outcome":"conflict","code":"id_taken""#,
            Outcome::IdTaken,
        ),
        (
            r#""outcome":"conflict","code":"device_seq_taken""#,
            Outcome::NumberTaken,
        ),
        (
            r#""outcome":"gap","expectedDeviceSeq":3"#,
            Outcome::Gap { expected: Some(3) },
        ),
        (r#""outcome":"blocked""#, Outcome::Blocked),
    ];
    for (fields, outcome) in cases {
        let answer = read(
            200,
            None,
            &format!(r#"{{"results":[{{"id":"{id}",{fields}}}]}}"#),
        );
        let expected = ItemOutcome {
            id: ItemId(uuid::Uuid::try_parse(id).unwrap()),
            outcome,
        };
        assert_eq!(answer, Answer::Outcomes(vec![expected]), "{fields}");
    }
}

fn batch(items: &[(u128, Value)]) -> Batch<MessagePayload> {
    let items = items.iter().zip(1..).map(|((stream, payload), number)| {
        let id = ItemId(Uuid::from_u128(u128::from(number)));
        BatchItem {
            id,
            lane: LaneId {
                device: "phone".parse().unwrap(),
                stream: Uuid::from_u128(*stream),
            },
            number,
            parent: None,
            payload: payload.as_object().unwrap().clone(),
            trace: None,
            attempt: 1,
        }
    });
    Batch {
        device: "phone".parse().unwrap(),
        items: items.collect(),
        is_probe: false,
    }
}

#[test]
fn a_conversation_is_made_before_what_is_first_written_into_it() {
    let config = json!({"model": "large"});
    let batch = batch(&[
        (
            7,
            json!({"role": "user", "content": "Hi", "create": {"title": "Garden", "config": config}}),
        ),
        (8, json!({"role": "user", "content": "Ho"})),
        (
            7,
            json!({"role": "user", "content": "Hey", "create": {"title": "Other"}}),
        ),
        (9, json!({"type": "trash", "create": {"title": null}})),
        (
            6,
            json!({"role": "user", "content": "Hu", "create": "nonsense"}),
        ),
    ]);
    let bodies: Vec<Value> = create_requests(&batch)
        .into_iter()
        .map(|request| request.body)
        .collect();
    assert_eq!(
        bodies,
        [
            json!({"id": Uuid::from_u128(7), "title": "Garden", "config": config}),
            json!({"id": Uuid::from_u128(9)}),
        ]
    );
    let sent = append_request(&batch);
    assert_eq!(
        sent["messages"][0],
        json!({"id": Uuid::from_u128(1), "conversationId": Uuid::from_u128(7), "deviceSeq": 1,
            "role": "user", "content": "Hi"})
    );
    assert_eq!(sent["messages"][3]["type"], "trash");
    assert!(
        sent["messages"]
            .as_array()
            .unwrap()
            .iter()
            .all(|message| message.get(CREATE_FIELD).is_none())
    );
}

#[test]
fn an_answer_to_a_create_is_read_like_any_other() {
    let read = |status, body: &str| {
        read_create_answer(HttpAnswer {
            status,
            retry_after_ms: None,
            body: body.as_bytes(),
        })
    };
    let conversation = r#"{"id":"0199c0de-0000-7000-8000-000000000001","title":null}"#;
    assert_eq!(read(201, conversation), Ok(()));
    assert_eq!(read(200, conversation), Ok(()));
    let nonsense = Err(Failure::Infrastructure);
    assert_eq!(read(200, "<html>Welcome to the hotel</html>"), nonsense);
    assert_eq!(read(201, &conversation[..20]), nonsense);
    assert_eq!(read(204, ""), nonsense);
    assert_eq!(read(503, ""), nonsense);
    assert_eq!(read(401, ""), Err(Failure::Auth));
    let pressure = Failure::BackPressure {
        retry_after_ms: None,
    };
    assert_eq!(read(429, ""), Err(pressure));
    let permanent = Failure::Permanent {
        code: "invalid_body".to_owned(),
        detail: Some("D".to_owned()),
    };
    assert_eq!(read(400, &problem(400, "invalid_body")), Err(permanent));
}

#[test]
fn takes_nonsense_for_a_fault_on_the_way() {
    for (status, body) in [
        (200, "<html>Welcome to the hotel</html>"),
        (200, r#"{"results":[{"id":"#),
        (302, ""),
        (404, "<html>no such page</html>"),
        (403, "<html>blocked by the company</html>"),
        (404, &problem(404, "not_found")),
        (400, &problem(500, "internal")),
        (500, ""),
        (502, "bad gateway"),
        (503, ""),
        (408, &problem(408, "body_timeout")),
        (999, ""),
    ] {
        let expected = Answer::Failed(Failure::Infrastructure);
        assert_eq!(read(status, None, body), expected, "{status} {body}");
    }
}

#[test]
fn tells_the_classes_of_errors_apart() {
    let wait = Some(7_000);
    let pressure = Answer::Failed(Failure::BackPressure {
        retry_after_ms: wait,
    });
    assert_eq!(read(429, wait, ""), pressure);
    assert_eq!(read(503, wait, ""), pressure);
    assert_eq!(read(401, None, "<html>"), Answer::Failed(Failure::Auth));
    assert_eq!(
        read(403, None, &problem(403, "account_locked")),
        Answer::Failed(Failure::Auth)
    );
    let permanent = Failure::Permanent {
        code: "body_too_large".to_owned(),
        detail: Some("D".to_owned()),
    };
    assert_eq!(
        read(413, None, &problem(413, "body_too_large")),
        Answer::Failed(permanent)
    );
    let by_a_proxy = Failure::Permanent {
        code: "body_too_large".to_owned(),
        detail: None,
    };
    assert_eq!(
        read(413, None, "<html>Request Entity Too Large</html>"),
        Answer::Failed(by_a_proxy)
    );
}

#[test]
fn what_a_server_says_of_a_refusal_is_cut() {
    let id = "0199c0de-0000-7000-8000-000000000001";
    let (code, detail) = ("ü".repeat(200), "ä".repeat(5_000_000));
    let results =
        json!({"results": [{"id": id, "outcome": "rejected", "code": code, "detail": detail}]});
    let (code, detail) = ("ü".repeat(100), "ä".repeat(1_000));
    let outcome = Outcome::Rejected {
        code: code.clone(),
        detail: Some(detail.clone()),
    };
    let id = ItemId(Uuid::try_parse(id).unwrap());
    assert_eq!(
        read(200, None, &results.to_string()),
        Answer::Outcomes(vec![ItemOutcome { id, outcome }])
    );

    let mut refusal: Value = serde_json::from_str(&problem(422, "c")).unwrap();
    refusal["code"] = json!("ü".repeat(200));
    refusal["detail"] = json!("ä".repeat(5_000_000));
    let failure = Failure::Permanent {
        code,
        detail: Some(detail),
    };
    assert_eq!(
        read(422, None, &refusal.to_string()),
        Answer::Failed(failure)
    );
}
