//! Whatever breaks, in whatever order: every reader sees every event once, and in the end all of it is stored.

use std::time::Duration;

use futures_util::StreamExt;
use manent_domain::ports::RunRepository;
use manent_runs::{Attachment, RunService};
use manent_types::{MessageStatus, text_of};
use proptest::prelude::*;
use tokio::time::Instant;

use crate::support::store::{Call, Line};
use crate::support::world::{World, message_id, owner, pass, run_id};
use crate::support::{Heard, milliseconds};

/// Something happens.
#[derive(Debug, Clone)]
enum Event {
    Say(u8),
    Pass(u64),
    Break(Call, Line),
    Heal,
    FillJournal(bool),
    /// At this process, after the events that were said so far less this many.
    Attach {
        is_here: bool,
        back: u64,
    },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let call = prop::sample::select(vec![
        Call::Create,
        Call::Append,
        Call::Begin,
        Call::Record,
        Call::Read,
        Call::Other,
    ]);
    let line = prop_oneof![
        Just(Line::Works),
        Just(Line::Fails),
        Just(Line::Hangs),
        Just(Line::AnswerLost),
        (1_u64..3_000).prop_map(|time| Line::Slow(milliseconds(time))),
    ];
    let event = prop_oneof![
        6 => (1_u8..6).prop_map(Event::Say),
        6 => (1_u64..700).prop_map(Event::Pass),
        4 => (call, line).prop_map(|(call, line)| Event::Break(call, line)),
        1 => Just(Event::Heal),
        1 => any::<bool>().prop_map(Event::FillJournal),
        3 => (any::<bool>(), 0_u64..9).prop_map(|(is_here, back)| Event::Attach { is_here, back }),
    ];
    prop::collection::vec(event, 1..40)
}

/// Reads to the end, attaching again from the last position when the store cannot be read, as clients do.
async fn hear_stubbornly(runs: RunService, after: u64) -> Heard {
    let mut heard = Heard::default();
    let mut position = after;
    loop {
        if let Ok(Attachment::Reader(mut reader)) = runs.attach(owner(), run_id(1), position).await
        {
            while let Some(Ok(item)) = reader.next().await {
                heard.take(item);
                position = heard.positions.last().copied().unwrap_or(position);
            }
            if heard.end.is_some() {
                return heard;
            }
        }
        pass(milliseconds(100)).await;
    }
}

async fn story(events: Vec<Event>, has_journal: bool, is_stopped: bool) {
    let mut world = World::new().await;
    // Nobody is called dead here: that has tests of its own.
    world.config.dead_after = Duration::from_hours(1);
    let node = if has_journal {
        world.node(1)
    } else {
        world.node_without_journal(1)
    };
    let other = world.node(2);
    let voice = node.puppet.expect_call();
    let turn = node.turns.start(owner(), world.turn(1)).await.unwrap();
    let mut said = String::new();
    let mut pushed = 1_u64;
    let mut readers = Vec::new();
    for event in events {
        match event {
            Event::Say(count) => {
                for _ in 0..count {
                    pushed += 1;
                    let more = format!("{pushed} ");
                    voice.say(&more);
                    said.push_str(&more);
                }
                let before = Instant::now();
                tokio::task::yield_now().await;
                assert_eq!(before.elapsed(), Duration::ZERO);
            }
            Event::Pass(time) => pass(milliseconds(time)).await,
            Event::Break(call, line) => world.store.set(call, line),
            Event::Heal => world.store.all(Line::Works),
            Event::FillJournal(is_full) => node.journal.fill_up(is_full),
            Event::Attach { is_here, back } => {
                let after = pushed.saturating_sub(back);
                let runs = if is_here { &node.runs } else { &other.runs };
                let reader = tokio::spawn(hear_stubbornly(runs.clone(), after));
                readers.push((after, reader));
            }
        }
    }
    pass(milliseconds(1)).await;
    if is_stopped {
        let run = node.runs.stop(owner(), run_id(1)).await.unwrap();
        assert_eq!(run.status, MessageStatus::Stopped);
    }
    voice.done();
    let first = crate::support::hear(turn.reader).await;
    world.store.all(Line::Works);
    node.journal.fill_up(false);
    pass(Duration::from_secs(30)).await;

    assert_eq!(node.puppet.calls() + other.puppet.calls(), 1);
    assert!(first.is_whole_from(1));
    assert_eq!(first.text, said);
    let last = pushed + 1;
    for (after, reader) in readers {
        let heard = reader.await.unwrap();
        assert!(heard.is_whole_from(after + 1), "{:?}", heard.positions);
        assert_eq!(heard.positions.last(), Some(&last));
    }
    let read = world
        .store
        .inner
        .read_log(owner(), run_id(1), 0, usize::MAX);
    let page = read.await.unwrap().unwrap();
    let positions: Vec<u64> = page.events.iter().map(|logged| logged.position).collect();
    assert_eq!(positions, (1..=last).collect::<Vec<u64>>());
    assert_eq!(page.run.status, first.status());
    assert_eq!(world.message(1_001).await.unwrap().seq, 1);
    if !said.is_empty() {
        let answer = world.message(1).await.unwrap();
        assert_eq!(text_of(&answer.content), said);
        assert_eq!(answer.status, first.status());
        assert_eq!((answer.seq, answer.parent), (2, Some(message_id(1_001))));
    }
    let again = crate::support::hear(
        node.start_again(crate::support::world::recorded(1))
            .await
            .reader,
    )
    .await;
    assert_eq!(
        (again.persisted().logged, again.persisted().persisted),
        (true, Some(true))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_reader_sees_every_event_once_and_all_is_stored(
        events in events(),
        has_journal in any::<bool>(),
        is_stopped in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(story(events, has_journal, is_stopped));
    }
}
