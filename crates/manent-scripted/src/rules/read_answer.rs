//! From TOML to [`Answer`].

mod parts;

use std::time::Duration;

use manent_domain::completion::FinishReason;
use manent_types::Usage;
use toml::de::DeValue;

use self::parts::Places;
use super::answer::{Answer, Chunking, Fault, FaultPlace, Pace, PartContent, UsageRule};
use super::read_fault;
use super::reader::Table;
use super::{limits, milliseconds};

/// What holds for answers that do not say otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerDefaults {
    pub(crate) chunking: Chunking,
    pub(crate) pace: Pace,
}

/// The `[defaults]`.
pub(crate) fn defaults(table: &Table<'_, '_>) -> AnswerDefaults {
    manner(table, AnswerDefaults::default())
}

/// The answer of a rule or of the fallback.
pub(crate) fn answer(
    table: &Table<'_, '_>,
    defaults: AnswerDefaults,
    captures: &[Option<String>],
) -> Answer {
    read(table, defaults, Places::Groups(captures))
}

/// Reads the answer only for its mistakes.
pub(crate) fn answer_of_a_broken_matcher(
    table: &Table<'_, '_>,
    defaults: AnswerDefaults,
) -> Answer {
    read(table, defaults, Places::Unknown)
}

const CONTENT: [&str; 6] = [
    "text",
    "chunks",
    "reasoning",
    "tokens",
    "tool_calls",
    "steps",
];

fn read(table: &Table<'_, '_>, defaults: AnswerDefaults, captures: Places<'_>) -> Answer {
    let places = match table.boolean("templates") {
        Some(false) => Places::None,
        _ => captures,
    };
    let start_delay = table.integer("delay_start_ms", 0..=limits::DELAY_MS);
    let manner = manner(table, defaults);
    let parts = if table.has("steps") {
        for key in [
            "text",
            "chunks",
            "reasoning",
            "signature",
            "tokens",
            "tool_calls",
            "repeat",
        ] {
            if table.has(key) {
                table.problem_at(key, "stands beside `steps`; put it into the list of steps");
            }
        }
        parts::of_steps(table, manner, places)
    } else {
        parts::of_rule(table, manner, places)
    };
    let fault = read_fault::rule_fault(table);
    let has_content = CONTENT.into_iter().filter(|key| table.has(key)).count() > 0;
    let answers_before_first_byte = matches!(fault, Some((FaultPlace::BeforeFirstByte, _)));
    if !has_content && fault.is_none() && !read_fault::is_given(table) {
        table.problem(
            "there is no answer; give `text`, `chunks`, `reasoning`, `tokens`, `tool_calls` or `steps`, or an `error`, `drop` or \
             `hang` without `after_chunks`",
        );
    }
    if has_content && answers_before_first_byte {
        table.problem(
            "the fault comes before the first byte, so that the answer is never seen; give it `after_chunks`, or take the answer out",
        );
    }
    let calls_tools = parts
        .iter()
        .any(|part| matches!(part.content, PartContent::ToolCall { .. }));
    let finish = table.choice(
        "finish",
        &[
            ("stop", FinishReason::Stop),
            ("length", FinishReason::Length),
            ("tool_use", FinishReason::ToolUse),
            ("refusal", FinishReason::Refusal),
            ("content_filter", FinishReason::ContentFilter),
            ("other", FinishReason::Other),
        ],
    );
    Answer {
        start_delay: milliseconds(start_delay.unwrap_or(0)),
        parts,
        fault,
        usage: read_usage(table),
        finish: finish.unwrap_or(if calls_tools {
            FinishReason::ToolUse
        } else {
            FinishReason::Stop
        }),
        omits_done: table.boolean("omit_done").unwrap_or(false),
        respects_max_tokens: table.boolean("respect_max_tokens").unwrap_or(false),
    }
}

/// How text is cut and paced, over what held before.
fn manner(table: &Table<'_, '_>, over: AnswerDefaults) -> AnswerDefaults {
    let first = table.integer("delay_first_ms", 0..=limits::DELAY_MS);
    let delay = table.integer("delay_ms", 0..=limits::DELAY_MS);
    let rate = table.integer("chunks_per_second", 1..=limits::CHUNKS_PER_SECOND);
    if delay.is_some() && rate.is_some() {
        table.problem_at(
            "chunks_per_second",
            "`delay_ms` and `chunks_per_second` say the same in two ways; keep one",
        );
    }
    let each = delay
        .map(milliseconds)
        .or_else(|| rate.map(|rate| Duration::from_nanos(1_000_000_000 / rate)))
        .unwrap_or(over.pace.each);
    AnswerDefaults {
        chunking: chunking(table).unwrap_or(over.chunking),
        pace: Pace {
            first: first.map_or(over.pace.first, milliseconds),
            each,
        },
    }
}

fn chunking(table: &Table<'_, '_>) -> Option<Chunking> {
    let field = table.field("chunk")?;
    if let DeValue::Integer(_) = field.value {
        let characters = table.integer_of(&field, 1..=1_000_000)?;
        return usize::try_from(characters).ok().map(Chunking::Characters);
    }
    let found = match field.value {
        DeValue::String(name) => match name.as_ref() {
            "whole" => Some(Chunking::Whole),
            "words" => Some(Chunking::Words),
            "lines" => Some(Chunking::Lines),
            "characters" => Some(Chunking::Characters(1)),
            _ => None,
        },
        _ => None,
    };
    if found.is_none() {
        table.problem_in(
            &field,
            "expected `words`, `lines`, `characters`, `whole` or a number of characters",
        );
    }
    found
}

fn read_usage(table: &Table<'_, '_>) -> UsageRule {
    let Some(field) = table.field("usage") else {
        return UsageRule::Counted(Usage::default());
    };
    match field.value {
        DeValue::String(word) if word.as_ref() == "none" => UsageRule::Silent,
        DeValue::String(word) if word.as_ref() == "counted" => UsageRule::Counted(Usage::default()),
        DeValue::Table(_) => {
            let Some(figures) = table.table("usage") else {
                return UsageRule::Silent;
            };
            let figure = |key| figures.integer(key, 0..=i64::MAX.unsigned_abs());
            let usage = Usage {
                input_tokens: figure("input_tokens"),
                output_tokens: figure("output_tokens"),
                reasoning_tokens: figure("reasoning_tokens"),
                cache_read_tokens: figure("cache_read_tokens"),
                cache_write_tokens: figure("cache_write_tokens"),
            };
            figures.refuse_unknown_fields();
            UsageRule::Counted(usage)
        }
        _ => {
            table.problem_in(
                &field,
                "expected \"counted\", \"none\" or a table with figures such as `{ input_tokens = 12 }`",
            );
            UsageRule::Silent
        }
    }
}

impl Answer {
    /// What a request gets that no rule takes in a file without a fallback.
    pub(crate) fn refusal_of_unmatched_requests() -> Self {
        Self {
            start_delay: Duration::ZERO,
            parts: Vec::new(),
            fault: Some((
                FaultPlace::BeforeFirstByte,
                Fault::Fail(super::Failure {
                    kind: super::FailureKind::BadRequest,
                    status: None,
                    message: "no rule of the script takes this prompt; add a [fallback] to the rules file"
                        .to_owned(),
                    retry_after_ms: None,
                }),
            )),
            usage: UsageRule::Silent,
            finish: FinishReason::Other,
            omits_done: false,
            respects_max_tokens: false,
        }
    }
}
