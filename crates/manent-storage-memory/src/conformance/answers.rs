//! Answers: how what a run says gets into its message.

use manent_domain::append::{ConflictCause, NewMessage, Outcome, ParentRef};
use manent_domain::completion::CompletionEvent;
use manent_domain::conversation::TitleSource;
use manent_domain::error::Refusal;
use manent_domain::message::Message;
use manent_domain::run::{
    AnswerSnapshot, AnswerStanding, RecordTarget, RunEnd, RunEvent, RunFailure,
};
use manent_types::{MessageStatus, Part, Role, Usage};

use super::FullStore;
use super::person::{
    after, answered, at, change, conversation, delete, edit, message, plain, plain_change, said,
    text,
};
use super::runner::{Runner, completed, logged, run, snapshot, started, target, words};

const fn stored(seq: u64) -> AnswerStanding {
    AnswerStanding::Stored { seq }
}

/// A conversation with a question, and a run that answers it as the message 2.
async fn asked(store: &dyn FullStore) -> Runner<'_> {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let question = plain(conversation(1), said(message(1), "Why?"));
    runner.person.append_plan(vec![question], 5).await;
    let record = target(conversation(1), message(2));
    runner.begin_new(run(1), Some(record)).await;
    runner
}

/// After this message.
const fn below(record: RecordTarget, parent: ParentRef) -> RecordTarget {
    RecordTarget { parent, ..record }
}

/// The answer of the first run as it stands at 20 seconds.
fn first_answer(words: &str) -> Message {
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

/// The newest, none, or a named one.
pub async fn an_answer_follows_what_it_names(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let batch = (1..=2)
        .map(|number| plain(conversation(1), said(message(number), "x")))
        .collect();
    runner.person.append(batch).await;
    let named = [
        (1, ParentRef::Message(message(1)), Some(message(1))),
        (2, ParentRef::Root, None),
        (3, ParentRef::Newest, Some(message(12))),
    ];
    for (number, parent, expected) in named {
        let record = below(target(conversation(1), message(10 + number)), parent);
        runner.begin_new(run(number), Some(record)).await;
        runner
            .go_on(run(number), logged(1, [words("a")]), Some(snapshot("a", 1)))
            .await;
        let found = runner.person.message(message(10 + number)).await;
        assert_eq!(found.parent, expected);
    }
}

/// Answers of one batch are stored one after the other.
pub async fn two_answers_of_a_batch_get_two_places(store: &dyn FullStore) {
    let runner = asked(store).await;
    let record = target(conversation(1), message(3));
    runner.begin_new(run(2), Some(record)).await;
    let batch = [1, 2]
        .map(|number| {
            let events = logged(1, [started(), words("a")]);
            runner.progress(run(number), events, Some(snapshot("a", 2)))
        })
        .to_vec();
    let standings = runner.record(batch, 20).await;
    let answers: Vec<_> = standings
        .into_iter()
        .flatten()
        .map(|standing| standing.answer)
        .collect();
    assert_eq!(answers, [stored(2), stored(3)]);
    let parent = runner.person.message(message(3)).await.parent;
    assert_eq!(parent, Some(message(2)));
}

/// The log goes on meanwhile; the answer is stored with the next piece after its parent came.
pub async fn an_answer_waits_for_its_parent(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let record = below(
        target(conversation(1), message(2)),
        ParentRef::Message(message(1)),
    );
    runner.begin_new(run(1), Some(record)).await;
    let standing = runner
        .go_on(
            run(1),
            logged(1, [started(), words("a")]),
            Some(snapshot("a", 2)),
        )
        .await;
    assert_eq!(
        (standing.last_position, standing.answer),
        (2, AnswerStanding::ParentMissing)
    );
    assert_eq!(runner.person.find_message(message(2)).await, None);
    runner
        .person
        .append_one(plain(conversation(1), said(message(1), "Why?")))
        .await;
    let standing = runner
        .go_on(run(1), logged(3, [words("b")]), Some(snapshot("ab", 3)))
        .await;
    assert_eq!(standing.answer, stored(2));
    assert_eq!(runner.person.message(message(2)).await, first_answer("ab"));
}

/// The whole answer of a run that ended is still taken, once, when its parent comes late; half of one is not.
pub async fn an_answer_that_ended_waits_for_its_parent_too(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let record = below(
        target(conversation(1), message(2)),
        ParentRef::Message(message(1)),
    );
    runner.begin_new(run(1), Some(record)).await;
    let events = || logged(1, [started(), words("ab"), RunEvent::Ended(completed())]);
    let whole = || Some(snapshot("ab", 3));
    let standing = runner.go_on(run(1), events(), whole()).await;
    assert_eq!(
        (standing.status, standing.answer),
        (MessageStatus::Complete, AnswerStanding::ParentMissing)
    );
    runner
        .person
        .append_one(plain(conversation(1), said(message(1), "Why?")))
        .await;
    let half = runner.go_on(run(1), vec![], Some(snapshot("a", 2))).await;
    assert_eq!(half.answer, AnswerStanding::NotYet);
    let ended = runner.run(run(1)).await;
    let standing = runner.go_on_at(run(1), vec![], whole(), 90).await;
    assert_eq!(standing.answer, stored(2));
    let expected = Message {
        status: MessageStatus::Complete,
        stored_at: at(90),
        ..first_answer("ab")
    };
    assert_eq!(runner.person.message(message(2)).await, expected);
    assert_eq!(runner.run(run(1)).await, ended, "the run itself stays");
    // Once more, and with other words: what is stored stays.
    let again = Some(snapshot("other", 3));
    let standing = runner.go_on_at(run(1), events(), again, 95).await;
    assert_eq!(standing.answer, stored(2));
    assert_eq!(runner.person.message(message(2)).await, expected);
}

/// It will never be there.
pub async fn a_parent_elsewhere_refuses_the_answer(store: &dyn FullStore) {
    let runner = asked(store).await;
    runner.person.create(conversation(2), None, 0).await;
    let record = below(
        target(conversation(2), message(3)),
        ParentRef::Message(message(1)),
    );
    runner.begin_new(run(2), Some(record)).await;
    let standing = runner
        .go_on(run(2), logged(1, [words("a")]), Some(snapshot("a", 1)))
        .await;
    assert_eq!(
        standing.answer,
        AnswerStanding::Refused(Refusal::ParentElsewhere)
    );
    assert_eq!(runner.person.find_message(message(3)).await, None);
}

/// A person's message, or one in another conversation: it stays as it is, the run goes on without a message.
pub async fn an_id_that_is_taken_refuses_the_answer(store: &dyn FullStore) {
    let runner = asked(store).await;
    runner.person.create(conversation(2), None, 0).await;
    runner
        .person
        .append_one(plain(conversation(2), answered(message(4), "elsewhere")))
        .await;
    for (number, taken) in [(2, 1), (3, 4)] {
        let record = target(conversation(1), message(taken));
        runner.begin_new(run(number), Some(record)).await;
        let before = runner.person.message(message(taken)).await;
        let events = logged(1, [words("a"), RunEvent::Ended(completed())]);
        let standing = runner
            .go_on(run(number), events, Some(snapshot("a", 2)))
            .await;
        assert_eq!(
            (standing.status, standing.last_position, standing.answer),
            (
                MessageStatus::Complete,
                2,
                AnswerStanding::Refused(Refusal::InvalidId)
            )
        );
        assert_eq!(runner.person.message(message(taken)).await, before);
    }
}

/// Another run's answer counts as stored and stays.
pub async fn an_answer_of_another_run_stays_as_it_is(store: &dyn FullStore) {
    let runner = asked(store).await;
    let whole = logged(1, [started(), words("first"), RunEvent::Ended(completed())]);
    runner
        .go_on(run(1), whole, Some(snapshot("first", 3)))
        .await;
    let before = runner.person.message(message(2)).await;
    let record = target(conversation(1), message(2));
    runner.begin_new(run(2), Some(record)).await;
    let whole = logged(
        1,
        [started(), words("second"), RunEvent::Ended(completed())],
    );
    let standing = runner
        .go_on(run(2), whole, Some(snapshot("second", 3)))
        .await;
    assert_eq!(standing.answer, stored(2));
    assert_eq!(runner.person.message(message(2)).await, before);
}

/// What the client kept of the answer came first: it stands.
pub async fn an_answer_that_the_client_stored_first_stays_as_it_is(store: &dyn FullStore) {
    let runner = asked(store).await;
    let kept = NewMessage {
        status: MessageStatus::Stopped,
        ..answered(message(2), "Be")
    };
    runner.person.append_one(plain(conversation(1), kept)).await;
    let before = runner.person.message(message(2)).await;
    let whole = logged(
        1,
        [started(), words("Because."), RunEvent::Ended(completed())],
    );
    let standing = runner
        .go_on(run(1), whole, Some(snapshot("Because.", 3)))
        .await;
    assert_eq!(
        (standing.status, standing.answer),
        (MessageStatus::Complete, stored(2))
    );
    assert_eq!(runner.person.message(message(2)).await, before);
}

/// While it is written and when it is whole, whatever words the client kept of it: the server's text stands.
pub async fn an_answer_that_the_client_stores_later_is_a_duplicate(store: &dyn FullStore) {
    let runner = asked(store).await;
    let kept = |words| {
        plain(
            conversation(1),
            after(message(1), answered(message(2), words)),
        )
    };
    let duplicate = Outcome::Duplicate { seq: 2 };
    runner
        .go_on(
            run(1),
            logged(1, [started(), words("Be")]),
            Some(snapshot("Be", 2)),
        )
        .await;
    assert_eq!(runner.person.append_one(kept("B")).await, duplicate);
    let end = logged(3, [words("cause."), RunEvent::Ended(completed())]);
    runner
        .go_on(run(1), end, Some(snapshot("Because.", 4)))
        .await;
    assert_eq!(runner.person.append_one(kept("Beca")).await, duplicate);
    let other = plain(conversation(1), after(message(1), said(message(2), "Beca")));
    assert_eq!(
        runner.person.append_one(other).await,
        Outcome::Conflict(ConflictCause::IdTaken),
        "a person's words are no answer"
    );
    let expected = Message {
        status: MessageStatus::Complete,
        ..first_answer("Because.")
    };
    assert_eq!(runner.person.message(message(2)).await, expected);
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

/// Neither names the conversation nor takes it out of the trash.
pub async fn an_answer_leaves_title_and_trash_alone(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    store
        .trash(runner.owner(), conversation(1), at(5))
        .await
        .unwrap();
    let record = target(conversation(1), message(2));
    runner.begin_new(run(1), Some(record)).await;
    let whole = logged(1, [words("a"), RunEvent::Ended(completed())]);
    let standing = runner.go_on(run(1), whole, Some(snapshot("a", 2))).await;
    assert_eq!(standing.answer, stored(1));
    let found = runner.person.conversation(conversation(1)).await;
    assert_eq!(
        (found.title, found.title_source, found.trashed_at),
        (None, TitleSource::None, Some(at(5)))
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
