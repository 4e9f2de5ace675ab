//! What survives a restart, and what happens when the store does not.

use manent_engine::{
    Answer, BreakerState, EngineConfig, Event, Failure, Input, ItemState, Outcome, StoreOperation,
    WaitReason,
};

use crate::bench::{Bench, id, item, outcomes, stored};

fn refuse(retry_after_ms: u64) -> Answer {
    Answer::Failed(Failure::BackPressure {
        retry_after_ms: Some(retry_after_ms),
    })
}

/// An engine whose breaker is open, and until when it is.
fn with_open_breaker() -> (Bench, u64) {
    let mut bench = Bench::new(EngineConfig::default());
    bench.now = 1_000_000;
    bench.enqueue(item(1, 9, None));
    for _ in 0..2 {
        bench.answer(Answer::Failed(Failure::Infrastructure));
        bench.wake_until_sent();
    }
    bench.answer(Answer::Failed(Failure::Infrastructure));
    let BreakerState::Open { until } = bench.engine.metrics().breaker else {
        panic!("not open");
    };
    (bench, until)
}

#[test]
fn the_patience_that_the_server_asked_for_survives_a_restart() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.now = 1_000_000;
    bench.enqueue(item(1, 9, None));
    bench.answer(refuse(60_000));
    bench.now = 1_010_000;
    let mut bench = bench.restart(EngineConfig::default());
    assert!(bench.sent.is_empty());
    let Some(WaitReason::BackPressure { until }) = bench.engine.wait() else {
        panic!("does not wait: {:?}", bench.engine.wait());
    };
    assert!((1_060_000..=1_090_000).contains(&until));
    bench.tell(Input::ProbeNow);
    assert!(bench.sent.is_empty());
    bench.wake_until_sent();
    assert_eq!(bench.now, until);
}

#[test]
fn an_open_breaker_survives_a_restart_and_lets_one_probe_through_first() {
    let (mut bench, until) = with_open_breaker();
    bench.enqueue(item(2, 9, None));
    let mut bench = bench.restart(EngineConfig::default());
    assert!(bench.sent.is_empty());
    bench.wake_until_sent();
    assert_eq!(bench.now, until);
    assert!(bench.sent[0].1.is_probe);
    bench.answer(outcomes(&[(1, stored())]));
    bench.wake_until_sent();
    bench.answer(outcomes(&[(2, stored())]));
    // It is closed, and the store knows.
    let bench = bench.restart(EngineConfig::default());
    assert_eq!(bench.engine.metrics().breaker, BreakerState::Closed);
    assert_eq!(bench.engine.wait(), None);
}

#[test]
fn a_clock_that_jumps_between_two_lives_makes_no_wait_longer_than_it_was() {
    for jump in [-900_000_i64, 900_000_000] {
        let (mut bench, until) = with_open_breaker();
        let longest = until - bench.now;
        bench.now = bench.now.saturating_add_signed(jump);
        let began = bench.now;
        let mut bench = bench.restart(EngineConfig::default());
        if bench.sent.is_empty() {
            bench.wake_until_sent();
        }
        assert!(bench.now - began <= longest, "{jump}");
        assert!(bench.sent[0].1.is_probe, "{jump}");
    }
}

#[test]
fn a_stored_wait_of_years_is_cut_to_the_caps() {
    let (mut bench, _) = with_open_breaker();
    let pace = r#"{"version":1,"record":{"pace":{"notedAt":0,"openUntil":9007199254740991,"openings":4294967295,"patienceUntil":9007199254740991}}}"#;
    bench.disk.insert("pace".to_owned(), pace.to_owned());
    let mut bench = bench.restart(EngineConfig::default());
    let began = bench.now;
    bench.wake_until_sent();
    assert!(bench.now - began <= 5_400_000);
    assert!(bench.sent[0].1.is_probe);
}

#[test]
fn what_was_kept_back_can_still_be_changed_and_taken_back_after_a_restart() {
    let (mut bench, _) = with_open_breaker();
    bench.enqueue(item(2, 9, None));
    let mut bench = bench.restart(EngineConfig::default());
    assert!(bench.engine.may_be_sent(id(1)));
    assert!(!bench.engine.may_be_sent(id(2)));
    bench.tell(Input::Replace {
        id: id(2),
        payload: "better".to_owned(),
        size_bytes: 6,
    });
    bench.confirm_all();
    bench.wake_until_sent();
    bench.answer(outcomes(&[(1, stored())]));
    bench.wake_until_sent();
    assert_eq!(bench.sent.last().unwrap().1.items[0].payload, "better");
    // Now it may have been sent, and a restart knows that too.
    let bench = bench.restart(EngineConfig::default());
    assert!(bench.engine.may_be_sent(id(2)));
}

#[test]
fn what_was_kept_back_is_not_sent_before_the_store_knows_that_it_may_have_been() {
    let (mut bench, _) = with_open_breaker();
    bench.enqueue(item(2, 9, None));
    bench.wake_until_sent();
    let (request, _) = bench.sent.last().unwrap().clone();
    let answer = outcomes(&[(1, stored())]);
    bench.tell(Input::Answered { request, answer });
    bench.confirm_one();
    let sent = bench.sent.len();
    for _ in 0..5 {
        bench.wake();
    }
    assert_eq!(bench.sent.len(), sent);
    let (_, operations) = &bench.persists[0];
    assert!(
        operations
            .iter()
            .any(|operation| matches!(operation, StoreOperation::PutItem(item) if !item.is_held))
    );
    bench.confirm_all();
    assert_eq!(bench.last_sent(), [(id(2), 2)]);
}

#[test]
fn a_lost_store_is_written_again_and_nothing_is_sent_before_that_is_durable() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    bench.answer(outcomes(&[(1, stored())]));
    bench.enqueue(item(2, 9, None));
    bench.answer(outcomes(&[(2, Outcome::IdTaken)]));
    bench.enqueue(item(3, 9, None));
    for number in 4..=6 {
        bench.enqueue(item(number, 9, None));
    }
    let before = bench.disk.clone();
    bench.disk.clear();
    bench.events.clear();
    bench.tell(Input::StorageLost);
    let under_way = Event::Item {
        id: id(3),
        state: ItemState::Storing,
    };
    assert_eq!(bench.events, [under_way, Event::Pace { wait: None }]);
    assert_eq!(bench.state(4), Some(ItemState::Storing));
    // The answer to what was under way comes before the store is written: it counts, and nothing more goes.
    let (request, _) = bench.sent.last().unwrap().clone();
    let sent = bench.sent.len();
    let answer = outcomes(&[(3, stored())]);
    bench.tell(Input::Answered { request, answer });
    assert_eq!(bench.sent.len(), sent);
    bench.confirm_all();
    assert_eq!(bench.last_sent(), [(id(4), 4), (id(5), 5), (id(6), 6)]);
    let mut expected = before;
    expected.remove(&id(3).to_string());
    let lost: Vec<_> = expected
        .keys()
        .filter(|key| !bench.disk.contains_key(*key))
        .collect();
    assert_eq!(lost, Vec::<&String>::new());
}

#[test]
fn a_store_that_refuses_after_a_loss_is_asked_again_until_it_holds_everything() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    bench.disk.clear();
    bench.tell(Input::StorageLost);
    for _ in 0..5 {
        let (id, _) = bench.persists.remove(0);
        bench.tell(Input::PersistFailed(id));
        while bench.persists.is_empty() {
            bench.wake();
        }
    }
    bench.confirm_all();
    assert!(bench.disk.contains_key(&id(1).to_string()));
    assert_eq!(bench.engine.metrics().storing_messages, 0);
}

#[test]
fn what_never_left_the_device_can_still_be_changed_also_after_a_restart() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    assert!(bench.engine.may_be_sent(id(1)));
    bench.answer(Answer::Failed(Failure::NotSent));
    assert!(!bench.engine.may_be_sent(id(1)));
    let mut bench = bench.restart(EngineConfig::default());
    assert!(!bench.engine.may_be_sent(id(1)));
    bench.tell(Input::Withdraw(id(1)));
    bench.confirm_all();
    assert!(bench.sent.is_empty());
    assert!(matches!(bench.state(1), Some(ItemState::Failed(_))));
}

#[test]
fn what_grew_past_the_limits_is_sent_alone_and_the_server_decides() {
    let mut bench = Bench::new(EngineConfig::default());
    let mut large = item(1, 9, None);
    large.size_bytes = 1_900_000;
    bench.enqueue(large);
    bench.enqueue(item(2, 9, None));
    let smaller = EngineConfig {
        max_item_bytes: 1_000,
        max_batch_bytes: 1_000,
        ..EngineConfig::default()
    };
    let mut bench = bench.restart(smaller);
    assert_eq!(bench.last_sent(), [(id(1), 1)]);
    bench.answer(Answer::Failed(Failure::Permanent {
        code: "message_too_large".to_owned(),
        detail: None,
    }));
    assert!(matches!(bench.state(1), Some(ItemState::Failed(_))));
    assert_eq!(bench.last_sent(), [(id(2), 1)]);
}

#[test]
fn what_is_queued_while_a_restart_still_has_to_be_patient_can_be_changed_and_taken_back() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.now = 1_000_000;
    bench.enqueue(item(1, 9, None));
    bench.answer(refuse(60_000));
    bench.now = 1_010_000;
    let mut bench = bench.restart(EngineConfig::default());
    bench.enqueue(item(2, 9, None));
    bench.confirm_all();
    assert!(!bench.engine.may_be_sent(id(2)));
    let bench = bench.restart(EngineConfig::default());
    assert!(!bench.engine.may_be_sent(id(2)));
}
