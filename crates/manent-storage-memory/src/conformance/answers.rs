//! Answers: how what a run says gets into its message.

use manent_domain::append::{Outcome, ParentRef};
use manent_domain::completion::CompletionEvent;
use manent_domain::error::Refusal;
use manent_domain::message::Message;
use manent_domain::run::{
    AnswerSnapshot, AnswerStanding, RecordTarget, RunEnd, RunEvent, RunFailure,
};
use manent_types::{Extras, MessageStatus, Part, Role, Usage};

use super::FullStore;
use super::person::{
    at, change, conversation, delete, edit, message, plain, plain_change, said, text,
};
use super::runner::{Runner, completed, logged, run, snapshot, started, target, words};

pub(super) const fn stored(seq: u64) -> AnswerStanding {
    AnswerStanding::Stored { seq }
}

/// A conversation with a question, and a run that answers it as the message 2.
pub(super) async fn asked(store: &dyn FullStore) -> Runner<'_> {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let question = plain(conversation(1), said(message(1), "Why?"));
    runner.person.append_plan(vec![question], 5).await;
    let record = target(conversation(1), message(2));
    runner.begin_new(run(1), Some(record)).await;
    runner
}

/// After this message.
pub(super) const fn below(record: RecordTarget, parent: ParentRef) -> RecordTarget {
    RecordTarget { parent, ..record }
}

/// The answer of the first run as it stands at 20 seconds.
pub(super) fn first_answer(words: &str) -> Message {
    Message {
        id: message(2),
        conversation: conversation(1),
        parent: Some(message(1)),
        seq: 2,
        role: Role::Assistant,
        content: text(words),
        status: MessageStatus::Running,
        model: Some("m-1".to_owned()),
        provider: Some("scripted".to_owned()),
        usage: None,
        created_at: at(10),
        stored_at: at(20),
        run: Some(run(1)),
        edited_at: None,
        deleted_at: None,
        extras: Extras::new(),
    }
}

/// As an append does: a place, a parent, the conversation's place in the lists. Then its content changes, at last its status.
pub async fn an_answer_is_inserted_written_on_and_finished(store: &dyn FullStore) {
    let runner = asked(store).await;
    let standing = runner.go_on(run(1), logged(1, [started()]), None).await;
    assert_eq!(standing.answer, AnswerStanding::NotYet);
    let standing = runner
        .go_on(run(1), logged(2, [words("Be")]), Some(snapshot("Be", 2)))
        .await;
    assert_eq!(standing.answer, stored(2));
    assert_eq!(runner.person.message(message(2)).await, first_answer("Be"));
    let inserted = runner.person.conversation(conversation(1)).await;
    assert_eq!(inserted.last_seq, 2);
    assert_eq!(
        (inserted.last_message_at, inserted.updated_at),
        (at(20), at(20))
    );
    let more = logged(3, [words("cau")]);
    runner
        .go_on_at(run(1), more, Some(snapshot("Becau", 3)), 30)
        .await;
    assert_eq!(
        runner.person.message(message(2)).await,
        first_answer("Becau")
    );
    assert_eq!(
        runner.person.conversation(conversation(1)).await,
        inserted,
        "a piece more moves nothing"
    );
    let usage = Usage {
        output_tokens: Some(3),
        ..Usage::default()
    };
    let end = logged(
        4,
        [
            words("se."),
            RunEvent::Completion(CompletionEvent::Usage(usage)),
            RunEvent::Ended(completed()),
        ],
    );
    let whole = AnswerSnapshot {
        usage: Some(usage),
        ..snapshot("Because.", 6)
    };
    let standing = runner.go_on_at(run(1), end, Some(whole), 40).await;
    assert_eq!(standing.answer, stored(2));
    let finished = Message {
        usage: Some(usage),
        status: MessageStatus::Complete,
        ..first_answer("Because.")
    };
    assert_eq!(runner.person.message(message(2)).await, finished);
    let touched = runner.person.conversation(conversation(1)).await;
    assert_eq!(
        (touched.last_message_at, touched.updated_at),
        (at(20), at(40))
    );
}

/// One piece of progress may be all there is.
pub async fn a_short_answer_is_stored_at_once(store: &dyn FullStore) {
    let runner = asked(store).await;
    let whole = logged(1, [started(), words("No."), RunEvent::Ended(completed())]);
    let standing = runner.go_on(run(1), whole, Some(snapshot("No.", 3))).await;
    assert_eq!(
        (standing.status, standing.answer),
        (MessageStatus::Complete, stored(2))
    );
    let expected = Message {
        status: MessageStatus::Complete,
        ..first_answer("No.")
    };
    assert_eq!(runner.person.message(message(2)).await, expected);
}

/// A run that says nothing leaves no message.
pub async fn empty_content_is_not_written(store: &dyn FullStore) {
    let runner = asked(store).await;
    let empty = |position| AnswerSnapshot {
        content: vec![],
        usage: None,
        position,
    };
    let standing = runner
        .go_on(run(1), logged(1, [started()]), Some(empty(1)))
        .await;
    assert_eq!(standing.answer, AnswerStanding::NotYet);
    let end = logged(2, [RunEvent::Ended(completed())]);
    let standing = runner.go_on(run(1), end, Some(empty(2))).await;
    assert_eq!(standing.answer, AnswerStanding::NotYet);
    assert_eq!(
        runner.person.message_ids(conversation(1)).await,
        [message(1)]
    );
}

/// What was sent again, or overtaken, does not bring old words back.
pub async fn an_older_answer_does_not_replace_a_newer_one(store: &dyn FullStore) {
    let runner = asked(store).await;
    let first = || logged(1, [started(), words("a")]);
    runner.go_on(run(1), first(), Some(snapshot("a", 2))).await;
    runner
        .go_on(run(1), logged(3, [words("b")]), Some(snapshot("ab", 3)))
        .await;
    let standing = runner.go_on(run(1), first(), Some(snapshot("a", 2))).await;
    assert_eq!((standing.last_position, standing.answer), (3, stored(2)));
    assert_eq!(runner.person.message(message(2)).await, first_answer("ab"));
}

/// The log went ahead of the message; now the message follows.
pub async fn an_answer_may_come_without_events(store: &dyn FullStore) {
    let runner = asked(store).await;
    runner
        .go_on(run(1), logged(1, [started(), words("a"), words("b")]), None)
        .await;
    let standing = runner.go_on(run(1), vec![], Some(snapshot("ab", 3))).await;
    assert_eq!(standing.answer, stored(2));
    assert_eq!(runner.person.message(message(2)).await, first_answer("ab"));
}

/// The status is the run's; the content stays.
pub async fn an_end_without_an_answer_ends_the_message(store: &dyn FullStore) {
    let runner = asked(store).await;
    runner
        .go_on(
            run(1),
            logged(1, [started(), words("a")]),
            Some(snapshot("a", 2)),
        )
        .await;
    let end = logged(3, [RunEvent::Ended(completed())]);
    let standing = runner.go_on(run(1), end, None).await;
    assert_eq!(standing.answer, stored(2));
    let expected = Message {
        status: MessageStatus::Complete,
        ..first_answer("a")
    };
    assert_eq!(runner.person.message(message(2)).await, expected);
}

/// The words stay, and the reason stands behind them.
pub async fn a_failed_answer_is_kept(store: &dyn FullStore) {
    let runner = asked(store).await;
    let end = RunEnd {
        status: MessageStatus::Failed,
        finish_reason: None,
        failure: Some(RunFailure {
            code: "provider_truncated".to_owned(),
            detail: "broke".to_owned(),
            retryable: true,
        }),
    };
    let mut answer = snapshot("half", 3);
    answer.content.push(Part::Error {
        code: "provider_truncated".to_owned(),
        detail: "broke".to_owned(),
    });
    let events = logged(1, [started(), words("half"), RunEvent::Ended(end)]);
    runner.go_on(run(1), events, Some(answer.clone())).await;
    let expected = Message {
        status: MessageStatus::Failed,
        content: answer.content,
        ..first_answer("")
    };
    assert_eq!(runner.person.message(message(2)).await, expected);
    let next = plain(conversation(1), said(message(3), "Again?"));
    assert_eq!(
        runner.person.append_one(next).await,
        Outcome::Stored { seq: 3 },
        "the conversation goes on"
    );
}

/// Stop it first; then it is a message like any other.
pub async fn an_answer_that_is_being_written_cannot_be_changed(store: &dyn FullStore) {
    let runner = asked(store).await;
    runner
        .go_on(
            run(1),
            logged(1, [started(), words("a")]),
            Some(snapshot("a", 2)),
        )
        .await;
    let changes = |number| {
        vec![
            plain_change(
                conversation(1),
                change(message(number), edit(message(2), "b")),
            ),
            plain_change(
                conversation(1),
                change(message(number + 1), delete(message(2))),
            ),
        ]
    };
    let running = Outcome::Rejected(Refusal::TargetRunning);
    assert_eq!(runner.person.append(changes(11)).await, [running; 2]);
    let end = logged(3, [RunEvent::Ended(completed())]);
    runner.go_on(run(1), end, None).await;
    let done = Outcome::Stored { seq: 2 };
    assert_eq!(runner.person.append(changes(13)).await, [done; 2]);
    let found = runner.person.message(message(2)).await;
    assert_eq!((found.content, found.deleted_at), (text("b"), Some(at(60))));
}

/// A person need not wait for the end.
pub async fn the_conversation_goes_on_below_an_answer_that_is_being_written(store: &dyn FullStore) {
    let runner = asked(store).await;
    runner
        .go_on(
            run(1),
            logged(1, [started(), words("a")]),
            Some(snapshot("a", 2)),
        )
        .await;
    let next = plain(conversation(1), said(message(3), "And?"));
    assert_eq!(
        runner.person.append_one(next).await,
        Outcome::Stored { seq: 3 }
    );
    let parent = runner.person.message(message(3)).await.parent;
    assert_eq!(parent, Some(message(2)));
    let end = logged(3, [words("b"), RunEvent::Ended(completed())]);
    let standing = runner.go_on(run(1), end, Some(snapshot("ab", 4))).await;
    assert_eq!(standing.answer, stored(2));
    assert_eq!(
        runner.person.conversation(conversation(1)).await.last_seq,
        3
    );
}

/// Words that may still change are not found; those of every end are.
pub async fn the_search_finds_an_answer_when_it_ended(store: &dyn FullStore) {
    let runner = asked(store).await;
    runner
        .go_on(
            run(1),
            logged(1, [started(), words("blue whale")]),
            Some(snapshot("blue whale", 2)),
        )
        .await;
    assert_eq!(runner.person.search(&["whale"]).await, []);
    let end = logged(3, [words("s"), RunEvent::Ended(completed())]);
    runner
        .go_on(run(1), end, Some(snapshot("blue whales", 4)))
        .await;
    assert_eq!(runner.person.search(&["whales"]).await.len(), 1);
    // With its end alone; found dead; at once.
    for (number, word) in [(2, "fox"), (3, "newt"), (4, "crow")] {
        let record = target(conversation(1), message(10 + number));
        runner.begin_new(run(number), Some(record)).await;
        let events = logged(1, [started(), words(word)]);
        let answer = (number != 4).then(|| snapshot(word, 2));
        runner.go_on(run(number), events, answer).await;
    }
    let end = logged(3, [RunEvent::Ended(completed())]);
    runner.go_on(run(2), end, None).await;
    assert_eq!(runner.person.search(&["newt"]).await, []);
    runner.on(2).interrupt_dead(30, 10, 50).await;
    for word in ["fox", "newt", "crow"] {
        assert_eq!(runner.person.search(&[word]).await.len(), 1, "{word}");
    }
}
