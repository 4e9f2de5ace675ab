//! Turns.

use manent_domain::append::ParentRef;
use manent_domain::completion::ProviderError;
use manent_domain::conversation::TitleSource;
use manent_domain::error::{DomainError, Refusal};
use manent_domain::journal::JournalWrite;
use manent_domain::message::MessageRange;
use manent_domain::ports::{ConversationRepository, MessageRepository};
use manent_types::{ConversationId, MessageStatus, Timestamp};

use crate::support::store::{Call, Line};
use crate::support::world::{
    World, conversation, message_id, new_conversation, owner, pass, run_id,
};
use crate::support::{hear, milliseconds, uuid, words};

#[tokio::test(start_paused = true)]
async fn the_message_and_the_answer_are_kept() {
    let world = World::new().await;
    let node = world.node(1);
    let voice = node.puppet.expect_call();
    let turn = node.turns.start(owner(), world.turn(1)).await.unwrap();
    assert!(turn.is_new);
    voice.say("Hi");
    voice.done();
    let heard = hear(turn.reader).await;
    assert_eq!(heard.text, "Hi");
    assert_eq!(heard.notices, [""; 0]);
    assert_eq!(heard.persisted().persisted, Some(true));
    let question = world.message(1_001).await.unwrap();
    let answer = world.message(1).await.unwrap();
    assert_eq!((question.seq, question.content), (1, words("Hello")));
    assert_eq!((answer.seq, answer.parent), (2, Some(message_id(1_001))));
    assert_eq!(
        (answer.content, answer.status),
        (words("Hi"), MessageStatus::Complete)
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_conversation_is_created_first() {
    let world = World::new().await;
    let node = world.node(1);
    let voice = node.puppet.expect_call();
    let id = ConversationId::new(uuid(50));
    let mut turn = world.turn(1);
    turn.conversation = id;
    turn.create = Some(new_conversation(id));
    let turn = node.turns.start(owner(), turn).await.unwrap();
    voice.say("Hi");
    voice.done();
    assert_eq!(hear(turn.reader).await.persisted().persisted, Some(true));
    let created = ConversationRepository::find(&world.store.inner, owner(), id, Timestamp::EPOCH)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (created.last_seq, created.title_source),
        (2, TitleSource::Cut)
    );
}

#[tokio::test(start_paused = true)]
async fn the_message_stays_when_the_provider_fails() {
    let world = World::new().await;
    let node = world.node(1);
    world.store.set(Call::Append, Line::Slow(milliseconds(100)));
    node.puppet.expect_failure(ProviderError::Overloaded {
        retry_after_ms: None,
    });
    let failed = node.turns.start(owner(), world.turn(1)).await;
    assert!(matches!(
        failed,
        Err(DomainError::Provider(ProviderError::Overloaded { .. }))
    ));
    assert_eq!(
        world.message(1_001).await.unwrap().content,
        words("Hello"),
        "it is there when the failure is told"
    );
    assert_eq!(
        world.message(1).await.unwrap().status,
        MessageStatus::Failed
    );
    let again = node.turns.start(owner(), world.turn(1)).await.unwrap();
    assert!(!again.is_new);
    assert_eq!(hear(again.reader).await.status(), MessageStatus::Failed);
    assert_eq!(node.puppet.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn repeating_a_turn_attaches_and_stores_nothing_twice() {
    let world = World::new().await;
    let (node, other) = (world.node(1), world.node(2));
    let voice = node.puppet.expect_call();
    let first = node.turns.start(owner(), world.turn(1)).await.unwrap();
    let second = node.turns.start(owner(), world.turn(1)).await.unwrap();
    pass(milliseconds(300)).await;
    let _unused = other.puppet.expect_call();
    let third = other.turns.start(owner(), world.turn(1)).await.unwrap();
    voice.say("Hi");
    voice.done();
    for turn in [first, second, third] {
        let heard = hear(turn.reader).await;
        assert_eq!(heard.text, "Hi");
        assert!(heard.is_whole_from(1));
        assert_eq!(heard.persisted().persisted, Some(true));
    }
    assert_eq!(node.puppet.calls(), 1);
    let list = MessageRepository::list(
        &world.store.inner,
        owner(),
        conversation(),
        MessageRange::After(0),
        10,
        Timestamp::EPOCH,
    );
    assert_eq!(list.await.unwrap().unwrap().items.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_is_known_before_the_provider_answers_is_an_error() {
    let world = World::new().await;
    let node = world.node(1);
    let _gate = node.puppet.hold();
    let mut lost = world.turn(1);
    lost.message.parent = ParentRef::Message(message_id(99));
    let refused = node.turns.start(owner(), lost).await;
    assert!(matches!(
        refused,
        Err(DomainError::MessageRefused(Refusal::ParentUnknown))
    ));
    let mut elsewhere = world.turn(2);
    elsewhere.conversation = ConversationId::new(uuid(51));
    let refused = node.turns.start(owner(), elsewhere).await;
    assert!(matches!(refused, Err(DomainError::ConversationNotFound)));
    assert_eq!(node.runs.running(), 0);
    pass(milliseconds(300)).await;
    assert_eq!((world.run(1).await, world.run(2).await), (None, None));
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_taken_is_an_error() {
    let world = World::new().await;
    let node = world.node(1);
    let voice = node.puppet.expect_call();
    let turn = node.turns.start(owner(), world.turn(1)).await.unwrap();
    voice.done();
    hear(turn.reader).await;
    let _gate = node.puppet.hold();
    let mut other = world.turn(2);
    other.message.id = message_id(1_001);
    other.message.content = words("something else");
    other.message.fingerprint =
        manent_domain::message::Fingerprint::of(other.message.role, &other.message.content)
            .unwrap();
    let refused = node.turns.start(owner(), other).await;
    assert!(matches!(refused, Err(DomainError::MessageIdTaken)));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_comes_late_is_told() {
    let world = World::new().await;
    let node = world.node(1);
    world.store.set(Call::Append, Line::Slow(milliseconds(100)));
    let voice = node.puppet.expect_call();
    let mut lost = world.turn(1);
    lost.message.parent = ParentRef::Message(message_id(99));
    let turn = node.turns.start(owner(), lost).await.unwrap();
    voice.say("Hi");
    pass(milliseconds(300)).await;
    voice.done();
    let heard = hear(turn.reader).await;
    assert_eq!(heard.text, "Hi");
    assert_eq!(heard.notices, ["not_recorded"]);
    let persisted = heard.persisted();
    assert_eq!((persisted.logged, persisted.persisted), (true, Some(false)));
    assert_eq!(
        (world.message(1).await, world.message(1_001).await),
        (None, None)
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_comes_after_the_last_word_is_told_before_the_end() {
    let world = World::new().await;
    let node = world.node(1);
    world.store.set(Call::Append, Line::Slow(milliseconds(100)));
    let voice = node.puppet.expect_call();
    let mut lost = world.turn(1);
    lost.message.parent = ParentRef::Message(message_id(99));
    let turn = node.turns.start(owner(), lost).await.unwrap();
    voice.say("Hi");
    voice.done();
    let heard = hear(turn.reader).await;
    assert_eq!(heard.notices, ["not_recorded"]);
    assert_eq!(heard.persisted().persisted, Some(false));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_after_a_bounded_time_when_nothing_takes_the_message() {
    let world = World::new().await;
    let node = world.node_without_journal(1);
    world.store.all(Line::Hangs);
    node.puppet.expect_failure(ProviderError::Overloaded {
        retry_after_ms: None,
    });
    let began = tokio::time::Instant::now();
    assert!(node.turns.start(owner(), world.turn(1)).await.is_err());
    assert!(began.elapsed() <= milliseconds(5_100));
}

#[tokio::test(start_paused = true)]
async fn a_turn_during_an_outage_goes_to_the_journal_in_order() {
    for line in [Line::Fails, Line::Hangs, Line::AnswerLost] {
        let world = World::new().await;
        let node = world.node(1);
        world.store.all(line);
        let voice = node.puppet.expect_call();
        let id = ConversationId::new(uuid(50));
        let mut turn = world.turn(1);
        turn.conversation = id;
        turn.create = Some(new_conversation(id));
        let said_at = world.now();
        let turn = node.turns.start(owner(), turn).await.unwrap();
        voice.say("Hi");
        pass(milliseconds(400)).await;
        voice.done();
        let heard = hear(turn.reader).await;
        let persisted = heard.persisted();
        assert_eq!(
            (persisted.logged, persisted.persisted),
            (false, Some(false)),
            "{line:?}"
        );
        assert!(persisted.journal_position.is_some());
        let pending = node.journal.pending();
        let kinds: Vec<u8> = pending
            .iter()
            .map(|write| match write {
                JournalWrite::CreateConversation(_) => 1,
                JournalWrite::Append(_) => 2,
                JournalWrite::BeginRun(_) => 3,
                JournalWrite::RecordRun { .. } => 4,
            })
            .collect();
        assert!(kinds.is_sorted(), "{kinds:?}");
        assert!(kinds.starts_with(&[1, 2, 3, 4]), "{kinds:?}");
        world.store.all(Line::Works);
        pass(milliseconds(3_000)).await;
        let question = world.message(1_001).await.unwrap();
        assert_eq!(
            (question.seq, question.created_at),
            (1, said_at),
            "{line:?}"
        );
        let answer = world.message(1).await.unwrap();
        assert_eq!((answer.seq, answer.content), (2, words("Hi")));
        let again = node.turns.start(owner(), world.turn(1)).await.unwrap();
        assert_eq!(hear(again.reader).await.persisted().persisted, Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn turns_after_one_another_during_an_outage_keep_their_order() {
    let world = World::new().await;
    let node = world.node(1);
    world.store.all(Line::Fails);
    let mut parent = ParentRef::Root;
    for number in 1..=20 {
        let voice = node.puppet.expect_call();
        let mut turn = world.turn(number);
        turn.message.parent = parent;
        let turn = node.turns.start(owner(), turn).await.unwrap();
        voice.say("Hi");
        voice.done();
        let heard = hear(turn.reader).await;
        assert!(heard.persisted().journal_position.is_some());
        parent = ParentRef::Message(message_id(number));
        if number == 10 {
            world.store.all(Line::Works);
            pass(milliseconds(5)).await;
            world.store.all(Line::Fails);
        }
    }
    world.store.all(Line::Works);
    pass(milliseconds(5_000)).await;
    for number in 1..=20 {
        let seq = u64::try_from(number).unwrap() * 2;
        assert_eq!(world.message(number + 1_000).await.unwrap().seq, seq - 1);
        assert_eq!(world.message(number).await.unwrap().seq, seq);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_to_an_answer_that_is_not_stored_yet_waits_for_it() {
    let world = World::new().await;
    let node = world.node(1);
    let voice = node.puppet.expect_call();
    let _first = node.turns.start(owner(), world.turn(1)).await.unwrap();
    pass(milliseconds(10)).await;
    world
        .store
        .set(Call::Record, Line::Slow(milliseconds(1_000)));
    voice.say("Hi");
    voice.done();
    let voice = node.puppet.expect_call();
    let mut reply = world.turn(2);
    reply.message.parent = ParentRef::Message(message_id(1));
    let reply = node.turns.start(owner(), reply).await.unwrap();
    voice.say("Hi again");
    voice.done();
    pass(milliseconds(900)).await;
    // The store is so slow that the journal has both by now: the answer before the reply.
    let pending = node.journal.pending();
    let reply_at = pending
        .iter()
        .position(|write| matches!(write, JournalWrite::Append(_)));
    let answer_at = pending
        .iter()
        .position(|write| matches!(write, JournalWrite::RecordRun { .. }));
    assert!(answer_at < reply_at);
    assert_eq!(world.message(1_002).await, None);
    world.store.set(Call::Record, Line::Works);
    assert_eq!(hear(reply.reader).await.persisted().persisted, Some(true));
    assert_eq!(world.message(2).await.unwrap().seq, 4);
    assert!(world.run(2).await.is_some_and(|run| run.id == run_id(2)));
}
