//! Many at the same time: one order comes out, and nobody waits for ever.

use futures_util::future::{join, join_all};
use manent_domain::append::Outcome;
use manent_domain::feed::{Changed, Subject};
use manent_domain::run::{Begun, RunEnd, RunEvent, RunProgress};
use manent_types::MessageStatus;

use super::FullStore;
use super::person::{conversation, message, plain, said, sequenced};
use super::replica::Replica;
use super::runner::{Runner, completed, logged, run, snapshot, started, target, words};

/// Every kind of write of one owner goes into one feed without holes, and whoever follows it knows everything.
pub async fn writers_at_the_same_time_share_one_feed(store: &dyn FullStore) {
    let runner = Runner::new(store);
    for number in 1..=2 {
        runner.person.create(conversation(number), None, 0).await;
    }
    let writer = |number: u128| async move {
        let place = conversation(number % 2 + 1);
        runner
            .person
            .append_one(plain(place, said(message(number), "x")))
            .await;
        let record = target(place, message(100 + number));
        runner.begin_new(run(number), Some(record)).await;
        let begin = logged(1, [started(), words("a")]);
        runner
            .go_on(run(number), begin, Some(snapshot("a", 2)))
            .await;
        let end = logged(3, [RunEvent::Ended(completed())]);
        runner.go_on(run(number), end, Some(snapshot("a", 3))).await;
        runner
            .person
            .create(conversation(100 + number), None, 0)
            .await;
    };
    join_all((1..=12).map(writer)).await;
    let changes = runner.changes(0).await;
    // Two conversations; then for each writer a message, a run, an answer, their ends and a conversation, with what they touch.
    assert_eq!(changes.len(), 2 + 12 * (2 + 1 + 2 + 3 + 1));
    let mut stored = Replica::new(runner.owner());
    for number in (1..=2).chain(101..=112) {
        let found = runner.person.conversation(conversation(number)).await;
        for message in runner.person.messages(found.id).await {
            stored.put(Changed::Message(message));
        }
        stored.put(Changed::Conversation(found));
    }
    for number in 1..=12 {
        stored.put(Changed::Run(runner.run(run(number)).await));
    }
    let mut follower = Replica::new(runner.owner());
    follower.catch_up(store, 5).await;
    assert_eq!(follower.state(), stored.state());
}

/// Batches that touch the same conversations in other orders.
pub async fn batches_that_cross_do_not_block_one_another(store: &dyn FullStore) {
    let runner = Runner::new(store);
    for number in 1..=2 {
        runner.person.create(conversation(number), None, 0).await;
    }
    let device = |number: u128| async move {
        let (first, second) = (
            conversation(number % 2 + 1),
            conversation((number + 1) % 2 + 1),
        );
        for round in 0..5 {
            let id = |place: u128| message(number * 1_000 + u128::from(round) * 10 + place);
            let name = format!("device-{number}");
            let batch = vec![
                sequenced(&name, round + 1, first, said(id(1), "x")),
                sequenced(&name, round + 1, second, said(id(2), "y")),
            ];
            for outcome in runner.person.append(batch).await {
                assert!(matches!(outcome, Outcome::Stored { .. }), "{outcome:?}");
            }
        }
    };
    join_all((1..=6).map(device)).await;
    for number in 1..=2 {
        let messages = runner.person.messages(conversation(number)).await;
        let places: Vec<u64> = messages.iter().map(|message| message.seq).collect();
        let expected: Vec<u64> = (1..=30).collect();
        assert_eq!(places, expected, "places have no holes");
    }
}

/// As a client that sends again because it is impatient.
pub async fn the_same_message_many_times_at_once_is_stored_once(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let item = || sequenced("phone", 1, conversation(1), said(message(1), "Hello"));
    let outcomes = join_all((0..8).map(|_| runner.person.append_one(item()))).await;
    let stored = |outcome: &&Outcome| **outcome == Outcome::Stored { seq: 1 };
    assert_eq!(outcomes.iter().filter(stored).count(), 1);
    let duplicate = |outcome: &&Outcome| **outcome == Outcome::Duplicate { seq: 1 };
    assert_eq!(outcomes.iter().filter(duplicate).count(), 7);
    assert_eq!(
        runner.person.message_ids(conversation(1)).await,
        [message(1)]
    );
}

/// One begins it, the others find it.
pub async fn a_run_is_begun_once_by_many_at_once(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let record = Some(target(conversation(1), message(1)));
    let begun = join_all(
        (1..=8).map(|number| async move { runner.on(number).begin(run(1), record).await }),
    )
    .await;
    let new: Vec<_> = begun
        .iter()
        .filter_map(|begun| match begun {
            Begun::New(run) => Some(run),
            _ => None,
        })
        .collect();
    let [winner] = new[..] else {
        panic!("one begins it: {begun:?}");
    };
    let found = begun
        .iter()
        .filter(|begun| **begun == Begun::Existing(winner.clone()))
        .count();
    assert_eq!(found, 7);
    let subjects = runner.subjects(0).await;
    let expected = [Subject::Conversation(conversation(1)), Subject::Run(run(1))];
    assert_eq!(subjects, expected);
}

/// However many look: each is found and ended once.
pub async fn the_dead_are_found_once_by_many_at_once(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    for number in 1..=6 {
        let record = target(conversation(1), message(number));
        runner.begin_new(run(number), Some(record)).await;
        runner
            .go_on(run(number), logged(1, [words("a")]), None)
            .await;
    }
    let found = join_all((2..=5).map(|number| async move {
        let finder = runner.on(number);
        let mut found = Vec::new();
        loop {
            let piece = finder.interrupt_dead(60, 2, 70).await;
            if piece.is_empty() {
                return found;
            }
            found.extend(piece);
        }
    }))
    .await;
    let mut found = found.concat();
    found.sort_unstable();
    let expected: Vec<_> = (1..=6)
        .map(|number| (runner.owner(), run(number)))
        .collect();
    assert_eq!(found, expected);
    for number in 1..=6 {
        let log = runner.log(run(number)).await;
        assert_eq!(log.len(), 2, "one event and one end");
        let answer = runner.person.message(message(number)).await;
        assert_eq!(answer.status, MessageStatus::Interrupted);
    }
    let seen = runner.person.messages(conversation(1)).await;
    assert_eq!(seen.len(), 6);
}

/// Whoever comes first: a run that lives has its own end in the end.
pub async fn a_run_that_ends_while_it_is_thought_dead_has_its_own_end(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    for number in 1..=10 {
        let record = target(conversation(1), message(number));
        runner.begin_new(run(number), Some(record)).await;
        let begin = logged(1, [started(), words("a")]);
        runner.go_on(run(number), begin, None).await;
        let find = async {
            runner.on(2).interrupt_dead(60, 10, 70).await;
        };
        let end = async {
            let end = logged(3, [words("b"), RunEvent::Ended(completed())]);
            runner
                .go_on_at(run(number), end, Some(snapshot("ab", 4)), 70)
                .await;
        };
        join(find, end).await;
        let log = logged(
            1,
            [
                started(),
                words("a"),
                words("b"),
                RunEvent::Ended(completed()),
            ],
        );
        assert_eq!(runner.log(run(number)).await, log);
        assert_eq!(
            runner.run(run(number)).await.status,
            MessageStatus::Complete
        );
        let answer = runner.person.message(message(number)).await;
        assert_eq!(
            (answer.status, answer.content),
            (MessageStatus::Complete, super::person::text("ab"))
        );
    }
}

/// As a process that does not know whether its last progress arrived.
pub async fn the_same_progress_many_times_at_once_is_stored_once(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let record = target(conversation(1), message(1));
    runner.begin_new(run(1), Some(record)).await;
    let stopped = RunEnd {
        status: MessageStatus::Stopped,
        finish_reason: None,
        failure: None,
    };
    let events = || logged(1, [started(), words("a"), RunEvent::Ended(stopped.clone())]);
    join_all((0..6).map(|_| runner.go_on(run(1), events(), Some(snapshot("a", 3))))).await;
    assert_eq!(runner.log(run(1)).await, events());
    assert_eq!(
        runner.person.message_ids(conversation(1)).await,
        [message(1)]
    );
    let expected = [
        Subject::Conversation(conversation(1)),
        Subject::Run(run(1)),
        Subject::Message(message(1)),
        Subject::Conversation(conversation(1)),
        Subject::Run(run(1)),
    ];
    assert_eq!(runner.subjects(0).await, expected);
}

/// Processes store the progress of many runs at once, of several owners, in the same conversations, in other orders.
pub async fn progress_that_crosses_does_not_block(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let owners = [runner, runner.of(2)];
    for whose in owners {
        for number in 1..=2 {
            whose.person.create(conversation(number), None, 0).await;
        }
        for number in 1..=8 {
            let record = target(conversation(number % 2 + 1), message(number));
            let node = number % 4 + 1;
            whose.on(node).begin_new(run(number), Some(record)).await;
        }
    }
    let process = |node: u128| async move {
        let mut batch: Vec<RunProgress> = Vec::new();
        for whose in owners {
            for number in (1..=8).filter(|number| number % 4 + 1 == node) {
                let events = logged(1, [started(), words("a"), RunEvent::Ended(completed())]);
                batch.push(whose.progress(run(number), events, Some(snapshot("a", 3))));
            }
        }
        if node.is_multiple_of(2) {
            batch.reverse();
        }
        let standings = runner.on(node).record(batch, 20).await;
        assert!(standings.iter().all(Option::is_some));
    };
    join_all((1..=4).map(process)).await;
    for whose in owners {
        whose.changes(0).await;
        for number in 1..=2 {
            let messages = whose.person.messages(conversation(number)).await;
            let places: Vec<u64> = messages.iter().map(|message| message.seq).collect();
            assert_eq!(places, [1, 2, 3, 4]);
        }
    }
}
