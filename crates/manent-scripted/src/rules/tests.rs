use proptest::prelude::*;

use super::*;

fn problems(toml: &str) -> Vec<String> {
    match Rules::parse("r.toml", toml) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn reads_the_built_in_files() {
    let demo = Rules::demo().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(demo.models[0].id, "demo");
    let test = Rules::test().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(test.models[0].id, "scripted-test");
}

#[test]
fn tells_every_mistake_at_once_with_its_line_and_field() {
    let toml = r#"name = ""
flsuh = "each"

[[model]]
name = "no id"

[[rule]]
when = { regex = "(", turn = { from = 3, to = 2 } }
text = "{{last}} {{lsat}}"
delay_ms = "fast"

[[rule]]
name = "nothing"

[[rule]]
when = { exact = "a", contains = "b" }
tokens = 0
finish = "tired"
error = { after_chunks = 1, kind = "sad" }
"#;
    assert_eq!(
        problems(toml),
        [
            "line 1, `name`: may not be empty",
            "line 2, `flsuh`: there is no such field; there are `defaults`, `fallback`, `flush`, `model`, `name`, \
             `openai_reasoning_field`, `rule`, `title_model`",
            "line 4, `model[1]`: the field `id` is missing; it is what requests call the model",
            "line 8, `rule[1].when.regex`: this is not a regular expression: unclosed group",
            "line 8, `rule[1].when.turn`: the range is empty: 3 is more than 2",
            "line 10, `rule[1].delay_ms`: expected a whole number, found a text",
            "line 12, `rule[2]`: there is no answer; give `text`, `chunks`, `reasoning`, `tokens`, `tool_calls` or `steps`, or an \
             `error`, `drop` or `hang` without `after_chunks`",
            "line 12, `rule[2]`: this rule has no condition and takes every request, so that the rules after it are never reached; \
             give it a `when`, or make it `[fallback]`",
            "line 16, `rule[3].when`: `exact`, `contains` and `regex` exclude each other; keep one",
            "line 17, `rule[3].tokens`: 0 is out of range: 1 to 10000000",
            "line 18, `rule[3].finish`: `tired` is unknown; there are `stop`, `length`, `tool_use`, `refusal`, `content_filter`, \
             `other`",
            "line 19, `rule[3].error.kind`: `sad` is unknown; there are `overloaded`, `rate_limited`, `auth`, `permission`, \
             `not_found`, `bad_request`, `too_large`, `failed`, `timeout`",
        ]
    );
}

#[test]
fn tells_where_the_syntax_is_broken() {
    assert_eq!(
        problems("[[rule]]\ntext = \"a\nname = \"b\"\n"),
        ["line 2: this is not TOML: invalid basic string, expected `\"`"]
    );
}

#[test]
fn refuses_what_is_too_much() {
    let huge = format!("[fallback]\ntext = \"{}\"", "a".repeat(limits::FILE_BYTES));
    assert_eq!(problems(&huge).len(), 1);
    let pattern = "[[rule]]\nwhen = { regex = '(\\w{500}){500}' }\ntext = 'a'\n";
    assert_eq!(
        problems(pattern),
        [
            "line 2, `rule[1].when.regex`: the pattern is too large when it is compiled; use smaller repetitions"
        ]
    );
    assert_eq!(
        problems("[fallback]\ntext = 'a'\nrepeat = 1000001\ndelay_ms = 600001\n"),
        [
            "line 3, `fallback.repeat`: 1000001 is out of range: 1 to 1000000",
            "line 4, `fallback.delay_ms`: 600001 is out of range: 0 to 600000",
        ]
    );
}

#[test]
fn refuses_a_file_without_rules() {
    assert_eq!(
        problems("name = 'a'\n"),
        ["line 1: there is no rule; write at least one `[[rule]]` or a `[fallback]`"]
    );
}

#[test]
fn refuses_answers_that_contradict_themselves() {
    let toml = r#"
[[rule]]
when = { exact = "a" }
text = "never seen"
error = { status = 500 }

[[rule]]
when = { exact = "b" }
text = "x"
steps = [{ text = "y" }, { text = "z", drop = true }, {}]

[[rule]]
when = { exact = "c" }
text = "x"
malformed = { after_chunks = 0 }
drop = { after_chunks = 1 }
delay_ms = 1
chunks_per_second = 2
"#;
    assert_eq!(
        problems(toml),
        [
            "line 2, `rule[1]`: the fault comes before the first byte, so that the answer is never seen; give it `after_chunks`, \
             or take the answer out",
            "line 9, `rule[2].text`: stands beside `steps`; put it into the list of steps",
            "line 10, `rule[2].steps[2]`: a step is exactly one of `text`, `chunks`, `reasoning`, `signature`, `tokens`, \
             `tool_call`, `pause_ms`, `error`, `drop`, `hang`, `malformed`",
            "line 10, `rule[2].steps[3]`: a step is exactly one of `text`, `chunks`, `reasoning`, `signature`, `tokens`, \
             `tool_call`, `pause_ms`, `error`, `drop`, `hang`, `malformed`",
            "line 12, `rule[3]`: `error`, `drop`, `hang` and `malformed` exclude each other; use `steps` for several",
            "line 18, `rule[3].chunks_per_second`: `delay_ms` and `chunks_per_second` say the same in two ways; keep one",
        ]
    );
}

proptest! {
    #[test]
    fn reads_or_refuses_any_text(text in "\\PC{0,80}|[a-z=\\[\\]{}\"'.# 0-9\n]{0,80}") {
        let _ = Rules::parse("any.toml", &text);
    }

    #[test]
    fn reads_or_refuses_the_test_rules_with_a_piece_cut_out(from in 0_usize..8000, length in 1_usize..200) {
        let file = include_str!("../../rules/test.toml");
        let damaged: String = file
            .chars()
            .enumerate()
            .filter(|(at, _)| !(from..from + length).contains(at))
            .map(|(_, character)| character)
            .collect();
        if let Err(error) = Rules::parse("damaged.toml", &damaged) {
            let lines = damaged.lines().count().max(1);
            prop_assert!(!error.problems.is_empty());
            prop_assert!(error.problems.iter().all(|problem| (1..=lines + 1).contains(&problem.line)));
        }
    }
}
