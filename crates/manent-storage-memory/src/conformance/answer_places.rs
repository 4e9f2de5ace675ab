//! Answers among what others store: parents, ids that are taken, and what clients keep of the same answer.

use manent_domain::append::{ConflictCause, NewMessage, Outcome, ParentRef};
use manent_domain::conversation::TitleSource;
use manent_domain::error::Refusal;
use manent_domain::message::Message;
use manent_domain::run::{AnswerStanding, RunEvent};
use manent_types::MessageStatus;

use super::FullStore;
use super::answers::{asked, below, first_answer, stored};
use super::person::{after, answered, at, conversation, message, plain, said};
use super::runner::{Runner, completed, logged, run, snapshot, started, target, words};

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

/// Another run's answer stays, and this run's words are nowhere: they do not count as stored.
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
    assert_eq!(standing.answer, AnswerStanding::Refused(Refusal::InvalidId));
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
