use std::time::Duration;

use manent_domain::completion::FinishReason;
use manent_types::{Role, Usage};

use super::*;

fn rules(toml: &str) -> Rules {
    Rules::parse("r.toml", toml).unwrap_or_else(|error| panic!("{error}"))
}

fn asked(text: &str) -> ScriptRequest {
    let mut builder = ScriptRequestBuilder::new("m");
    builder.message(Role::User, text.to_owned(), false);
    builder.build()
}

fn steps(toml: &str, request: &ScriptRequest) -> Vec<TimedStep> {
    match plan(&rules(toml), request).opening {
        Opening::Answer(steps) => steps.collect(),
        other => panic!("no answer but {other:?}"),
    }
}

fn after(milliseconds: u64, step: Step) -> TimedStep {
    TimedStep {
        delay: Duration::from_millis(milliseconds),
        step,
    }
}

fn text(text: &str) -> Step {
    Step::Text(text.to_owned().into())
}

fn reasoning(text: &str) -> Step {
    Step::Reasoning(text.to_owned().into())
}

fn usage(input: u64, output: u64, reasoning: Option<u64>) -> Step {
    Step::Usage(Usage {
        input_tokens: Some(input),
        output_tokens: Some(output),
        reasoning_tokens: reasoning,
        ..Usage::default()
    })
}

fn rule_for(toml: &str, request: &ScriptRequest) -> String {
    plan(&rules(toml), request).rule
}

#[test]
fn lays_out_reasoning_text_and_a_tool_call_in_time() {
    let toml = r#"
[fallback]
reasoning = "Let me see."
signature = "sig"
text = "You are at {{turn}}, {{model}}."
tool_calls = [{ name = "look", arguments = { at = "the sky above" } }]
delay_first_ms = 200
delay_ms = 10
"#;
    assert_eq!(
        steps(toml, &asked("hello")),
        [
            after(200, reasoning("Let")),
            after(10, reasoning(" me")),
            after(10, reasoning(" see.")),
            after(10, Step::Signature("sig".to_owned())),
            after(10, text("You")),
            after(10, text(" are")),
            after(10, text(" at")),
            after(10, text(" 1,")),
            after(10, text(" m.")),
            after(
                10,
                Step::ToolCall {
                    index: 0,
                    id: "call_1".to_owned(),
                    name: "look".to_owned(),
                }
            ),
            after(
                10,
                Step::ToolArguments {
                    index: 0,
                    json: "{\"at\":\"the sky a".to_owned(),
                }
            ),
            after(
                10,
                Step::ToolArguments {
                    index: 0,
                    json: "bove\"}".to_owned(),
                }
            ),
            after(0, usage(2, 16, Some(4))),
            after(0, Step::Finish(FinishReason::ToolUse)),
        ]
    );
}

#[test]
fn follows_a_list_of_steps() {
    let toml = r#"
[[rule]]
name = "all"
finish = "length"
usage = { output_tokens = 7, cache_read_tokens = 3 }
delay_first_ms = 9
chunks_per_second = 500
steps = [
  { chunks = ["a", "b {{last}}"] },
  { pause_ms = 100 },
  { text = "xyz", chunk = 2, repeat = 2, delay_ms = 0 },
  { tokens = 2, delay_first_ms = 50 },
  { malformed = "!" },
]
"#;
    let figures = Usage {
        input_tokens: Some(1),
        output_tokens: Some(7),
        cache_read_tokens: Some(3),
        ..Usage::default()
    };
    assert_eq!(
        steps(toml, &asked("q")),
        [
            after(9, text("a")),
            after(2, text("b q")),
            after(100, text("xy")),
            after(0, text("z")),
            after(0, text("xy")),
            after(0, text("z")),
            after(50, text("Rain")),
            after(2, text(" falls")),
            after(2, Step::Malformed("!".to_owned())),
            after(0, Step::Usage(figures)),
            after(0, Step::Finish(FinishReason::Length)),
        ]
    );
}

#[test]
fn breaks_off_after_so_many_chunks_or_at_the_end() {
    let failure = Failure {
        kind: FailureKind::Overloaded,
        status: None,
        message: "Overloaded (scripted)".to_owned(),
        retry_after_ms: None,
    };
    let toml = |after_chunks: u64| {
        format!(
            "[fallback]\ntext = 'a b c'\nerror = {{ kind = 'overloaded', after_chunks = {after_chunks} }}"
        )
    };
    assert_eq!(
        steps(&toml(0), &asked("")),
        [after(0, Step::Fail(failure.clone()))]
    );
    assert_eq!(
        steps(&toml(2), &asked("")),
        [
            after(0, text("a")),
            after(0, text(" b")),
            after(0, Step::Fail(failure.clone()))
        ]
    );
    assert_eq!(
        steps(&toml(50), &asked("")).last(),
        Some(&after(0, Step::Fail(failure)))
    );
    for (word, step) in [("drop", Step::Drop), ("hang", Step::Hang)] {
        assert_eq!(
            steps(
                &format!("[fallback]\ntext = 'a b c'\n{word} = {{ after_chunks = 1 }}"),
                &asked("")
            ),
            [after(0, text("a")), after(0, step)]
        );
    }
}

#[test]
fn goes_on_after_malformed_bytes() {
    let toml =
        "[fallback]\ntext = 'a b'\nmalformed = { after_chunks = 1, bytes = '?' }\nusage = 'none'";
    assert_eq!(
        steps(toml, &asked("")),
        [
            after(0, text("a")),
            after(0, Step::Malformed("?".to_owned())),
            after(0, text(" b")),
            after(0, Step::Finish(FinishReason::Stop)),
        ]
    );
}

#[test]
fn refuses_before_the_first_byte() {
    let toml = "[fallback]\nerror = { status = 429, message = 'slow down', retry_after_ms = 1500 }\ndelay_start_ms = 5";
    let plan = plan(&rules(toml), &asked(""));
    assert_eq!(plan.start_delay, Duration::from_millis(5));
    let Opening::Fail(failure) = plan.opening else {
        panic!("not refused");
    };
    assert_eq!(
        failure,
        Failure {
            kind: FailureKind::RateLimited,
            status: Some(429),
            message: "slow down".to_owned(),
            retry_after_ms: Some(1500),
        }
    );
}

#[test]
fn takes_the_number_of_tokens_from_the_pattern() {
    let toml = "[[rule]]\nwhen = { regex = '^tokens (?<count>[\\d_]+)$' }\ntokens = '{{count}}'";
    let given = steps(toml, &asked("tokens 1_000"));
    assert_eq!(given.len(), 1002);
    assert_eq!(given[1000], after(0, usage(3, 1000, None)));
    let Opening::Fail(failure) = plan(&rules(toml), &asked("tokens 0")).opening else {
        panic!("not refused");
    };
    assert_eq!(
        failure.message,
        "the script's rule wants a number of tokens from 1 to 10000000"
    );
}

#[test]
fn cuts_at_the_token_limit_only_where_a_rule_says_so() {
    let mut request = asked("");
    request.max_tokens = Some(2);
    let toml = "[fallback]\ntokens = 3\n";
    assert_eq!(
        steps(toml, &request).last(),
        Some(&after(0, Step::Finish(FinishReason::Stop)))
    );
    assert_eq!(
        steps(&format!("{toml}respect_max_tokens = true"), &request),
        [
            after(0, text("Rain")),
            after(0, text(" falls")),
            after(0, usage(1, 2, None)),
            after(0, Step::Finish(FinishReason::Length)),
        ]
    );
}

#[test]
fn finds_rules_by_every_condition_in_their_order() {
    let toml = r#"
[[rule]]
name = "model"
when = { model = ["small", "tiny"] }
text = ""
[[rule]]
name = "system"
when = { system_contains = "PIRATE", ignore_case = true }
text = ""
[[rule]]
name = "tool"
when = { last_role = "tool" }
text = ""
[[rule]]
name = "image"
when = { has_image = true }
text = ""
[[rule]]
name = "third turn"
when = { turn = 3 }
text = ""
[[rule]]
name = "long"
when = { prompt_chars = { from = 100 } }
text = ""
[[rule]]
name = "exact"
when = { exact = ["Grüße", "b"], ignore_case = true }
text = ""
[[rule]]
name = "contains"
when = { contains = "needle" }
text = ""
[[rule]]
name = "regex"
when = { regex = "^N(\\d)$", ignore_case = true }
text = "{{1}}"
"#;
    let with = |change: &dyn Fn(&mut ScriptRequest)| {
        let mut request = asked("nothing");
        change(&mut request);
        rule_for(toml, &request)
    };
    assert_eq!(with(&|request| request.model = "tiny".to_owned()), "model");
    assert_eq!(
        with(&|request| request.system = Some("Be a pirate.".to_owned())),
        "system"
    );
    assert_eq!(with(&|request| request.last_role = Role::Tool), "tool");
    assert_eq!(with(&|request| request.has_image = true), "image");
    assert_eq!(with(&|request| request.turn = 3), "third turn");
    assert_eq!(with(&|request| request.prompt_chars = 100), "long");
    assert_eq!(rule_for(toml, &asked(" grÜSSE\n")), "no rule");
    assert_eq!(rule_for(toml, &asked(" GRÜßE\n")), "exact");
    assert_eq!(rule_for(toml, &asked("a needle here")), "contains");
    assert_eq!(rule_for(toml, &asked("a Needle here")), "no rule");
    assert_eq!(rule_for(toml, &asked("n7")), "regex");
    assert_eq!(rule_for(toml, &asked("b")), "exact");
}

#[test]
fn answers_every_topic_of_the_demo_and_says_that_it_is_one() {
    let demo = Rules::demo().unwrap();
    for (question, rule) in [
        ("Hello", "hello"),
        ("How do I connect a model?", "connect"),
        ("Show me code", "code"),
        ("show me a table", "table"),
        ("show me a formula", "formula"),
        ("show me Markdown", "markdown"),
        ("think about it", "reasoning"),
        ("tell me a long story", "long"),
        (
            "Continue your last answer exactly where it stopped. Do not repeat anything and do not comment on the interruption.",
            "continue",
        ),
        ("What is the weather?", "fallback"),
    ] {
        let plan = plan(&demo, &asked(question));
        assert_eq!(plan.rule, rule, "{question}");
        let Opening::Answer(steps) = plan.opening else {
            panic!("{question} gets no answer");
        };
        let whole: String = steps
            .filter_map(|timed| match timed.step {
                Step::Text(text) => Some(text.into_owned()),
                _ => None,
            })
            .collect();
        assert!(whole.contains("demo"), "{question}: {whole}");
        assert!(whole.contains("model"), "{question}: {whole}");
    }
}
