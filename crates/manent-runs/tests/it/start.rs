//! Starting runs.

use manent_domain::completion::ProviderError;
use manent_domain::error::DomainError;
use manent_domain::run::RecordTarget;
use manent_runs::{Attachment, RunsConfig, StartRun};
use manent_types::{ConversationId, MessageStatus};

use crate::support::store::{Call, Line};
use crate::support::world::{World, message_id, owner, pass, plain, recorded, run_id};
use crate::support::{hear, hear_some, milliseconds, uuid, words};

#[tokio::test(start_paused = true)]
async fn an_answer_is_delivered_logged_and_kept() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("Hel");
    voice.say("lo");
    voice.done();
    let heard = hear(reader).await;
    assert!(heard.is_whole_from(1));
    assert_eq!(heard.text, "Hello");
    assert_eq!(heard.status(), MessageStatus::Complete);
    assert_eq!(heard.notices, [""; 0]);
    let persisted = heard.persisted();
    assert!(persisted.logged);
    assert_eq!(persisted.persisted, Some(true));
    assert_eq!(persisted.journal_position, None);
    let message = world.message(1).await.unwrap();
    assert_eq!(message.content, words("Hello"));
    assert_eq!(message.status, MessageStatus::Complete);
    assert_eq!(message.run, Some(run_id(1)));
    assert_eq!(message.model.as_deref(), Some("m"));
    let run = world.run(1).await.unwrap();
    assert_eq!(
        (run.status, run.last_position),
        (MessageStatus::Complete, 4)
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_that_keeps_no_answer_does_not_speak_of_one() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, reader) = node.start(plain(1)).await;
    voice.done();
    let persisted = hear(reader).await.persisted();
    assert!(persisted.logged);
    assert_eq!(persisted.persisted, None);
}

#[tokio::test(start_paused = true)]
async fn concurrent_starts_call_the_provider_once() {
    let world = World::new().await;
    let node = world.node(1);
    let voice = node.puppet.expect_call();
    let starts = (0..10).map(|_| node.runs.start(owner(), recorded(1)));
    let started = futures_util::future::join_all(starts).await;
    voice.say("one answer for all");
    voice.done();
    let mut new = 0;
    for started in started {
        let started = started.unwrap();
        new += usize::from(started.is_new);
        let heard = hear(started.reader).await;
        assert!(heard.is_whole_from(1));
        assert_eq!(heard.text, "one answer for all");
    }
    assert_eq!(new, 1);
    assert_eq!(node.puppet.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn starting_again_after_the_end_attaches() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("Hello");
    voice.done();
    let first = hear(reader).await;
    for wait in [milliseconds(0), milliseconds(60_000)] {
        pass(wait).await;
        let again = node.start_again(recorded(1)).await;
        assert!(!again.is_new);
        assert_eq!(hear(again.reader).await, first);
    }
    assert_eq!(node.puppet.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_of_another_node_is_read_and_not_paid_for_again() {
    let world = World::new().await;
    let (first, second) = (world.node(1), world.node(2));
    let (voice, reader) = first.start(recorded(1)).await;
    voice.say("Hel");
    pass(milliseconds(300)).await;
    let started = second.start_again(recorded(1)).await;
    assert!(!started.is_new);
    voice.say("lo");
    voice.done();
    let there = hear(started.reader).await;
    let here = hear(reader).await;
    assert_eq!(there, here);
    assert_eq!((first.puppet.calls(), second.puppet.calls()), (1, 0));
    assert_eq!(second.runs.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_existing_run_that_is_found_late_takes_over_when_nobody_has_read() {
    let world = World::new().await;
    let (first, second) = (world.node(1), world.node(2));
    let (voice, _reader) = first.start(recorded(1)).await;
    voice.say("the first answer");
    pass(milliseconds(300)).await;
    world.store.set(Call::Begin, Line::Slow(milliseconds(500)));
    let second_voice = second.puppet.expect_call();
    let started = second.runs.start(owner(), recorded(1)).await.unwrap();
    assert!(started.is_new, "nothing is known of the other run yet");
    second_voice.say("a second answer");
    pass(milliseconds(600)).await;
    assert_eq!(second.puppet.cancelled(), 1);
    voice.done();
    let heard = hear(started.reader).await;
    assert_eq!(heard.text, "the first answer");
    assert!(heard.is_whole_from(1));
    assert_eq!(
        world.message(1).await.unwrap().content,
        words("the first answer")
    );
}

#[tokio::test(start_paused = true)]
async fn an_existing_run_that_is_found_late_leaves_what_was_read_alone() {
    let world = World::new().await;
    let (first, second) = (world.node(1), world.node(2));
    let (voice, first_reader) = first.start(recorded(1)).await;
    voice.say("the first answer");
    pass(milliseconds(300)).await;
    world.store.set(Call::Begin, Line::Slow(milliseconds(500)));
    let (second_voice, mut reader) = second.start(recorded(1)).await;
    second_voice.say("a second ");
    let begin = hear_some(&mut reader, 2).await;
    pass(milliseconds(600)).await;
    second_voice.say("answer");
    second_voice.done();
    let rest = hear(reader).await;
    assert_eq!(begin.text + &rest.text, "a second answer");
    assert_eq!(rest.notices, ["not_logged"]);
    assert!(!rest.persisted().logged);
    assert_eq!(rest.persisted().persisted, Some(false));
    voice.done();
    assert!(hear(first_reader).await.persisted().logged);
    assert_eq!(
        world.message(1).await.unwrap().content,
        words("the first answer")
    );
    let again = second.start_again(recorded(1)).await;
    assert_eq!(hear(again.reader).await.text, "the first answer");
}

#[tokio::test(start_paused = true)]
async fn the_run_goes_on_when_whoever_started_it_is_gone() {
    let world = World::new().await;
    let node = world.node(1);
    let voice = node.puppet.expect_call();
    let gate = node.puppet.hold();
    {
        let start = node.runs.start(owner(), recorded(1));
        tokio::pin!(start);
        let gone = tokio::time::timeout(milliseconds(50), &mut start).await;
        assert!(gone.is_err());
    }
    gate.notify_one();
    voice.say("to nobody");
    voice.done();
    pass(milliseconds(1_000)).await;
    assert_eq!(world.message(1).await.unwrap().content, words("to nobody"));
}

#[tokio::test(start_paused = true)]
async fn readers_that_leave_change_nothing() {
    let world = World::new().await;
    let node = world.node(1);
    for number in 1..=20 {
        let (voice, mut reader) = node.start(recorded(number)).await;
        for word in 0..10 {
            voice.say(&format!("{word} "));
        }
        hear_some(&mut reader, usize::try_from(number % 10).unwrap() + 1).await;
        drop(reader);
        voice.done();
    }
    pass(milliseconds(1_000)).await;
    for number in 1..=20 {
        let message = world.message(number).await.unwrap();
        assert_eq!(message.content, words("0 1 2 3 4 5 6 7 8 9 "));
        assert_eq!(message.status, MessageStatus::Complete);
    }
    assert_eq!(node.puppet.cancelled(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_error_before_the_first_byte_is_answered_and_kept() {
    let world = World::new().await;
    let node = world.node(1);
    node.puppet.expect_failure(ProviderError::Auth);
    let Err(DomainError::Provider(ProviderError::Auth)) =
        node.runs.start(owner(), recorded(1)).await
    else {
        panic!("the provider's error is the answer");
    };
    let again = node.start_again(recorded(1)).await;
    assert!(!again.is_new);
    let heard = hear(again.reader).await;
    assert_eq!(heard.positions, [1]);
    let failure = heard.end.as_ref().unwrap().0.failure.clone().unwrap();
    assert_eq!(
        (failure.code.as_str(), failure.retryable),
        ("provider_auth", false)
    );
    assert_eq!(heard.persisted().persisted, Some(true));
    assert_eq!(
        world.message(1).await.unwrap().status,
        MessageStatus::Failed
    );
    assert_eq!(node.puppet.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_error_in_mid_stream_keeps_what_came() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("half an ans");
    voice.fail(ProviderError::Truncated);
    let heard = hear(reader).await;
    assert_eq!(heard.text, "half an ans");
    assert_eq!(heard.status(), MessageStatus::Failed);
    assert_eq!(heard.persisted().persisted, Some(true));
    let message = world.message(1).await.unwrap();
    assert_eq!(message.content.len(), 2);
    assert_eq!(message.content[..1], words("half an ans"));
    assert_eq!(message.status, MessageStatus::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_falls_silent_without_an_end_has_failed() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("half");
    drop(voice);
    let heard = hear(reader).await;
    let failure = heard.end.unwrap().0.failure.unwrap();
    assert_eq!(failure.code, "provider_truncated");
}

#[tokio::test(start_paused = true)]
async fn what_is_invalid_is_refused_before_anything_happens() {
    let world = World::new().await;
    let node = world.node(1);
    let mut run = recorded(1);
    run.request.messages.clear();
    let refused = node.runs.start(owner(), run).await;
    assert!(matches!(refused, Err(DomainError::Invalid { .. })));
    let mut run = recorded(1);
    run.request.settings.model = Some("unknown".to_owned());
    let refused = node.runs.start(owner(), run).await;
    assert!(matches!(refused, Err(DomainError::UnknownModel)));
    pass(milliseconds(300)).await;
    assert_eq!((world.run(1).await, node.puppet.calls()), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_is_not_there_is_an_error_and_costs_nothing() {
    let world = World::new().await;
    let node = world.node(1);
    let run = StartRun {
        record: Some(RecordTarget {
            conversation: ConversationId::new(uuid(99)),
            ..recorded(1).record.unwrap()
        }),
        ..recorded(1)
    };
    let refused = node.runs.start(owner(), run.clone()).await;
    assert!(matches!(refused, Err(DomainError::ConversationNotFound)));
    assert_eq!(node.puppet.calls(), 0);
    let attached = node.runs.attach(owner(), run_id(1), 0).await;
    assert!(matches!(attached, Err(DomainError::RunNotFound)));
    assert_eq!(node.runs.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_is_found_missing_late_is_told() {
    let world = World::new().await;
    let node = world.node(1);
    world.store.set(Call::Begin, Line::Slow(milliseconds(300)));
    let run = StartRun {
        record: Some(RecordTarget {
            conversation: ConversationId::new(uuid(99)),
            ..recorded(1).record.unwrap()
        }),
        ..recorded(1)
    };
    let (voice, reader) = node.start(run).await;
    voice.say("Hello");
    pass(milliseconds(700)).await;
    voice.done();
    let heard = hear(reader).await;
    assert_eq!(heard.text, "Hello");
    assert_eq!(heard.notices, ["not_recorded"]);
    let persisted = heard.persisted();
    assert_eq!((persisted.logged, persisted.persisted), (true, Some(false)));
    assert_eq!(world.message(1).await, None);
}

#[tokio::test(start_paused = true)]
async fn no_more_runs_than_allowed() {
    let mut world = World::new().await;
    world.config = RunsConfig {
        max_running: 2,
        ..RunsConfig::default()
    };
    let node = world.node(1);
    let (first, _first_reader) = node.start(plain(1)).await;
    let (_second, _second_reader) = node.start(plain(2)).await;
    let third = node.runs.start(owner(), plain(3)).await;
    assert!(matches!(third, Err(DomainError::Overloaded)));
    assert!(!node.start_again(plain(2)).await.is_new);
    first.done();
    pass(milliseconds(1)).await;
    let (_third, _reader) = node.start(plain(3)).await;
    assert_eq!(node.runs.running(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_client_stored_first_counts_as_kept() {
    let world = World::new().await;
    let node = world.node(1);
    let mut turn = world.turn(7);
    turn.message.id = message_id(1);
    turn.message.role = manent_types::Role::Assistant;
    let submission = manent_domain::append::Submission {
        conversation: turn.conversation,
        lane: None,
        id: Some(message_id(1)),
        body: Ok(turn.message.into()),
    };
    let append = manent_domain::ports::MessageRepository::append(
        &world.store.inner,
        owner(),
        vec![submission],
        world.now(),
    );
    append.await.unwrap();
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("Hello");
    voice.done();
    assert_eq!(hear(reader).await.persisted().persisted, Some(true));
    let attached = node.runs.attach(owner(), run_id(1), 2).await.unwrap();
    assert!(matches!(attached, Attachment::Reader(_)));
}
