//! The first token does not wait for the store.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::store::Line;
use crate::support::world::{World, owner, pass, plain};
use crate::support::{hear_some, milliseconds};

const LINES: [Line; 6] = [
    Line::Works,
    Line::Slow(Duration::from_millis(100)),
    Line::Slow(Duration::from_secs(5)),
    Line::Fails,
    Line::Hangs,
    Line::AnswerLost,
];

#[tokio::test(start_paused = true)]
async fn of_a_turn_whatever_the_store_does() {
    for line in LINES {
        for has_journal in [true, false] {
            let world = World::new().await;
            let node = if has_journal {
                world.node(1)
            } else {
                world.node_without_journal(1)
            };
            world.store.all(line);
            for number in 1..=20 {
                let voice = node.puppet.expect_call();
                voice.say("Hello");
                let began = Instant::now();
                let mut turn = node.turns.start(owner(), world.turn(number)).await.unwrap();
                hear_some(&mut turn.reader, 2).await;
                assert_eq!(began.elapsed(), Duration::ZERO, "{line:?}");
                pass(milliseconds(50)).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_run_but_for_the_first_that_meets_a_slow_store() {
    for line in LINES {
        for has_journal in [true, false] {
            let world = World::new().await;
            let node = if has_journal {
                world.node(1)
            } else {
                world.node_without_journal(1)
            };
            world.store.all(line);
            let mut waited = 0;
            for number in 1..=100 {
                let voice = node.puppet.expect_call();
                voice.say("Hello");
                let began = Instant::now();
                let mut started = node.runs.start(owner(), plain(number)).await.unwrap();
                hear_some(&mut started.reader, 2).await;
                assert!(began.elapsed() <= world.config.registration_wait + milliseconds(1));
                waited += usize::from(began.elapsed() > Duration::ZERO);
                pass(milliseconds(50)).await;
            }
            assert!(waited <= 1, "{line:?}: {waited} of 100 waited");
        }
    }
}
