//! Answers that have no place in the conversation, or not yet.

use manent_domain::append::{NewMessage, ParentRef, Submission};
use manent_domain::ports::MessageRepository;
use manent_domain::run::RecordTarget;
use manent_runs::StartRun;
use manent_types::{MessageStatus, Role};

use crate::support::store::Call;
use crate::support::world::{World, message_id, owner, pass, plain, recorded};
use crate::support::{hear, milliseconds, words};

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
