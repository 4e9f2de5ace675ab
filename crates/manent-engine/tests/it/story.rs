//! Short stories about one engine, its store and its server, told through the public interface.

use manent_engine::{
    Answer, CommandError, EngineConfig, Event, FailReason, Failure, Input, ItemState, Outcome,
    Snapshot, StoreOperation,
};

use crate::bench::{Bench, id, item, outcomes, stored};

#[test]
fn sends_nothing_before_the_store_confirmed() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.tell(Input::Enqueue(item(1, 9, None)));
    assert!(bench.sent.is_empty());
    assert_eq!(bench.engine.state(id(1)), Some(ItemState::Storing));
    bench.tell(Input::PersistFailed(bench.persists[0].0));
    assert!(bench.sent.is_empty());
    bench.wake();
    assert_eq!(bench.persists[0].1, bench.persists[1].1);
    bench.tell(Input::Persisted(bench.persists[1].0));
    assert_eq!(bench.last_sent(), [(id(1), 1)]);
    bench.answer(outcomes(&[(1, stored())]));
    let saved = ItemState::Saved { position: None };
    assert_eq!(bench.engine.state(id(1)), Some(saved));
    assert!(bench.engine.is_idle());
}

#[test]
fn goes_on_where_the_server_expects_it() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    let gap = |expected| Outcome::Gap {
        expected: Some(expected),
    };
    bench.answer(outcomes(&[(1, gap(7))]));
    assert_eq!(bench.last_sent(), [(id(1), 7)]);
    bench.answer(outcomes(&[(1, Outcome::NumberTaken)]));
    bench.answer(outcomes(&[(1, gap(12))]));
    assert_eq!(bench.last_sent(), [(id(1), 12)]);
    bench.answer(outcomes(&[(1, stored())]));
    bench.enqueue(item(2, 9, None));
    assert_eq!(bench.last_sent(), [(id(2), 13)]);
}

#[test]
fn a_server_that_moves_a_lane_forever_is_answered_with_patience() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    for expected in 10..40 {
        if bench.engine.metrics().sending_messages == 0 {
            break;
        }
        let gap = Outcome::Gap {
            expected: Some(expected),
        };
        bench.answer(outcomes(&[(1, gap)]));
    }
    assert!(bench.sent.len() < 10);
    assert!(matches!(
        bench.engine.state(id(1)),
        Some(ItemState::Waiting(_))
    ));
}

#[test]
fn nonsense_settles_nothing_and_costs_a_wait() {
    let unknown = outcomes(&[(77, stored())]);
    let contradiction = outcomes(&[(1, stored()), (1, Outcome::Blocked)]);
    for nonsense in [outcomes(&[]), unknown, contradiction] {
        let mut bench = Bench::new(EngineConfig::default());
        bench.enqueue(item(1, 9, None));
        bench.answer(nonsense);
        assert!(matches!(
            bench.engine.state(id(1)),
            Some(ItemState::Waiting(_))
        ));
        bench.wake();
        assert_eq!(bench.last_sent(), [(id(1), 1)]);
    }
}

#[test]
fn a_rejected_item_takes_its_descendants_along_and_nobody_else() {
    let mut bench = Bench::new(EngineConfig {
        max_batch_items: 1,
        ..EngineConfig::default()
    });
    bench.enqueue(item(1, 9, None));
    for follower in [item(2, 9, Some(1)), item(3, 9, Some(2)), item(4, 9, None)] {
        bench.enqueue(follower);
    }
    let rejected = Outcome::Rejected {
        code: "content_empty".to_owned(),
        detail: None,
    };
    bench.answer(outcomes(&[(1, rejected)]));
    assert_eq!(bench.last_sent(), [(id(4), 2)]);
    let blocked = Some(ItemState::Failed(FailReason::Blocked { by: Some(id(1)) }));
    assert_eq!(bench.engine.state(id(2)), blocked);
    assert_eq!(bench.engine.state(id(3)), blocked);
    bench.enqueue(item(5, 9, Some(3)));
    assert!(matches!(
        bench.engine.state(id(5)),
        Some(ItemState::Failed(_))
    ));
}

#[test]
fn a_refused_request_is_taken_apart_until_the_one_to_blame_is_found() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    bench.enqueue(item(2, 8, None));
    bench.enqueue(item(3, 9, None));
    bench.answer(outcomes(&[(1, stored())]));
    assert_eq!(bench.last_sent(), [(id(2), 1), (id(3), 2)]);
    let refused = || {
        Answer::Failed(Failure::Permanent {
            code: "invalid_body".to_owned(),
            detail: None,
        })
    };
    bench.answer(refused());
    assert_eq!(bench.last_sent(), [(id(2), 1)]);
    bench.answer(refused());
    assert!(matches!(
        bench.engine.state(id(2)),
        Some(ItemState::Failed(_))
    ));
    assert_eq!(bench.last_sent(), [(id(3), 2)]);
}

#[test]
fn signing_in_again_continues_by_itself() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    bench.answer(Answer::Failed(Failure::Auth));
    bench.tell(Input::ProbeNow);
    assert_eq!(bench.sent.len(), 1);
    assert!(bench.engine.metrics().is_paused_for_sign_in);
    bench.tell(Input::SignedIn);
    assert_eq!(bench.last_sent(), [(id(1), 1)]);
    assert_eq!(bench.sent.len(), 2);
}

#[test]
fn signing_out_asks_before_it_loses_anything() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    bench.tell(Input::SignOut {
        is_confirmed: false,
    });
    assert!(bench.persists.is_empty());
    let question = Event::SignOutNeedsConfirmation {
        queued: 1,
        failed: 0,
    };
    assert_eq!(bench.events.last(), Some(&question));
    bench.tell(Input::SignOut { is_confirmed: true });
    assert_eq!(bench.persists[0].1, [StoreOperation::Clear]);
    bench.confirm_all();
    assert_eq!(bench.events.last(), Some(&Event::SignedOut));
}

#[test]
fn whoever_signs_in_while_the_store_is_being_emptied_is_signed_in_when_it_is_empty() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    let old = bench.snapshot();
    bench.tell(Input::SignOut { is_confirmed: true });
    bench.tell(Input::SignedIn);
    bench.tell(Input::Adopt(old));
    bench.tell(Input::Enqueue(item(2, 9, None)));
    let refused = Event::Refused {
        id: id(2),
        error: CommandError::SignedOut,
    };
    assert!(bench.events.contains(&refused), "{:?}", bench.events);
    bench.confirm_all();
    assert_eq!(bench.events.last(), Some(&Event::SignedOut));
    assert!(bench.disk.is_empty());
    assert!(bench.engine.is_idle());
    bench.enqueue(item(2, 9, None));
    bench.wake_until_sent();
    assert_eq!(bench.last_sent(), [(id(2), 1)]);
}

#[test]
fn the_tray_keeps_what_the_user_has_not_decided_about() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    bench.answer(outcomes(&[(1, Outcome::IdTaken)]));
    bench.tell(Input::Discard(id(1)));
    bench.confirm_all();
    assert_eq!(bench.engine.state(id(1)), Some(ItemState::Discarded));
    bench.tell(Input::Undo(id(1)));
    bench.confirm_all();
    assert_eq!(
        bench.engine.state(id(1)),
        Some(ItemState::Failed(FailReason::Conflict))
    );
    bench.tell(Input::Resend {
        failed: id(1),
        replacement: item(2, 8, None),
    });
    let operations = &bench.persists[0].1;
    assert!(matches!(operations[0], StoreOperation::PutItem(_)));
    assert_eq!(operations[1], StoreOperation::DeleteItem(id(1)));
    bench.confirm_all();
    assert_eq!(bench.last_sent(), [(id(2), 1)]);
}

#[test]
fn what_was_discarded_is_gone_after_the_time_for_undo() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    bench.answer(outcomes(&[(1, Outcome::IdTaken)]));
    bench.tell(Input::Discard(id(1)));
    bench.confirm_all();
    bench.wake();
    assert_eq!(bench.persists[0].1, [StoreOperation::DeleteItem(id(1))]);
    assert_eq!(bench.engine.state(id(1)), None);
}

#[test]
fn only_what_was_never_sent_can_be_changed_or_taken_back() {
    let mut bench = Bench::new(EngineConfig::default());
    for number in 1..=3 {
        bench.enqueue(item(number, 9, None));
    }
    bench.tell(Input::Withdraw(id(1)));
    let error = CommandError::MaybeSent;
    assert_eq!(
        bench.events.last(),
        Some(&Event::Refused { id: id(1), error })
    );
    bench.tell(Input::Withdraw(id(2)));
    bench.confirm_all();
    bench.answer(outcomes(&[(1, stored())]));
    assert_eq!(bench.last_sent(), [(id(3), 2)]);
}

#[test]
fn an_outage_opens_the_breaker_and_one_probe_closes_it() {
    let mut bench = Bench::new(EngineConfig::default());
    for number in 1..=5 {
        bench.enqueue(item(number, 9, None));
    }
    for _ in 0..6 {
        bench.answer(Answer::Failed(Failure::Infrastructure));
        bench.wake();
    }
    assert_eq!(bench.last_sent(), [(id(1), 1)]);
    assert!(bench.sent.last().unwrap().1.is_probe);
    bench.answer(outcomes(&[(1, stored())]));
    // What waited follows after a pause, so that many clients do not come back together.
    assert_eq!(bench.last_sent().len(), 1);
    bench.wake();
    assert_eq!(bench.last_sent().len(), 4);
    assert_eq!(bench.engine.metrics().failed_syncs, 6);
}

#[test]
fn a_leader_takes_over_what_a_dead_engine_left() {
    let mut follower = Bench::new(EngineConfig {
        leads: false,
        ..EngineConfig::default()
    });
    follower.enqueue(item(1, 9, None));
    follower.enqueue(item(2, 9, Some(1)));
    assert!(follower.sent.is_empty());
    let items = follower.engine.items();
    let items = items
        .into_iter()
        .map(|(stored, _)| stored.clone())
        .collect();
    let mut leader = Bench::new(EngineConfig::default());
    leader.tell(Input::Adopt(Snapshot {
        items,
        ..Snapshot::default()
    }));
    // They were kept back: first they are written as such that may have been sent.
    assert!(leader.sent.is_empty());
    leader.confirm_all();
    assert_eq!(leader.last_sent(), [(id(1), 1)]);
    leader.answer(outcomes(&[(1, stored())]));
    assert_eq!(leader.last_sent(), [(id(2), 2)]);
    follower.tell(Input::Release(vec![id(1), id(2)]));
    assert!(follower.engine.is_idle());
}

#[test]
fn an_early_timer_is_set_again() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    let due = bench.wake_at.take().unwrap();
    bench.now = due - 1;
    bench.tell(Input::Wake);
    assert_eq!(bench.wake_at, Some(due));
}

#[test]
fn what_follows_an_item_that_was_taken_back_waits_until_the_store_knows() {
    let mut bench = Bench::new(EngineConfig::default());
    for number in 1..=3 {
        bench.enqueue(item(number, 9, None));
    }
    bench.tell(Input::Withdraw(id(2)));
    let (withdrawal, _) = bench.persists.remove(0);
    let (request, _) = bench.sent[0];
    let answer = outcomes(&[(1, stored())]);
    bench.tell(Input::Answered { request, answer });
    assert_eq!(bench.sent.len(), 1);
    bench.tell(Input::Persisted(withdrawal));
    assert_eq!(bench.last_sent(), [(id(3), 2)]);
}
