//! What the user decides about items, and when it counts.

use manent_engine::{
    Answer, Change, CommandError, EngineConfig, Event, FailReason, Failure, HistoryStep, Input,
    ItemState, Outcome, StoreOperation,
};

use crate::bench::{Bench, id, item, item_of, outcomes, stored};

fn rejected() -> Outcome {
    Outcome::Rejected {
        code: "content_empty".to_owned(),
        detail: None,
    }
}

fn blocked_by(number: u128) -> ItemState {
    let by = Some(id(number));
    ItemState::Failed(FailReason::Blocked { by })
}

/// An engine in an outage: one item was sent, the others wait and were never sent.
fn waiting(items: &[(u128, Option<u128>)]) -> Bench {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1_000, 7, None));
    bench.answer(Answer::Failed(Failure::BackPressure {
        retry_after_ms: Some(60_000),
    }));
    for (number, parent) in items {
        bench.enqueue(item(*number, 9, *parent));
    }
    bench
}

#[test]
fn a_decision_is_told_when_the_store_confirmed_it_and_not_before() {
    let mut bench = waiting(&[(1, None), (2, Some(1))]);
    let waits = bench.state(1);
    assert!(matches!(waits, Some(ItemState::Waiting(_))));
    bench.told(1);

    bench.tell(Input::Withdraw(id(1)));
    assert_eq!((bench.state(1), bench.told(1)), (waits, vec![]));
    bench.confirm_all();
    let withdrawn = ItemState::Failed(FailReason::Withdrawn);
    assert_eq!(bench.state(2), Some(blocked_by(1)));
    assert_eq!(bench.told(1), std::slice::from_ref(&withdrawn));

    bench.tell(Input::Discard(id(1)));
    assert_eq!(bench.state(1), Some(withdrawn.clone()));
    bench.confirm_all();
    assert_eq!(bench.told(1), [ItemState::Discarded]);

    bench.tell(Input::Undo(id(1)));
    assert_eq!(bench.state(1), Some(ItemState::Discarded));
    bench.confirm_all();
    assert_eq!(bench.told(1), std::slice::from_ref(&withdrawn));

    bench.tell(Input::Retry {
        id: id(1),
        change: None,
    });
    assert_eq!(bench.state(1), Some(withdrawn));
    bench.confirm_all();
    assert!(matches!(bench.told(1)[..], [ItemState::Waiting(_)]));
    assert!(matches!(bench.state(2), Some(ItemState::Waiting(_))));
}

#[test]
fn what_was_not_told_yet_is_undone_by_a_crash() {
    let mut bench = waiting(&[(1, None)]);
    bench.tell(Input::Withdraw(id(1)));
    let mut bench = bench.restart(EngineConfig::default());
    assert!(matches!(bench.state(1), Some(ItemState::Waiting(_))));
    bench.tell(Input::Withdraw(id(1)));
    bench.confirm_all();
    bench.tell(Input::Retry {
        id: id(1),
        change: None,
    });
    let bench = bench.restart(EngineConfig::default());
    assert_eq!(
        bench.state(1),
        Some(ItemState::Failed(FailReason::Withdrawn))
    );
}

#[test]
fn an_item_sent_again_keeps_its_id_and_what_it_blocked_follows_in_order() {
    let mut bench = waiting(&[(1, None), (2, Some(1)), (3, Some(2)), (4, None)]);
    bench.tell(Input::Withdraw(id(1)));
    bench.confirm_all();
    assert_eq!(bench.state(3), Some(blocked_by(1)));
    bench.tell(Input::Retry {
        id: id(1),
        change: Some(Change {
            payload: "better".to_owned(),
            size_bytes: 6,
            parent: None,
        }),
    });
    bench.confirm_all();
    bench.wake_until_sent();
    let mut order = Vec::new();
    while let Some((_, batch)) = bench.sent.last().cloned() {
        let numbers: Vec<u128> = batch.items.iter().map(|item| item.id.0.as_u128()).collect();
        for item in &batch.items {
            if item.id == id(1) {
                assert_eq!(item.payload, "better");
            }
        }
        order.extend(numbers.iter().copied().filter(|number| *number < 1_000));
        let answer: Vec<_> = numbers.iter().map(|number| (*number, stored())).collect();
        bench.answer(outcomes(&answer));
        if bench.engine.is_idle() {
            break;
        }
        if bench.engine.metrics().sending_messages == 0 {
            bench.wake_until_sent();
        }
    }
    assert_eq!(order, [4, 1, 2, 3]);
}

#[test]
fn a_retry_that_cannot_help_is_refused_and_changes_nothing() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    bench.answer(outcomes(&[(1, Outcome::IdTaken)]));
    bench.enqueue(item(2, 9, Some(1)));
    let retry = |number, change| Input::Retry {
        id: id(number),
        change,
    };
    let grown = Change {
        payload: "huge".to_owned(),
        size_bytes: 3_000_000,
        parent: None,
    };
    let circle = Change {
        payload: "text".to_owned(),
        size_bytes: 4,
        parent: Some(id(2)),
    };
    let cases = [
        (retry(1, None), 1, CommandError::NeedsNewId),
        (retry(2, None), 2, CommandError::ParentFailed),
        (retry(2, Some(circle)), 2, CommandError::ParentFailed),
        (
            retry(2, Some(grown)),
            2,
            CommandError::TooLarge {
                limit_bytes: 2_000_000,
            },
        ),
        (retry(3, None), 3, CommandError::NotInTray),
    ];
    for (input, number, error) in cases {
        bench.tell(input);
        let refused = Event::Refused {
            id: id(number),
            error,
        };
        assert_eq!(bench.events.last(), Some(&refused));
        assert!(bench.persists.is_empty());
    }
    assert_eq!(bench.state(2), Some(blocked_by(1)));
}

#[test]
fn a_child_that_was_under_way_when_its_parent_was_sent_again_goes_behind_it() {
    let mut bench = Bench::new(EngineConfig {
        max_batch_items: 1,
        ..EngineConfig::default()
    });
    bench.enqueue(item(1, 9, None));
    bench.enqueue(item(2, 9, Some(1)));
    // The child was sent in an earlier life, so the parent's failure does not take it along.
    let mut bench = bench.restart(EngineConfig {
        max_batch_items: 1,
        ..EngineConfig::default()
    });
    bench.answer(outcomes(&[(1, rejected())]));
    assert_eq!(bench.last_sent(), [(id(2), 2)]);
    bench.tell(Input::Retry {
        id: id(1),
        change: None,
    });
    bench.confirm_all();
    bench.answer(outcomes(&[(2, Outcome::Blocked)]));
    assert_eq!(bench.last_sent(), [(id(1), 3)]);
    bench.answer(outcomes(&[(1, stored())]));
    assert_eq!(bench.last_sent(), [(id(2), 4)]);
    bench.answer(outcomes(&[(2, stored())]));
    assert!(bench.engine.is_idle());
}

/// The child of a blocked one was under way, and lanes that wait for each other in a circle must not come of it.
#[test]
fn what_was_under_way_follows_through_other_lanes_too() {
    let config = || EngineConfig {
        max_batch_items: 1,
        ..EngineConfig::default()
    };
    let mut bench = Bench::new(config());
    bench.enqueue(item_of("tab-0", 1, 9, None));
    bench.enqueue(item_of("tab-1", 2, 9, Some(1)));
    bench.enqueue(item_of("tab-0", 3, 9, Some(2)));
    // Sent in an earlier life: the failure of what they build on does not take them along.
    let mut bench = bench.restart(config());
    bench.confirm_all();
    bench.answer(outcomes(&[(1, rejected())]));
    bench.answer(outcomes(&[(2, Outcome::Blocked)]));
    assert_eq!(bench.last_sent(), [(id(3), 2)]);
    bench.tell(Input::Retry {
        id: id(1),
        change: None,
    });
    bench.confirm_all();
    bench.answer(Answer::Failed(Failure::Infrastructure));
    let mut order = Vec::new();
    while !bench.engine.is_idle() {
        if bench.engine.metrics().sending_messages == 0 {
            bench.wake_until_sent();
        }
        let number = bench.last_sent()[0].0.0.as_u128();
        order.push(number);
        bench.answer(outcomes(&[(number, stored())]));
    }
    assert_eq!(order, [1, 2, 3]);
}

/// Its parent had been sent in an earlier life and arrives after all; what had failed above that blocks nothing any more.
#[test]
fn what_was_blocked_follows_when_what_it_builds_on_is_saved_after_all() {
    let config = || EngineConfig {
        max_batch_items: 1,
        ..EngineConfig::default()
    };
    let mut bench = Bench::new(config());
    bench.enqueue(item(1, 9, None));
    bench.enqueue(item(2, 9, Some(1)));
    let mut bench = bench.restart(config());
    bench.enqueue(item(3, 9, Some(2)));
    bench.answer(outcomes(&[(1, rejected())]));
    assert_eq!(bench.state(3), Some(blocked_by(1)));
    assert_eq!(bench.last_sent(), [(id(2), 2)]);
    bench.answer(outcomes(&[(2, Outcome::Duplicate { position: None })]));
    assert_eq!(bench.last_sent(), [(id(3), 3)]);
    bench.answer(outcomes(&[(3, stored())]));
    assert_eq!(bench.engine.metrics().failed_messages, 1);
}

#[test]
fn a_refusal_that_may_be_an_old_one_is_doubted_once() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    bench.answer(outcomes(&[(1, rejected())]));
    bench.tell(Input::Retry {
        id: id(1),
        change: None,
    });
    bench.confirm_all();
    assert_eq!(bench.last_sent(), [(id(1), 2)]);
    bench.answer(outcomes(&[(1, rejected())]));
    assert_eq!(bench.last_sent(), [(id(1), 3)]);
    bench.answer(outcomes(&[(1, rejected())]));
    assert!(matches!(bench.state(1), Some(ItemState::Failed(_))));
}

/// Its first form built on what the server does not have. The second builds on nothing and was stored; an answer that makes no sense sends the
/// lane back to the first one's number, under which the server repeats what it said then.
#[test]
fn a_refusal_for_want_of_what_an_item_builds_on_may_be_an_old_one_too() {
    let missing = || Outcome::Rejected {
        code: "parent_unknown".to_owned(),
        detail: None,
    };
    for repeated in [missing(), Outcome::Blocked] {
        let mut bench = Bench::new(EngineConfig::default());
        bench.enqueue(item(1, 9, Some(5)));
        bench.answer(outcomes(&[(1, missing())]));
        bench.tell(Input::Retry {
            id: id(1),
            change: Some(Change {
                payload: "alone".to_owned(),
                size_bytes: 5,
                parent: None,
            }),
        });
        bench.confirm_all();
        assert_eq!(bench.last_sent(), [(id(1), 2)]);
        let expected = Some(1);
        bench.answer(outcomes(&[(1, Outcome::Gap { expected })]));
        assert_eq!(bench.last_sent(), [(id(1), 1)]);
        bench.answer(outcomes(&[(1, repeated)]));
        assert_eq!(bench.last_sent(), [(id(1), 2)]);
        bench.answer(outcomes(&[(1, Outcome::Duplicate { position: None })]));
        assert_eq!(bench.state(1), Some(ItemState::Saved { position: None }));
    }
}

/// A crash would bring back what was replaced, to be sent.
#[test]
fn nothing_is_sent_before_the_store_has_let_go_of_what_it_builds_on() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item_of("phone", 1, 7, None));
    bench.enqueue(item_of("laptop", 2, 7, Some(1)));
    let mut bench = bench.restart(EngineConfig::default());
    assert_eq!(bench.last_sent(), [(id(1), 1)]);
    let (request, _) = bench.sent.last().unwrap();
    bench.tell(Input::Answered {
        request: *request,
        answer: outcomes(&[(1, rejected())]),
    });
    bench.tell(Input::Resend {
        failed: id(1),
        replacement: item_of("phone", 3, 8, None),
    });
    assert_eq!(bench.last_sent(), [(id(1), 1)]);
    bench.confirm_all();
    assert_eq!(bench.last_sent(), [(id(2), 1)]);
}

#[test]
fn whatever_leaves_the_tray_for_good_is_told_when_the_store_has_let_go_of_it() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    bench.answer(outcomes(&[(1, Outcome::IdTaken)]));
    bench.tell(Input::Resend {
        failed: id(1),
        replacement: item(2, 9, None),
    });
    let removed = Event::Removed { id: id(1) };
    assert!(!bench.events.contains(&removed));
    assert!(matches!(
        bench.persists[0].1[..],
        [StoreOperation::PutItem(_), StoreOperation::DeleteItem(_)]
    ));
    bench.confirm_all();
    assert!(bench.events.contains(&removed));
}

#[test]
fn the_history_tells_what_happened_also_of_saved_items() {
    let mut bench = waiting(&[(1, None)]);
    bench.tell(Input::Withdraw(id(1)));
    bench.confirm_all();
    bench.tell(Input::Discard(id(1)));
    bench.confirm_all();
    bench.tell(Input::Undo(id(1)));
    bench.confirm_all();
    bench.tell(Input::Retry {
        id: id(1),
        change: None,
    });
    bench.confirm_all();
    while !bench.engine.is_idle() {
        bench.wake_until_sent();
        let numbers: Vec<_> = bench.last_sent();
        let answer: Vec<_> = numbers
            .iter()
            .map(|(id, _)| (id.0.as_u128(), stored()))
            .collect();
        bench.answer(outcomes(&answer));
    }
    let steps: Vec<HistoryStep> = bench
        .engine
        .history(id(1))
        .iter()
        .map(|entry| entry.step)
        .collect();
    let expected = [
        HistoryStep::Queued,
        HistoryStep::Stored,
        HistoryStep::Withdrawn,
        HistoryStep::Discarded,
        HistoryStep::Undone,
        HistoryStep::Retried,
        HistoryStep::Sent,
        HistoryStep::Answered,
        HistoryStep::Saved,
    ];
    assert_eq!(steps, expected);
    let answered = &bench.engine.history(id(1_000))[3];
    assert_eq!(answered.detail.as_deref(), Some("back_pressure"));
    assert!(bench.engine.history(id(77)).is_empty());
}

#[test]
fn what_the_server_is_seen_to_have_is_saved_and_what_it_blocked_follows() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    bench.enqueue(item(2, 9, Some(1)));
    bench.answer(outcomes(&[(1, rejected())]));
    assert!(matches!(bench.state(2), Some(ItemState::Failed(_))));
    bench.tell(Input::SeenSaved {
        id: id(1),
        position: Some(4),
    });
    bench.confirm_all();
    let saved = ItemState::Saved { position: Some(4) };
    assert_eq!(bench.state(1), Some(saved));
    assert_eq!(bench.last_sent(), [(id(2), 2)]);
    bench.answer(outcomes(&[(2, stored())]));
    assert!(bench.engine.is_idle());
    assert_eq!(bench.snapshot().items, []);
}

#[test]
fn what_was_thrown_away_and_is_on_the_server_is_not_removed_once_more() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    bench.answer(outcomes(&[(1, rejected())]));
    bench.tell(Input::Discard(id(1)));
    bench.confirm_all();
    bench.tell(Input::SeenSaved {
        id: id(1),
        position: None,
    });
    bench.confirm_all();
    assert_eq!(bench.state(1), Some(ItemState::Saved { position: None }));
    bench.events.clear();
    bench.now += 60_000;
    bench.tell(Input::Wake);
    bench.confirm_all();
    assert!(!bench.events.contains(&Event::Removed { id: id(1) }));
}

#[test]
fn what_is_seen_while_it_is_under_way_is_settled_when_its_request_ends() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    bench.enqueue(item(2, 9, None));
    let seen = Input::SeenSaved {
        id: id(1),
        position: Some(4),
    };
    bench.tell(seen);
    assert_eq!(bench.state(1), Some(ItemState::Sending));
    bench.answer(Answer::Failed(Failure::Infrastructure));
    let saved = ItemState::Saved { position: Some(4) };
    assert_eq!(bench.state(1), Some(saved));
    bench.wake_until_sent();
    assert_eq!(bench.last_sent(), [(id(2), 1)]);
    let nobody = Input::SeenSaved {
        id: id(7),
        position: None,
    };
    bench.tell(nobody);
    assert_eq!(bench.state(7), None);
}

#[test]
fn what_is_called_blocked_by_an_item_that_is_saved_and_forgotten_is_sent_once_more() {
    let mut bench = Bench::new(EngineConfig::default());
    // An earlier life saw to the parent, and an old answer about the child is repeated.
    bench.enqueue(item(2, 9, Some(1)));
    bench.answer(outcomes(&[(2, Outcome::Blocked)]));
    assert_eq!(bench.last_sent(), [(id(2), 2)]);
    bench.answer(outcomes(&[(2, stored())]));
    assert!(bench.engine.is_idle());
    // Whoever says so for ever is believed.
    bench.enqueue(item(4, 9, Some(3)));
    for _ in 0..10 {
        if bench.state(4) == Some(blocked_by(3)) {
            break;
        }
        bench.answer(outcomes(&[(4, Outcome::Blocked)]));
    }
    assert_eq!(bench.state(4), Some(blocked_by(3)));
}
