//! Lanes of several devices in one leader: turns, and parents in other lanes.

use manent_engine::{
    Answer, EngineConfig, Failure, Input, ItemId, ItemState, Snapshot, WaitReason,
};

use crate::bench::{Bench, id, item_of, outcomes, stored};

fn numbers(bench: &Bench) -> Vec<u128> {
    let sent = bench.last_sent();
    sent.iter().map(|(id, _)| id.0.as_u128()).collect()
}

fn save_all(bench: &mut Bench) {
    let answer: Vec<_> = numbers(bench)
        .into_iter()
        .map(|number| (number, stored()))
        .collect();
    bench.answer(outcomes(&answer));
}

#[test]
fn a_device_with_much_to_say_does_not_hold_up_the_others() {
    let mut bench = Bench::new(EngineConfig {
        max_batch_items: 10,
        ..EngineConfig::default()
    });
    for number in 1..=100 {
        bench.enqueue(item_of("tab-0", number, 9, None));
    }
    bench.enqueue(item_of("tab-1", 101, 9, None));
    bench.enqueue(item_of("tab-2", 102, 9, None));
    let mut turns = Vec::new();
    while !bench.engine.is_idle() {
        turns.push(bench.sent.last().unwrap().1.device.as_str().to_owned());
        save_all(&mut bench);
    }
    assert_eq!(turns[..5], ["tab-0", "tab-1", "tab-2", "tab-0", "tab-0"]);
}

#[test]
fn a_child_waits_for_its_parent_in_another_lane_and_holds_up_only_its_own() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item_of("tab-1", 1, 8, None));
    bench.enqueue(item_of("tab-0", 2, 9, None));
    bench.enqueue(item_of("tab-1", 3, 9, Some(2)));
    bench.enqueue(item_of("tab-1", 4, 9, None));
    bench.enqueue(item_of("tab-1", 5, 8, None));
    let behind = ItemState::Waiting(WaitReason::Behind { item: id(2) });
    assert_eq!(bench.state(3), Some(behind));
    let mut order = numbers(&bench);
    while !bench.engine.is_idle() {
        save_all(&mut bench);
        if !bench.engine.is_idle() {
            order.extend(numbers(&bench));
        }
    }
    assert_eq!(order, [1, 2, 3, 5, 4]);
}

#[test]
fn a_child_that_was_heard_of_before_its_parent_is_never_sent_before_it() {
    let mut writer = Bench::new(EngineConfig {
        leads: false,
        ..EngineConfig::default()
    });
    writer.now = 5_000;
    writer.enqueue(item_of("tab-0", 1, 9, None));
    // The other tab's clock went back in between: its order is lower.
    let mut other = Bench::new(EngineConfig {
        leads: false,
        ..EngineConfig::default()
    });
    other.now = 1_000;
    other.enqueue(item_of("tab-1", 2, 9, Some(1)));
    let mut leader = Bench::new(EngineConfig::default());
    let child = other.snapshot();
    assert_eq!(leader.engine.missing_parents(&child), [id(1)]);
    let mut both = child;
    both.items.extend(writer.snapshot().items);
    assert_eq!(leader.engine.missing_parents(&both), Vec::<ItemId>::new());
    leader.tell(Input::Adopt(both));
    leader.confirm_all();
    assert_eq!(numbers(&leader), [1]);
    save_all(&mut leader);
    assert_eq!(numbers(&leader), [2]);
}

#[test]
fn items_that_build_on_each_other_in_a_circle_hold_up_nobody() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item_of("tab-0", 1, 9, Some(2)));
    bench.answer(Answer::Failed(Failure::Infrastructure));
    bench.enqueue(item_of("tab-0", 2, 9, Some(1)));
    bench.enqueue(item_of("tab-0", 3, 9, Some(3)));
    for _ in 0..10 {
        if bench.engine.is_idle() {
            break;
        }
        if bench.engine.metrics().sending_messages == 0 {
            bench.wake_until_sent();
        }
        save_all(&mut bench);
    }
    assert!(bench.engine.is_idle());
}

#[test]
fn lanes_that_a_crash_left_waiting_for_each_other_send_parents_first_all_the_same() {
    let mut bench = Bench::new(EngineConfig {
        leads: false,
        ..EngineConfig::default()
    });
    bench.enqueue(item_of("tab-0", 3, 9, Some(2)));
    bench.enqueue(item_of("tab-1", 4, 9, Some(3)));
    bench.enqueue(item_of("tab-1", 2, 9, Some(1)));
    bench.enqueue(item_of("tab-0", 1, 9, None));
    let mut bench = bench.restart(EngineConfig::default());
    bench.confirm_all();
    let mut order = Vec::new();
    while !bench.engine.is_idle() {
        order.extend(numbers(&bench));
        save_all(&mut bench);
    }
    assert_eq!(order, [1, 2, 3, 4]);
}

#[test]
fn what_was_settled_a_moment_ago_is_not_taken_in_again_from_an_old_reading() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item_of("tab-0", 1, 9, None));
    let old: Snapshot<String> = bench.snapshot();
    save_all(&mut bench);
    bench.tell(Input::Adopt(old));
    assert!(bench.engine.is_idle());
    assert_eq!(bench.sent.len(), 1);
}

#[test]
fn the_next_leader_gives_a_lane_the_same_numbers() {
    let follower = EngineConfig {
        leads: false,
        ..EngineConfig::default()
    };
    let mut writer = Bench::new(follower);
    for number in 1..=4 {
        writer.enqueue(item_of("tab-1", number, 9, None));
    }
    let mut first = Bench::over(writer.disk.clone(), EngineConfig::default(), 0);
    first.tell(Input::Wake);
    first.confirm_all();
    assert_eq!(first.last_sent(), [(id(1), 1)]);
    save_all(&mut first);
    let sent = first.last_sent();
    assert_eq!(sent, [(id(2), 2), (id(3), 3), (id(4), 4)]);
    // It dies while that is on the way; the writer itself leads next, with what it has still in hand.
    writer.tell(Input::Release(vec![id(1), id(2)]));
    writer.tell(Input::Adopt(first.snapshot()));
    writer.tell(Input::Lead(true));
    writer.confirm_all();
    assert_eq!(writer.last_sent(), [(id(2), 2)]);
}
