//! Labels of conversations.

use std::collections::{BTreeMap, BTreeSet};

use manent_domain::conversation::{
    Bound, ConversationPatch, Created, LabelChange, MAX_LABELS, NewConversation, Patched,
};
use manent_domain::feed::Subject;
use manent_types::{ConversationId, Label};

use super::FullStore;
use super::orders::add_labels;
use super::person::{Person, at, conversation, label};
use super::runner::Runner;

fn set(labels: &[&str]) -> BTreeSet<Label> {
    labels.iter().map(|text| label(text)).collect()
}

fn change(add: &[&str], remove: &[&str]) -> ConversationPatch {
    ConversationPatch {
        labels: Some(LabelChange {
            add: set(add),
            remove: set(remove),
        }),
        ..ConversationPatch::default()
    }
}

fn counts(counts: &[(&str, u64)]) -> BTreeMap<Label, u64> {
    let counts = counts.iter();
    counts.map(|(text, count)| (label(text), *count)).collect()
}

/// As they were given, in any script.
pub async fn a_conversation_begins_with_its_labels(store: &dyn FullStore) {
    let person = Person::new(store, 1);
    let labels = set(&["tag:ü", "a \"b\" \\ c", "{}", "\u{1f600}", "tag:a"]);
    let new = NewConversation {
        labels: labels.clone(),
        ..NewConversation::new(conversation(1))
    };
    let created = store.create(person.owner, new, at(1)).await.unwrap();
    let Created::New(created) = created else {
        panic!("it is new");
    };
    assert_eq!(created.labels, labels);
    assert_eq!(person.conversation(conversation(1)).await, created);
}

/// Additions win over removals; what is there twice or not at all does no harm.
pub async fn labels_are_added_and_taken_away(store: &dyn FullStore) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let mut expected = person.conversation(conversation(1)).await;
    for (seconds, patch, labels) in [
        (1, change(&["a", "b"], &[]), set(&["a", "b"])),
        (2, change(&["b", "c"], &["a", "x"]), set(&["b", "c"])),
        (3, change(&["c"], &["c"]), set(&["b", "c"])),
        (4, change(&[], &["b", "c"]), set(&[])),
    ] {
        let updated = store
            .update(person.owner, conversation(1), patch, at(seconds))
            .await;
        expected.labels = labels;
        expected.updated_at = at(seconds);
        assert_eq!(updated, Ok(Patched::Done(expected.clone())));
        assert_eq!(person.conversation(conversation(1)).await, expected);
    }
}

/// Nothing of a patch that goes beyond the bound is done.
pub async fn too_many_labels_are_refused(store: &dyn FullStore) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let full: Vec<String> = (0..MAX_LABELS).map(|number| format!("l{number}")).collect();
    let full: Vec<&str> = full.iter().map(String::as_str).collect();
    let patch = change(&full, &[]);
    let updated = store.update(person.owner, conversation(1), patch, at(1));
    let before = updated.await.unwrap().done().unwrap();
    let patch = ConversationPatch {
        title: Some("Title".to_owned()),
        ..change(&["one more"], &[])
    };
    let updated = store.update(person.owner, conversation(1), patch, at(2));
    assert_eq!(updated.await, Ok(Patched::Refused(Bound::Labels)));
    assert_eq!(person.conversation(conversation(1)).await, before);
    let patch = change(&["one more"], &["l0"]);
    let updated = store.update(person.owner, conversation(1), patch, at(3));
    assert_eq!(
        updated.await.unwrap().done().unwrap().labels.len(),
        MAX_LABELS
    );
}

/// The trash and others' conversations do not count; the archive does.
pub async fn labels_are_counted(store: &dyn FullStore) {
    let (person, other) = (Person::new(store, 1), Person::new(store, 2));
    for number in 1..=4 {
        person.create(conversation(number), None, 1).await;
        add_labels(person, number, &["tag:a", "project:1"]).await;
    }
    add_labels(person, 1, &["tag:b"]).await;
    other.create(conversation(1), None, 1).await;
    add_labels(other, 1, &["tag:a", "tag:z"]).await;
    let trashed = store.trash(person.owner, conversation(2), at(2)).await;
    trashed.unwrap().unwrap();
    let patch = ConversationPatch {
        archived: Some(true),
        ..ConversationPatch::default()
    };
    let archived = store.update(person.owner, conversation(3), patch, at(2));
    archived.await.unwrap().done().unwrap();
    let count = async |prefix: &str| store.label_counts(person.owner, prefix).await.unwrap();
    assert_eq!(
        count("").await,
        counts(&[("project:1", 3), ("tag:a", 3), ("tag:b", 1)])
    );
    assert_eq!(count("tag:").await, counts(&[("tag:a", 3), ("tag:b", 1)]));
    assert_eq!(count("tag:a").await, counts(&[("tag:a", 3)]));
    assert_eq!(count("TAG").await, counts(&[]));
    assert_eq!(count("%").await, counts(&[]));
    let nobody = Person::new(store, 9).owner;
    assert_eq!(store.label_counts(nobody, "").await, Ok(counts(&[])));
}

/// Also in the trash; whoever has the new one already has it once.
pub async fn a_label_is_renamed_everywhere(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let (person, other) = (runner.person, Person::new(store, 2));
    for number in 1..=4 {
        person.create(conversation(number), None, 1).await;
    }
    for (number, labels) in [
        (1, &["a", "x"][..]),
        (2, &["a", "b"]),
        (3, &["b"]),
        (4, &["a"]),
    ] {
        add_labels(person, number, labels).await;
    }
    other.create(conversation(1), None, 1).await;
    add_labels(other, 1, &["a"]).await;
    let trashed = store.trash(person.owner, conversation(4), at(51)).await;
    trashed.unwrap().unwrap();
    let head = runner.head().await;

    let (from, to) = (label("a"), label("b"));
    let renamed = store.rename_label(person.owner, &from, &to, at(60)).await;
    assert_eq!(renamed, Ok(3));
    for (number, labels, seconds) in [
        (1, set(&["b", "x"]), 60),
        (2, set(&["b"]), 60),
        (3, set(&["b"]), 50),
        (4, set(&["b"]), 60),
    ] {
        let found = person.conversation(conversation(number)).await;
        assert_eq!((found.labels, found.updated_at), (labels, at(seconds)));
    }
    assert_eq!(
        other.conversation(conversation(1)).await.labels,
        set(&["a"])
    );
    assert_eq!(told(runner, head).await, [1, 2, 4].map(conversation).into());
    let again = store.rename_label(person.owner, &from, &to, at(61)).await;
    assert_eq!(again, Ok(0));
    assert_eq!(runner.head().await, head + 3);
}

/// The conversations of the feed after this number.
async fn told(runner: Runner<'_>, after: u64) -> BTreeSet<ConversationId> {
    let subjects = runner.subjects(after).await;
    let ids = subjects.into_iter().map(|subject| match subject {
        Subject::Conversation(id) => id,
        other => panic!("{other:?} is no conversation"),
    });
    ids.collect()
}

/// Also in the trash, and nowhere else.
pub async fn a_label_is_taken_away_everywhere(store: &dyn FullStore) {
    let runner = Runner::new(store);
    let (person, other) = (runner.person, Person::new(store, 2));
    for number in 1..=3 {
        person.create(conversation(number), None, 1).await;
    }
    for (number, labels) in [(1, &["a", "x"][..]), (2, &["b"]), (3, &["a"])] {
        add_labels(person, number, labels).await;
    }
    other.create(conversation(1), None, 1).await;
    add_labels(other, 1, &["a"]).await;
    let trashed = store.trash(person.owner, conversation(3), at(51)).await;
    trashed.unwrap().unwrap();
    let head = runner.head().await;
    let removed = store.remove_label(person.owner, &label("a"), at(60)).await;
    assert_eq!(removed, Ok(2));
    let labels = async |number| person.conversation(conversation(number)).await.labels;
    assert_eq!(labels(1).await, set(&["x"]));
    assert_eq!(labels(2).await, set(&["b"]));
    assert_eq!(labels(3).await, set(&[]));
    assert_eq!(
        other.conversation(conversation(1)).await.labels,
        set(&["a"])
    );
    assert_eq!(told(runner, head).await, [1, 3].map(conversation).into());
    let removed = store.remove_label(person.owner, &label("a"), at(61)).await;
    assert_eq!(removed, Ok(0));
    assert_eq!(runner.head().await, head + 2);
}
