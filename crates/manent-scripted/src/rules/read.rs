//! From TOML to [`Rules`].

use std::ops::RangeInclusive;

use manent_types::Role;
use regex::RegexBuilder;
use toml::de::{DeTable, DeValue};

use super::answer::{Answer, Chunking, Pace};
use super::matcher::{Matcher, TextTest};
use super::problem::{Problem, RulesError};
use super::read_answer::{self, AnswerDefaults};
use super::reader::{Report, Table};
use super::{Flush, Model, Rule, Rules, limits};

pub(crate) fn rules(source_name: &str, toml: &str) -> Result<Rules, RulesError> {
    let failed = |problems| RulesError {
        source_name: source_name.to_owned(),
        problems,
    };
    if toml.len() > limits::FILE_BYTES {
        return Err(failed(vec![Problem {
            line: 1,
            field: String::new(),
            message: format!(
                "the file has {} bytes; {} are allowed",
                toml.len(),
                limits::FILE_BYTES
            ),
        }]));
    }
    let report = Report::new(toml);
    let (document, syntax_errors) = DeTable::parse_recoverable(toml);
    for error in &syntax_errors {
        report.add(
            &error.span().unwrap_or(0..0),
            "",
            format!("this is not TOML: {}", error.message()),
        );
    }
    // What a broken syntax leaves behind would only bring mistakes that nobody made.
    let rules = if syntax_errors.is_empty() {
        let table = Table::new(&report, document.get_ref(), document.span(), String::new());
        Some(read_document(source_name, &table))
    } else {
        None
    };
    let problems = report.into_problems();
    match rules {
        Some(rules) if problems.is_empty() => Ok(rules),
        _ => Err(failed(problems)),
    }
}

fn read_document(source_name: &str, document: &Table<'_, '_>) -> Rules {
    let name = document.name("name");
    let title_model = document.name("title_model");
    let flush = document.choice(
        "flush",
        &[("coalesce", Flush::Coalesce), ("each", Flush::Each)],
    );
    let openai_reasoning_field = document.choice(
        "openai_reasoning_field",
        &[
            ("reasoning_content", "reasoning_content"),
            ("reasoning", "reasoning"),
        ],
    );
    let defaults = document
        .table("defaults")
        .map_or_else(AnswerDefaults::default, |table| {
            let defaults = read_answer::defaults(&table);
            table.refuse_unknown_fields();
            defaults
        });
    let models = read_models(document);
    let rule_tables = document.tables("rule", limits::RULES);
    let mut rules = Vec::new();
    let count = rule_tables.len();
    for (index, table) in rule_tables.iter().enumerate() {
        let rule = read_rule(table, index + 1, defaults);
        if let Some(rule) = rule {
            if rule.matcher.takes_everything() && index + 1 < count {
                table.problem(
                    "this rule has no condition and takes every request, so that the rules after it are never reached; \
                     give it a `when`, or make it `[fallback]`",
                );
            }
            rules.push(rule);
        }
    }
    let fallback = document
        .table("fallback")
        .map_or_else(missing_fallback, |table| {
            let answer = read_answer::answer(&table, defaults, &[]);
            table.refuse_unknown_fields();
            Rule {
                name: "fallback".to_owned(),
                matcher: Matcher::everything(),
                answer,
            }
        });
    if count == 0 && !document.has("fallback") {
        document.problem("there is no rule; write at least one `[[rule]]` or a `[fallback]`");
    }
    document.refuse_unknown_fields();
    Rules {
        name: name.unwrap_or_else(|| source_name.to_owned()),
        models,
        title_model,
        flush: flush.unwrap_or_default(),
        openai_reasoning_field: openai_reasoning_field.unwrap_or("reasoning_content"),
        in_order: rules,
        fallback,
    }
}

fn missing_fallback() -> Rule {
    Rule {
        name: "no rule".to_owned(),
        matcher: Matcher::everything(),
        answer: Answer::refusal_of_unmatched_requests(),
    }
}

fn read_models(document: &Table<'_, '_>) -> Vec<Model> {
    let mut models: Vec<Model> = Vec::new();
    for table in document.tables("model", limits::MODELS) {
        let id = table.name("id");
        if id.is_none() && !table.has("id") {
            table.problem("the field `id` is missing; it is what requests call the model");
        }
        let model = Model {
            name: table
                .name("name")
                .or_else(|| id.clone())
                .unwrap_or_default(),
            id: id.unwrap_or_default(),
            vision: table.boolean("vision"),
            reasoning: table.boolean("reasoning"),
            context_window: table.integer("context_window", 1..=u64::from(u32::MAX)),
        };
        table.refuse_unknown_fields();
        if models.iter().any(|other| other.id == model.id) {
            table.problem_at("id", format!("the model `{}` is there twice", model.id));
        }
        models.push(model);
    }
    if models.is_empty() {
        models.push(Model {
            id: "scripted".to_owned(),
            name: "Scripted".to_owned(),
            vision: None,
            reasoning: None,
            context_window: None,
        });
    }
    models
}

fn read_rule(table: &Table<'_, '_>, number: usize, defaults: AnswerDefaults) -> Option<Rule> {
    let name = table.name("name");
    let matcher = match table.table("when") {
        Some(when) => {
            let matcher = read_matcher(&when);
            when.refuse_unknown_fields();
            matcher
        }
        None => Some(Matcher::everything()),
    };
    // Without a valid pattern its groups are unknown; the answer is still read for its other mistakes.
    let captures = matcher.as_ref().map(Matcher::capture_names);
    let answer = match &captures {
        Some(captures) => read_answer::answer(table, defaults, captures),
        None => read_answer::answer_of_a_broken_matcher(table, defaults),
    };
    table.refuse_unknown_fields();
    Some(Rule {
        name: name.unwrap_or_else(|| format!("rule {number}")),
        matcher: matcher?,
        answer,
    })
}

fn read_matcher(when: &Table<'_, '_>) -> Option<Matcher> {
    let ignores_case = when.boolean("ignore_case").unwrap_or(false);
    let exact = when.texts("exact").map(TextTest::Exact);
    let contains = when.texts("contains").map(TextTest::Contains);
    let pattern = when.text("regex");
    let given = ["exact", "contains", "regex"]
        .into_iter()
        .filter(|key| when.has(key))
        .count();
    if given > 1 {
        when.problem("`exact`, `contains` and `regex` exclude each other; keep one");
    }
    let mut broken = given > 1;
    let pattern = pattern.and_then(|pattern| match compile(&pattern, ignores_case) {
        Ok(pattern) => Some(TextTest::Pattern(pattern)),
        Err(message) => {
            when.problem_at("regex", message);
            broken = true;
            None
        }
    });
    let matcher = Matcher {
        text: exact.or(contains).or(pattern),
        ignores_case,
        models: when.texts("model").unwrap_or_default(),
        system_contains: when.name("system_contains"),
        turn: read_range(when, "turn").unwrap_or(0..=u64::MAX),
        prompt_chars: read_range(when, "prompt_chars").unwrap_or(0..=u64::MAX),
        last_role: when.choice(
            "last_role",
            &[
                ("user", Role::User),
                ("assistant", Role::Assistant),
                ("tool", Role::Tool),
            ],
        ),
        has_image: when.boolean("has_image"),
    };
    (!broken).then_some(matcher)
}

fn compile(pattern: &str, ignores_case: bool) -> Result<regex::Regex, String> {
    if pattern.len() > limits::PATTERN_BYTES {
        return Err(format!(
            "the pattern has {} bytes; {} are allowed",
            pattern.len(),
            limits::PATTERN_BYTES
        ));
    }
    RegexBuilder::new(pattern)
        .case_insensitive(ignores_case)
        .size_limit(limits::PATTERN_COMPILED_BYTES)
        .dfa_size_limit(limits::PATTERN_COMPILED_BYTES)
        .nest_limit(50)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                "the pattern is too large when it is compiled; use smaller repetitions".to_owned()
            }
            other => {
                // The last line of the report says what is wrong; the lines before it draw the pattern.
                let report = other.to_string();
                let reason = report.lines().last().unwrap_or_default().trim();
                format!(
                    "this is not a regular expression: {}",
                    reason.trim_start_matches("error: ")
                )
            }
        })
}

/// `turn = 2` or `turn = { from = 2, to = 5 }`.
fn read_range(when: &Table<'_, '_>, key: &'static str) -> Option<RangeInclusive<u64>> {
    let field = when.field(key)?;
    if let DeValue::Integer(_) = field.value {
        let value = when.integer_of(&field, 0..=u64::MAX)?;
        return Some(value..=value);
    }
    let DeValue::Table(_) = field.value else {
        when.problem_in(
            &field,
            "expected a whole number or a range such as `{ from = 2, to = 5 }`",
        );
        return None;
    };
    let table = when.table(key)?;
    let from = table.integer("from", 0..=u64::MAX).unwrap_or(0);
    let to = table.integer("to", 0..=u64::MAX).unwrap_or(u64::MAX);
    table.refuse_unknown_fields();
    if from > to {
        table.problem(format!("the range is empty: {from} is more than {to}"));
        return None;
    }
    if !table.has("from") && !table.has("to") {
        table.problem("the range has neither `from` nor `to`");
    }
    Some(from..=to)
}

impl Default for AnswerDefaults {
    fn default() -> Self {
        Self {
            chunking: Chunking::Words,
            pace: Pace {
                first: std::time::Duration::ZERO,
                each: std::time::Duration::ZERO,
            },
        }
    }
}
