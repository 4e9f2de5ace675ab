//! What happens while the store does not work.

use manent_domain::journal::JournalWrite;
use manent_runs::{Attachment, Persisted};
use manent_types::MessageStatus;
use tokio::time::Instant;

use crate::support::store::{Call, Line};
use crate::support::world::{World, logged_text, owner, pass, plain, recorded, run_id};
use crate::support::{hear, hear_some, milliseconds, words};

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
