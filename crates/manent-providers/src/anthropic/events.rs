//! What the events of a Messages stream mean.

use std::sync::Arc;

use manent_domain::completion::{CompletionEvent, FinishReason, ProviderError};
use manent_types::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::{Events, Progress, Translator};
use crate::http::{Redaction, from_stream};
use crate::wire::{Text, malformed};

/// An event. One flat struct for all kinds, since a tagged enum would copy everything before it looked at the tag.
#[derive(Deserialize)]
struct WireEvent<'data> {
    #[serde(rename = "type", borrow)]
    kind: Text<'data>,
    index: Option<u32>,
    #[serde(borrow)]
    delta: Option<WireDelta<'data>>,
    #[serde(borrow)]
    content_block: Option<WireBlock<'data>>,
    message: Option<WireMessage>,
    usage: Option<WireUsage>,
    #[serde(borrow)]
    error: Option<&'data RawValue>,
}

/// The changes of `content_block_delta` and `message_delta`.
#[derive(Deserialize)]
struct WireDelta<'data> {
    #[serde(borrow)]
    text: Option<Text<'data>>,
    #[serde(borrow)]
    thinking: Option<Text<'data>>,
    #[serde(borrow)]
    signature: Option<Text<'data>>,
    #[serde(borrow)]
    partial_json: Option<Text<'data>>,
    #[serde(borrow)]
    stop_reason: Option<Text<'data>>,
}

#[derive(Deserialize)]
struct WireBlock<'data> {
    #[serde(rename = "type", borrow)]
    kind: Text<'data>,
    #[serde(borrow)]
    text: Option<Text<'data>>,
    #[serde(borrow)]
    thinking: Option<Text<'data>>,
    #[serde(borrow)]
    signature: Option<Text<'data>>,
    id: Option<String>,
    name: Option<String>,
    #[serde(borrow)]
    input: Option<&'data RawValue>,
}

#[derive(Deserialize)]
struct WireMessage {
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct WireUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    output_tokens_details: Option<WireOutputDetails>,
}

#[derive(Deserialize)]
struct WireOutputDetails {
    thinking_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Self {
        Self {
            input_tokens: wire.input_tokens,
            output_tokens: wire.output_tokens,
            reasoning_tokens: wire
                .output_tokens_details
                .and_then(|details| details.thinking_tokens),
            cache_read_tokens: wire.cache_read_input_tokens,
            cache_write_tokens: wire.cache_creation_input_tokens,
        }
    }
}

/// Reads a Messages stream.
#[derive(Debug)]
pub(crate) struct MessagesTranslator {
    redaction: Arc<Redaction>,
    usage: Usage,
    /// The tool calls whose blocks are open: the block's index and the call's.
    open_calls: Vec<(u32, u32)>,
    next_call: u32,
    reason: Option<FinishReason>,
}

impl MessagesTranslator {
    /// At the beginning of an answer.
    pub(crate) fn new(redaction: Arc<Redaction>) -> Self {
        Self {
            redaction,
            usage: Usage::default(),
            open_calls: Vec::new(),
            next_call: 0,
            reason: None,
        }
    }

    fn start_block(&mut self, index: Option<u32>, block: WireBlock<'_>, events: &mut Events) {
        match block.kind.as_str() {
            "tool_use" => {
                let call = self.next_call;
                self.next_call += 1;
                if let Some(index) = index {
                    self.open_calls.push((index, call));
                }
                // Usually empty here and sent in pieces, but some compatible servers send it whole.
                let arguments = block
                    .input
                    .map(RawValue::get)
                    .filter(|input| !matches!(*input, "{}" | "null" | "\"\""))
                    .map(str::to_owned);
                events.push_back(Ok(CompletionEvent::ToolCall {
                    index: call,
                    id: block.id,
                    name: block.name,
                    arguments_delta: arguments,
                }));
            }
            "text" => push_text(block.text, CompletionEvent::Text, events),
            "thinking" => {
                push_text(block.thinking, CompletionEvent::Reasoning, events);
                push_text(block.signature, CompletionEvent::ReasoningSignature, events);
            }
            // redacted_thinking and the blocks of tools that run at the provider have no counterpart here.
            _ => {}
        }
    }

    fn change_block(&mut self, index: Option<u32>, delta: WireDelta<'_>, events: &mut Events) {
        push_text(delta.text, CompletionEvent::Text, events);
        push_text(delta.thinking, CompletionEvent::Reasoning, events);
        push_text(delta.signature, CompletionEvent::ReasoningSignature, events);
        if let Some(arguments) = delta.partial_json.and_then(Text::into_non_empty)
            && let Some((_, call)) = self
                .open_calls
                .iter()
                .find(|(block, _)| Some(*block) == index)
        {
            events.push_back(Ok(CompletionEvent::ToolCall {
                index: *call,
                id: None,
                name: None,
                arguments_delta: Some(arguments),
            }));
        }
    }

    fn count(&mut self, usage: Option<WireUsage>, events: &mut Events) {
        let Some(usage) = usage else { return };
        let before = self.usage;
        self.usage.merge(&usage.into());
        if self.usage != before {
            events.push_back(Ok(CompletionEvent::Usage(self.usage)));
        }
    }
}

impl Translator for MessagesTranslator {
    fn read(&mut self, data: &[u8], events: &mut Events) -> Result<Progress, ProviderError> {
        let event: WireEvent<'_> =
            serde_json::from_slice(data).map_err(|error| ProviderError::Protocol {
                detail: malformed(&error),
            })?;
        match event.kind.as_str() {
            "content_block_delta" => {
                if let Some(delta) = event.delta {
                    self.change_block(event.index, delta, events);
                }
            }
            "content_block_start" => {
                if let Some(block) = event.content_block {
                    self.start_block(event.index, block, events);
                }
            }
            "content_block_stop" => {
                self.open_calls
                    .retain(|(block, _)| Some(*block) != event.index);
            }
            "message_start" => {
                self.count(event.message.and_then(|message| message.usage), events);
            }
            "message_delta" => {
                self.count(event.usage, events);
                if let Some(reason) = event.delta.and_then(|delta| delta.stop_reason) {
                    self.reason = Some(finish_reason(reason.as_str()));
                }
            }
            "message_stop" => {
                return Ok(Progress::Ended(self.reason.unwrap_or(FinishReason::Other)));
            }
            "error" => {
                let error = event
                    .error
                    .and_then(|error| serde_json::from_str(error.get()).ok())
                    .unwrap_or_default();
                return Err(from_stream(&error, &self.redaction));
            }
            // ping, and what may be added later.
            _ => {}
        }
        Ok(Progress::Open)
    }

    fn reason_so_far(&self) -> Option<FinishReason> {
        self.reason
    }
}

fn push_text(
    text: Option<Text<'_>>,
    event: impl FnOnce(String) -> CompletionEvent,
    events: &mut Events,
) {
    if let Some(text) = text.and_then(Text::into_non_empty) {
        events.push_back(Ok(event(text)));
    }
}

fn finish_reason(word: &str) -> FinishReason {
    match word {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolUse,
        "refusal" => FinishReason::Refusal,
        // pause_turn among them: the provider wants to be asked to go on.
        _ => FinishReason::Other,
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
