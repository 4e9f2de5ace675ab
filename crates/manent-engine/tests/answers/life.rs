//! From the wish to the end, and whose an answer is.

use manent_engine::PersistId;
use manent_engine::answers::{
    AnswerError, AnswerEvent, AnswerFailure, AnswerInput, AnswerOperation, AnswerState, AnswerWait,
    AnswersConfig,
};
use manent_types::RunId;

use crate::bench::{Bench, config, new, run, stored};

#[test]
fn asks_for_nothing_before_the_store_confirmed() {
    let mut bench = Bench::new(vec![]);
    bench.tell(AnswerInput::Want(new(1)));
    assert_eq!(bench.state(1), Some(AnswerState::Storing));
    let (id, _) = bench.persists.remove(0);
    bench.tell(AnswerInput::PersistFailed(id));
    assert!(bench.starts.is_empty());
    bench.wake();
    bench.confirm_all();
    assert_eq!(bench.starts, vec![(run(1), 1)]);
    assert_eq!(
        bench.events,
        vec![
            AnswerEvent::State {
                run: run(1),
                state: AnswerState::Storing
            },
            AnswerEvent::StorageRefused { attempts: 1 },
            AnswerEvent::StorageRecovered,
            AnswerEvent::State {
                run: run(1),
                state: AnswerState::Starting { attempt: 1 }
            },
        ]
    );
}

#[test]
fn the_record_goes_when_the_end_was_seen_and_not_before() {
    let mut bench = Bench::new(vec![]);
    bench.want(1);
    bench.tell(AnswerInput::Began(run(1)));
    assert_eq!(bench.state(1), Some(AnswerState::Running));
    assert!(bench.persists.is_empty());
    bench.tell(AnswerInput::Ended(run(1)));
    assert_eq!(bench.persists[0].1, vec![AnswerOperation::Delete(run(1))]);
    bench.confirm_all();
    assert!(bench.answers.is_idle());
    assert_eq!(
        bench.events.last(),
        Some(&AnswerEvent::Ended { run: run(1) })
    );
}

#[test]
fn wanting_the_same_answer_twice_is_wanting_it_once() {
    let mut bench = Bench::new(vec![]);
    bench.want(1);
    bench.want(1);
    assert_eq!(bench.starts.len(), 1);
    assert_eq!(bench.answers.pending().count(), 1);
}

#[test]
fn what_a_reload_left_is_asked_for_again_oldest_first_and_a_few_at_a_time() {
    let restored = (1..=6).rev().map(|number| stored(number, "tab-0"));
    let mut bench = Bench::new(restored.collect());
    bench.tell(AnswerInput::Wake);
    let asked: Vec<RunId> = bench.starts.iter().map(|(run, _)| *run).collect();
    assert_eq!(asked, vec![run(1), run(2), run(3), run(4)]);
    assert!(bench.persists.is_empty());
    assert_eq!(
        bench.state(5),
        Some(AnswerState::Waiting(AnswerWait::BehindAnother {
            until: None
        }))
    );
    bench.tell(AnswerInput::Began(run(2)));
    assert_eq!(bench.starts.last(), Some(&(run(5), 1)));
}

#[test]
fn a_final_failure_ends_its_answer_only_and_is_told() {
    let mut bench = Bench::new(vec![]);
    bench.want(1);
    bench.want(2);
    let code = "unknown_model".to_owned();
    bench.tell(AnswerInput::Failed {
        run: run(1),
        failure: AnswerFailure::Over { code: code.clone() },
    });
    assert_eq!(bench.state(1), None);
    assert_eq!(bench.state(2), Some(AnswerState::Starting { attempt: 1 }));
    assert_eq!(bench.persists[0].1, vec![AnswerOperation::Delete(run(1))]);
    assert_eq!(
        bench.events.last(),
        Some(&AnswerEvent::Failed { run: run(1), code })
    );
}

#[test]
fn takes_over_what_a_dead_tab_left_and_says_so_in_the_store() {
    let mut bench = Bench::new(vec![]);
    bench.tell(AnswerInput::Adopt(vec![stored(1, "tab-7")]));
    assert_eq!(
        bench.persists[0].1,
        vec![AnswerOperation::Put(stored(1, "tab-0"))]
    );
    assert_eq!(bench.starts, vec![(run(1), 1)]);
}

#[test]
fn does_not_take_over_what_it_is_removing_itself() {
    let mut bench = Bench::new(vec![stored(1, "tab-0")]);
    bench.tell(AnswerInput::Wake);
    bench.tell(AnswerInput::Ended(run(1)));
    bench.tell(AnswerInput::Adopt(vec![stored(1, "tab-0")]));
    assert_eq!(bench.state(1), None);
}

#[test]
fn leaves_the_store_alone_when_another_tab_takes_over() {
    let mut bench = Bench::new(vec![stored(1, "tab-0")]);
    bench.tell(AnswerInput::Wake);
    bench.tell(AnswerInput::Release(vec![run(1)]));
    assert_eq!(bench.state(1), None);
    assert!(bench.persists.is_empty());
}

#[test]
fn writes_everything_again_when_the_store_was_lost_and_asks_for_nothing_before() {
    let mut bench = Bench::new(vec![stored(1, "tab-0"), stored(2, "tab-0")]);
    bench.tell(AnswerInput::Wake);
    bench.tell(AnswerInput::Began(run(1)));
    bench.tell(AnswerInput::StorageLost);
    assert_eq!(
        bench.persists[0].1,
        vec![
            AnswerOperation::Put(stored(1, "tab-0")),
            AnswerOperation::Put(stored(2, "tab-0"))
        ]
    );
    assert_eq!(bench.state(1), Some(AnswerState::Running));
    bench.tell(AnswerInput::Failed {
        run: run(1),
        failure: AnswerFailure::Infrastructure,
    });
    assert_eq!(bench.state(1), Some(AnswerState::Storing));
    assert_eq!(bench.go_on_to(60_000), 0);
    bench.confirm_all();
    assert_eq!(bench.starts.last(), Some(&(run(1), 2)));
}

#[test]
fn refuses_more_answers_than_may_be_and_keeps_those_it_has() {
    let config = AnswersConfig {
        max_answers: 1,
        ..config()
    };
    let mut bench = Bench::with(config, vec![]);
    bench.want(1);
    bench.want(2);
    assert_eq!(
        bench.events.last(),
        Some(&AnswerEvent::Refused {
            run: run(2),
            error: AnswerError::Full
        })
    );
    assert_eq!(bench.answers.pending().count(), 1);
}

#[test]
fn words_about_unknown_answers_are_ignored() {
    let mut bench = Bench::new(vec![]);
    bench.tell(AnswerInput::Began(run(9)));
    bench.tell(AnswerInput::Ended(run(9)));
    bench.fail(9, AnswerFailure::Auth);
    bench.tell(AnswerInput::Persisted(PersistId(77)));
    bench.tell(AnswerInput::PersistFailed(PersistId(77)));
    assert!(bench.answers.is_idle() && bench.events.is_empty());
    assert!(!bench.answers.is_paused_for_sign_in());
}

#[test]
fn late_words_about_an_earlier_request_are_ignored() {
    let mut bench = Bench::new(vec![]);
    bench.want(1);
    bench.fail(1, AnswerFailure::Infrastructure);
    bench.fail(1, AnswerFailure::Auth);
    let failure = AnswerFailure::BackPressure {
        retry_after_ms: Some(3_600_000),
    };
    bench.fail(1, failure);
    assert!(!bench.answers.is_paused_for_sign_in());
    bench.wake();
    assert_eq!(bench.starts.last(), Some(&(run(1), 2)));
    assert!(bench.now <= 1_000);
}
