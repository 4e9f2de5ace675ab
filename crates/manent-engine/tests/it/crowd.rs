//! Many items: what is told and written grows with what changes, and not with what is queued.

use manent_engine::{Answer, EngineConfig, Event, Failure, Input, ItemState};

use crate::bench::{Bench, id, item, outcomes, stored};

const MANY: u128 = 10_000;

fn crowd() -> Bench {
    let mut bench = Bench::new(EngineConfig::default());
    for number in 1..=MANY {
        bench.tell(Input::Enqueue(item(number, number % 7, None)));
    }
    bench.confirm_all();
    bench.events.clear();
    bench
}

#[test]
fn an_outage_is_told_once_for_all_however_many_wait() {
    let mut bench = crowd();
    for _ in 0..6 {
        bench.answer(Answer::Failed(Failure::Infrastructure));
        bench.wake_until_sent();
    }
    let paces = bench
        .events
        .iter()
        .filter(|event| matches!(event, Event::Pace { .. }));
    assert!((6..=20).contains(&paces.count()));
    assert!(bench.events.len() < 100, "{}", bench.events.len());
    assert!(matches!(bench.state(MANY), Some(ItemState::Waiting(_))));
    let metrics = bench.engine.metrics();
    assert_eq!(metrics.queued_messages, 10_000);
    assert_eq!(metrics.waiting_messages + metrics.sending_messages, 10_000);
}

#[test]
fn a_lost_store_is_told_twice_for_all() {
    let mut bench = crowd();
    bench.tell(Input::StorageLost);
    assert_eq!(bench.engine.metrics().storing_messages, 10_000);
    bench.confirm_all();
    assert_eq!(bench.engine.metrics().storing_messages, 0);
    let wait = None;
    // What the one word is not about is told by itself: the one that is in a request.
    let under_way = |state| Event::Item { id: id(1), state };
    let told = [
        under_way(ItemState::Storing),
        Event::Pace { wait },
        under_way(ItemState::Sending),
        Event::Pace { wait },
    ];
    assert_eq!(bench.events, told);
}

#[test]
fn everything_is_sent_in_full_requests() {
    let mut bench = crowd();
    while !bench.engine.is_idle() {
        let answer: Vec<_> = bench
            .last_sent()
            .iter()
            .map(|(id, _)| (id.0.as_u128(), stored()))
            .collect();
        bench.answer(outcomes(&answer));
    }
    assert!(bench.sent.len() < 60, "{}", bench.sent.len());
    assert_eq!(bench.state(MANY), Some(ItemState::Saved { position: None }));
}

#[test]
fn items_are_listed_in_pages() {
    let bench = crowd();
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = bench.engine.items_after(after, 512);
        let Some((last, _)) = page.last() else {
            break;
        };
        after = Some(last.id);
        listed.extend(page.iter().map(|(stored, _)| stored.id));
    }
    let all: Vec<_> = (1..=MANY).map(id).collect();
    assert_eq!(listed, all);
}
