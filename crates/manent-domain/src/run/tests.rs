//! What a run's progress, its end and its answer come to.

mod answers;

use manent_types::{MessageStatus, NodeId, Timestamp};
use uuid::Uuid;

use super::*;
use crate::completion::{CompletionEvent, FinishReason};
use crate::feed::Subject;

const MINE: NodeId = NodeId::new(Uuid::from_u128(1));
const OTHER: NodeId = NodeId::new(Uuid::from_u128(2));
const TARGET: RecordTarget = RecordTarget {
    conversation: ConversationId::new(Uuid::from_u128(0xc1)),
    message: MessageId::new(Uuid::from_u128(0xa1)),
    parent: ParentRef::Root,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millisecond(seconds * 1_000).unwrap()
}

/// A run that has three events.
fn running() -> Run {
    Run {
        id: RunId::new(Uuid::from_u128(7)),
        node: MINE,
        record: Some(TARGET),
        status: MessageStatus::Running,
        provider: Some("p".to_owned()),
        model: Some("m".to_owned()),
        last_position: 3,
        stop_requested: false,
        end: None,
        started_at: at(1),
        heartbeat_at: at(5),
        ended_at: None,
        log_cleared: false,
    }
}

fn words(position: u64) -> LoggedEvent {
    LoggedEvent {
        position,
        event: RunEvent::Completion(CompletionEvent::Text("a".to_owned())),
    }
}

fn completed() -> RunEnd {
    RunEnd {
        status: MessageStatus::Complete,
        finish_reason: Some(FinishReason::Stop),
        failure: None,
    }
}

fn end(position: u64) -> LoggedEvent {
    LoggedEvent {
        position,
        event: RunEvent::Ended(completed()),
    }
}

fn answer(position: u64) -> AnswerSnapshot {
    AnswerSnapshot {
        content: vec![Part::Text {
            text: "a".to_owned(),
        }],
        usage: None,
        position,
    }
}

fn progress(events: Vec<LoggedEvent>, answer: Option<AnswerSnapshot>) -> RunProgress {
    RunProgress {
        owner: UserId::new(Uuid::from_u128(9)),
        run: running().id,
        events,
        answer,
        end: None,
    }
}

fn decided(run: &Run, progress: RunProgress) -> ProgressPlan {
    plan_progress(run, MINE, progress, at(10)).unwrap()
}

/// The run with a sign of life.
fn alive() -> Run {
    Run {
        heartbeat_at: at(10),
        ..running()
    }
}

fn found_dead() -> Run {
    plan_interruption(&running(), &[], at(8)).run
}

#[test]
fn another_process_has_no_such_run() {
    for run in [running(), found_dead()] {
        let plan = plan_progress(&run, OTHER, progress(vec![words(4)], None), at(10));
        assert_eq!(plan, None);
    }
}

#[test]
fn what_follows_the_log_is_taken() {
    let plan = decided(
        &running(),
        progress(vec![words(3), words(4), words(5)], None),
    );
    let expected = ProgressPlan {
        run: Run {
            last_position: 5,
            ..alive()
        },
        removed_end: None,
        events: vec![words(4), words(5)],
        is_turned: false,
        answer: AnswerWish::Nothing,
    };
    assert_eq!(plan, expected);
}

#[test]
fn what_leaves_a_hole_is_not_taken() {
    let cases = [
        progress(vec![words(5)], None),
        progress(vec![words(4), words(6)], None),
        progress(vec![words(4), words(4)], None),
        progress(vec![words(5), end(6)], Some(answer(6))),
        progress(vec![words(4)], Some(answer(5))),
        progress(vec![], Some(answer(4))),
    ];
    for case in cases {
        let expected = ProgressPlan {
            run: alive(),
            removed_end: None,
            events: vec![],
            is_turned: false,
            answer: AnswerWish::Nothing,
        };
        assert_eq!(decided(&running(), case.clone()), expected, "{case:?}");
    }
}

#[test]
fn the_end_ends_the_run_and_its_log() {
    let plan = decided(
        &running(),
        progress(vec![words(4), end(5), words(6)], Some(answer(5))),
    );
    let expected = ProgressPlan {
        run: Run {
            last_position: 5,
            status: MessageStatus::Complete,
            end: Some(completed()),
            ended_at: Some(at(10)),
            ..alive()
        },
        removed_end: None,
        events: vec![words(4), end(5)],
        is_turned: true,
        answer: AnswerWish::Write(Some(answer(5))),
    };
    assert_eq!(plan, expected);
}

#[test]
fn the_first_start_names_provider_and_model() {
    let start = |position, name: &str| LoggedEvent {
        position,
        event: RunEvent::Started {
            provider: name.to_owned(),
            model: name.to_owned(),
        },
    };
    let new = Run {
        provider: None,
        model: None,
        last_position: 0,
        ..running()
    };
    let plan = decided(&new, progress(vec![start(1, "one"), start(2, "two")], None));
    assert_eq!(plan.run.provider.as_deref(), Some("one"));
    assert_eq!(plan.run.model.as_deref(), Some("one"));
}

#[test]
fn a_clock_that_goes_back_moves_no_sign_of_life() {
    let run = Run {
        heartbeat_at: at(20),
        ..running()
    };
    assert_eq!(decided(&run, progress(vec![], None)).run, run);
}

#[test]
fn a_run_that_ended_takes_its_whole_answer_at_most() {
    let ended = decided(&running(), progress(vec![end(4)], None)).run;
    let plan = |answer| {
        let plan = decided(&ended, progress(vec![words(4), words(5)], answer));
        assert_eq!(
            (&plan.run, plan.events.len(), plan.is_turned),
            (&ended, 0, false)
        );
        plan.answer
    };
    assert_eq!(plan(None), AnswerWish::Nothing);
    assert_eq!(plan(Some(answer(3))), AnswerWish::Nothing);
    assert_eq!(plan(Some(answer(5))), AnswerWish::Nothing);
    assert_eq!(plan(Some(answer(4))), AnswerWish::InsertOnly(answer(4)));
}

#[test]
fn a_dead_run_ends_far_behind_its_log() {
    let log = [words(1).event, words(2).event, words(3).event];
    let plan = plan_interruption(&running(), &log, at(8));
    let position = 3 + INTERRUPTION_GAP;
    let expected = ProgressPlan {
        run: Run {
            last_position: position,
            status: MessageStatus::Interrupted,
            end: Some(RunEnd::interrupted()),
            ended_at: Some(at(8)),
            ..running()
        },
        removed_end: None,
        events: vec![LoggedEvent {
            position,
            event: RunEvent::Ended(RunEnd::interrupted()),
        }],
        is_turned: true,
        answer: AnswerWish::Write(Some(AnswerSnapshot {
            content: vec![Part::Text {
                text: "aaa".to_owned(),
            }],
            usage: None,
            position: 3,
        })),
    };
    assert_eq!(plan, expected);
    assert_eq!(plan.run.position_when_found_dead(), Some(3));
}

#[test]
fn a_run_that_was_found_dead_lives_on() {
    let dead = found_dead();
    let removed_end = Some(3 + INTERRUPTION_GAP);
    let heartbeat = ProgressPlan {
        run: alive(),
        removed_end,
        events: vec![],
        is_turned: true,
        answer: AnswerWish::Write(None),
    };
    assert_eq!(decided(&dead, progress(vec![], None)), heartbeat);
    // A hole is a sign of life too.
    assert_eq!(
        decided(&dead, progress(vec![words(5)], Some(answer(5)))),
        heartbeat
    );
    let plan = decided(&dead, progress(vec![words(4)], Some(answer(4))));
    let expected = ProgressPlan {
        run: Run {
            last_position: 4,
            ..alive()
        },
        removed_end,
        events: vec![words(4)],
        is_turned: true,
        answer: AnswerWish::Write(Some(answer(4))),
    };
    assert_eq!(plan, expected);
}

#[test]
fn only_a_run_that_was_found_dead_comes_back() {
    let own_end = LoggedEvent {
        position: 4,
        event: RunEvent::Ended(RunEnd::interrupted()),
    };
    let interrupted = decided(&running(), progress(vec![own_end], None)).run;
    assert_eq!(interrupted.position_when_found_dead(), None);
    let cleared = Run {
        log_cleared: true,
        ..found_dead()
    };
    for run in [interrupted, cleared] {
        let plan = decided(&run, progress(vec![words(5)], None));
        assert_eq!((&plan.run, plan.is_turned), (&run, false));
        assert_eq!(plan.events, []);
    }
}
