//! What was told about an item is what it is: a page that heard every event shows what the engine shows.

use std::collections::BTreeMap;

use manent_engine::{
    Answer, EngineConfig, Event, FailReason, Failure, HistoryStep, Input, ItemId, ItemState,
    Outcome, WaitReason,
};

use crate::bench::{Bench, id, item, item_of, outcomes, stored};

/// What a page shows that heard all events since it was opened.
fn page(bench: &Bench) -> BTreeMap<ItemId, ItemState> {
    let mut shown = BTreeMap::new();
    for event in &bench.events {
        match event {
            Event::Item { id, state } => {
                shown.insert(*id, state.clone());
            }
            Event::Pace { .. } => {
                for (id, state) in &mut shown {
                    *state = bench.engine.state(*id).unwrap();
                }
            }
            _ => {}
        }
    }
    shown
}

fn assert_page_is_true(bench: &Bench) {
    for (id, told) in page(bench) {
        assert_eq!(Some(told), bench.engine.state(id), "{id}");
    }
}

/// Item 1 waits for the server; item 2, in another lane, for item 1.
fn with_one_behind_another() -> Bench {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(9, 9, None));
    bench.enqueue(item_of("phone", 1, 7, None));
    bench.enqueue(item_of("laptop", 2, 7, Some(1)));
    assert_eq!(
        bench.state(2),
        Some(ItemState::Waiting(WaitReason::Behind { item: id(1) }))
    );
    bench
}

#[test]
fn what_waits_for_an_item_does_so_until_the_store_knows_that_it_was_taken_back() {
    let mut bench = with_one_behind_another();
    let before = bench.state(2);
    // One was asked to be kept back no more; only what was not sent can be taken back.
    bench.tell(Input::Withdraw(id(1)));
    assert_eq!(bench.state(2), before);
    bench.confirm_all();
    assert!(matches!(bench.state(2), Some(ItemState::Failed(_))));
    assert_page_is_true(&bench);
}

#[test]
fn what_waits_for_an_item_that_fails_is_told_so() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item_of("phone", 1, 7, None));
    bench.answer(Answer::Failed(Failure::Infrastructure));
    // It was in a request once, and waits for an item that is sent again later.
    bench.enqueue(item_of("laptop", 2, 7, Some(1)));
    assert_page_is_true(&bench);
    bench.wake_until_sent();
    let rejected = Outcome::Rejected {
        code: "content_empty".to_owned(),
        detail: None,
    };
    bench.answer(outcomes(&[(1, rejected)]));
    assert!(matches!(bench.state(2), Some(ItemState::Failed(_))));
    assert_page_is_true(&bench);
    bench.tell(Input::Retry {
        id: id(1),
        change: None,
    });
    assert_page_is_true(&bench);
    bench.confirm_all();
    assert_page_is_true(&bench);
}

#[test]
fn an_early_try_that_follows_a_failure_at_once_is_told_as_one() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 7, None));
    for _ in 0..3 {
        bench.answer(Answer::Failed(Failure::Infrastructure));
        bench.now = bench.now.max(bench.wake_at.unwrap());
        bench.tell(Input::Wake);
    }
    assert_eq!(bench.sent.len(), 4, "the probe is under way");
    bench.enqueue(item(2, 8, None));
    bench.tell(Input::ProbeNow);
    bench.answer(Answer::Failed(Failure::Infrastructure));
    assert_eq!(bench.sent.len(), 5, "and the early try after it");
    assert_eq!(
        bench.state(2),
        Some(ItemState::Waiting(WaitReason::ServerAway { until: None }))
    );
    assert_page_is_true(&bench);
}

#[test]
fn the_end_of_a_request_is_in_the_history_of_each_of_its_items() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 7, None));
    bench.enqueue(item(2, 7, None));
    bench.enqueue(item(3, 7, None));
    bench.answer(outcomes(&[(1, stored())]));
    let sent: Vec<u128> = vec![2, 3];
    assert_eq!(bench.last_sent().len(), sent.len());
    // Nothing is told of the second: what is told of the third is not believed.
    bench.answer(outcomes(&[(3, stored())]));
    for number in sent {
        let last = bench.engine.history(id(number)).last().unwrap();
        assert_eq!(last.step, HistoryStep::Answered, "{number}");
        assert_eq!(last.detail.as_deref(), Some("no_outcome"), "{number}");
    }
}

#[test]
fn after_a_probe_that_was_broken_off_the_wait_that_is_told_is_the_one_that_is_kept() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 7, None));
    for _ in 0..3 {
        bench.answer(Answer::Failed(Failure::Infrastructure));
        bench.now = bench.now.max(bench.wake_at.unwrap());
        bench.tell(Input::Wake);
    }
    bench.answer(Answer::Failed(Failure::UserAbort));
    let Some(WaitReason::ServerAway { until: Some(until) }) = bench.engine.wait() else {
        panic!("does not wait: {:?}", bench.engine.wait());
    };
    bench.wake_until_sent();
    assert_eq!(bench.now, until);
}

#[test]
fn what_is_durable_again_is_not_told_as_failed_once_more() {
    let mut bench = with_one_behind_another();
    for number in [2, 1] {
        bench.tell(Input::Withdraw(id(number)));
        bench.confirm_all();
    }
    // Both decisions go into the transaction after this one.
    bench.tell(Input::Enqueue(item(3, 3, None)));
    for number in [1, 2] {
        let retry = Input::Retry {
            id: id(number),
            change: None,
        };
        bench.tell(retry);
    }
    bench.events.clear();
    bench.confirm_all();
    let told = bench.told(2);
    assert!(
        matches!(told.as_slice(), [.., ItemState::Waiting(_)])
            && !told
                .iter()
                .any(|state| matches!(state, ItemState::Failed(_))),
        "{told:?}"
    );
}

#[test]
fn what_a_lost_store_held_is_shown_as_not_safe_until_the_store_knows_what_was_decided_about_it() {
    let mut bench = with_one_behind_another();
    bench.disk.clear();
    bench.tell(Input::StorageLost);
    assert_page_is_true(&bench);
    assert_eq!(bench.state(1), Some(ItemState::Storing));
    // It was not safe before the user took it back either.
    bench.tell(Input::Withdraw(id(1)));
    assert_eq!(bench.state(1), Some(ItemState::Storing));
    assert_page_is_true(&bench);
    while !bench.persists.is_empty() {
        bench.confirm_one();
        assert_page_is_true(&bench);
    }
    assert_eq!(
        bench.state(1),
        Some(ItemState::Failed(FailReason::Withdrawn))
    );
    let blocked = FailReason::Blocked { by: Some(id(1)) };
    assert_eq!(bench.state(2), Some(ItemState::Failed(blocked)));
}

#[test]
fn what_a_lost_store_held_is_told_as_safe_as_soon_as_it_is_however_little_the_store_takes_at_once()
{
    let mut bench = with_one_behind_another();
    bench.enqueue(item(3, 3, None));
    bench.disk.clear();
    bench.tell(Input::StorageLost);
    let (refused, _) = bench.persists.remove(0);
    bench.tell(Input::PersistFailed(refused));
    bench.wake();
    let mut safe = Vec::new();
    while !bench.persists.is_empty() {
        bench.confirm_one();
        assert_page_is_true(&bench);
        let items = bench.engine.items();
        let is_safe = |state: &ItemState| *state != ItemState::Storing;
        safe.push(items.iter().filter(|(_, state)| is_safe(state)).count());
    }
    assert!(safe.len() > 1, "in one piece: {safe:?}");
    assert_eq!(safe.last(), Some(&4));
}

#[test]
fn what_is_taken_back_and_still_shown_as_waiting_is_told_what_became_of_the_other() {
    let mut bench = with_one_behind_another();
    bench.answer(outcomes(&[(9, stored())]));
    assert_eq!(bench.last_sent(), [(id(1), 1)]);
    bench.tell(Input::Withdraw(id(2)));
    assert_page_is_true(&bench);
    let (request, _) = bench.sent.last().unwrap();
    bench.tell(Input::Answered {
        request: *request,
        answer: outcomes(&[(1, stored())]),
    });
    assert_eq!(bench.state(2), Some(ItemState::Queued));
    assert_page_is_true(&bench);
    bench.confirm_all();
    assert_page_is_true(&bench);
}

#[test]
fn a_decision_that_leaves_an_item_where_it_was_is_told_when_the_store_knows_it() {
    let mut bench = with_one_behind_another();
    bench.tell(Input::Withdraw(id(1)));
    bench.confirm_all();
    bench.tell(Input::Discard(id(1)));
    bench.tell(Input::Undo(id(1)));
    bench.events.clear();
    bench.confirm_all();
    let failed = ItemState::Failed(FailReason::Withdrawn);
    assert_eq!(bench.told(1).last(), Some(&failed));
}
