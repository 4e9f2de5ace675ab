//! Answers of runs whose process died, or was thought to.

use manent_domain::append::ParentRef;
use manent_domain::completion::CompletionEvent;
use manent_domain::message::Message;
use manent_domain::run::RunEvent;
use manent_types::{MessageStatus, Usage};

use super::FullStore;
use super::answers::{asked, below, first_answer, stored};
use super::person::{at, change, conversation, edit, message, plain_change};
use super::runner::{completed, logged, run, snapshot, started, target, words};

/// The message gets the content of the whole stored log, also what no snapshot had yet.
pub async fn a_dead_run_leaves_everything_that_its_log_has(store: &dyn FullStore) {
    let runner = asked(store).await;
    runner
        .go_on(
            run(1),
            logged(1, [started(), words("Be")]),
            Some(snapshot("Be", 2)),
        )
        .await;
    let usage = Usage {
        input_tokens: Some(3),
        ..Usage::default()
    };
    let more = [
        words("cau"),
        RunEvent::Completion(CompletionEvent::Usage(usage)),
        words("se"),
    ];
    runner.go_on(run(1), logged(3, more), None).await;
    runner.on(2).interrupt_dead(30, 10, 50).await;
    let expected = Message {
        status: MessageStatus::Interrupted,
        usage: Some(usage),
        ..first_answer("Because")
    };
    assert_eq!(runner.person.message(message(2)).await, expected);
    let touched = runner.person.conversation(conversation(1)).await.updated_at;
    assert_eq!(touched, at(50));
}

/// Its message is made if there was none, where that is possible.
pub async fn a_dead_run_without_a_message_gets_one(store: &dyn FullStore) {
    let runner = asked(store).await;
    let orphan = below(
        target(conversation(1), message(3)),
        ParentRef::Message(message(99)),
    );
    runner.begin_new(run(2), Some(orphan)).await;
    let silent = target(conversation(1), message(4));
    runner.begin_new(run(3), Some(silent)).await;
    for number in [1, 2] {
        let events = logged(1, [started(), words("half")]);
        runner.go_on(run(number), events, None).await;
    }
    let found = runner.on(2).interrupt_dead(30, 10, 50).await;
    assert_eq!(found.len(), 3);
    let expected = Message {
        status: MessageStatus::Interrupted,
        stored_at: at(50),
        ..first_answer("half")
    };
    assert_eq!(
        runner.person.messages(conversation(1)).await[1..],
        [expected]
    );
    for number in [1, 2, 3] {
        let status = runner.run(run(number)).await.status;
        assert_eq!(status, MessageStatus::Interrupted);
    }
}

/// The message lives on with the run that was found dead wrongly, and gets its end.
pub async fn an_answer_lives_on_with_its_run(store: &dyn FullStore) {
    let runner = asked(store).await;
    runner
        .go_on(
            run(1),
            logged(1, [started(), words("Be")]),
            Some(snapshot("Be", 2)),
        )
        .await;
    runner.on(2).interrupt_dead(30, 10, 50).await;
    let standing = runner.go_on_at(run(1), vec![], None, 51).await;
    assert_eq!(
        (standing.status, standing.answer),
        (MessageStatus::Running, stored(2))
    );
    assert_eq!(runner.person.message(message(2)).await, first_answer("Be"));
    runner.on(2).interrupt_dead(60, 10, 70).await;
    let end = logged(3, [words("cause."), RunEvent::Ended(completed())]);
    runner
        .go_on_at(run(1), end, Some(snapshot("Because.", 4)), 71)
        .await;
    let expected = Message {
        status: MessageStatus::Complete,
        ..first_answer("Because.")
    };
    assert_eq!(runner.person.message(message(2)).await, expected);
}

/// A person changed what was thought to be whole; the run does not take that away.
pub async fn an_edit_of_an_interrupted_answer_outlives_its_run(store: &dyn FullStore) {
    let runner = asked(store).await;
    runner
        .go_on(
            run(1),
            logged(1, [started(), words("Be")]),
            Some(snapshot("Be", 2)),
        )
        .await;
    runner.on(2).interrupt_dead(30, 10, 50).await;
    let mine = change(message(11), edit(message(2), "Because I say so."));
    runner
        .person
        .append_one(plain_change(conversation(1), mine))
        .await;
    let end = logged(3, [words("cause."), RunEvent::Ended(completed())]);
    runner
        .go_on_at(run(1), end, Some(snapshot("Because.", 4)), 71)
        .await;
    let expected = Message {
        status: MessageStatus::Complete,
        edited_at: Some(at(60)),
        ..first_answer("Because I say so.")
    };
    assert_eq!(runner.person.message(message(2)).await, expected);
}
