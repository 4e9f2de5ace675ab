//! The feed: what changed, numbered without holes.

use manent_domain::append::ChangeKind;
use manent_domain::conversation::{ConversationPatch, Patched};
use manent_domain::feed::{Change, Changed, FeedPage, Subject};
use manent_domain::run::{NewRun, RunEvent};

use super::FullStore;
use super::person::{
    after, answered, at, change, conversation, delete, edit, message, plain, plain_change, said,
    sequenced, undelete,
};
use super::runner::{Runner, completed, logged, node, run, snapshot, started, target, words};

fn of_conversation(number: u128) -> Subject {
    Subject::Conversation(conversation(number))
}

fn of_message(number: u128) -> Subject {
    Subject::Message(message(number))
}

fn of_run(number: u128) -> Subject {
    Subject::Run(run(number))
}

/// Tells what stands in the feed since it was asked last.
struct Follower<'store> {
    runner: Runner<'store>,
    seen: u64,
}

impl<'store> Follower<'store> {
    async fn new(runner: Runner<'store>) -> Self {
        let seen = runner.head().await;
        Self { runner, seen }
    }

    async fn news(&mut self) -> Vec<Subject> {
        let subjects = self.runner.subjects(self.seen).await;
        self.seen += subjects.len() as u64;
        assert_eq!(self.runner.head().await, self.seen);
        subjects
    }
}

/// Created, renamed, moved, trashed, titled by a model.
pub async fn every_write_to_a_conversation_stands_in_the_feed(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let first = || of_conversation(1);
    let mut follower = Follower::new(runner).await;
    runner.person.create(conversation(1), None, 0).await;
    assert_eq!(follower.news().await, [first()]);
    let owner = runner.owner();
    let id = conversation(1);
    let set = store.set_generated_title(owner, id, "A title".to_owned(), at(1));
    assert!(set.await.unwrap());
    assert_eq!(follower.news().await, [first()]);
    let patch = ConversationPatch {
        pinned: Some(true),
        ..ConversationPatch::default()
    };
    store.update(owner, id, patch, at(2)).await.unwrap();
    assert_eq!(follower.news().await, [first()]);
    store.trash(owner, id, at(3)).await.unwrap();
    assert_eq!(follower.news().await, [first()]);
    store.restore(owner, id, at(4)).await.unwrap();
    assert_eq!(follower.news().await, [first()]);
}

/// Each stored or changed message once, in order, then each touched conversation once.
pub async fn a_batch_stands_in_the_feed_in_order(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    runner.person.create(conversation(2), None, 0).await;
    let mut follower = Follower::new(runner).await;
    let batch = vec![
        plain(conversation(1), said(message(1), "one")),
        plain(conversation(2), said(message(2), "two")),
        plain(conversation(1), answered(message(3), "three")),
        plain_change(
            conversation(1),
            change(message(11), edit(message(1), "uno")),
        ),
    ];
    runner.person.append(batch).await;
    let expected = [
        of_message(1),
        of_message(2),
        of_message(3),
        of_conversation(1),
        of_conversation(2),
    ];
    assert_eq!(follower.news().await, expected);
    let in_first = |id, kind| plain_change(conversation(1), change(message(id), kind));
    let batch = vec![
        in_first(12, delete(message(3))),
        in_first(13, edit(message(1), "une")),
        in_first(14, undelete(message(3))),
    ];
    runner.person.append(batch).await;
    let expected = [of_message(3), of_message(1), of_conversation(1)];
    assert_eq!(follower.news().await, expected);
    runner
        .person
        .append_one(in_first(15, ChangeKind::Trash))
        .await;
    assert_eq!(follower.news().await, [of_conversation(1)]);
}

/// Begun and ended, each once; what happens between is in the run's log.
pub async fn a_run_stands_in_the_feed_when_it_begins_and_ends(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let mut follower = Follower::new(runner).await;
    runner.begin_new(run(1), None).await;
    assert_eq!(follower.news().await, [of_run(1)]);
    runner
        .go_on(run(1), logged(1, [started(), words("a")]), None)
        .await;
    store
        .request_stop(runner.owner(), run(1), at(30))
        .await
        .unwrap();
    assert_eq!(follower.news().await, []);
    let end = logged(3, [RunEvent::Ended(completed())]);
    runner.go_on(run(1), end, None).await;
    assert_eq!(follower.news().await, [of_run(1)]);
    store.clear_logs(at(90), 10).await.unwrap();
    assert_eq!(follower.news().await, []);
}

/// When its message comes and when it is whole; the pieces between are in the run's log.
pub async fn an_answer_stands_in_the_feed_when_it_comes_and_ends(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let first = || of_conversation(1);
    for number in [1, 2] {
        let record = target(conversation(1), message(number));
        runner.begin_new(run(number), Some(record)).await;
    }
    let mut follower = Follower::new(runner).await;
    runner
        .go_on(run(1), logged(1, [words("a")]), Some(snapshot("a", 1)))
        .await;
    assert_eq!(follower.news().await, [of_message(1), first()]);
    runner
        .go_on(run(1), logged(2, [words("b")]), Some(snapshot("ab", 2)))
        .await;
    assert_eq!(follower.news().await, []);
    let end = logged(3, [RunEvent::Ended(completed())]);
    runner.go_on(run(1), end, Some(snapshot("ab", 3))).await;
    assert_eq!(follower.news().await, [of_message(1), first(), of_run(1)]);
    let whole = logged(1, [words("a"), RunEvent::Ended(completed())]);
    runner
        .go_on(run(2), whole.clone(), Some(snapshot("a", 2)))
        .await;
    assert_eq!(follower.news().await, [of_message(2), first(), of_run(2)]);
    runner.go_on(run(2), whole, Some(snapshot("a", 2))).await;
    assert_eq!(follower.news().await, [], "once");
}

/// What a run did not write does not stand in the feed for it.
pub async fn a_run_whose_answer_is_there_already_stands_alone(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    runner
        .person
        .append_one(plain(conversation(1), answered(message(1), "kept")))
        .await;
    let record = target(conversation(1), message(1));
    runner.begin_new(run(1), Some(record)).await;
    let mut follower = Follower::new(runner).await;
    let whole = logged(1, [words("a"), RunEvent::Ended(completed())]);
    runner.go_on(run(1), whole, Some(snapshot("a", 2))).await;
    assert_eq!(follower.news().await, [of_run(1)]);
}

/// Of several runs in one unit: messages, conversations, runs, each once, for each owner.
pub async fn progress_of_several_runs_stands_in_the_feeds_in_order(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let other = runner.of(2);
    other.person.create(conversation(1), None, 0).await;
    let mut progress = Vec::new();
    for (whose, number) in [(runner, 1), (other, 2), (runner, 3)] {
        let record = target(conversation(1), message(number));
        whose.begin_new(run(number), Some(record)).await;
        let whole = logged(1, [words("a"), RunEvent::Ended(completed())]);
        progress.push(whose.progress(run(number), whole, Some(snapshot("a", 2))));
    }
    let mut follower = Follower::new(runner).await;
    let mut other = Follower::new(other).await;
    runner.record(progress, 20).await;
    let first = || of_conversation(1);
    let expected = [of_message(1), of_message(3), first(), of_run(1), of_run(3)];
    assert_eq!(follower.news().await, expected);
    assert_eq!(other.news().await, [of_message(2), first(), of_run(2)]);
}

/// Found dead, and back to life.
pub async fn a_dead_run_stands_in_the_feed_with_its_answer(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let first = || of_conversation(1);
    let record = target(conversation(1), message(1));
    runner.begin_new(run(1), Some(record)).await;
    runner.of(2).begin_new(run(2), None).await;
    runner.go_on(run(1), logged(1, [words("a")]), None).await;
    let mut follower = Follower::new(runner).await;
    let mut other = Follower::new(runner.of(2)).await;
    runner.on(2).interrupt_dead(30, 10, 50).await;
    assert_eq!(follower.news().await, [of_message(1), first(), of_run(1)]);
    assert_eq!(other.news().await, [of_run(2)]);
    runner.go_on_at(run(1), vec![], None, 51).await;
    assert_eq!(follower.news().await, [of_message(1), first(), of_run(1)]);
    runner.go_on_at(run(1), vec![], None, 52).await;
    assert_eq!(follower.news().await, []);
}

/// Repeats, refusals, gaps, what is missing, what was so already.
pub async fn nothing_stands_in_the_feed_when_nothing_changed(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let owner = runner.owner();
    let person = runner.person;
    let hello = || sequenced("phone", 1, conversation(1), said(message(1), "Hello"));
    person.append_one(hello()).await;
    let edited = || plain_change(conversation(1), change(message(11), edit(message(1), "Hi")));
    person.append_one(edited()).await;
    person
        .append_one(plain_change(
            conversation(1),
            change(message(12), ChangeKind::Trash),
        ))
        .await;
    let patch = ConversationPatch {
        title: Some("Mine".to_owned()),
        ..ConversationPatch::default()
    };
    store
        .update(owner, conversation(1), patch.clone(), at(70))
        .await
        .unwrap();
    runner.begin_new(run(1), None).await;
    let mut follower = Follower::new(runner).await;

    person.create(conversation(1), None, 80).await;
    let orphan = after(message(99), said(message(2), "orphan"));
    let gap = sequenced("phone", 9, conversation(1), said(message(3), "early"));
    let missing = plain(conversation(9), said(message(4), "nowhere"));
    person
        .append(vec![
            hello(),
            edited(),
            sequenced("phone", 2, conversation(1), orphan),
            gap,
            missing,
        ])
        .await;
    for id in [conversation(1), conversation(9)] {
        store.trash(owner, id, at(81)).await.unwrap();
    }
    for id in [conversation(1), conversation(9)] {
        let title = "generated".to_owned();
        let set = store.set_generated_title(owner, id, title, at(82)).await;
        assert!(!set.unwrap());
    }
    let updated = store.update(owner, conversation(9), patch, at(83)).await;
    assert_eq!(updated, Ok(Patched::Missing));
    runner.begin(run(1), None).await;
    let refused = target(conversation(9), message(5));
    runner.begin(run(2), Some(refused)).await;
    runner.go_on_at(run(1), vec![], None, 84).await;
    runner
        .record(
            vec![runner.progress(run(9), logged(1, [started()]), None)],
            85,
        )
        .await;
    runner.on(2).interrupt_dead(0, 10, 86).await;
    assert_eq!(follower.news().await, []);
    // And for whoever never had anything.
    let nobody = runner.of(9);
    nobody.person.append_one(hello()).await;
    assert_eq!(nobody.head().await, 0);
}

/// A change names what changed; a reader gets it as it is now, with the number and time of the change.
pub async fn the_feed_shows_the_present_state(store: &dyn FullStore) {
    let runner = Runner::with_conversation(store, conversation(1)).await;
    let question = plain(conversation(1), said(message(1), "Why?"));
    runner.person.append_plan(vec![question], 5).await;
    let record = target(conversation(1), message(2));
    let new = NewRun {
        id: run(1),
        node: node(1),
        record: Some(record),
        started_at: at(10),
    };
    store.begin(runner.owner(), new, at(11)).await.unwrap();
    let whole = logged(1, [words("a"), RunEvent::Ended(completed())]);
    runner
        .go_on_at(run(1), whole, Some(snapshot("a", 2)), 20)
        .await;
    let mine = change(message(11), edit(message(1), "Why not?"));
    let plan = vec![plain_change(conversation(1), mine)];
    runner.person.append_plan(plan, 30).await;

    let conversation_now =
        || async { Changed::Conversation(runner.person.conversation(conversation(1)).await) };
    let message_now = |number| async move {
        let message = runner.person.message(message(number)).await;
        Changed::Message(message)
    };
    let run_now = || async { Changed::Run(runner.run(run(1)).await) };
    let expected = [
        (0, conversation_now().await),
        (5, message_now(1).await),
        (5, conversation_now().await),
        (11, run_now().await),
        (20, message_now(2).await),
        (20, conversation_now().await),
        (20, run_now().await),
        (30, message_now(1).await),
        (30, conversation_now().await),
    ];
    let expected: Vec<Change> = (1..)
        .zip(expected)
        .map(|(seq, (seconds, changed))| Change {
            seq,
            at: at(seconds),
            changed,
        })
        .collect();
    assert_eq!(runner.changes(0).await, expected);
}

/// So many after a number, with the number of the newest of all.
pub async fn the_feed_is_read_in_pages(store: &dyn FullStore) {
    let runner = Runner::new(store);
    for number in 1..=5 {
        runner.person.create(conversation(number), None, 0).await;
    }
    let whole = runner.changes(0).await;
    assert_eq!(whole.len(), 5);
    let page = |from: usize, to: usize| FeedPage {
        changes: whole[from..to].to_vec(),
        head: 5,
    };
    assert_eq!(runner.feed_page(0, 2).await, page(0, 2));
    assert_eq!(runner.feed_page(2, 2).await, page(2, 4));
    assert_eq!(runner.feed_page(4, 2).await, page(4, 5));
    assert_eq!(runner.feed_page(5, 2).await, page(5, 5));
    assert_eq!(runner.feed_page(6, 2).await, page(5, 5));
    assert_eq!(runner.feed_page(u64::MAX, 2).await, page(5, 5));
}

/// Each owner's numbers begin with 1.
pub async fn feeds_of_two_owners_are_apart(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let other = runner.of(2);
    let nothing = FeedPage {
        changes: vec![],
        head: 0,
    };
    assert_eq!(other.feed_page(0, 10).await, nothing);
    runner.person.create(conversation(1), None, 0).await;
    assert_eq!(other.feed_page(0, 10).await, nothing);
    other.person.create(conversation(2), None, 0).await;
    runner.person.create(conversation(3), None, 0).await;
    let conversations = |numbers: [u128; 2]| numbers.map(of_conversation);
    assert_eq!(runner.subjects(0).await, conversations([1, 3]));
    assert_eq!(other.subjects(0).await, [of_conversation(2)]);
}
