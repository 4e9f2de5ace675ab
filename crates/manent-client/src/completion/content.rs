//! An answer while it comes.

use std::collections::BTreeMap;

use manent_protocol::{DeltaEvent, FinishReasonName, MessageResource};
use manent_types::{MessageStatus, Part, Usage};
use serde_json::Value;

use super::event::{CompletionEvent, Receipt};

/// Everything of an answer that has come so far, and how it ended once it has.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AnswerContent {
    /// The provider that answers.
    pub provider: Option<String>,
    /// The model that answers.
    pub model: Option<String>,
    /// The text.
    pub text: String,
    /// What the model thought before.
    pub reasoning: String,
    /// What it cost.
    pub usage: Option<Usage>,
    /// How it ended: `complete`, `stopped`, `failed` or `interrupted`; absent while it comes.
    pub status: Option<MessageStatus>,
    /// Why it is not whole: the code and the words of the error, or of an end that is none.
    pub problem: Option<(String, String)>,
    /// What the server said about what it has kept, once it has ended.
    pub receipt: Option<Receipt>,
    reasoning_signature: Option<String>,
    tool_calls: BTreeMap<u32, ToolCall>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct ToolCall {
    id: String,
    name: String,
    arguments: String,
}

/// A model that asks for more tools than this in one answer is not believed.
const MOST_TOOL_CALLS: usize = 1_000;

impl AnswerContent {
    /// Whether anything of the answer is there.
    pub fn has_begun(&self) -> bool {
        !self.text.is_empty() || !self.reasoning.is_empty() || !self.tool_calls.is_empty()
    }

    /// How much of it is there, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let calls = self.tool_calls.values().map(|call| call.arguments.len());
        self.text.len() + self.reasoning.len() + calls.sum::<usize>()
    }

    /// The answer as the server has stored it.
    pub(crate) fn stored(message: &MessageResource) -> Self {
        let mut content = Self {
            provider: message.provider.clone(),
            model: message.model.clone(),
            text: manent_types::text_of(&message.content),
            usage: message.usage,
            status: Some(message.status),
            receipt: Some(Receipt {
                status: Some(message.status),
                persisted: Some(true),
                journal_position: None,
            }),
            ..Self::default()
        };
        for part in &message.content {
            match part {
                Part::Reasoning { text, .. } => content.reasoning.push_str(text),
                Part::Error { code, detail } => {
                    content.problem = Some((code.clone(), detail.clone()));
                }
                _ => {}
            }
        }
        content
    }

    /// Ends as another copy of the same answer did that has less of it: nobody else has kept the whole of this one.
    pub(crate) fn end_as(&mut self, other: &Self) {
        self.status = other.status;
        self.problem.clone_from(&other.problem);
        self.receipt = None;
    }

    /// Ends the answer for a reason that the model does not know of.
    pub(crate) fn fail(&mut self, code: &str, detail: &str) {
        self.status = Some(MessageStatus::Failed);
        self.problem = Some(problem(code, detail));
    }

    /// Takes in the next event. Nothing changes an answer that has ended.
    pub fn apply(&mut self, event: &CompletionEvent) {
        if self.status.is_some() {
            return;
        }
        match event {
            CompletionEvent::Start { provider, model } => {
                self.provider = Some(provider.clone());
                self.model = Some(model.clone());
            }
            CompletionEvent::Delta(delta) => self.grow(delta),
            CompletionEvent::Usage(usage) => self.usage.get_or_insert_default().merge(usage),
            CompletionEvent::Notice { .. } => {}
            CompletionEvent::Done {
                finish_reason,
                receipt,
            } => {
                self.status = Some(receipt.status.unwrap_or(MessageStatus::Complete));
                self.receipt = Some(*receipt);
                self.problem = problem_of(*finish_reason);
            }
            CompletionEvent::Failed {
                code,
                detail,
                receipt,
                ..
            } => {
                let status = match code.as_str() {
                    "stopped" => MessageStatus::Stopped,
                    "interrupted" => MessageStatus::Interrupted,
                    _ => MessageStatus::Failed,
                };
                self.status = Some(receipt.status.unwrap_or(status));
                self.receipt = Some(*receipt);
                if self.status == Some(MessageStatus::Failed) {
                    self.problem = Some(problem(code, detail));
                }
            }
        }
    }

    fn grow(&mut self, delta: &DeltaEvent<'_>) {
        match delta {
            DeltaEvent::Text { text } => self.text.push_str(text),
            DeltaEvent::Reasoning { text } => self.reasoning.push_str(text),
            DeltaEvent::ReasoningSignature { signature } => {
                self.reasoning_signature = Some(signature.clone().into_owned());
            }
            DeltaEvent::ToolCall {
                index,
                id,
                name,
                arguments_delta,
            } => {
                if self.tool_calls.len() >= MOST_TOOL_CALLS && !self.tool_calls.contains_key(index)
                {
                    return;
                }
                let call = self.tool_calls.entry(*index).or_default();
                if let Some(id) = id {
                    call.id = id.clone().into_owned();
                }
                if let Some(name) = name {
                    call.name = name.clone().into_owned();
                }
                if let Some(piece) = arguments_delta {
                    call.arguments.push_str(piece);
                }
            }
        }
    }

    /// The parts of the message that keeps this answer, with one that says why it is not whole. Never empty.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        if !self.reasoning.is_empty() {
            parts.push(Part::Reasoning {
                text: self.reasoning.clone(),
                duration_ms: None,
                signature: self.reasoning_signature.clone(),
            });
        }
        if !self.text.is_empty() {
            let text = self.text.clone();
            parts.push(Part::Text { text });
        }
        for call in self.tool_calls.values() {
            parts.push(Part::ToolCall {
                id: call.id.clone(),
                name: call.name.clone(),
                arguments: arguments_of(&call.arguments),
            });
        }
        let nothing = ("empty_answer", "The model sent an empty answer.");
        let problem = self.problem.clone().or_else(|| {
            parts
                .is_empty()
                .then(|| (nothing.0.to_owned(), nothing.1.to_owned()))
        });
        if let Some((code, detail)) = problem {
            parts.push(Part::Error { code, detail });
        }
        parts
    }
}

fn arguments_of(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(Value::Object(arguments)) => Value::Object(arguments),
        _ => Value::Object(serde_json::Map::new()),
    }
}

/// What is kept of what somebody said of an error: it is stored with the answer.
fn problem(code: &str, detail: &str) -> (String, String) {
    let beginning = |text: &str, most| text.chars().take(most).collect();
    (beginning(code, 100), beginning(detail, 1_000))
}

fn problem_of(reason: FinishReasonName) -> Option<(String, String)> {
    let (code, detail) = match reason {
        FinishReasonName::Length => ("finish_length", "The answer reached its length limit."),
        FinishReasonName::Refusal => ("finish_refusal", "The model declined to answer."),
        FinishReasonName::ContentFilter => (
            "finish_content_filter",
            "The provider's content filter ended the answer.",
        ),
        FinishReasonName::Stop | FinishReasonName::ToolUse | FinishReasonName::Other => {
            return None;
        }
    };
    Some((code.to_owned(), detail.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &'static str) -> CompletionEvent {
        CompletionEvent::Delta(DeltaEvent::Text { text: text.into() })
    }

    fn failed(code: &str) -> CompletionEvent {
        CompletionEvent::Failed {
            code: code.to_owned(),
            detail: "D".to_owned(),
            is_retryable: true,
            receipt: Receipt::default(),
        }
    }

    #[test]
    fn keeps_what_came_and_says_why_it_is_not_whole() {
        let mut answer = AnswerContent::default();
        for event in [
            text("Hel"),
            text("lo"),
            failed("provider_failed"),
            text("!"),
        ] {
            answer.apply(&event);
        }
        let expected = [
            Part::Text {
                text: "Hello".to_owned(),
            },
            Part::Error {
                code: "provider_failed".to_owned(),
                detail: "D".to_owned(),
            },
        ];
        assert_eq!(answer.parts(), expected);
        assert_eq!(answer.status, Some(MessageStatus::Failed));
    }

    #[test]
    fn of_what_is_said_of_an_error_the_beginning_is_kept() {
        let long = CompletionEvent::Failed {
            code: "c".repeat(5_000),
            detail: "ä".repeat(1_000_000),
            is_retryable: false,
            receipt: Receipt::default(),
        };
        let mut answer = AnswerContent::default();
        answer.apply(&long);
        assert_eq!(answer.problem, Some(("c".repeat(100), "ä".repeat(1_000))));
    }

    #[test]
    fn a_stop_and_an_interruption_are_no_failures() {
        for (code, status) in [
            ("stopped", MessageStatus::Stopped),
            ("interrupted", MessageStatus::Interrupted),
        ] {
            let mut answer = AnswerContent::default();
            answer.apply(&text("a"));
            answer.apply(&failed(code));
            assert_eq!((answer.status, answer.problem), (Some(status), None));
        }
    }

    #[test]
    fn puts_the_pieces_of_a_tool_call_together() {
        let piece = |id: Option<&'static str>, arguments: &'static str| {
            CompletionEvent::Delta(DeltaEvent::ToolCall {
                index: 0,
                id: id.map(Into::into),
                name: id.map(|_| "find".into()),
                arguments_delta: Some(arguments.into()),
            })
        };
        let mut answer = AnswerContent::default();
        answer.apply(&piece(Some("t1"), r#"{"a""#));
        answer.apply(&piece(None, ":1}"));
        let expected = [Part::ToolCall {
            id: "t1".to_owned(),
            name: "find".to_owned(),
            arguments: serde_json::json!({"a": 1}),
        }];
        assert_eq!(answer.parts(), expected);
    }
}
