//! OpenAI Chat Completions: <https://platform.openai.com/docs/api-reference/chat>, with the reasoning field that `DeepSeek`, vLLM
//! and others add.

mod request;

use axum::http::HeaderName;
use manent_domain::completion::FinishReason;
use manent_types::Usage;

use super::encode::{
    Answered, Block, CREATED_AT, Context, Encoder, Format, WireRequest, push, push_json, quoted,
};
use crate::rules::{Failure, FailureKind};
use crate::script::{Plan, Step};

pub(super) struct OpenAi;

impl Format for OpenAi {
    const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

    fn request_id(number: u64) -> String {
        format!("req_scripted_{number:06}")
    }

    fn read_request(body: &[u8]) -> Result<WireRequest, Failure> {
        request::read(body)
    }

    fn encoder(
        number: u64,
        plan: &Plan,
        request: &WireRequest,
        context: Context,
    ) -> Box<dyn Encoder> {
        let head = format!(
            "data: {{\"id\":\"{}\",\"object\":\"chat.completion.chunk\",\"created\":{CREATED_AT},\"model\":{},\
             \"service_tier\":\"default\",\"system_fingerprint\":\"fp_scripted\",\"choices\":[",
            completion_id(number),
            quoted(&plan.model)
        );
        let usage = if request.includes_usage {
            ",\"usage\":null"
        } else {
            ""
        };
        Box::new(OpenAiEncoder {
            tail: format!(",\"logprobs\":null,\"finish_reason\":null}}]{usage}}}\n\n"),
            no_usage: usage,
            head,
            reasoning_field: context.openai_reasoning_field,
            text_field: if plan.is_refusal {
                "refusal"
            } else {
                "content"
            },
            includes_usage: request.includes_usage,
            omits_done: plan.omits_done,
            usage: None,
        })
    }

    fn whole(number: u64, plan: &Plan, answer: &Answered, context: Context) -> String {
        let usage = answer
            .usage
            .map(|usage| format!(",\"usage\":{}", usage_json(&usage)))
            .unwrap_or_default();
        format!(
            "{{\"id\":\"{id}\",\"object\":\"chat.completion\",\"created\":{CREATED_AT},\"model\":{model},\"choices\":[{{\"index\":0,\
             \"message\":{message},\"logprobs\":null,\"finish_reason\":\"{finish}\"}}]{usage},\"service_tier\":\"default\",\
             \"system_fingerprint\":\"fp_scripted\"}}",
            id = completion_id(number),
            model = quoted(&plan.model),
            message = whole_message(plan, answer, context),
            finish = finish_reason(answer.finish),
        )
    }

    fn error(_number: u64, failure: &Failure) -> (u16, String) {
        let status = failure.status.unwrap_or(match failure.kind {
            FailureKind::Overloaded => 503,
            FailureKind::RateLimited => 429,
            FailureKind::Auth => 401,
            FailureKind::Permission => 403,
            FailureKind::NotFound => 404,
            FailureKind::BadRequest => 400,
            FailureKind::TooLarge => 413,
            FailureKind::Failed => 500,
            FailureKind::Timeout => 504,
        });
        (status, error_json(failure))
    }
}

fn completion_id(number: u64) -> String {
    format!("chatcmpl-scripted{number:06}")
}

fn error_json(failure: &Failure) -> String {
    let (kind, code) = match failure.kind {
        FailureKind::Overloaded => ("server_error", "\"server_overloaded\""),
        FailureKind::RateLimited => ("requests", "\"rate_limit_exceeded\""),
        FailureKind::Auth => ("invalid_request_error", "\"invalid_api_key\""),
        FailureKind::Permission => ("invalid_request_error", "\"insufficient_permissions\""),
        FailureKind::NotFound => ("invalid_request_error", "\"model_not_found\""),
        FailureKind::BadRequest => ("invalid_request_error", "null"),
        FailureKind::TooLarge => ("invalid_request_error", "\"request_too_large\""),
        FailureKind::Failed => ("server_error", "null"),
        FailureKind::Timeout => ("server_error", "\"timeout\""),
    };
    format!(
        "{{\"error\":{{\"message\":{},\"type\":\"{kind}\",\"param\":null,\"code\":{code}}}}}",
        quoted(&failure.message)
    )
}

/// The format has no word for a refusal: it stands in the message's field `refusal`, and the answer stops as others do.
const fn finish_reason(finish: FinishReason) -> &'static str {
    match finish {
        FinishReason::Stop | FinishReason::Refusal => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolUse => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
        FinishReason::Other => "other",
    }
}

/// `prompt_tokens` includes what came from a cache.
fn usage_json(usage: &Usage) -> String {
    let cached = usage.cache_read_tokens.unwrap_or(0);
    let prompt = usage
        .input_tokens
        .unwrap_or(0)
        .saturating_add(cached)
        .saturating_add(usage.cache_write_tokens.unwrap_or(0));
    let completion = usage.output_tokens.unwrap_or(0);
    format!(
        "{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion},\"total_tokens\":{},\
         \"prompt_tokens_details\":{{\"cached_tokens\":{cached},\"audio_tokens\":0}},\
         \"completion_tokens_details\":{{\"reasoning_tokens\":{},\"audio_tokens\":0}}}}",
        prompt.saturating_add(completion),
        usage.reasoning_tokens.unwrap_or(0)
    )
}

fn whole_message(plan: &Plan, answer: &Answered, context: Context) -> String {
    let mut text = None;
    let mut reasoning = None;
    let mut calls = Vec::new();
    for block in &answer.blocks {
        match block {
            Block::Text(more) => text.get_or_insert_with(String::new).push_str(more),
            Block::Reasoning { text: more, .. } => {
                reasoning.get_or_insert_with(String::new).push_str(more);
            }
            Block::Tool {
                id,
                name,
                arguments,
            } => calls.push(format!(
                "{{\"id\":{},\"type\":\"function\",\"function\":{{\"name\":{},\"arguments\":{}}}}}",
                quoted(id),
                quoted(name),
                quoted(arguments)
            )),
        }
    }
    let told = match text.as_deref() {
        // Beside tool calls the field is empty in another way than without them.
        None if calls.is_empty() => quoted(""),
        None => "null".to_owned(),
        Some(text) => quoted(text),
    };
    let (said, refusal) = if plan.is_refusal {
        ("null".to_owned(), told)
    } else {
        (told, "null".to_owned())
    };
    let reasoning = reasoning
        .map(|reasoning| {
            format!(
                ",\"{}\":{}",
                context.openai_reasoning_field,
                quoted(&reasoning)
            )
        })
        .unwrap_or_default();
    let calls = if calls.is_empty() {
        String::new()
    } else {
        format!(",\"tool_calls\":[{}]", calls.join(","))
    };
    format!(
        "{{\"role\":\"assistant\",\"content\":{said},\"refusal\":{refusal}{reasoning}{calls},\"annotations\":[]}}"
    )
}

struct OpenAiEncoder {
    head: String,
    tail: String,
    no_usage: &'static str,
    reasoning_field: &'static str,
    text_field: &'static str,
    includes_usage: bool,
    omits_done: bool,
    usage: Option<Usage>,
}

impl OpenAiEncoder {
    fn delta(&self, delta: std::fmt::Arguments<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(self.head.as_bytes());
        push(out, format_args!("{{\"index\":0,\"delta\":{delta}"));
        out.extend_from_slice(self.tail.as_bytes());
    }

    fn text(&self, field: &str, text: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(b"{\"index\":0,\"delta\":{\"");
        out.extend_from_slice(field.as_bytes());
        out.extend_from_slice(b"\":");
        push_json(out, text);
        out.push(b'}');
        out.extend_from_slice(self.tail.as_bytes());
    }
}

impl Encoder for OpenAiEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        self.delta(
            format_args!("{{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}}"),
            out,
        );
    }

    fn step(&mut self, step: &Step, out: &mut Vec<u8>) {
        match step {
            Step::Text(text) => self.text(self.text_field, text, out),
            Step::Reasoning(text) => self.text(self.reasoning_field, text, out),
            Step::ToolCall { index, id, name } => self.delta(
                format_args!(
                    "{{\"tool_calls\":[{{\"index\":{index},\"id\":{},\"type\":\"function\",\
                     \"function\":{{\"name\":{},\"arguments\":\"\"}}}}]}}",
                    quoted(id),
                    quoted(name)
                ),
                out,
            ),
            Step::ToolArguments { index, json } => self.delta(
                format_args!(
                    "{{\"tool_calls\":[{{\"index\":{index},\"function\":{{\"arguments\":{}}}}}]}}",
                    quoted(json)
                ),
                out,
            ),
            Step::Usage(usage) => self.usage = Some(*usage),
            Step::Finish(finish) => {
                push(
                    out,
                    format_args!(
                        "{}{{\"index\":0,\"delta\":{{}},\"logprobs\":null,\"finish_reason\":\"{}\"}}]{}}}\n\n",
                        self.head,
                        finish_reason(*finish),
                        self.no_usage
                    ),
                );
                if let (true, Some(usage)) = (self.includes_usage, &self.usage) {
                    push(
                        out,
                        format_args!("{}],\"usage\":{}}}\n\n", self.head, usage_json(usage)),
                    );
                }
                if !self.omits_done {
                    out.extend_from_slice(b"data: [DONE]\n\n");
                }
            }
            Step::Fail(failure) => push(out, format_args!("data: {}\n\n", error_json(failure))),
            Step::Malformed(bytes) => out.extend_from_slice(bytes.as_bytes()),
            // The format has no signatures.
            Step::Signature(_) | Step::Drop | Step::Hang => {}
        }
    }
}
