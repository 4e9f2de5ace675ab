//! The answers' JSON, read by hand: what `serde` would write for these types is a tenth of the module that a browser downloads.
//!
//! A test holds it against the types of `manent-protocol`.

use serde_json::{Map, Value};

use crate::time::Millis;

type Object = Map<String, Value>;

/// So much is kept of a code, in characters.
const MOST_OF_A_CODE: usize = 100;

/// So much is kept of any other text, in characters.
const MOST_OF_A_TEXT: usize = 1_000;

/// A body that is a JSON object.
pub(super) fn object(body: &[u8]) -> Option<Object> {
    match serde_json::from_str(std::str::from_utf8(body).ok()?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// What the server calls the outcome of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadOutcome {
    Stored,
    Duplicate,
    Conflict,
    Gap,
    Rejected,
    Blocked,
}

/// What became of one item, in the server's words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ReadResult {
    pub(super) id: Option<String>,
    pub(super) outcome: ReadOutcome,
    pub(super) seq: Option<u64>,
    pub(super) code: Option<String>,
    pub(super) detail: Option<String>,
    pub(super) expected_device_seq: Option<u64>,
}

/// The `results` of an append.
pub(super) fn results(body: &[u8]) -> Option<Vec<ReadResult>> {
    let results = object(body)?;
    results
        .get("results")?
        .as_array()?
        .iter()
        .map(result)
        .collect()
}

fn result(value: &Value) -> Option<ReadResult> {
    let result = value.as_object()?;
    Some(ReadResult {
        id: optional_text(result, "id")?,
        outcome: match result.get("outcome")?.as_str()? {
            "stored" => ReadOutcome::Stored,
            "duplicate" => ReadOutcome::Duplicate,
            "conflict" => ReadOutcome::Conflict,
            "gap" => ReadOutcome::Gap,
            "rejected" => ReadOutcome::Rejected,
            "blocked" => ReadOutcome::Blocked,
            _ => return None,
        },
        seq: optional_number(result, "seq")?,
        code: optional_text(result, "code")?,
        detail: optional_text(result, "detail")?,
        expected_device_seq: optional_number(result, "expectedDeviceSeq")?,
    })
}

/// What of a problem decides.
pub(super) struct ReadProblem {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) detail: String,
    pub(super) retry_after_ms: Option<Millis>,
}

/// A problem of ours; someone else's JSON is none.
pub(super) fn problem(body: &[u8]) -> Option<ReadProblem> {
    let problem = object(body)?;
    for name in ["type", "title", "traceId"] {
        problem.get(name)?.as_str()?;
    }
    Some(ReadProblem {
        status: u16::try_from(problem.get("status")?.as_u64()?).ok()?,
        code: optional_text(&problem, "code")??,
        detail: optional_text(&problem, "detail")??,
        retry_after_ms: optional_number(&problem, "retryAfterMs")?,
    })
}

/// Absent or `null`: nothing. Of another form: unreadable. What a server says is stored on the device: it is cut.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether it can be read"
)]
fn optional_text(object: &Object, name: &str) -> Option<Option<String>> {
    match object.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(value) => {
            let most = if name == "code" {
                MOST_OF_A_CODE
            } else {
                MOST_OF_A_TEXT
            };
            Some(Some(beginning(value.as_str()?, most).to_owned()))
        }
    }
}

#[expect(
    clippy::option_option,
    reason = "the outer one says whether it can be read"
)]
fn optional_number(object: &Object, name: &str) -> Option<Option<u64>> {
    match object.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(value) => Some(Some(value.as_u64()?)),
    }
}

/// So many characters of a text, from its beginning.
fn beginning(text: &str, most: usize) -> &str {
    let end = text.char_indices().nth(most);
    end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use manent_protocol::{AppendResponse, ItemResult, OutcomeName, Problem};
    use serde_json::json;

    use super::*;

    /// The document, and all ways to take one thing out of it or to put something else in its place.
    fn variants(document: &Value) -> Vec<Value> {
        let mut found = vec![
            document.clone(),
            Value::Null,
            json!(7),
            json!("x"),
            json!({}),
        ];
        match document {
            Value::Object(object) => {
                for (name, value) in object {
                    let mut without = object.clone();
                    without.remove(name);
                    found.push(Value::Object(without));
                    for other in variants(value) {
                        let mut with = object.clone();
                        with.insert(name.clone(), other);
                        found.push(Value::Object(with));
                    }
                }
            }
            Value::Array(items) => {
                for place in 0..items.len() {
                    for other in variants(&items[place]) {
                        let mut with = items.clone();
                        with[place] = other;
                        found.push(Value::Array(with));
                    }
                }
            }
            _ => {}
        }
        found
    }

    impl From<ItemResult> for ReadResult {
        fn from(result: ItemResult) -> Self {
            Self {
                id: result.id,
                outcome: match result.outcome {
                    OutcomeName::Stored => ReadOutcome::Stored,
                    OutcomeName::Duplicate => ReadOutcome::Duplicate,
                    OutcomeName::Conflict => ReadOutcome::Conflict,
                    OutcomeName::Gap => ReadOutcome::Gap,
                    OutcomeName::Rejected => ReadOutcome::Rejected,
                    OutcomeName::Blocked => ReadOutcome::Blocked,
                },
                seq: result.seq,
                code: result.code,
                detail: result.detail,
                expected_device_seq: result.expected_device_seq,
            }
        }
    }

    #[test]
    fn reads_results_as_the_protocol_does() {
        let outcomes = [
            "stored",
            "duplicate",
            "conflict",
            "gap",
            "rejected",
            "blocked",
        ];
        let results: Vec<Value> = outcomes
            .iter()
            .map(|outcome| json!({"id": "i", "outcome": outcome, "seq": 4, "code": "c", "detail": "d", "expectedDeviceSeq": 9}))
            .collect();
        for variant in variants(&json!({"results": results})) {
            let body = variant.to_string();
            let expected: Option<AppendResponse> = serde_json::from_str(&body).ok();
            let expected = expected.map(|response| {
                let results = response.results.into_iter();
                results.map(ReadResult::from).collect()
            });
            assert_eq!(super::results(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn reads_problems_as_the_protocol_does() {
        let document = json!({"type": "about:blank", "title": "T", "status": 429, "code": "rate_limited",
            "detail": "D", "traceId": "t", "retryAfterMs": 1_000});
        for variant in variants(&document) {
            let body = variant.to_string();
            let expected: Option<Problem> = serde_json::from_str(&body).ok();
            let expected = expected.map(|problem| {
                (
                    problem.status,
                    problem.code,
                    problem.detail,
                    problem.retry_after_ms,
                )
            });
            let read = problem(body.as_bytes()).map(|problem| {
                (
                    problem.status,
                    problem.code,
                    problem.detail,
                    problem.retry_after_ms,
                )
            });
            assert_eq!(read, expected, "{body}");
        }
    }

    #[test]
    fn reads_nothing_out_of_what_is_no_json() {
        for body in [&b"\xff\xfe"[..], b"", b"<html>", b"[]", b"{\"results\":["] {
            assert!(object(body).is_none());
        }
    }
}
