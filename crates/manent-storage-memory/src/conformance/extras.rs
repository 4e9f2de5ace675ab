//! What surfaces keep with conversations and messages.

use manent_domain::append::{NewMessage, Outcome};
use manent_domain::conversation::{Bound, ConversationPatch, Created, NewConversation, Patched};
use manent_domain::feed::Changed;
use manent_types::{Extras, MessageStatus};
use serde_json::json;

use super::FullStore;
use super::person::{
    Person, answered, at, change, conversation, delete, edit, extras, extras_patch, message, plain,
    plain_change, said,
};
use super::runner::{Runner, completed, logged, run, snapshot, started, target, words};

fn patch(value: serde_json::Value) -> ConversationPatch {
    ConversationPatch {
        extras: Some(extras_patch(value)),
        ..ConversationPatch::default()
    }
}

/// As they were given.
pub async fn a_conversation_begins_with_its_extras(store: &dyn FullStore) {
    let person = Person::new(store, 1);
    let kept = extras(json!({"a": {"b": [1, 2.5, null, "\u{0}ü \" \\"]}, "": true}));
    let new = NewConversation {
        extras: kept.clone(),
        ..NewConversation::new(conversation(1))
    };
    let created = store.create(person.owner, new, at(1)).await.unwrap();
    let Created::New(created) = created else {
        panic!("it is new");
    };
    assert_eq!(created.extras, kept);
    assert_eq!(person.conversation(conversation(1)).await, created);
}

/// Member by member, beside whatever else the patch changes; nothing of it when it would be too much.
pub async fn a_patch_is_merged_into_a_conversations_extras(store: &dyn FullStore) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let update = async |change: ConversationPatch, seconds| {
        let updated = store.update(person.owner, conversation(1), change, at(seconds));
        updated.await.unwrap()
    };
    let extras_of = async || person.conversation(conversation(1)).await.extras;
    update(patch(json!({"a": 1, "b": {"c": 2}})), 1).await;
    assert_eq!(extras_of().await, extras(json!({"a": 1, "b": {"c": 2}})));
    update(patch(json!({"a": null, "b": {"d": 3}})), 2).await;
    assert_eq!(extras_of().await, extras(json!({"b": {"c": 2, "d": 3}})));
    // What else is changed leaves them alone.
    let title = ConversationPatch {
        title: Some("Title".to_owned()),
        ..ConversationPatch::default()
    };
    update(title, 3).await;
    person
        .append_plan(vec![plain(conversation(1), said(message(1), "words"))], 4)
        .await;
    assert_eq!(extras_of().await, extras(json!({"b": {"c": 2, "d": 3}})));

    let half = "x".repeat(Extras::MAX_BYTES / 2);
    update(patch(json!({"half": half})), 5).await;
    let before = person.conversation(conversation(1)).await;
    let beyond = ConversationPatch {
        title: Some("Other".to_owned()),
        ..patch(json!({"other half": half}))
    };
    assert_eq!(update(beyond, 6).await, Patched::Refused(Bound::Extras));
    assert_eq!(person.conversation(conversation(1)).await, before);
    update(patch(json!({"b": null, "half": null})), 7).await;
    assert_eq!(extras_of().await, Extras::new());
}

/// The same message with other extras is a duplicate, and nothing changes; neither does an edit change them.
pub async fn a_message_keeps_its_extras(store: &dyn FullStore) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let kept = extras(json!({"a": ["\u{0}", {"b": "needle"}]}));
    let with = |extras: &Extras| NewMessage {
        extras: extras.clone(),
        ..said(message(1), "blue whale")
    };
    let stored = person.append_one(plain(conversation(1), with(&kept))).await;
    assert_eq!(stored, Outcome::Stored { seq: 1 });
    for other in [extras(json!({"other": 1})), Extras::new()] {
        let again = person
            .append_one(plain(conversation(1), with(&other)))
            .await;
        assert_eq!(again, Outcome::Duplicate { seq: 1 });
    }
    assert_eq!(person.message(message(1)).await.extras, kept);
    person
        .append(vec![
            plain_change(
                conversation(1),
                change(message(20), edit(message(1), "white whale")),
            ),
            plain_change(conversation(1), change(message(21), delete(message(1)))),
        ])
        .await;
    assert_eq!(person.message(message(1)).await.extras, kept);
    assert_eq!(person.messages(conversation(1)).await[0].extras, kept);
    assert_eq!(person.search(&["needle"]).await, []);
}

/// The message as it is afterwards, which stands in the feed; nothing else of it changes.
pub async fn an_annotation_is_merged_and_told(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let person = runner.person;
    person.create(conversation(1), None, 0).await;
    person
        .append(vec![
            plain(conversation(1), said(message(1), "blue whale")),
            plain(conversation(1), answered(message(2), "red fox")),
        ])
        .await;
    let before = person.conversation(conversation(1)).await;
    let mut expected = person.message(message(2)).await;
    let head = runner.head().await;
    let annotate = async |value: serde_json::Value| {
        let patch = extras_patch(value);
        let done = store
            .annotate(person.owner, message(2), patch, at(70))
            .await;
        done.unwrap()
    };
    expected.extras = extras(json!({"a": {"b": 1}}));
    assert_eq!(
        annotate(json!({"a": {"b": 1}, "c": null})).await,
        Patched::Done(expected.clone())
    );
    expected.extras = extras(json!({"a": {"b": 1, "d": 2}}));
    assert_eq!(
        annotate(json!({"a": {"d": 2}})).await,
        Patched::Done(expected.clone())
    );
    assert_eq!(person.message(message(2)).await, expected);
    assert_eq!(person.conversation(conversation(1)).await, before);
    assert_eq!(person.message(message(1)).await.extras, Extras::new());
    let changes = runner.changes(head).await;
    let told: Vec<_> = changes.iter().map(|change| &change.changed).collect();
    let message_now = Changed::Message(expected.clone());
    assert_eq!(told, [&message_now, &message_now]);

    let half = "x".repeat(Extras::MAX_BYTES / 2);
    annotate(json!({"half": half})).await;
    assert_eq!(
        annotate(json!({"other half": half})).await,
        Patched::Refused(Bound::Extras)
    );
    assert_eq!(runner.head().await, head + 3);
    expected.extras = Extras::new();
    assert_eq!(
        annotate(json!({"a": null, "half": null})).await,
        Patched::Done(expected)
    );
}

/// No call reaches another owner's message.
pub async fn another_owners_message_is_not_annotated(store: &dyn FullStore) {
    let person = Person::with_conversation(store, conversation(1)).await;
    person
        .append(vec![plain(conversation(1), said(message(1), "mine"))])
        .await;
    let other = Person::new(store, 2);
    for (owner, id) in [(other.owner, message(1)), (person.owner, message(9))] {
        let done = store.annotate(owner, id, extras_patch(json!({"a": 1})), at(70));
        assert_eq!(done.await, Ok(Patched::Missing));
    }
    assert_eq!(person.message(message(1)).await.extras, Extras::new());
}

/// Neither what the run writes later nor its end takes it away.
pub async fn an_answer_that_is_being_written_is_annotated(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let person = runner.person;
    person.create(conversation(1), None, 0).await;
    person
        .append(vec![plain(conversation(1), said(message(1), "question"))])
        .await;
    let record = target(conversation(1), message(2));
    runner.begin_new(run(1), Some(record)).await;
    let begun = runner.progress(
        run(1),
        logged(1, [started(), words("red")]),
        Some(snapshot("red", 2)),
    );
    runner.record(vec![begun], 20).await;
    assert_eq!(person.message(message(2)).await.extras, Extras::new());
    let kept = extras_patch(json!({"a": 1}));
    let done = store.annotate(person.owner, message(2), kept, at(21)).await;
    assert!(matches!(done, Ok(Patched::Done(_))));
    let end = runner.progress(
        run(1),
        logged(
            3,
            [
                words(" fox"),
                manent_domain::run::RunEvent::Ended(completed()),
            ],
        ),
        Some(snapshot("red fox", 4)),
    );
    runner.record(vec![end], 22).await;
    let answer = person.message(message(2)).await;
    assert_eq!(answer.status, MessageStatus::Complete);
    assert_eq!(answer.extras, extras(json!({"a": 1})));
    assert_eq!(person.search(&["fox"]).await.len(), 1);
}
