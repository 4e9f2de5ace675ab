//! The steps of an answer, made one by one: a long answer takes no more memory than a short one.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use manent_domain::completion::FinishReason;
use manent_types::Usage;

use super::chunks::chunk_end;
use super::{Step, TimedStep, words};
use crate::rules::{Chunking, Pace, UsageRule};

/// Characters of a tool call's arguments that come in one step.
const ARGUMENT_CHARACTERS: usize = 16;

/// Steps of one part of an answer that are still to come.
#[derive(Debug, Clone)]
pub(crate) enum Run {
    Text {
        whole: String,
        at: usize,
        chunking: Chunking,
        rounds_left: u64,
        is_reasoning: bool,
    },
    Chunks {
        chunks: Vec<String>,
        at: usize,
        rounds_left: u64,
    },
    Tokens {
        next: u64,
        end: u64,
    },
    Ready(VecDeque<Step>),
    Pause {
        is_over: bool,
    },
}

/// What a run gives next.
enum Next {
    Step(Step),
    /// Only time passes.
    Silence,
    End,
}

impl Run {
    pub(crate) fn text(text: &str, chunking: Chunking, rounds: u64) -> Self {
        Self::cut(text, chunking, rounds, false)
    }

    pub(crate) fn reasoning(text: &str, chunking: Chunking, rounds: u64) -> Self {
        Self::cut(text, chunking, rounds, true)
    }

    fn cut(text: &str, chunking: Chunking, rounds: u64, is_reasoning: bool) -> Self {
        Self::Text {
            whole: text.to_owned(),
            at: 0,
            chunking,
            rounds_left: if text.is_empty() { 0 } else { rounds },
            is_reasoning,
        }
    }

    pub(crate) fn chunks(chunks: Vec<String>, rounds: u64) -> Self {
        Self::Chunks {
            rounds_left: if chunks.is_empty() { 0 } else { rounds },
            chunks,
            at: 0,
        }
    }

    pub(crate) const fn tokens(count: u64) -> Self {
        Self::Tokens {
            next: 0,
            end: count,
        }
    }

    pub(crate) fn single(step: Step) -> Self {
        Self::Ready(VecDeque::from([step]))
    }

    pub(crate) fn tool_call(index: u32, id: &str, name: &str, arguments: &str) -> Self {
        let mut steps = VecDeque::from([Step::ToolCall {
            index,
            id: id.to_owned(),
            name: name.to_owned(),
        }]);
        let mut rest = arguments;
        while !rest.is_empty() {
            let (json, behind) =
                rest.split_at(chunk_end(rest, Chunking::Characters(ARGUMENT_CHARACTERS)));
            steps.push_back(Step::ToolArguments {
                index,
                json: json.to_owned(),
            });
            rest = behind;
        }
        Self::Ready(steps)
    }

    pub(crate) const fn pause() -> Self {
        Self::Pause { is_over: false }
    }

    fn next(&mut self) -> Next {
        match self {
            Self::Text {
                whole,
                at,
                chunking,
                rounds_left,
                is_reasoning,
            } => {
                if *rounds_left == 0 {
                    return Next::End;
                }
                let rest = &whole[*at..];
                let end = chunk_end(rest, *chunking);
                let chunk = Cow::Owned(rest[..end].to_owned());
                *at += end;
                if *at == whole.len() {
                    *at = 0;
                    *rounds_left -= 1;
                }
                Next::Step(if *is_reasoning {
                    Step::Reasoning(chunk)
                } else {
                    Step::Text(chunk)
                })
            }
            Self::Chunks {
                chunks,
                at,
                rounds_left,
            } => {
                if *rounds_left == 0 {
                    return Next::End;
                }
                let chunk = chunks[*at].clone();
                *at += 1;
                if *at == chunks.len() {
                    *at = 0;
                    *rounds_left -= 1;
                }
                Next::Step(Step::Text(Cow::Owned(chunk)))
            }
            Self::Tokens { next, end } => {
                if next == end {
                    return Next::End;
                }
                let token = words::token(*next);
                *next += 1;
                Next::Step(Step::Text(Cow::Borrowed(token)))
            }
            Self::Ready(steps) => steps.pop_front().map_or(Next::End, Next::Step),
            Self::Pause { is_over } => {
                if *is_over {
                    return Next::End;
                }
                *is_over = true;
                Next::Silence
            }
        }
    }

    /// What a step of this run costs.
    fn tokens_of(&self, step: &Step) -> u64 {
        if matches!(self, Self::Tokens { .. }) {
            return 1;
        }
        let text = match step {
            Step::Text(text) | Step::Reasoning(text) => text.as_ref(),
            Step::ToolCall { name, .. } => name,
            Step::ToolArguments { json, .. } => json,
            _ => return 0,
        };
        u64::try_from(text.chars().count().div_ceil(4)).unwrap_or(u64::MAX)
    }
}

/// A run and its pace.
#[derive(Debug, Clone)]
pub(crate) struct PacedRun {
    pub(crate) run: Run,
    pub(crate) pace: Pace,
}

/// What is left to do when the runs are through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Usage,
    Finish,
    Over,
}

/// The steps of an answer that has begun.
#[derive(Debug, Clone)]
pub struct Steps {
    runs: VecDeque<PacedRun>,
    /// Whether the run in front has given a step.
    has_begun: bool,
    fault: Option<(u64, Step)>,
    chunks: u64,
    usage: UsageRule,
    input_tokens: u64,
    output_tokens: u64,
    reasoning_tokens: u64,
    max_tokens: Option<u64>,
    finish: FinishReason,
    ending: Ending,
    /// Time that passed without a step.
    silence: Duration,
}

impl Steps {
    pub(crate) fn new(
        runs: Vec<PacedRun>,
        fault: Option<(u64, Step)>,
        usage: UsageRule,
        input_tokens: u64,
        finish: FinishReason,
        max_tokens: Option<u64>,
    ) -> Self {
        Self {
            runs: runs.into(),
            has_begun: false,
            fault,
            chunks: 0,
            usage,
            input_tokens,
            output_tokens: 0,
            reasoning_tokens: 0,
            max_tokens,
            finish,
            ending: Ending::Usage,
            silence: Duration::ZERO,
        }
    }

    fn give(&mut self, delay: Duration, step: Step) -> TimedStep {
        if matches!(
            step,
            Step::Finish(_) | Step::Fail(_) | Step::Drop | Step::Hang
        ) {
            self.ending = Ending::Over;
        }
        TimedStep {
            delay: delay + std::mem::take(&mut self.silence),
            step,
        }
    }

    /// The fault, when enough chunks have come or no more will.
    fn due_fault(&mut self, is_last: bool) -> Option<Step> {
        let (after, _) = self.fault.as_ref()?;
        if self.chunks >= *after || is_last {
            return self.fault.take().map(|(_, step)| step);
        }
        None
    }

    fn is_over_limit(&self, tokens: u64) -> bool {
        self.max_tokens
            .is_some_and(|most| self.output_tokens + tokens > most)
    }

    fn counted_usage(&self, given: Usage) -> Usage {
        Usage {
            input_tokens: given.input_tokens.or(Some(self.input_tokens)),
            output_tokens: given.output_tokens.or(Some(self.output_tokens)),
            reasoning_tokens: given
                .reasoning_tokens
                .or_else(|| (self.reasoning_tokens > 0).then_some(self.reasoning_tokens)),
            ..given
        }
    }
}

impl Iterator for Steps {
    type Item = TimedStep;

    fn next(&mut self) -> Option<TimedStep> {
        if self.ending == Ending::Over {
            return None;
        }
        if let Some(fault) = self.due_fault(false) {
            return Some(self.give(Duration::ZERO, fault));
        }
        while let Some(front) = self.runs.front_mut() {
            let delay = if self.has_begun {
                front.pace.each
            } else {
                front.pace.first
            };
            match front.run.next() {
                Next::Step(step) => {
                    self.has_begun = true;
                    let tokens = front.run.tokens_of(&step);
                    if self.is_over_limit(tokens) {
                        self.runs.clear();
                        self.finish = FinishReason::Length;
                        break;
                    }
                    self.output_tokens += tokens;
                    if matches!(step, Step::Reasoning(_)) {
                        self.reasoning_tokens += tokens;
                    }
                    if step.is_chunk() {
                        self.chunks += 1;
                    }
                    return Some(self.give(delay, step));
                }
                Next::Silence => self.silence += delay,
                Next::End => {
                    self.runs.pop_front();
                    self.has_begun = false;
                }
            }
        }
        if let Some(fault) = self.due_fault(true) {
            return Some(self.give(Duration::ZERO, fault));
        }
        if self.ending == Ending::Usage {
            self.ending = Ending::Finish;
            if let UsageRule::Counted(given) = self.usage {
                let usage = self.counted_usage(given);
                return Some(self.give(Duration::ZERO, Step::Usage(usage)));
            }
        }
        let finish = self.finish;
        Some(self.give(Duration::ZERO, Step::Finish(finish)))
    }
}
