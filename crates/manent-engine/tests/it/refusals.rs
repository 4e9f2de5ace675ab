//! A store that has no room for one item has room for others, perhaps.

use manent_engine::{EngineConfig, Event, Input, ItemState, StoreOperation};

use crate::bench::{Bench, id, item, outcomes, stored};

/// The most that the store takes of a payload, in bytes.
const ROOM: usize = 100;

fn large(number: u128, stream: u128, parent: Option<u128>) -> manent_engine::NewItem<String> {
    let mut large = item(number, stream, parent);
    large.payload = "x".repeat(ROOM + 1);
    large
}

/// Takes every transaction that there is room for, and refuses the others. Tells how many it refused.
fn store_what_fits(bench: &mut Bench) -> usize {
    let mut refused = 0;
    while let Some((persist, operations)) = bench.persists.first() {
        let has_room = operations.iter().all(|operation| match operation {
            StoreOperation::PutItem(item) => item.payload.len() <= ROOM,
            _ => true,
        });
        if has_room {
            bench.confirm_one();
        } else {
            let persist = *persist;
            bench.persists.remove(0);
            refused += 1;
            bench.tell(Input::PersistFailed(persist));
        }
    }
    refused
}

fn wake_and_store(bench: &mut Bench, times: usize) -> usize {
    let wakes = 0..times;
    wakes
        .map(|_| {
            bench.wake();
            store_what_fits(bench)
        })
        .sum()
}

#[test]
fn an_item_without_room_does_not_keep_others_from_being_stored() {
    let mut bench = Bench::new(EngineConfig::default());
    for new in [
        large(1, 9, None),
        item(2, 8, None),
        item(3, 9, Some(1)),
        item(4, 8, Some(2)),
        item(5, 7, Some(1)),
    ] {
        bench.tell(Input::Enqueue(new));
    }
    assert_eq!(store_what_fits(&mut bench), 1);
    wake_and_store(&mut bench, 4);
    assert_eq!(bench.state(1), Some(ItemState::Storing));
    let is_kept = |number: u128| bench.disk.contains_key(&id(number).to_string());
    // What follows it in its lane waits for it: it would be taken for the first.
    assert_eq!(
        [1, 2, 3, 4, 5].map(is_kept),
        [false, true, false, true, true]
    );
    assert_eq!(bench.state(3), Some(ItemState::Storing));
    assert_eq!(bench.last_sent(), [(id(2), 1)]);
    bench.answer(outcomes(&[(2, stored())]));
    assert_eq!(bench.last_sent(), [(id(4), 2)]);
    bench.answer(outcomes(&[(4, stored())]));
    assert!(bench.engine.metrics().is_storage_refusing);
    assert!(!bench.events.contains(&Event::StorageRecovered));

    // There is room again.
    bench.wake();
    bench.confirm_all();
    assert_eq!(bench.last_sent(), [(id(1), 1), (id(5), 1)]);
    assert!(bench.events.contains(&Event::StorageRecovered));
    bench.answer(outcomes(&[(1, stored()), (5, stored())]));
    bench.answer(outcomes(&[(3, stored())]));
    assert!(bench.engine.is_idle() && bench.disk.keys().all(|key| key.contains("phone")));
}

#[test]
fn a_new_item_is_stored_at_once_while_another_one_finds_no_room() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.tell(Input::Enqueue(large(1, 9, None)));
    store_what_fits(&mut bench);
    bench.tell(Input::Enqueue(item(2, 8, None)));
    assert_eq!(store_what_fits(&mut bench), 0);
    assert_eq!(bench.last_sent(), [(id(2), 1)]);
}

#[test]
fn an_item_that_finds_no_room_is_asked_for_with_growing_pauses() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.tell(Input::Enqueue(large(1, 9, None)));
    store_what_fits(&mut bench);
    let began = bench.now;
    let refused = wake_and_store(&mut bench, 40);
    assert_eq!(refused, 40);
    assert!(bench.now - began > 300_000, "{}", bench.now - began);
    let attempts = bench.events.iter().filter_map(|event| match event {
        Event::StorageRefused { attempts } => Some(*attempts),
        _ => None,
    });
    assert_eq!(attempts.collect::<Vec<_>>(), (1..=41).collect::<Vec<_>>());
}

#[test]
fn other_words_that_fit_take_the_place_of_those_that_did_not() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.tell(Input::Enqueue(large(1, 9, None)));
    store_what_fits(&mut bench);
    bench.tell(Input::Replace {
        id: id(1),
        payload: "short".to_owned(),
        size_bytes: 5,
    });
    wake_and_store(&mut bench, 1);
    assert_eq!(bench.last_sent(), [(id(1), 1)]);
    assert_eq!(bench.sent.last().unwrap().1.items[0].payload, "short");
    assert!(!bench.engine.metrics().is_storage_refusing);
}

#[test]
fn what_takes_the_place_of_another_item_is_stored_with_its_removal_or_not_at_all() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 9, None));
    bench.answer(outcomes(&[(1, manent_engine::Outcome::IdTaken)]));
    bench.tell(Input::Resend {
        failed: id(1),
        replacement: large(2, 9, None),
    });
    bench.tell(Input::Enqueue(item(3, 8, None)));
    store_what_fits(&mut bench);
    wake_and_store(&mut bench, 3);
    let is_kept = |number: u128| bench.disk.contains_key(&id(number).to_string());
    assert_eq!([1, 2, 3].map(is_kept), [true, false, true]);
}

#[test]
fn signing_out_needs_no_room() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.tell(Input::Enqueue(large(1, 9, None)));
    store_what_fits(&mut bench);
    bench.tell(Input::SignOut { is_confirmed: true });
    wake_and_store(&mut bench, 1);
    assert!(bench.events.contains(&Event::SignedOut));
    assert!(bench.disk.is_empty() && bench.engine.is_idle());
}

#[test]
fn a_store_that_takes_nothing_is_not_asked_in_a_hurry() {
    let mut bench = Bench::new(EngineConfig::default());
    for number in 1..=1_000 {
        bench.tell(Input::Enqueue(large(number, number % 7, None)));
    }
    store_what_fits(&mut bench);
    let refused = wake_and_store(&mut bench, 10);
    assert!((10..=400).contains(&refused), "{refused}");
    for _ in 0..40 {
        bench.wake();
        bench.confirm_all();
    }
    assert_eq!(bench.engine.metrics().storing_messages, 0);
}
