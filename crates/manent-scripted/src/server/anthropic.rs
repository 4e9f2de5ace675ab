//! Anthropic Messages: <https://docs.anthropic.com/en/api/messages>, streams as in
//! <https://docs.anthropic.com/en/docs/build-with-claude/streaming>.

mod request;

use axum::http::HeaderName;
use manent_domain::completion::FinishReason;
use manent_types::Usage;
use serde_json::Value;

use super::encode::{
    Answered, Block, Context, Encoder, Format, WireRequest, push, push_json, quoted,
};
use crate::rules::{Failure, FailureKind};
use crate::script::{Plan, Step};

pub(super) struct Anthropic;

impl Format for Anthropic {
    const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("request-id");

    fn request_id(number: u64) -> String {
        format!("req_scripted_{number:06}")
    }

    fn read_request(body: &[u8]) -> Result<WireRequest, Failure> {
        request::read(body)
    }

    fn encoder(
        number: u64,
        plan: &Plan,
        _request: &WireRequest,
        _context: Context,
    ) -> Box<dyn Encoder> {
        Box::new(AnthropicEncoder {
            number,
            model: plan.model.clone(),
            usage_at_start: plan.usage_at_start,
            usage: None,
            block: None,
            next_index: 0,
        })
    }

    fn whole(number: u64, plan: &Plan, answer: &Answered, _context: Context) -> String {
        let blocks: Vec<String> = answer.blocks.iter().map(whole_block).collect();
        let usage = answer
            .usage
            .map(|usage| format!(",\"usage\":{}", usage_json(&usage)))
            .unwrap_or_default();
        format!(
            "{{\"id\":\"{id}\",\"type\":\"message\",\"role\":\"assistant\",\"model\":{model},\"content\":[{content}],\
             \"stop_reason\":\"{stop}\",\"stop_sequence\":null{usage}}}",
            id = message_id(number),
            model = quoted(&plan.model),
            content = blocks.join(","),
            stop = stop_reason(answer.finish),
        )
    }

    fn error(number: u64, failure: &Failure) -> (u16, String) {
        let status = failure.status.unwrap_or(match failure.kind {
            FailureKind::Overloaded => 529,
            FailureKind::RateLimited => 429,
            FailureKind::Auth => 401,
            FailureKind::Permission => 403,
            FailureKind::NotFound => 404,
            FailureKind::BadRequest => 400,
            FailureKind::TooLarge => 413,
            FailureKind::Failed => 500,
            FailureKind::Timeout => 504,
        });
        (status, error_json(number, failure))
    }
}

fn message_id(number: u64) -> String {
    format!("msg_scripted_{number:06}")
}

fn error_json(number: u64, failure: &Failure) -> String {
    let kind = match failure.kind {
        FailureKind::Overloaded => "overloaded_error",
        FailureKind::RateLimited => "rate_limit_error",
        FailureKind::Auth => "authentication_error",
        FailureKind::Permission => "permission_error",
        FailureKind::NotFound => "not_found_error",
        FailureKind::BadRequest => "invalid_request_error",
        FailureKind::TooLarge => "request_too_large",
        FailureKind::Failed => "api_error",
        FailureKind::Timeout => "timeout_error",
    };
    format!(
        "{{\"type\":\"error\",\"error\":{{\"type\":\"{kind}\",\"message\":{}}},\"request_id\":\"{}\"}}",
        quoted(&failure.message),
        Anthropic::request_id(number)
    )
}

const fn stop_reason(finish: FinishReason) -> &'static str {
    match finish {
        FinishReason::Stop => "end_turn",
        FinishReason::Length => "max_tokens",
        FinishReason::ToolUse => "tool_use",
        FinishReason::Refusal | FinishReason::ContentFilter => "refusal",
        FinishReason::Other => "pause_turn",
    }
}

fn usage_json(usage: &Usage) -> String {
    format!(
        "{{\"input_tokens\":{},\"cache_creation_input_tokens\":{},\"cache_read_input_tokens\":{},\"output_tokens\":{}}}",
        usage.input_tokens.unwrap_or(0),
        usage.cache_write_tokens.unwrap_or(0),
        usage.cache_read_tokens.unwrap_or(0),
        usage.output_tokens.unwrap_or(0)
    )
}

fn whole_block(block: &Block) -> String {
    match block {
        Block::Text(text) => format!("{{\"type\":\"text\",\"text\":{}}}", quoted(text)),
        Block::Reasoning { text, signature } => format!(
            "{{\"type\":\"thinking\",\"thinking\":{},\"signature\":{}}}",
            quoted(text),
            quoted(signature)
        ),
        Block::Tool {
            id,
            name,
            arguments,
        } => {
            // Arguments that are malformed on purpose stay visible as a text.
            let input: Value = serde_json::from_str(arguments)
                .unwrap_or_else(|_| Value::String(arguments.clone()));
            format!(
                "{{\"type\":\"tool_use\",\"id\":{},\"name\":{},\"input\":{input}}}",
                quoted(id),
                quoted(name)
            )
        }
    }
}

/// The content block that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OpenBlock {
    Text,
    Thinking,
    Tool,
}

struct AnthropicEncoder {
    number: u64,
    model: String,
    usage_at_start: Option<Usage>,
    usage: Option<Usage>,
    block: Option<OpenBlock>,
    next_index: u32,
}

impl AnthropicEncoder {
    fn event(out: &mut Vec<u8>, name: &str, data: std::fmt::Arguments<'_>) {
        push(out, format_args!("event: {name}\ndata: {data}\n\n"));
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.block.take().is_some() {
            let index = self.next_index - 1;
            Self::event(
                out,
                "content_block_stop",
                format_args!("{{\"type\":\"content_block_stop\",\"index\":{index}}}"),
            );
        }
    }

    fn open(&mut self, block: OpenBlock, content: &str, out: &mut Vec<u8>) {
        self.close(out);
        let index = self.next_index;
        self.next_index += 1;
        self.block = Some(block);
        Self::event(
            out,
            "content_block_start",
            format_args!(
                "{{\"type\":\"content_block_start\",\"index\":{index},\"content_block\":{content}}}"
            ),
        );
    }

    fn delta(&self, kind: &str, field: &str, text: &str, out: &mut Vec<u8>) {
        let index = self.next_index.saturating_sub(1);
        push(
            out,
            format_args!(
                "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{index},\
                 \"delta\":{{\"type\":\"{kind}\",\"{field}\":"
            ),
        );
        push_json(out, text);
        out.extend_from_slice(b"}}\n\n");
    }
}

impl Encoder for AnthropicEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        let usage = self
            .usage_at_start
            .map(|usage| {
                let begun = Usage {
                    output_tokens: Some(1),
                    ..usage
                };
                format!(",\"usage\":{}", usage_json(&begun))
            })
            .unwrap_or_default();
        Self::event(
            out,
            "message_start",
            format_args!(
                "{{\"type\":\"message_start\",\"message\":{{\"id\":\"{id}\",\"type\":\"message\",\"role\":\"assistant\",\
                 \"model\":{model},\"content\":[],\"stop_reason\":null,\"stop_sequence\":null{usage}}}}}",
                id = message_id(self.number),
                model = quoted(&self.model),
            ),
        );
        Self::event(out, "ping", format_args!("{{\"type\": \"ping\"}}"));
    }

    fn step(&mut self, step: &Step, out: &mut Vec<u8>) {
        match step {
            Step::Text(text) => {
                if self.block != Some(OpenBlock::Text) {
                    self.open(OpenBlock::Text, "{\"type\":\"text\",\"text\":\"\"}", out);
                }
                self.delta("text_delta", "text", text, out);
            }
            Step::Reasoning(text) => {
                if self.block != Some(OpenBlock::Thinking) {
                    let empty = "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}";
                    self.open(OpenBlock::Thinking, empty, out);
                }
                self.delta("thinking_delta", "thinking", text, out);
            }
            Step::Signature(signature) => {
                if self.block == Some(OpenBlock::Thinking) {
                    self.delta("signature_delta", "signature", signature, out);
                }
            }
            Step::ToolCall { id, name, .. } => {
                let content = format!(
                    "{{\"type\":\"tool_use\",\"id\":{},\"name\":{},\"input\":{{}}}}",
                    quoted(id),
                    quoted(name)
                );
                self.open(OpenBlock::Tool, &content, out);
            }
            Step::ToolArguments { json, .. } => {
                self.delta("input_json_delta", "partial_json", json, out);
            }
            Step::Usage(usage) => self.usage = Some(*usage),
            Step::Finish(finish) => {
                self.close(out);
                let usage = self
                    .usage
                    .map(|usage| format!(",\"usage\":{}", usage_json(&usage)))
                    .unwrap_or_default();
                Self::event(
                    out,
                    "message_delta",
                    format_args!(
                        "{{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"{}\",\"stop_sequence\":null}}{usage}}}",
                        stop_reason(*finish)
                    ),
                );
                Self::event(
                    out,
                    "message_stop",
                    format_args!("{{\"type\":\"message_stop\"}}"),
                );
            }
            Step::Fail(failure) => {
                Self::event(
                    out,
                    "error",
                    format_args!("{}", error_json(self.number, failure)),
                );
            }
            Step::Malformed(bytes) => out.extend_from_slice(bytes.as_bytes()),
            Step::Drop | Step::Hang => {}
        }
    }
}
