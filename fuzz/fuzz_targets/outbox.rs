//! What a device's store and a server may tell the client's engine: a line each, first a status, then records. It starts with what can be read and
//! asks for nothing absurd.
#![no_main]

use manent_engine::answers::StoredAnswer;
use manent_engine::append_api::{
    HttpAnswer, MessagePayload, append_request, create_requests, read_append_answer,
    read_create_answer, read_failure,
};
use manent_engine::{Answer, Engine, EngineConfig, Input, Output, Record, Snapshot, TraceContext};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let mut head = first.split(' ');
    let status = head
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(200);
    let retry_after_ms = head.next().and_then(|word| word.parse().ok());
    let answer = || HttpAnswer {
        status,
        retry_after_ms,
        body: rest.as_bytes(),
    };
    let read = read_append_answer(answer());
    let _ = (read_create_answer(answer()), read_failure(answer()));
    let _ = first.parse::<TraceContext>();
    for line in rest.lines() {
        if let Ok(record) = Record::<MessagePayload>::decode(line) {
            let again = record
                .encode()
                .ok()
                .and_then(|text| Record::decode(&text).ok());
            assert_eq!(again.as_ref(), Some(&record));
        }
        let _ = StoredAnswer::<MessagePayload>::decode(line);
    }
    start(rest, read);
});

/// A start from these records, a minute of it, and one answer to whatever is sent.
fn start(records: &str, answer: Answer) {
    let (snapshot, _) = Snapshot::<MessagePayload>::read(records.lines());
    let mut engine = Engine::new(EngineConfig::default(), snapshot, 1);
    let mut answer = Some(answer);
    for now in [0, 1_000, 60_000] {
        engine.handle(now, Input::Wake);
        for _ in 0..1_000 {
            let Some(output) = engine.poll_output() else {
                break;
            };
            match output {
                Output::Persist(id, _) => engine.handle(now, Input::Persisted(id)),
                Output::Send(id, batch) => {
                    assert!(append_request(&batch).is_object());
                    let _ = create_requests(&batch);
                    if let Some(answer) = answer.take() {
                        engine.handle(
                            now,
                            Input::Answered {
                                request: id,
                                answer,
                            },
                        );
                    }
                }
                _ => {}
            }
        }
    }
}
