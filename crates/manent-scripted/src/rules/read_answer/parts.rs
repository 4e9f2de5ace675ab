//! The parts of an answer: in a rule's own fields, or as a list of steps.

use toml::de::DeValue;

use super::{AnswerDefaults, manner};
use crate::rules::answer::{AnswerPart, Count, PartContent};
use crate::rules::reader::{self, Field, Table};
use crate::rules::template::Template;
use crate::rules::{limits, milliseconds, read_fault};

/// What templates may refer to.
#[derive(Clone, Copy)]
pub(super) enum Places<'a> {
    /// The text is taken as it is written.
    None,
    /// The pattern's groups are known.
    Groups(&'a [Option<String>]),
    /// The pattern is broken: what refers to its groups cannot be judged.
    Unknown,
}

/// The short form: fields of the rule itself, in a fixed order.
pub(super) fn of_rule(
    table: &Table<'_, '_>,
    defaults: AnswerDefaults,
    places: Places<'_>,
) -> Vec<AnswerPart> {
    let repeat = repeat(table);
    let part = |content| AnswerPart {
        content,
        chunking: defaults.chunking,
        repeat: 1,
        pace: defaults.pace,
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

pub(super) fn of_steps(
    table: &Table<'_, '_>,
    defaults: AnswerDefaults,
    places: Places<'_>,
) -> Vec<AnswerPart> {
    let mut parts = Vec::new();
    let mut tool_calls = 0;
    for step in table.tables("steps", 10_000) {
        let step_manner = manner(&step, defaults);
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
