//! The events of a run, and how they are written down.

use manent_types::{MessageStatus, Part, Usage};
use serde::{Deserialize, Serialize};

use crate::completion::{CompletionEvent, FinishReason};

/// What went wrong with a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFailure {
    /// Stable.
    pub code: String,
    /// For people.
    pub detail: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// Never `running`.
    pub status: MessageStatus,
    /// Why the answer ended, for `complete`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<FinishReason>,
    /// What went wrong, for `failed` and `interrupted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<RunFailure>,
}

impl RunEnd {
    /// The end of a run whose process died or was stopped.
    pub fn interrupted() -> Self {
        Self {
            status: MessageStatus::Interrupted,
            finish_reason: None,
            failure: Some(RunFailure {
                code: "interrupted".to_owned(),
                detail: "the server that wrote this answer stopped; what it had written is kept"
                    .to_owned(),
                retryable: true,
            }),
        }
    }
}

/// One event of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum RunEvent {
    /// The provider took the request.
    Started {
        /// The provider that answers.
        provider: String,
        /// The model that answers.
        model: String,
    },
    /// What the answer begins with: kept of an earlier one, not told by the provider.
    Retained(Vec<Part>),
    /// More of the answer. Never [`CompletionEvent::Done`]: that is in the end.
    Completion(CompletionEvent),
    /// The end.
    Ended(RunEnd),
}

/// An event with its place in its run's log.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedEvent {
    /// 1, 2, 3 …; the end of a run that was found dead lies further on.
    pub position: u64,
    /// What happened.
    pub event: RunEvent,
}

/// The text is no batch of events.
#[derive(Debug, thiserror::Error)]
#[error("the stored events of a run cannot be read")]
pub struct EventsError(#[from] serde_json::Error);

/// The stored form. Short names: a log is a line for every few words. Frozen: it outlives programs.
#[derive(Serialize, Deserialize)]
enum StoredEvent {
    #[serde(rename = "s")]
    Started(String, String),
    #[serde(rename = "t")]
    Text(String),
    #[serde(rename = "r")]
    Reasoning(String),
    #[serde(rename = "g")]
    ReasoningSignature(String),
    #[serde(rename = "c")]
    ToolCall(u32, Option<String>, Option<String>, Option<String>),
    #[serde(rename = "u")]
    Usage(Usage),
    #[serde(rename = "d")]
    Done(FinishReason),
    #[serde(rename = "e")]
    Ended(RunEnd),
    #[serde(rename = "k")]
    Retained(Vec<Part>),
}

#[derive(Serialize, Deserialize)]
struct StoredLine(u64, StoredEvent);

/// A batch of events as text.
///
/// # Errors
/// When an event cannot be written as JSON, which they always can.
pub fn encode_events(events: &[LoggedEvent]) -> Result<String, EventsError> {
    let lines: Vec<StoredLine> = events
        .iter()
        .map(|logged| StoredLine(logged.position, to_stored(&logged.event)))
        .collect();
    Ok(serde_json::to_string(&lines)?)
}

/// Reads what [`encode_events`] wrote.
///
/// # Errors
/// When the text is damaged.
pub fn decode_events(text: &str) -> Result<Vec<LoggedEvent>, EventsError> {
    let lines: Vec<StoredLine> = serde_json::from_str(text)?;
    let read = |StoredLine(position, stored)| LoggedEvent {
        position,
        event: from_stored(stored),
    };
    Ok(lines.into_iter().map(read).collect())
}

fn to_stored(event: &RunEvent) -> StoredEvent {
    match event {
        RunEvent::Started { provider, model } => {
            StoredEvent::Started(provider.clone(), model.clone())
        }
        RunEvent::Ended(end) => StoredEvent::Ended(end.clone()),
        RunEvent::Retained(parts) => StoredEvent::Retained(parts.clone()),
        RunEvent::Completion(event) => match event {
            CompletionEvent::Text(text) => StoredEvent::Text(text.clone()),
            CompletionEvent::Reasoning(text) => StoredEvent::Reasoning(text.clone()),
            CompletionEvent::ReasoningSignature(signature) => {
                StoredEvent::ReasoningSignature(signature.clone())
            }
            CompletionEvent::ToolCall {
                index,
                id,
                name,
                arguments_delta,
            } => StoredEvent::ToolCall(*index, id.clone(), name.clone(), arguments_delta.clone()),
            CompletionEvent::Usage(usage) => StoredEvent::Usage(*usage),
            CompletionEvent::Done(reason) => StoredEvent::Done(*reason),
        },
    }
}

fn from_stored(stored: StoredEvent) -> RunEvent {
    RunEvent::Completion(match stored {
        StoredEvent::Started(provider, model) => return RunEvent::Started { provider, model },
        StoredEvent::Ended(end) => return RunEvent::Ended(end),
        StoredEvent::Retained(parts) => return RunEvent::Retained(parts),
        StoredEvent::Text(text) => CompletionEvent::Text(text),
        StoredEvent::Reasoning(text) => CompletionEvent::Reasoning(text),
        StoredEvent::ReasoningSignature(signature) => {
            CompletionEvent::ReasoningSignature(signature)
        }
        StoredEvent::ToolCall(index, id, name, arguments_delta) => CompletionEvent::ToolCall {
            index,
            id,
            name,
            arguments_delta,
        },
        StoredEvent::Usage(usage) => CompletionEvent::Usage(usage),
        StoredEvent::Done(reason) => CompletionEvent::Done(reason),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batch() -> Vec<LoggedEvent> {
        let events = [
            RunEvent::Started {
                provider: "demo".to_owned(),
                model: "m".to_owned(),
            },
            RunEvent::Completion(CompletionEvent::Reasoning("hm".to_owned())),
            RunEvent::Completion(CompletionEvent::ReasoningSignature("sig".to_owned())),
            RunEvent::Completion(CompletionEvent::Text("Hel".to_owned())),
            RunEvent::Completion(CompletionEvent::ToolCall {
                index: 0,
                id: Some("t1".to_owned()),
                name: Some("look".to_owned()),
                arguments_delta: None,
            }),
            RunEvent::Completion(CompletionEvent::Usage(Usage::default())),
            RunEvent::Ended(RunEnd {
                status: MessageStatus::Complete,
                finish_reason: Some(FinishReason::Stop),
                failure: None,
            }),
        ];
        (1..)
            .zip(events)
            .map(|(position, event)| LoggedEvent { position, event })
            .collect()
    }

    #[test]
    fn the_stored_form_is_frozen() {
        let text = encode_events(&batch()).unwrap();
        assert_eq!(
            text,
            r#"[[1,{"s":["demo","m"]}],[2,{"r":"hm"}],[3,{"g":"sig"}],[4,{"t":"Hel"}],[5,{"c":[0,"t1","look",null]}],[6,{"u":{}}],[7,{"e":{"status":"complete","finish_reason":"stop"}}]]"#
        );
        assert_eq!(decode_events(&text).unwrap(), batch());
    }

    #[test]
    fn what_an_answer_begins_with_has_a_frozen_form() {
        let retained = vec![LoggedEvent {
            position: 1,
            event: RunEvent::Retained(vec![Part::Text {
                text: "Hel".to_owned(),
            }]),
        }];
        let text = encode_events(&retained).unwrap();
        assert_eq!(text, r#"[[1,{"k":[{"type":"text","text":"Hel"}]}]]"#);
        assert_eq!(decode_events(&text).unwrap(), retained);
    }

    fn event() -> impl Strategy<Value = RunEvent> {
        let text = || any::<String>();
        let some_text = || prop::option::of(any::<String>());
        let reason = || {
            prop::sample::select(vec![
                FinishReason::Stop,
                FinishReason::Length,
                FinishReason::ToolUse,
                FinishReason::Refusal,
                FinishReason::ContentFilter,
                FinishReason::Other,
            ])
        };
        let completion = prop_oneof![
            text().prop_map(CompletionEvent::Text),
            text().prop_map(CompletionEvent::Reasoning),
            text().prop_map(CompletionEvent::ReasoningSignature),
            (any::<u32>(), some_text(), some_text(), some_text()).prop_map(
                |(index, id, name, arguments_delta)| CompletionEvent::ToolCall {
                    index,
                    id,
                    name,
                    arguments_delta,
                }
            ),
            prop::option::of(any::<u64>()).prop_map(|tokens| {
                CompletionEvent::Usage(Usage {
                    cache_read_tokens: tokens,
                    ..Usage::default()
                })
            }),
            reason().prop_map(CompletionEvent::Done),
        ];
        let status = prop::sample::select(vec![
            MessageStatus::Complete,
            MessageStatus::Stopped,
            MessageStatus::Failed,
            MessageStatus::Interrupted,
        ]);
        let failure =
            (text(), text(), any::<bool>()).prop_map(|(code, detail, retryable)| RunFailure {
                code,
                detail,
                retryable,
            });
        let end = (
            status,
            prop::option::of(reason()),
            prop::option::of(failure),
        );
        let part = prop_oneof![
            text().prop_map(|text| Part::Text { text }),
            (text(), some_text()).prop_map(|(text, signature)| Part::Reasoning {
                text,
                duration_ms: None,
                signature,
            }),
        ];
        prop_oneof![
            (text(), text()).prop_map(|(provider, model)| RunEvent::Started { provider, model }),
            prop::collection::vec(part, 0..3).prop_map(RunEvent::Retained),
            completion.prop_map(RunEvent::Completion),
            end.prop_map(|(status, finish_reason, failure)| RunEvent::Ended(RunEnd {
                status,
                finish_reason,
                failure,
            })),
        ]
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(events in prop::collection::vec((any::<u64>(), event()), 0..8)) {
            let batch: Vec<LoggedEvent> = events
                .into_iter()
                .map(|(position, event)| LoggedEvent { position, event })
                .collect();
            let text = encode_events(&batch).unwrap();
            prop_assert_eq!(decode_events(&text).unwrap(), batch);
        }

        #[test]
        fn refuses_what_was_cut(events in prop::collection::vec(event(), 1..4), cut in any::<prop::sample::Index>()) {
            let batch: Vec<LoggedEvent> = (1..)
                .zip(events)
                .map(|(position, event)| LoggedEvent { position, event })
                .collect();
            let text = encode_events(&batch).unwrap();
            let at = text.floor_char_boundary(cut.index(text.len()));
            prop_assert!(decode_events(&text[..at]).is_err());
        }
    }

    #[test]
    fn refuses_what_is_damaged() {
        assert!(decode_events(r#"[[1,{"t":"Hel"}"#).is_err());
    }
}
