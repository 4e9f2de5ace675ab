//! When answers are asked for: back-off, breaker, patience, sign-in, early tries.

use manent_engine::BreakerState;
use manent_engine::answers::{AnswerEvent, AnswerFailure, AnswerInput, AnswerState};
use manent_types::RunId;

use crate::bench::{Bench, is_waiting, run, stored};

#[test]
fn a_stream_that_breaks_costs_its_answer_a_back_off_and_nobody_else_anything() {
    let mut bench = Bench::new(vec![]);
    bench.want(1);
    bench.want(2);
    bench.tell(AnswerInput::Began(run(1)));
    bench.tell(AnswerInput::Began(run(2)));
    bench.fail(1, AnswerFailure::Infrastructure);
    assert!(is_waiting(bench.state(1), "retry"));
    assert_eq!(bench.state(2), Some(AnswerState::Running));
    assert_eq!(bench.answers.breaker(), BreakerState::Closed);
    bench.wake();
    assert_eq!(bench.starts.last(), Some(&(run(1), 2)));
}

#[test]
fn a_stream_that_breaks_again_and_again_is_asked_for_less_and_less_often() {
    let mut bench = Bench::new(vec![]);
    bench.want(1);
    for _ in 0..20 {
        bench.tell(AnswerInput::Began(run(1)));
        bench.fail(1, AnswerFailure::Infrastructure);
        bench.wake();
    }
    assert!(bench.now > 60_000, "{} ms for 20 breaks", bench.now);
}

#[test]
fn failed_starts_open_the_breaker_and_exactly_one_probe_goes_when_it_is_half_open() {
    let mut bench = Bench::new(vec![]);
    for number in 1..=3 {
        bench.want(number);
    }
    loop {
        let asked: Vec<RunId> = (bench.starts.drain(..)).map(|(run, _)| run).collect();
        for run in asked {
            let failure = AnswerFailure::Infrastructure;
            bench.tell(AnswerInput::Failed { run, failure });
        }
        if bench.answers.breaker() != BreakerState::Closed {
            break;
        }
        bench.wake();
    }
    assert!(matches!(bench.answers.breaker(), BreakerState::Open { .. }));
    assert!(bench.starts.is_empty());
    assert!(is_waiting(bench.state(1), "server_away"));
    bench.wake();
    assert_eq!(bench.starts.len(), 1);
    assert_eq!(bench.answers.breaker(), BreakerState::HalfOpen);
    assert_eq!(bench.go_on_to(bench.now + 100_000), 0);
    let probe = bench.starts[0].0;
    bench.tell(AnswerInput::Began(probe));
    assert_eq!(bench.answers.breaker(), BreakerState::Closed);
    assert_eq!(bench.starts.len(), 1, "the others are spread");
    let recovered_at = bench.now;
    while bench.starts.len() < 3 {
        bench.wake();
    }
    // Three and a half of the ten seconds that are taken for the beat.
    assert!(bench.now <= recovered_at + 35_000);
}

#[test]
fn a_probe_of_which_nothing_is_heard_counts_as_failed() {
    let mut bench = Bench::new(vec![]);
    bench.want(1);
    for _ in 0..3 {
        bench.fail(1, AnswerFailure::Infrastructure);
        bench.wake();
    }
    assert_eq!(bench.answers.breaker(), BreakerState::HalfOpen);
    let asked_at = bench.now;
    bench.wake();
    assert_eq!(bench.now, asked_at + 120_000);
    assert!(matches!(bench.answers.breaker(), BreakerState::Open { .. }));
}

#[test]
fn patience_is_a_lower_bound_and_does_not_trip_the_breaker() {
    let mut bench = Bench::new(vec![]);
    bench.want(1);
    bench.want(2);
    for _ in 0..5 {
        let asked_at = bench.now;
        let failure = AnswerFailure::BackPressure {
            retry_after_ms: Some(10_000),
        };
        bench.fail(1, failure);
        bench.tell(AnswerInput::Began(run(2)));
        bench.tell(AnswerInput::ProbeNow);
        assert!(is_waiting(bench.state(1), "server_busy"));
        assert_eq!(bench.go_on_to(asked_at + 9_999), 0);
        bench.wake();
        assert_eq!(bench.starts.last().unwrap().0, run(1));
        assert_eq!(bench.answers.breaker(), BreakerState::Closed);
    }
}

#[test]
fn nobody_signed_in_pauses_everything_and_loses_nothing() {
    let mut bench = Bench::new(vec![]);
    bench.want(1);
    bench.want(2);
    bench.fail(1, AnswerFailure::Auth);
    bench.fail(2, AnswerFailure::Auth);
    bench.want(3);
    bench.tell(AnswerInput::ProbeNow);
    assert_eq!(bench.go_on_to(86_400_000), 0);
    for number in 1..=3 {
        assert!(is_waiting(bench.state(number), "sign_in"));
    }
    bench.tell(AnswerInput::SignedIn);
    let asked: Vec<RunId> = bench.starts[2..].iter().map(|(run, _)| *run).collect();
    assert_eq!(asked, vec![run(1), run(2), run(3)]);
}

#[test]
fn what_is_not_there_yet_is_asked_for_until_the_patience_is_over() {
    let mut bench = Bench::new(vec![]);
    bench.want(1);
    let not_yet = || AnswerFailure::NotYet {
        code: "conversation_not_found".to_owned(),
    };
    bench.fail(1, not_yet());
    assert!(is_waiting(bench.state(1), "behind_another"));
    assert_eq!(bench.answers.breaker(), BreakerState::Closed);
    while bench.state(1).is_some() {
        bench.wake();
        bench.fail(1, not_yet());
    }
    assert!((600_000..700_000).contains(&bench.now), "{}", bench.now);
    assert_eq!(
        bench.events.last(),
        Some(&AnswerEvent::Failed {
            run: run(1),
            code: "conversation_not_found".to_owned()
        })
    );
}

#[test]
fn an_early_try_is_one_start_and_at_most_one_in_its_interval() {
    let mut bench = Bench::new(vec![stored(1, "tab-0"), stored(2, "tab-0")]);
    bench.tell(AnswerInput::Wake);
    for _ in 0..4 {
        bench.fail(1, AnswerFailure::Infrastructure);
        bench.fail(2, AnswerFailure::Infrastructure);
        bench.wake();
    }
    while !matches!(bench.answers.breaker(), BreakerState::Open { .. }) {
        bench.fail(1, AnswerFailure::Infrastructure);
        bench.fail(2, AnswerFailure::Infrastructure);
    }
    let before = bench.starts.len();
    bench.tell(AnswerInput::ProbeNow);
    assert_eq!(bench.starts.len(), before + 1);
    let (probe, _) = *bench.starts.last().unwrap();
    bench.tell(AnswerInput::Failed {
        run: probe,
        failure: AnswerFailure::Infrastructure,
    });
    bench.tell(AnswerInput::ProbeNow);
    assert_eq!(bench.starts.len(), before + 1);
    let now = bench.now;
    assert_eq!(bench.wake_at, Some(now + 1_000));
    assert_eq!(bench.go_on_to(now + 999), 0);
    assert_eq!(bench.go_on_to(now + 1_000), 1);
}

#[test]
fn try_now_while_nothing_waits_is_not_remembered() {
    let mut bench = Bench::new(vec![]);
    bench.tell(AnswerInput::ProbeNow);
    bench.want(1);
    bench.fail(1, AnswerFailure::Infrastructure);
    bench.tell(AnswerInput::ProbeNow);
    assert_eq!(bench.starts.last(), Some(&(run(1), 2)));
}

#[test]
fn the_patience_with_not_yet_begins_anew_when_something_else_was_told_meanwhile() {
    let not_yet = || AnswerFailure::NotYet {
        code: "run_not_found".to_owned(),
    };
    let mut bench = Bench::new(vec![]);
    bench.want(1);
    bench.fail(1, not_yet());
    bench.wake();
    bench.tell(AnswerInput::Began(run(1)));
    bench.now += 3_600_000;
    bench.fail(1, not_yet());
    assert!(is_waiting(bench.state(1), "behind_another"));
    bench.wake();
    bench.fail(1, AnswerFailure::Auth);
    bench.now += 3_600_000;
    bench.tell(AnswerInput::SignedIn);
    bench.fail(1, not_yet());
    assert!(is_waiting(bench.state(1), "behind_another"));
}

#[test]
fn a_probe_that_is_refused_for_good_shows_that_the_server_is_there() {
    let mut bench = Bench::new(vec![]);
    bench.want(1);
    for _ in 0..3 {
        bench.fail(1, AnswerFailure::Infrastructure);
        bench.wake();
    }
    assert_eq!(bench.answers.breaker(), BreakerState::HalfOpen);
    let code = "unknown_model".to_owned();
    bench.fail(1, AnswerFailure::Over { code });
    assert_eq!(bench.answers.breaker(), BreakerState::Closed);
}

#[test]
fn a_stream_that_lasted_makes_the_next_back_off_short_again() {
    let mut bench = Bench::new(vec![]);
    bench.want(1);
    for _ in 0..20 {
        bench.tell(AnswerInput::Began(run(1)));
        bench.fail(1, AnswerFailure::Infrastructure);
        bench.wake();
        bench.tell(AnswerInput::Began(run(1)));
        bench.now += 10_000;
        let broke_at = bench.now;
        bench.fail(1, AnswerFailure::Infrastructure);
        bench.wake();
        assert!(bench.now <= broke_at + 1_000);
    }
}

#[test]
fn try_now_also_ends_the_back_off_of_a_stream_that_broke() {
    let mut bench = Bench::new(vec![]);
    bench.want(1);
    for _ in 0..10 {
        bench.tell(AnswerInput::Began(run(1)));
        let broke_at = bench.now;
        bench.fail(1, AnswerFailure::Infrastructure);
        let before = bench.starts.len();
        bench.tell(AnswerInput::ProbeNow);
        if bench.starts.len() == before {
            bench.wake();
        }
        assert_eq!(bench.starts.len(), before + 1);
        assert!(bench.now <= broke_at + 1_000);
    }
}

#[test]
fn what_is_wanted_after_a_success_does_not_wait_for_the_failure_before_it() {
    for number in 0..20 {
        let mut bench = Bench::new(vec![]);
        bench.now = number;
        bench.want(1);
        bench.want(2);
        bench.fail(1, AnswerFailure::Infrastructure);
        bench.tell(AnswerInput::Began(run(2)));
        bench.want(3);
        assert_eq!(bench.state(3), Some(AnswerState::Starting { attempt: 1 }));
    }
}
