//! What the chunks of a Chat Completions stream mean.

use std::sync::Arc;

use manent_domain::completion::{CompletionEvent, FinishReason, ProviderError};
use manent_types::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::delta::{DeltaText, First};
use super::think_tags::{Piece, ThinkTags};
use crate::answer::{Events, Progress, Translator};
use crate::http::{Redaction, from_stream};
use crate::wire::{Text, malformed};

#[derive(Deserialize)]
struct WireChunk<'data> {
    #[serde(borrow, default)]
    choices: First<WireChoice<'data>>,
    usage: Option<WireUsage>,
    #[serde(borrow)]
    error: Option<&'data RawValue>,
    /// Some servers tell an error flat: `{"object":"error","message":…}`.
    #[serde(borrow)]
    object: Option<Text<'data>>,
}

#[derive(Deserialize)]
struct WireChoice<'data> {
    #[serde(borrow)]
    delta: Option<WireDelta<'data>>,
    #[serde(borrow)]
    finish_reason: Option<Text<'data>>,
}

#[derive(Deserialize)]
struct WireDelta<'data> {
    #[serde(borrow)]
    content: Option<DeltaText<'data>>,
    /// The name that `DeepSeek` gave it and many took over.
    #[serde(borrow)]
    reasoning_content: Option<DeltaText<'data>>,
    /// OpenRouter's, Ollama's and newer vLLM's name.
    #[serde(borrow)]
    reasoning: Option<DeltaText<'data>>,
    #[serde(borrow)]
    refusal: Option<Text<'data>>,
    #[serde(borrow)]
    tool_calls: Option<Vec<WireToolCall<'data>>>,
}

#[derive(Deserialize)]
struct WireToolCall<'data> {
    index: Option<u32>,
    #[serde(borrow)]
    id: Option<Text<'data>>,
    #[serde(borrow)]
    function: Option<WireFunction<'data>>,
}

#[derive(Deserialize)]
struct WireFunction<'data> {
    #[serde(borrow)]
    name: Option<Text<'data>>,
    #[serde(borrow)]
    arguments: Option<Text<'data>>,
}

#[derive(Deserialize)]
struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<WirePromptDetails>,
    completion_tokens_details: Option<WireCompletionDetails>,
}

#[derive(Deserialize)]
struct WirePromptDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct WireCompletionDetails {
    reasoning_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Self {
        let prompt = wire.prompt_tokens_details;
        Self {
            input_tokens: wire.prompt_tokens,
            output_tokens: wire.completion_tokens,
            reasoning_tokens: wire
                .completion_tokens_details
                .and_then(|details| details.reasoning_tokens),
            cache_read_tokens: prompt.as_ref().and_then(|details| details.cached_tokens),
            cache_write_tokens: prompt.and_then(|details| details.cache_write_tokens),
        }
    }
}

/// A tool call that has begun.
#[derive(Debug)]
struct BegunCall {
    wire_index: u32,
    id: Option<String>,
    has_name: bool,
}

/// Reads a Chat Completions stream.
#[derive(Debug)]
pub(crate) struct ChatTranslator {
    redaction: Arc<Redaction>,
    usage: Usage,
    /// Some servers repeat the usage in every chunk: only the last one is passed on.
    has_unsent_usage: bool,
    calls: Vec<BegunCall>,
    has_refused: bool,
    /// Where thinking is marked in the text.
    think_tags: Option<ThinkTags>,
    reason: Option<FinishReason>,
}

impl ChatTranslator {
    /// At the beginning of an answer in whose text thinking is marked.
    pub(super) fn with_think_tags(redaction: Arc<Redaction>) -> Self {
        Self {
            think_tags: Some(ThinkTags::default()),
            ..Self::new(redaction)
        }
    }

    /// At the beginning of an answer.
    pub(crate) fn new(redaction: Arc<Redaction>) -> Self {
        Self {
            redaction,
            usage: Usage::default(),
            has_unsent_usage: false,
            calls: Vec::new(),
            has_refused: false,
            think_tags: None,
            reason: None,
        }
    }

    fn take_delta(
        &mut self,
        delta: WireDelta<'_>,
        events: &mut Events,
    ) -> Result<(), ProviderError> {
        // Where both names are used, both say the same.
        let reasoning = [delta.reasoning_content, delta.reasoning]
            .into_iter()
            .flatten()
            .find(|reasoning| !reasoning.text.is_empty() || !reasoning.reasoning.is_empty());
        if let Some(reasoning) = reasoning {
            push(reasoning.reasoning, CompletionEvent::Reasoning, events);
            push(
                reasoning.text.into_owned(),
                CompletionEvent::Reasoning,
                events,
            );
        }
        if let Some(content) = delta.content {
            push(content.reasoning, CompletionEvent::Reasoning, events);
            match &mut self.think_tags {
                _ if content.text.is_empty() => {}
                None => push(content.text.into_owned(), CompletionEvent::Text, events),
                Some(tags) => tags.take(&content.text, |piece| push_piece(piece, events)),
            }
        }
        if let Some(refusal) = delta.refusal.and_then(Text::into_non_empty) {
            self.has_refused = true;
            push(refusal, CompletionEvent::Text, events);
        }
        for call in delta.tool_calls.into_iter().flatten() {
            self.take_call(call, events)?;
        }
        Ok(())
    }

    fn take_call(
        &mut self,
        call: WireToolCall<'_>,
        events: &mut Events,
    ) -> Result<(), ProviderError> {
        /// More calls than this in one answer are no answer.
        const MAX_CALLS: usize = 1_000;
        let id = call.id.and_then(Text::into_non_empty);
        let (name, arguments) = call.function.map_or((None, None), |function| {
            (
                function.name.and_then(Text::into_non_empty),
                function.arguments.and_then(Text::into_non_empty),
            )
        });
        // Without an index, an id begins a call; with one that is taken, another id does.
        let known = match call.index {
            Some(index) => self
                .calls
                .iter()
                .rposition(|begun| begun.wire_index == index),
            None if id.is_some() => self.calls.iter().rposition(|begun| begun.id == id),
            None => self.calls.len().checked_sub(1),
        }
        .filter(|&position| {
            let begun = &self.calls[position];
            id.is_none() || begun.id.is_none() || begun.id == id
        });
        let position = match known {
            Some(position) => position,
            None if self.calls.len() >= MAX_CALLS => {
                return Err(ProviderError::Protocol {
                    detail: "the answer has more than 1000 tool calls".to_owned(),
                });
            }
            None => {
                self.calls.push(BegunCall {
                    wire_index: call.index.unwrap_or(u32::MAX),
                    id: None,
                    has_name: false,
                });
                self.calls.len() - 1
            }
        };
        let begun = &mut self.calls[position];
        let new_id = if begun.id.is_none() { id } else { None };
        if new_id.is_some() {
            begun.id.clone_from(&new_id);
        }
        let new_name = if begun.has_name { None } else { name };
        begun.has_name |= new_name.is_some();
        if new_id.is_some() || new_name.is_some() || arguments.is_some() {
            events.push_back(Ok(CompletionEvent::ToolCall {
                index: u32::try_from(position).unwrap_or(u32::MAX),
                id: new_id,
                name: new_name,
                arguments_delta: arguments,
            }));
        }
        Ok(())
    }

    fn take_error(&self, error: &str) -> ProviderError {
        let error = serde_json::from_str(error).unwrap_or_default();
        from_stream(&error, &self.redaction)
    }

    /// Why the answer ended, as far as the words of the stream tell.
    fn reason_of(&self, word: &str) -> FinishReason {
        match word {
            _ if self.has_refused => FinishReason::Refusal,
            "stop" | "eos" | "eos_token" | "stop_sequence" | "end_turn" => {
                // Some servers say `stop` after tool calls.
                if self.calls.is_empty() {
                    FinishReason::Stop
                } else {
                    FinishReason::ToolUse
                }
            }
            "length" | "max_tokens" => FinishReason::Length,
            "tool_calls" | "function_call" => FinishReason::ToolUse,
            "content_filter" => FinishReason::ContentFilter,
            "refusal" => FinishReason::Refusal,
            _ => FinishReason::Other,
        }
    }
}

impl Translator for ChatTranslator {
    fn read(&mut self, data: &[u8], events: &mut Events) -> Result<Progress, ProviderError> {
        if data.trim_ascii() == b"[DONE]" {
            return Ok(Progress::Ended(self.reason.unwrap_or(FinishReason::Other)));
        }
        let chunk: WireChunk<'_> =
            serde_json::from_slice(data).map_err(|error| ProviderError::Protocol {
                detail: malformed(&error),
            })?;
        if let Some(error) = chunk.error {
            return Err(self.take_error(error.get()));
        }
        if chunk
            .object
            .is_some_and(|object| object.as_str() == "error")
        {
            return Err(self.take_error(&String::from_utf8_lossy(data)));
        }
        if let Some(choice) = chunk.choices.0 {
            if let Some(delta) = choice.delta {
                self.take_delta(delta, events)?;
            }
            match choice.finish_reason.as_ref().map(Text::as_str) {
                None | Some("") => {}
                Some("error") => {
                    return Err(ProviderError::Failed {
                        detail: "it told no reason".to_owned(),
                    });
                }
                Some(word) => self.reason = Some(self.reason_of(word)),
            }
        }
        if let Some(usage) = chunk.usage {
            let before = self.usage;
            self.usage.merge(&usage.into());
            self.has_unsent_usage |= self.usage != before;
        }
        Ok(Progress::Open)
    }

    fn reason_so_far(&self) -> Option<FinishReason> {
        self.reason
    }

    fn flush(&mut self, events: &mut Events) {
        if let Some(tags) = &mut self.think_tags {
            tags.flush(|piece| push_piece(piece, events));
        }
        if std::mem::take(&mut self.has_unsent_usage) {
            events.push_back(Ok(CompletionEvent::Usage(self.usage)));
        }
    }
}

fn push(text: String, event: impl FnOnce(String) -> CompletionEvent, events: &mut Events) {
    if !text.is_empty() {
        events.push_back(Ok(event(text)));
    }
}

fn push_piece(piece: Piece, events: &mut Events) {
    match piece {
        Piece::Thought(thought) => push(thought, CompletionEvent::Reasoning, events),
        Piece::Text(text) => push(text, CompletionEvent::Text, events),
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
