//! What a machine that breaks things on purpose got past the other tests.

use manent_engine::{
    Answer, Change, EngineConfig, FailReason, Failure, Input, ItemState, Outcome, WaitReason,
};

use crate::bench::{Bench, id, item, outcomes, stored};

fn bench_with_one_sent() -> Bench {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 7, None));
    assert_eq!(bench.sent.len(), 1);
    bench
}

fn rejected() -> Outcome {
    Outcome::Rejected {
        code: "content_empty".to_owned(),
        detail: None,
    }
}

#[test]
fn what_is_in_a_request_is_shown_as_sending_until_the_engine_stops_leading() {
    let mut bench = bench_with_one_sent();
    assert_eq!(bench.state(1), Some(ItemState::Sending));
    bench.tell(Input::Lead(false));
    assert!(matches!(bench.state(1), Some(ItemState::Waiting(_))));
    bench.tell(Input::Lead(true));
    bench.wake_until_sent();
    assert_eq!(bench.sent.len(), 2);
    bench.tell(Input::Lead(true));
    assert_eq!(bench.sent.len(), 2);
    assert_eq!(bench.state(1), Some(ItemState::Sending));
}

#[test]
fn each_request_that_settles_something_counts_once() {
    let mut bench = bench_with_one_sent();
    bench.answer(outcomes(&[(1, stored())]));
    bench.enqueue(item(2, 7, None));
    bench.answer(outcomes(&[(2, rejected())]));
    let metrics = bench.engine.metrics();
    assert_eq!((metrics.successful_syncs, metrics.failed_syncs), (2, 0));
}

#[test]
fn the_tray_lists_what_failed_and_nothing_else() {
    let mut bench = bench_with_one_sent();
    bench.answer(outcomes(&[(1, rejected())]));
    bench.enqueue(item(2, 7, None));
    let listed: Vec<_> = bench
        .engine
        .tray()
        .into_iter()
        .map(|(stored, _)| stored.id)
        .collect();
    assert_eq!(listed, [id(1)]);
}

#[test]
fn a_lane_that_has_no_items_left_is_written_again_when_the_store_was_lost() {
    let mut bench = bench_with_one_sent();
    bench.answer(outcomes(&[(1, stored())]));
    let lanes = bench.snapshot().lanes;
    assert_eq!((lanes.len(), lanes[0].applied), (1, 1));
    bench.disk.clear();
    bench.tell(Input::StorageLost);
    bench.confirm_all();
    assert_eq!(bench.snapshot().lanes, lanes);
}

#[test]
fn a_lane_that_was_numbered_anew_is_stored_as_uncertain_until_the_caution_is_over() {
    let mut bench = bench_with_one_sent();
    let gap = Outcome::Gap { expected: Some(5) };
    bench.answer(outcomes(&[(1, gap)]));
    assert!(bench.snapshot().lanes[0].is_uncertain);
    assert_eq!(bench.last_sent(), [(id(1), 5)]);
    bench.now += 600_001;
    bench.answer(outcomes(&[(1, stored())]));
    let lane = &bench.snapshot().lanes[0];
    assert_eq!((lane.applied, lane.is_uncertain), (5, false));
}

#[test]
fn a_gap_at_the_very_number_that_was_sent_is_nonsense_and_costs_a_back_off() {
    let mut bench = bench_with_one_sent();
    let nonsense = Outcome::Gap { expected: Some(1) };
    bench.answer(outcomes(&[(1, nonsense)]));
    assert_eq!(bench.sent.len(), 1);
    assert!(matches!(
        bench.state(1),
        Some(ItemState::Waiting(WaitReason::Retry { .. }))
    ));
}

#[test]
fn what_grows_too_large_while_it_waits_goes_to_the_tray() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1_000, 7, None));
    bench.answer(Answer::Failed(Failure::BackPressure {
        retry_after_ms: Some(60_000),
    }));
    bench.enqueue(item(1, 9, None));
    let limit_bytes = EngineConfig::default().max_item_bytes;
    let replace = |size_bytes| Input::Replace {
        id: id(1),
        payload: "longer".to_owned(),
        size_bytes,
    };
    bench.tell(replace(limit_bytes));
    bench.confirm_all();
    assert!(matches!(bench.state(1), Some(ItemState::Waiting(_))));
    bench.tell(replace(limit_bytes + 2));
    bench.confirm_all();
    let too_large = FailReason::TooLarge { limit_bytes };
    assert_eq!(bench.state(1), Some(ItemState::Failed(too_large)));
}

#[test]
fn an_item_may_be_sent_again_under_another_parent_and_not_under_itself() {
    let retry = |parent| Input::Retry {
        id: id(1),
        change: Some(Change {
            payload: "text".to_owned(),
            size_bytes: 4,
            parent: Some(id(parent)),
        }),
    };
    let mut bench = bench_with_one_sent();
    bench.answer(outcomes(&[(1, rejected())]));
    bench.tell(retry(1));
    bench.confirm_all();
    assert!(matches!(bench.state(1), Some(ItemState::Failed(_))));
    bench.tell(retry(55));
    bench.confirm_all();
    assert_eq!(bench.state(1), Some(ItemState::Sending));
}
