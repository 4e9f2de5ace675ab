//! From rules and a request to a timed plan. Pure: no clock, no socket, no randomness; the same input gives the same plan.

mod chunks;
mod request;
mod steps;
mod words;

use std::borrow::Cow;
use std::time::Duration;

use manent_domain::completion::FinishReason;
use manent_types::Usage;

pub use request::ScriptRequest;
pub(crate) use request::ScriptRequestBuilder;
pub use steps::Steps;

use crate::rules::{
    Answer, Count, Failure, FailureKind, Fault, FaultPlace, PartContent, Rules, TemplateValues,
    UsageRule,
};

/// One thing that the player does.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// More of the answer.
    Text(Cow<'static, str>),
    /// More of the reasoning.
    Reasoning(Cow<'static, str>),
    /// The proof for the reasoning before it.
    Signature(String),
    /// A tool call begins.
    ToolCall {
        /// Which call of this answer, from 0.
        index: u32,
        /// The call's id.
        id: String,
        /// The tool.
        name: String,
    },
    /// More of a tool call's arguments.
    ToolArguments {
        /// Which call of this answer, from 0.
        index: u32,
        /// More JSON.
        json: String,
    },
    /// Bytes that are not the protocol.
    Malformed(String),
    /// What the answer cost.
    Usage(Usage),
    /// The end. Nothing comes after it.
    Finish(FinishReason),
    /// The provider says that it failed. Nothing comes after it.
    Fail(Failure),
    /// The connection breaks. Nothing comes after it.
    Drop,
    /// Silence. Nothing comes after it.
    Hang,
}

impl Step {
    /// Whether this is a piece of the answer, as `after_chunks` counts them.
    pub const fn is_chunk(&self) -> bool {
        matches!(
            self,
            Self::Text(_) | Self::Reasoning(_) | Self::ToolCall { .. } | Self::ToolArguments { .. }
        )
    }
}

/// A step and how long after the one before it is due.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedStep {
    /// Since the step before it was due.
    pub delay: Duration,
    /// What is done.
    pub step: Step,
}

/// How an answer begins.
#[derive(Debug, Clone)]
pub enum Opening {
    /// It does not: the provider fails instead.
    Fail(Failure),
    /// It does not: the connection breaks.
    Drop,
    /// It does not: nothing comes.
    Hang,
    /// With these steps.
    Answer(Box<Steps>),
}

/// What is done for one request.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The rule that took the request.
    pub rule: String,
    /// The model that answers.
    pub model: String,
    /// Before the first byte.
    pub start_delay: Duration,
    /// What is known about the cost when the answer begins; absent where the rule tells none.
    pub usage_at_start: Option<Usage>,
    /// Whether the OpenAI format leaves out `[DONE]`.
    pub omits_done: bool,
    /// What refusals are told by: the whole text is the refusal.
    pub is_refusal: bool,
    /// The rest.
    pub opening: Opening,
}

/// Finds the request's rule and lays out its answer.
pub fn plan(rules: &Rules, request: &ScriptRequest) -> Plan {
    let (rule, captures) = rules.find(request);
    let answer = &rule.answer;
    let values = TemplateValues {
        last: &request.last_user_text,
        turn: request.turn,
        model: &request.model,
        system: request.system.as_deref().unwrap_or(""),
        captures: &captures,
    };
    let opening = match &answer.fault {
        Some((FaultPlace::BeforeFirstByte, Fault::Fail(failure))) => Opening::Fail(failure.clone()),
        Some((FaultPlace::BeforeFirstByte, Fault::Drop)) => Opening::Drop,
        Some((FaultPlace::BeforeFirstByte, Fault::Hang)) => Opening::Hang,
        _ => match lay_out(answer, values, request) {
            Ok(steps) => Opening::Answer(Box::new(steps)),
            Err(failure) => Opening::Fail(failure),
        },
    };
    Plan {
        rule: rule.name.clone(),
        model: request.model.clone(),
        start_delay: answer.start_delay,
        usage_at_start: match answer.usage {
            UsageRule::Silent => None,
            UsageRule::Counted(given) => Some(Usage {
                input_tokens: Some(given.input_tokens.unwrap_or(request.counted_tokens())),
                output_tokens: None,
                reasoning_tokens: None,
                ..given
            }),
        },
        omits_done: answer.omits_done,
        is_refusal: answer.finish == FinishReason::Refusal,
        opening,
    }
}

fn lay_out(
    answer: &Answer,
    values: TemplateValues<'_>,
    request: &ScriptRequest,
) -> Result<Steps, Failure> {
    let mut parts = Vec::with_capacity(answer.parts.len());
    let mut tool_calls = 0;
    for part in &answer.parts {
        let run = match &part.content {
            PartContent::Text(text) => {
                steps::Run::text(&text.render(values), part.chunking, part.repeat)
            }
            PartContent::Reasoning(text) => {
                steps::Run::reasoning(&text.render(values), part.chunking, part.repeat)
            }
            PartContent::Chunks(chunks) => steps::Run::chunks(
                chunks.iter().map(|chunk| chunk.render(values)).collect(),
                part.repeat,
            ),
            PartContent::Tokens(count) => {
                steps::Run::tokens(resolve(count, values)?.saturating_mul(part.repeat))
            }
            PartContent::Signature(signature) => {
                steps::Run::single(Step::Signature(signature.clone()))
            }
            PartContent::ToolCall {
                id,
                name,
                arguments,
            } => {
                let run = steps::Run::tool_call(tool_calls, id, name, &arguments.render(values));
                tool_calls += 1;
                run
            }
            PartContent::Pause => steps::Run::pause(),
            PartContent::Fault(fault) => steps::Run::single(step_of(fault)),
        };
        parts.push(steps::PacedRun {
            run,
            pace: part.pace,
        });
    }
    let fault = match &answer.fault {
        Some((FaultPlace::AfterChunks(count), fault)) => Some((*count, step_of(fault))),
        _ => None,
    };
    Ok(Steps::new(
        parts,
        fault,
        answer.usage,
        request.counted_tokens(),
        answer.finish,
        answer
            .respects_max_tokens
            .then_some(request.max_tokens)
            .flatten(),
    ))
}

fn step_of(fault: &Fault) -> Step {
    match fault {
        Fault::Fail(failure) => Step::Fail(failure.clone()),
        Fault::Drop => Step::Drop,
        Fault::Hang => Step::Hang,
        Fault::Malformed(bytes) => Step::Malformed(bytes.clone()),
    }
}

/// The number that a rule asks for; what a pattern captured is only known now.
fn resolve(count: &Count, values: TemplateValues<'_>) -> Result<u64, Failure> {
    let template = match count {
        Count::Fixed(count) => return Ok(*count),
        Count::Captured(template) => template,
    };
    let digits = template.render(values).replace(['_', ','], "");
    digits
        .trim()
        .parse()
        .ok()
        .filter(|count| (1..=crate::rules::MAX_TOKENS).contains(count))
        .ok_or_else(|| Failure {
            kind: FailureKind::BadRequest,
            status: None,
            message: format!(
                "the script's rule wants a number of tokens from 1 to {}",
                crate::rules::MAX_TOKENS
            ),
            retry_after_ms: None,
        })
}

#[cfg(test)]
mod tests;
