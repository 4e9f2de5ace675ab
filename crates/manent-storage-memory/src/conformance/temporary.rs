//! Temporary conversations: there until their time is over, in no list, search, count or feed, and gone for good afterwards.

use manent_domain::append::Outcome;
use manent_domain::conversation::{
    ConversationFilter, ConversationPatch, Created, NewConversation, Patched,
};
use manent_domain::error::Refusal;
use manent_domain::message::MessageRange;
use manent_domain::ports::{ConversationRepository, MessageRepository};
use manent_domain::run::{Begun, RunEvent};
use manent_types::ConversationId;
use serde_json::json;

use super::FullStore;
use super::orders::add_labels;
use super::person::{
    ACTIVE, Person, at, change, conversation, delete, edit, extras_patch, label, message, plain,
    plain_change, refused, said, sequenced,
};
use super::runner::{Runner, completed, logged, run, snapshot, started, target, words};
use super::transfer::export;

/// Creates a conversation that goes at a time.
async fn create_until(person: Person<'_>, id: ConversationId, expires: i64) {
    let new = NewConversation {
        expires_at: Some(at(expires)),
        ..NewConversation::new(id)
    };
    let created = person.store.create(person.owner, new, at(0)).await.unwrap();
    assert!(matches!(created, Created::New(_)));
}

/// A message, changes, and a run with an answer, all of them in a conversation of the person.
async fn fill(runner: Runner<'_>, number: u128) {
    let (person, id) = (runner.person, conversation(number));
    let (question, answer) = (message(10 * number), message(10 * number + 1));
    person
        .append(vec![
            sequenced("phone", 1, id, said(question, "white whale")),
            refused("phone", 2, id, None, Refusal::InvalidBody),
            plain_change(
                id,
                change(message(10 * number + 5), edit(question, "blue whale")),
            ),
        ])
        .await;
    let record = target(id, answer);
    runner.begin_new(run(number), Some(record)).await;
    let events = logged(
        1,
        [started(), words("red fox"), RunEvent::Ended(completed())],
    );
    let end = runner.progress(run(number), events, Some(snapshot("red fox", 3)));
    runner.record(vec![end], 61).await;
    person.message(answer).await;
}

/// It answers those who know its id.
pub async fn a_temporary_conversation_stands_nowhere(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let person = runner.person;
    create_until(person, conversation(1), 1_000).await;
    fill(runner, 1).await;
    add_labels(person, 1, &["tag:a"]).await;
    let patch = ConversationPatch {
        title: Some("white whale".to_owned()),
        ..ConversationPatch::default()
    };
    let titled = store.update(person.owner, conversation(1), patch, at(70));
    titled.await.unwrap().done().unwrap();
    let annotated = store.annotate(
        person.owner,
        message(10),
        extras_patch(json!({"a": 1})),
        at(71),
    );
    assert!(matches!(annotated.await, Ok(Patched::Done(_))));
    runner
        .begin_new(run(2), Some(target(conversation(1), message(12))))
        .await;
    let half = logged(1, [started(), words("half")]);
    runner.go_on(run(2), half, None).await;
    let dead = runner.on(9).interrupt_dead(1_000, 100, 200).await;
    assert_eq!(dead.len(), 1);

    assert_eq!(runner.head().await, 0);
    for trashed in [false, true] {
        for archived in [false, true] {
            let filter = ConversationFilter {
                archived,
                trashed,
                ..ACTIVE
            };
            assert_eq!(person.list(&filter).await, []);
            let change = if trashed {
                store.restore(person.owner, conversation(1), at(300)).await
            } else {
                store.trash(person.owner, conversation(1), at(299)).await
            };
            change.unwrap().unwrap();
        }
    }
    for word in ["whale", "fox"] {
        assert_eq!(person.search(&[word]).await, []);
    }
    assert_eq!(
        store.label_counts(person.owner, "").await,
        Ok(std::collections::BTreeMap::new())
    );
    let found = person.conversation(conversation(1)).await;
    assert_eq!(found.expires_at, Some(at(1_000)));
    assert_eq!(person.messages(conversation(1)).await.len(), 3);
    assert_eq!(
        person.message(message(10)).await.extras,
        super::person::extras(json!({"a": 1}))
    );
    let (from, to) = (label("tag:a"), label("tag:b"));
    let renamed = store.rename_label(person.owner, &from, &to, at(301)).await;
    assert_eq!(renamed, Ok(1));
    assert_eq!(runner.head().await, 0);
}

/// Whether or not its rows were removed.
pub async fn what_expired_is_not_there(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let person = runner.person;
    create_until(person, conversation(1), 100).await;
    fill(runner, 1).await;
    let (owner, id) = (person.owner, conversation(1));
    let found = async |seconds| {
        let range = MessageRange::After(0);
        let found = ConversationRepository::find(store, owner, id, at(seconds)).await;
        let listed = MessageRepository::list(store, owner, id, range, 10, at(seconds)).await;
        let message = store.find_message(owner, message(10), at(seconds)).await;
        [
            found.unwrap().is_some(),
            listed.unwrap().is_some(),
            message.unwrap().is_some(),
        ]
    };
    assert_eq!(found(99).await, [true; 3]);
    assert_eq!(found(100).await, [false; 3]);

    let patch = ConversationPatch {
        pinned: Some(true),
        ..ConversationPatch::default()
    };
    let updated = store.update(owner, id, patch, at(100)).await;
    assert_eq!(updated, Ok(Patched::Missing));
    assert_eq!(store.trash(owner, id, at(100)).await, Ok(None));
    let titled = store.set_generated_title(owner, id, "Title".to_owned(), at(100));
    assert_eq!(titled.await, Ok(false));
    let annotated = store.annotate(owner, message(10), extras_patch(json!({"a": 1})), at(100));
    assert_eq!(annotated.await, Ok(Patched::Missing));
    let batch = vec![
        plain(id, said(message(50), "late")),
        plain_change(id, change(message(51), delete(message(10)))),
    ];
    let plan = person.append_plan(batch, 100).await;
    for told in plan.outcomes {
        assert_eq!(
            told.outcome,
            Outcome::Rejected(Refusal::ConversationNotFound)
        );
    }
    let begun = runner
        .begin_at(run(9), Some(target(id, message(60))), 100)
        .await;
    assert_eq!(begun, Begun::Refused(Refusal::ConversationNotFound));
}

/// With everything in them, and with nothing of others; at most as many as asked for.
pub async fn what_expired_is_removed_for_good(store: &dyn FullStore) {
    let (one, other) = (Runner::new(store), Runner::new(store).of(2));
    for runner in [one, other] {
        runner.person.create(conversation(7), None, 0).await;
        fill(runner, 7).await;
    }
    let before = export(store, 1_000).await;
    for runner in [one, other] {
        for (number, expires) in [(1, 100), (2, 101), (3, 500)] {
            create_until(runner.person, conversation(number), expires).await;
            fill(runner, number).await;
        }
    }
    let kept = export(store, 1_000).await;
    assert_eq!(store.remove_expired(at(99), 10).await, Ok(0));
    assert_eq!(export(store, 1_000).await, kept);
    assert_eq!(store.remove_expired(at(100), 10).await, Ok(2));
    assert_eq!(store.remove_expired(at(499), 1).await, Ok(1));
    assert_eq!(store.remove_expired(at(499), 10).await, Ok(1));
    assert_eq!(store.remove_expired(at(499), 10).await, Ok(0));
    for runner in [one, other] {
        assert_eq!(runner.find_run(run(2)).await, None);
        assert_eq!(runner.person.find_message(message(21)).await, None);
        assert_eq!(runner.person.messages(conversation(3)).await.len(), 2);
    }
    assert_eq!(store.remove_expired(at(1_000), 10).await, Ok(2));
    assert_eq!(export(store, 1_000).await, before);

    // Its ids are free again, its words are not found, and a run that arrives late finds nothing.
    let person = one.person;
    let late = one.progress(run(2), logged(4, [words("late")]), None);
    assert_eq!(one.record(vec![late], 1_001).await, [None]);
    person
        .create_new(conversation(2), Some("Garden"), 1_002)
        .await;
    let again = person
        .append_one(sequenced(
            "phone",
            1,
            conversation(2),
            said(message(20), "other words"),
        ))
        .await;
    assert_eq!(again, Outcome::Stored { seq: 1 });
    // The title and the message of the one that stayed.
    assert_eq!(person.search(&["whale"]).await.len(), 2);
    assert_eq!(person.search(&["other"]).await.len(), 1);
    assert_eq!(person.search(&["garden"]).await.len(), 1);
}
