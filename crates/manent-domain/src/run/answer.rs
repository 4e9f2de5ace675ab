//! From events to a message's content.

#[cfg(test)]
mod tests;

use manent_types::{MessageStatus, Part, Usage};

use super::event::{RunEnd, RunEvent};
use crate::completion::{CompletionEvent, FinishReason};

/// A call whose arguments are still being written.
#[derive(Debug, Clone)]
struct OpenCall {
    index: u32,
    id: String,
    name: String,
    arguments: String,
}

/// Folds a run's events into the content of its answer. The same events always give the same content, so the writer of an answer, a
/// reader of the log and whoever finds the run dead come to the same.
#[derive(Debug, Clone, Default)]
pub struct AnswerBuilder {
    parts: Vec<Part>,
    calls: Vec<OpenCall>,
    usage: Usage,
    end: Option<RunEnd>,
}

impl AnswerBuilder {
    /// Takes the next event.
    pub fn apply(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Started { .. } => {}
            RunEvent::Retained(parts) => self.parts.extend(parts.iter().cloned()),
            RunEvent::Completion(event) => self.apply_completion(event),
            RunEvent::Ended(end) => {
                self.close_calls();
                self.parts.extend(end_part(end));
                self.end = Some(end.clone());
            }
        }
    }

    /// The content so far. A tool call is in it once its arguments are whole.
    pub fn content(&self) -> Vec<Part> {
        let mut parts = self.parts.clone();
        parts.extend(self.calls.iter().filter_map(closed));
        parts
    }

    /// Whether [`Self::content`] has anything.
    pub fn has_content(&self) -> bool {
        !self.parts.is_empty() || self.calls.iter().any(|call| closed(call).is_some())
    }

    /// What is known about the cost; absent while nothing is.
    pub fn usage(&self) -> Option<Usage> {
        (!self.usage.is_empty()).then_some(self.usage)
    }

    /// How it ended, if it did.
    pub const fn end(&self) -> Option<&RunEnd> {
        self.end.as_ref()
    }

    fn apply_completion(&mut self, event: &CompletionEvent) {
        match event {
            CompletionEvent::Text(more) | CompletionEvent::Reasoning(more) if more.is_empty() => {}
            CompletionEvent::Text(more) => {
                self.close_calls();
                if let Some(Part::Text { text }) = self.parts.last_mut() {
                    text.push_str(more);
                } else {
                    self.parts.push(Part::Text { text: more.clone() });
                }
            }
            CompletionEvent::Reasoning(more) => {
                self.close_calls();
                if let Some(Part::Reasoning {
                    text,
                    signature: None,
                    ..
                }) = self.parts.last_mut()
                {
                    text.push_str(more);
                } else {
                    self.parts.push(Part::Reasoning {
                        text: more.clone(),
                        duration_ms: None,
                        signature: None,
                    });
                }
            }
            CompletionEvent::ReasoningSignature(proof) => {
                if let Some(Part::Reasoning { signature, .. }) = self.parts.last_mut() {
                    signature.get_or_insert_default().push_str(proof);
                } else {
                    self.parts.push(Part::Reasoning {
                        text: String::new(),
                        duration_ms: None,
                        signature: Some(proof.clone()),
                    });
                }
            }
            CompletionEvent::ToolCall {
                index,
                id,
                name,
                arguments_delta,
            } => {
                let known = self.calls.iter().position(|call| call.index == *index);
                let place = known.unwrap_or_else(|| {
                    self.calls.push(OpenCall {
                        index: *index,
                        id: String::new(),
                        name: String::new(),
                        arguments: String::new(),
                    });
                    self.calls.len() - 1
                });
                let call = &mut self.calls[place];
                let append = |text: &mut String, more: &Option<String>| {
                    text.push_str(more.as_deref().unwrap_or_default());
                };
                append(&mut call.id, id);
                append(&mut call.name, name);
                append(&mut call.arguments, arguments_delta);
            }
            CompletionEvent::Usage(usage) => self.usage.merge(usage),
            CompletionEvent::Done(_) => self.close_calls(),
        }
    }

    fn close_calls(&mut self) {
        let calls = std::mem::take(&mut self.calls);
        self.parts.extend(calls.iter().filter_map(closed));
    }
}

/// The part that says why an answer is not whole; absent where the message's status says enough.
fn end_part(end: &RunEnd) -> Option<Part> {
    let (code, detail) = match (end.status, end.finish_reason, &end.failure) {
        (MessageStatus::Failed, _, Some(failure)) => {
            (failure.code.as_str(), failure.detail.as_str())
        }
        (MessageStatus::Complete, Some(FinishReason::Length), _) => {
            ("finish_length", "The answer reached its length limit.")
        }
        (MessageStatus::Complete, Some(FinishReason::Refusal), _) => {
            ("finish_refusal", "The model declined to answer.")
        }
        (MessageStatus::Complete, Some(FinishReason::ContentFilter), _) => (
            "finish_content_filter",
            "The provider's content filter ended the answer.",
        ),
        _ => return None,
    };
    Some(Part::Error {
        code: code.to_owned(),
        detail: detail.to_owned(),
    })
}

/// The part of a call whose arguments are an object by now.
fn closed(call: &OpenCall) -> Option<Part> {
    let arguments = if call.arguments.trim().is_empty() {
        serde_json::Value::Object(serde_json::Map::new())
    } else {
        serde_json::from_str(&call.arguments).ok()?
    };
    (arguments.is_object() && !call.name.is_empty()).then(|| Part::ToolCall {
        id: call.id.clone(),
        name: call.name.clone(),
        arguments,
    })
}
