//! What is stored, when, and what happens while the store does not work.

use std::time::Duration;

use manent_domain::append::{NewMessage, ParentRef, Submission};
use manent_domain::journal::JournalWrite;
use manent_domain::ports::{MessageRepository, RunRepository};
use manent_domain::run::{AnswerBuilder, RecordTarget};
use manent_runs::{Attachment, Persisted, StartRun};
use manent_types::{MessageStatus, Role};
use tokio::time::Instant;

use crate::support::store::{Call, Line};
use crate::support::world::{World, message_id, owner, pass, plain, recorded, run_id};
use crate::support::{hear, hear_some, milliseconds, words};

/// What the store's log of a run comes to.
async fn logged_text(world: &World, number: u128) -> String {
    let read = world
        .store
        .inner
        .read_log(owner(), run_id(number), 0, usize::MAX);
    let page = read.await.unwrap().unwrap();
    let mut builder = AnswerBuilder::default();
    for logged in &page.events {
        builder.apply(&logged.event);
    }
    manent_types::text_of(&builder.content())
}

#[tokio::test(start_paused = true)]
async fn the_store_is_a_quarter_of_a_second_behind_at_most() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, _reader) = node.start(recorded(1)).await;
    let mut said = Vec::new();
    for word in 0..200 {
        voice.say(&format!("{word} "));
        said.push(Instant::now());
        pass(milliseconds(20)).await;
        let last = world.run(1).await.unwrap().last_position;
        let old = said
            .iter()
            .filter(|at| at.elapsed() >= milliseconds(250))
            .count() as u64;
        assert!(old == 0 || last > old, "{last} of {old}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_answer_is_a_message_while_it_is_written() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, _reader) = node.start(recorded(1)).await;
    voice.say("Hello");
    pass(milliseconds(250)).await;
    let message = world.message(1).await.unwrap();
    assert_eq!(
        (message.status, message.content),
        (MessageStatus::Running, words("Hello"))
    );
    voice.say(", world");
    pass(milliseconds(2_100)).await;
    let message = world.message(1).await.unwrap();
    assert_eq!(message.content, words("Hello, world"));
}

#[tokio::test(start_paused = true)]
async fn a_silent_run_says_that_it_lives() {
    let world = World::new().await;
    let (node, _other) = (world.node(1), world.node(2));
    let (voice, reader) = node.start(plain(1)).await;
    pass(Duration::from_mins(1)).await;
    let heard_at = world.run(1).await.unwrap().heartbeat_at;
    assert!(world.now().as_millisecond() - heard_at.as_millisecond() <= 2_200);
    assert!(
        world.store.count(Call::Record) < 40,
        "no more often than needed"
    );
    voice.done();
    assert_eq!(hear(reader).await.status(), MessageStatus::Complete);
}

#[tokio::test(start_paused = true)]
async fn many_runs_share_a_batch() {
    let world = World::new().await;
    let node = world.node(1);
    let mut running = Vec::new();
    for number in 1..=300 {
        running.push(node.start(plain(number)).await);
    }
    pass(milliseconds(500)).await;
    let before = world.store.count(Call::Record);
    for _ in 0..20 {
        for (voice, _) in &running {
            voice.say("word ");
        }
        pass(milliseconds(50)).await;
    }
    let batches = world.store.count(Call::Record) - before;
    assert!(batches <= 24, "{batches} batches in a second");
    for (voice, _) in &running {
        voice.done();
    }
    for (_, reader) in running {
        let heard = hear(reader).await;
        assert!(heard.is_whole_from(1) && heard.persisted().logged);
        assert_eq!(heard.positions.len(), 22);
    }
}

#[tokio::test(start_paused = true)]
async fn only_one_batch_is_under_way() {
    let world = World::new().await;
    let node = world.node_without_journal(1);
    let (voice, _reader) = node.start(plain(1)).await;
    let (other, other_reader) = node.start(plain(2)).await;
    pass(milliseconds(300)).await;
    world
        .store
        .set(Call::Record, Line::Slow(milliseconds(1_000)));
    let before = world.store.count(Call::Record);
    for _ in 0..30 {
        voice.say("word ");
        other.say("word ");
        pass(milliseconds(100)).await;
    }
    let calls = world.store.count(Call::Record) - before;
    assert!(calls <= 4, "{calls}");
    other.done();
    assert!(hear(other_reader).await.is_whole_from(1));
}

#[tokio::test(start_paused = true)]
async fn readers_see_events_while_the_store_hangs() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, mut reader) = node.start(recorded(1)).await;
    pass(milliseconds(300)).await;
    world.store.all(Line::Hangs);
    for word in 0..50 {
        let said = Instant::now();
        voice.say(&format!("{word} "));
        hear_some(&mut reader, 1).await;
        assert_eq!(said.elapsed(), Duration::ZERO);
        pass(milliseconds(37)).await;
    }
}

const OUTAGES: [Line; 3] = [Line::Fails, Line::Hangs, Line::AnswerLost];

#[tokio::test(start_paused = true)]
async fn a_store_that_comes_back_gets_everything_from_memory() {
    for line in OUTAGES {
        let world = World::new().await;
        let node = world.node_without_journal(1);
        let (voice, reader) = node.start(recorded(1)).await;
        voice.say("before ");
        pass(milliseconds(300)).await;
        world.store.all(line);
        for _ in 0..20 {
            voice.say("during ");
            pass(milliseconds(1_000)).await;
        }
        world.store.all(Line::Works);
        voice.say("after");
        voice.done();
        let heard = hear(reader).await;
        assert!(heard.is_whole_from(1));
        let kept = Persisted {
            logged: true,
            persisted: Some(true),
            journal_position: None,
        };
        assert_eq!(heard.persisted(), kept, "{line:?}");
        assert_eq!(logged_text(&world, 1).await, heard.text);
        assert_eq!(world.message(1).await.unwrap().content, words(&heard.text));
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_outlasts_the_answer_is_told_and_made_good() {
    for line in OUTAGES {
        let world = World::new().await;
        let node = world.node_without_journal(1);
        let (voice, reader) = node.start(recorded(1)).await;
        pass(milliseconds(300)).await;
        world.store.all(line);
        voice.say("Hello");
        voice.done();
        let said = Instant::now();
        let heard = hear(reader).await;
        assert_eq!(heard.persisted().persisted, Some(false));
        assert!(said.elapsed() <= world.config.join_wait + milliseconds(1));
        pass(milliseconds(30_000)).await;
        world.store.all(Line::Works);
        pass(milliseconds(6_000)).await;
        assert_eq!(
            world.message(1).await.unwrap().status,
            MessageStatus::Complete
        );
        let again = hear(node.start_again(recorded(1)).await.reader).await;
        assert_eq!(again.persisted().persisted, Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn the_journal_has_what_the_store_does_not_take() {
    for line in OUTAGES {
        let world = World::new().await;
        let node = world.node(1);
        let (voice, reader) = node.start(recorded(1)).await;
        pass(milliseconds(300)).await;
        world.store.all(line);
        let mut journalled = 1;
        let mut said = Vec::new();
        for _ in 0..100 {
            voice.say("word ");
            said.push(Instant::now());
            pass(milliseconds(50)).await;
            for write in node.journal.pending() {
                if let JournalWrite::RecordRun { progress, .. } = write
                    && let Some(last) = progress.events.last()
                {
                    journalled = journalled.max(last.position);
                }
            }
            let old = said
                .iter()
                .filter(|at| at.elapsed() >= milliseconds(270))
                .count() as u64;
            assert!(journalled > old, "{line:?}: {journalled} of {old}");
        }
        voice.done();
        let done = Instant::now();
        let heard = hear(reader).await;
        assert!(
            done.elapsed() <= milliseconds(700),
            "{line:?}: {:?}",
            done.elapsed()
        );
        let persisted = heard.persisted();
        assert_eq!(
            (persisted.logged, persisted.persisted),
            (false, Some(false)),
            "{line:?}"
        );
        assert!(persisted.journal_position.is_some());
        world.store.all(Line::Works);
        pass(milliseconds(3_000)).await;
        assert_eq!(world.message(1).await.unwrap().content, words(&heard.text));
        assert_eq!(logged_text(&world, 1).await, heard.text);
        let again = hear(node.start_again(recorded(1)).await.reader).await;
        assert_eq!(again.persisted().persisted, Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_fails_is_told_and_made_good() {
    for has_journal in [false, true] {
        let world = World::new().await;
        let node = if has_journal {
            world.node(1)
        } else {
            world.node_without_journal(1)
        };
        world.store.all(Line::Fails);
        let (voice, mut reader) = node.start(recorded(1)).await;
        voice.say("Hello");
        let heard = hear_some(&mut reader, 2).await;
        assert_eq!(heard.notices, ["not_logged"]);
        pass(milliseconds(3_000)).await;
        world.store.all(Line::Works);
        pass(milliseconds(6_000)).await;
        let Attachment::Reader(late) = node.runs.attach(owner(), run_id(1), 0).await.unwrap()
        else {
            panic!("it runs");
        };
        voice.done();
        let heard = hear(late).await;
        assert_eq!(heard.notices, [""; 0], "it is logged after all");
        assert_eq!(heard.persisted().persisted, Some(true));
        assert!(hear(reader).await.persisted().logged);
    }
}

#[tokio::test(start_paused = true)]
async fn the_journal_is_synced_once_for_many_runs() {
    let world = World::new().await;
    let node = world.node(1);
    let mut running = Vec::new();
    for number in 1..=50 {
        running.push(node.start(plain(number)).await);
    }
    pass(milliseconds(300)).await;
    world.store.all(Line::Fails);
    let before = node.journal.appends();
    for _ in 0..100 {
        for (voice, _) in &running {
            voice.say("word ");
        }
        pass(milliseconds(10)).await;
    }
    let appends = node.journal.appends() - before;
    assert!((5..=15).contains(&appends), "{appends}");
}

#[tokio::test(start_paused = true)]
async fn a_journal_with_little_room_takes_what_fits() {
    let world = World::new().await;
    let node = world.node(1);
    world.store.all(Line::Fails);
    node.journal.leave_room(12);
    let mut running = Vec::new();
    for number in 1..=10 {
        running.push(node.start(plain(number)).await);
    }
    let mut readers = Vec::new();
    for (voice, reader) in running {
        voice.say("Hello");
        voice.done();
        readers.push(tokio::spawn(hear(reader)));
    }
    let mut in_journal = 0;
    for reader in readers {
        let heard = reader.await.unwrap();
        in_journal += usize::from(heard.persisted().journal_position.is_some());
    }
    assert!((3..10).contains(&in_journal), "{in_journal}");
}

#[tokio::test(start_paused = true)]
async fn what_neither_store_nor_journal_takes_is_told() {
    let world = World::new().await;
    let node = world.node(1);
    world.store.all(Line::Fails);
    node.journal.fill_up(true);
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("Hello");
    voice.done();
    let heard = hear(reader).await;
    let nowhere = Persisted {
        logged: false,
        persisted: Some(false),
        journal_position: None,
    };
    assert_eq!(heard.persisted(), nowhere);
    world.store.all(Line::Works);
    pass(milliseconds(10_000)).await;
    assert_eq!(world.message(1).await.unwrap().content, words("Hello"));
    node.journal.fill_up(false);
}

fn below(number: u128, parent: u128) -> StartRun {
    StartRun {
        record: Some(RecordTarget {
            parent: ParentRef::Message(message_id(parent)),
            ..recorded(number).record.unwrap()
        }),
        ..recorded(number)
    }
}

async fn append(world: &World, message: NewMessage) {
    let submission = Submission {
        conversation: crate::support::world::conversation(),
        lane: None,
        id: Some(message.id),
        body: Ok(message.into()),
    };
    let append = world
        .store
        .inner
        .append(owner(), vec![submission], world.now());
    append.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_for_its_parent() {
    for (wait, is_in_time) in [
        (milliseconds(200), true),
        (milliseconds(1_000), false),
        (milliseconds(30_000), false),
    ] {
        let world = World::new().await;
        let node = world.node(1);
        let (voice, reader) = node.start(below(1, 1_007)).await;
        voice.say("Hello");
        pass(milliseconds(500)).await;
        voice.done();
        let ended = tokio::time::Instant::now();
        let heard = tokio::spawn(async move {
            let heard = hear(reader).await;
            (heard, ended.elapsed())
        });
        pass(wait).await;
        let parent = world.turn(7).message;
        assert_eq!(parent.role, Role::User);
        append(&world, parent).await;
        let (heard, waited) = heard.await.unwrap();
        let persisted = heard.persisted();
        assert_eq!(
            (persisted.logged, persisted.persisted),
            (true, Some(is_in_time)),
            "{wait:?}"
        );
        assert!(waited < milliseconds(900), "{waited:?}");
        pass(milliseconds(6_000)).await;
        let message = world.message(1).await.unwrap();
        assert_eq!(message.content, words("Hello"));
        assert_eq!(message.status, MessageStatus::Complete);
        assert_eq!(message.parent, Some(message_id(1_007)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_whose_parent_never_comes_is_given_up() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, reader) = node.start(below(1, 1_007)).await;
    voice.say("Hello");
    voice.done();
    assert_eq!(hear(reader).await.persisted().persisted, Some(false));
    pass(world.config.parent_wait + milliseconds(10_000)).await;
    let before = world.store.count(Call::Record);
    append(&world, world.turn(7).message).await;
    pass(milliseconds(20_000)).await;
    assert_eq!(world.store.count(Call::Record), before);
    assert_eq!(world.message(1).await, None);
}

#[tokio::test(start_paused = true)]
async fn an_answer_whose_id_belongs_to_a_person_is_refused() {
    let world = World::new().await;
    let node = world.node(1);
    let mut message = world.turn(7).message;
    message.id = message_id(1);
    append(&world, message).await;
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("Hello");
    voice.done();
    let heard = hear(reader).await;
    assert_eq!(heard.notices, ["not_recorded"], "why stands before the end");
    assert_eq!(heard.persisted().persisted, Some(false));
    assert!(heard.persisted().logged);
    assert_eq!(world.message(1).await.unwrap().role, Role::User);
    let again = hear(node.start_again(recorded(1)).await.reader).await;
    assert_eq!(again.notices, ["not_recorded"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_whose_id_belongs_to_another_run_is_not_called_kept() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("the first answer");
    voice.done();
    assert_eq!(hear(reader).await.persisted().persisted, Some(true));
    let second = StartRun {
        record: recorded(1).record,
        ..plain(2)
    };
    let (voice, reader) = node.start(second.clone()).await;
    voice.say("a second answer");
    voice.done();
    let heard = hear(reader).await;
    assert_eq!(heard.notices, ["not_recorded"]);
    assert_eq!(heard.persisted().persisted, Some(false));
    assert_eq!(
        world.message(1).await.unwrap().content,
        words("the first answer")
    );
    let elsewhere = world.node(2).start_again(second).await;
    assert_eq!(
        hear(elsewhere.reader).await.persisted().persisted,
        Some(false),
        "whoever reads it from the store is told the same"
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_found_dead_wrongly_lives_on() {
    let world = World::new().await;
    let (node, _other) = (world.deaf_node(1), world.node(2));
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("Hel");
    pass(milliseconds(300)).await;
    world.store.set(Call::Record, Line::Fails);
    pass(Duration::from_secs(20)).await;
    assert_eq!(
        world.run(1).await.unwrap().status,
        MessageStatus::Interrupted
    );
    voice.say("lo");
    world.store.set(Call::Record, Line::Works);
    pass(Duration::from_secs(6)).await;
    assert_eq!(world.run(1).await.unwrap().status, MessageStatus::Running);
    voice.done();
    let heard = hear(reader).await;
    assert!(heard.is_whole_from(1) && heard.persisted().logged);
    assert_eq!(world.message(1).await.unwrap().content, words("Hello"));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_called_dead_right_after_an_outage() {
    let world = World::new().await;
    let (node, _other) = (world.deaf_node(1), world.node(2));
    let (_voice, _reader) = node.start(recorded(1)).await;
    pass(Duration::from_secs(30)).await;
    world.store.all(Line::Fails);
    pass(Duration::from_mins(1)).await;
    world.store.all(Line::Works);
    for _ in 0..200 {
        pass(milliseconds(100)).await;
        assert_eq!(world.run(1).await.unwrap().status, MessageStatus::Running);
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_has_its_store_alone_ends_what_it_finds() {
    let world = World::new().await;
    let first = world.deaf_node(1);
    let (voice, _reader) = first.start(recorded(1)).await;
    voice.say("Hello");
    pass(milliseconds(300)).await;
    world.store.set(Call::Record, Line::Fails);
    let _second = world.only_node(2);
    pass(milliseconds(100)).await;
    assert_eq!(
        world.run(1).await.unwrap().status,
        MessageStatus::Interrupted
    );
    assert_eq!(world.message(1).await.unwrap().content, words("Hello"));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_the_store_has_forgotten_is_registered_anew() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("Hel");
    pass(milliseconds(300)).await;
    world.store.forget_once();
    voice.say("lo");
    pass(milliseconds(500)).await;
    assert_eq!(world.store.count(Call::Begin), 2);
    voice.done();
    let heard = hear(reader).await;
    assert_eq!(heard.persisted().persisted, Some(true));
    assert_eq!(logged_text(&world, 1).await, "Hello");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_the_store_cannot_take_holds_up_no_other() {
    let world = World::new().await;
    let node = world.node_without_journal(1);
    world.store.poison(run_id(3));
    let mut running = Vec::new();
    for number in 1..=6 {
        running.push((number, node.start(plain(number)).await));
    }
    for word in 0..30 {
        for (_, (voice, _)) in &running {
            voice.say(&format!("{word} "));
        }
        pass(milliseconds(100)).await;
    }
    for (number, (voice, reader)) in running {
        voice.done();
        let heard = hear(reader).await;
        assert!(heard.is_whole_from(1));
        assert_eq!(heard.persisted().logged, number != 3, "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_journal_could_not_hand_over_is_stored_from_memory() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("Hel");
    pass(milliseconds(300)).await;
    world.store.all(Line::Fails);
    voice.say("lo");
    pass(milliseconds(500)).await;
    assert!(!node.journal.pending().is_empty());
    node.journal.refuse_records();
    world.store.all(Line::Works);
    pass(milliseconds(2_500)).await;
    assert_eq!(logged_text(&world, 1).await, "Hello");
    voice.done();
    assert_eq!(hear(reader).await.persisted().persisted, Some(true));
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_journalled_write_goes_to_the_journal_too() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("Hel");
    pass(milliseconds(300)).await;
    world.store.all(Line::Fails);
    voice.say("lo");
    pass(milliseconds(500)).await;
    node.journal.hold(true);
    world.store.all(Line::Works);
    let before = world.store.count(Call::Record);
    for _ in 0..20 {
        voice.say("!");
        pass(milliseconds(100)).await;
    }
    assert_eq!(world.store.count(Call::Record), before);
    assert_eq!(logged_text(&world, 1).await, "Hel");
    node.journal.hold(false);
    voice.done();
    assert_eq!(hear(reader).await.persisted().persisted, Some(true));
}
