//! From TOML to [`Answer`].

use std::time::Duration;

use manent_domain::completion::FinishReason;
use manent_types::Usage;
use toml::de::DeValue;

use super::answer::{
    Answer, AnswerPart, Chunking, Count, Fault, FaultPlace, Pace, PartContent, UsageRule,
};
use super::read_fault;
use super::reader::{self, Field, Table};
use super::template::Template;
use super::{limits, milliseconds};

/// What holds for answers that do not say otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerDefaults {
    pub(crate) chunking: Chunking,
    pub(crate) pace: Pace,
}

/// What templates may refer to.
#[derive(Clone, Copy)]
enum Places<'a> {
    /// The text is taken as it is written.
    None,
    /// The pattern's groups are known.
    Groups(&'a [Option<String>]),
    /// The pattern is broken: what refers to its groups cannot be judged.
    Unknown,
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
        read_steps(table, manner, places)
    } else {
        read_parts(table, manner, places)
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

/// The short form: fields of the rule itself, in a fixed order.
fn read_parts(
    table: &Table<'_, '_>,
    manner: AnswerDefaults,
    places: Places<'_>,
) -> Vec<AnswerPart> {
    let repeat = repeat(table);
    let part = |content| AnswerPart {
        content,
        chunking: manner.chunking,
        repeat: 1,
        pace: manner.pace,
    };
    let mut parts = Vec::new();
    if let Some(reasoning) = template(table, "reasoning", places) {
        parts.push(part(PartContent::Reasoning(reasoning)));
    }
    if let Some(signature) = table.name("signature") {
        parts.push(part(PartContent::Signature(signature)));
        if !table.has("reasoning") {
            table.problem_at(
                "signature",
                "a signature stands behind `reasoning`, which is missing",
            );
        }
    }
    if table.has("text") && table.has("chunks") {
        table.problem_at("chunks", "`text` and `chunks` exclude each other; keep one");
    }
    for content in [
        template(table, "text", places).map(PartContent::Text),
        templates(table, "chunks", places).map(PartContent::Chunks),
        tokens(table, places).map(PartContent::Tokens),
    ]
    .into_iter()
    .flatten()
    {
        parts.push(AnswerPart {
            repeat,
            ..part(content)
        });
    }
    for (number, call) in table.tables("tool_calls", 100).iter().enumerate() {
        let content = tool_call(call, number, places);
        call.refuse_unknown_fields();
        parts.extend(content.map(part));
    }
    // The first chunk of the answer waits, not that of every part.
    for part in parts.iter_mut().skip(1) {
        part.pace.first = part.pace.each;
    }
    parts
}

fn read_steps(
    table: &Table<'_, '_>,
    manner: AnswerDefaults,
    places: Places<'_>,
) -> Vec<AnswerPart> {
    let mut parts = Vec::new();
    let mut tool_calls = 0;
    for step in table.tables("steps", 10_000) {
        let step_manner = self::manner(&step, manner);
        let repeat = repeat(&step);
        let mut pace = step_manner.pace;
        if !parts.is_empty() && !step.has("delay_first_ms") {
            pace.first = pace.each;
        }
        let mut contents: Vec<PartContent> = [
            template(&step, "text", places).map(PartContent::Text),
            templates(&step, "chunks", places).map(PartContent::Chunks),
            template(&step, "reasoning", places).map(PartContent::Reasoning),
            step.name("signature").map(PartContent::Signature),
            tokens(&step, places).map(PartContent::Tokens),
            step.table("tool_call").and_then(|call| {
                let content = tool_call(&call, tool_calls, places);
                call.refuse_unknown_fields();
                content
            }),
        ]
        .into_iter()
        .flatten()
        .collect();
        if let Some(pause) = step.integer("pause_ms", 0..=limits::DELAY_MS) {
            pace.first = milliseconds(pause);
            contents.push(PartContent::Pause);
        }
        if let Some(fault) = read_fault::step_fault(&step) {
            contents.push(PartContent::Fault(fault));
        }
        let given = [
            "text",
            "chunks",
            "reasoning",
            "signature",
            "tokens",
            "tool_call",
            "pause_ms",
            "error",
            "drop",
            "hang",
            "malformed",
        ]
        .into_iter()
        .filter(|key| step.has(key))
        .count();
        if given != 1 {
            step.problem(
                "a step is exactly one of `text`, `chunks`, `reasoning`, `signature`, `tokens`, `tool_call`, `pause_ms`, `error`, \
                 `drop`, `hang`, `malformed`",
            );
        }
        step.refuse_unknown_fields();
        for content in contents {
            if matches!(content, PartContent::ToolCall { .. }) {
                tool_calls += 1;
            }
            parts.push(AnswerPart {
                content,
                chunking: step_manner.chunking,
                repeat,
                pace,
            });
        }
    }
    parts
}

fn repeat(table: &Table<'_, '_>) -> u64 {
    table.integer("repeat", 1..=limits::REPEAT).unwrap_or(1)
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

fn parse_template(
    table: &Table<'_, '_>,
    field: &Field<'_, '_>,
    text: &str,
    places: Places<'_>,
) -> Option<Template> {
    let captures = match places {
        Places::None | Places::Unknown => return Some(Template::literal(text)),
        Places::Groups(captures) => captures,
    };
    match Template::parse(text, captures) {
        Ok(template) => Some(template),
        Err(mistakes) => {
            for mistake in mistakes {
                table.problem_in(field, mistake);
            }
            None
        }
    }
}

fn template(table: &Table<'_, '_>, key: &'static str, places: Places<'_>) -> Option<Template> {
    let text = table.text(key)?;
    let field = table.field(key)?;
    parse_template(table, &field, &text, places)
}

fn templates(
    table: &Table<'_, '_>,
    key: &'static str,
    places: Places<'_>,
) -> Option<Vec<Template>> {
    let texts = table.texts(key)?;
    let field = table.field(key)?;
    texts
        .iter()
        .map(|text| parse_template(table, &field, text, places))
        .collect()
}

/// A number, or a place such as `"{{1}}"`.
fn tokens(table: &Table<'_, '_>, places: Places<'_>) -> Option<Count> {
    let field = table.field("tokens")?;
    match field.value {
        DeValue::Integer(_) => table
            .integer_of(&field, 1..=limits::TOKENS)
            .map(Count::Fixed),
        DeValue::String(text) if text.contains("{{") => {
            parse_template(table, &field, text, places).map(Count::Captured)
        }
        _ => {
            table.problem_in(
                &field,
                "expected a whole number, or a group of the `regex` such as \"{{1}}\"",
            );
            None
        }
    }
}

fn tool_call(call: &Table<'_, '_>, number: usize, places: Places<'_>) -> Option<PartContent> {
    let name = call.name("name");
    if !call.has("name") {
        call.problem("the field `name` is missing; it is the tool that is called");
    }
    let id = call
        .name("id")
        .unwrap_or_else(|| format!("call_{}", number + 1));
    let arguments = match call.field("arguments") {
        None => Some(Template::literal("{}")),
        Some(field) => match field.value {
            DeValue::String(json) => parse_template(call, &field, json, places),
            DeValue::Table(_) => Some(Template::literal(&reader::to_json(field.value).to_string())),
            _ => {
                call.problem_in(&field, "expected a table, or a text with JSON in it");
                None
            }
        },
    };
    Some(PartContent::ToolCall {
        id,
        name: name?,
        arguments: arguments?,
    })
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
