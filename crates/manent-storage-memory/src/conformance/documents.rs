//! Documents.

use futures_util::future::join_all;
use manent_domain::conversation::Page;
use manent_domain::document::{Document, DocumentBody, Expect, MAX_DOCUMENTS, Put};
use manent_domain::ports::DocumentRepository;
use manent_domain::transfer::TransferRecord;
use manent_types::UserId;
use serde_json::{Value, json};

use super::KeepingStore;
use super::person::{Person, at};

/// A document's body.
pub fn body(value: Value) -> DocumentBody {
    let Value::Object(map) = value else {
        panic!("a document is an object");
    };
    DocumentBody::try_from(map).unwrap()
}

fn owner(store: &dyn KeepingStore, number: u128) -> UserId {
    Person::new(store, number).owner
}

async fn put(
    store: &dyn KeepingStore,
    owner: UserId,
    id: &str,
    value: Value,
    expect: Expect,
    seconds: i64,
) -> Put {
    DocumentRepository::put(store, owner, "preset", id, body(value), expect, at(seconds))
        .await
        .unwrap()
}

async fn find(store: &dyn KeepingStore, owner: UserId, id: &str) -> Option<Document> {
    let found = DocumentRepository::find(store, owner, "preset", id).await;
    found.unwrap()
}

async fn list(
    store: &dyn KeepingStore,
    owner: UserId,
    after: Option<&str>,
    limit: usize,
) -> Page<Document, String> {
    let page = DocumentRepository::list(store, owner, "preset", after, limit).await;
    page.unwrap()
}

/// Revisions count from 1; what is not expected changes nothing and is told.
pub async fn a_document_is_stored_when_what_is_there_is_expected(store: &dyn KeepingStore) {
    let owner = owner(store, 1);
    let mut expected = Document {
        kind: "preset".to_owned(),
        id: "ü 1".to_owned(),
        body: body(json!({"a": [1, null, "\u{0}\" \\ ü"]})),
        revision: 1,
        created_at: at(1),
        updated_at: at(1),
    };
    assert_eq!(find(store, owner, "ü 1").await, None);
    let absent = put(store, owner, "ü 1", json!({}), Expect::Revision(1), 0).await;
    assert_eq!(absent, Put::Conflict(None));
    let value = Value::Object(expected.body.as_map().clone());
    let stored = put(store, owner, "ü 1", value, Expect::Absent, 1).await;
    assert_eq!(stored, Put::Stored(expected.clone()));
    for wrong in [Expect::Absent, Expect::Revision(0), Expect::Revision(2)] {
        let conflict = put(store, owner, "ü 1", json!({}), wrong, 2).await;
        assert_eq!(conflict, Put::Conflict(Some(expected.clone())));
    }
    for (expect, seconds) in [(Expect::Revision(1), 3), (Expect::Any, 4)] {
        expected.body = body(json!({"seconds": seconds}));
        expected.revision += 1;
        expected.updated_at = at(seconds);
        let stored = put(
            store,
            owner,
            "ü 1",
            json!({"seconds": seconds}),
            expect,
            seconds,
        );
        assert_eq!(stored.await, Put::Stored(expected.clone()));
    }
    // A clock that goes back takes nothing back.
    expected.body = body(json!({}));
    expected.revision += 1;
    let stored = put(store, owner, "ü 1", json!({}), Expect::Any, 2).await;
    assert_eq!(stored, Put::Stored(expected.clone()));
    assert_eq!(find(store, owner, "ü 1").await, Some(expected));
}

/// By the bytes of the ids, one kind alone.
pub async fn documents_are_listed_by_their_ids(store: &dyn KeepingStore) {
    let owner = owner(store, 1);
    let mut ids = ["b", "a", "Z", "ä", "a-1", "\u{1f600}", "10", "9"];
    for id in ids {
        put(store, owner, id, json!({"id": id}), Expect::Any, 1).await;
    }
    for kind in ["prese", "preset-2"] {
        let other = body(json!({}));
        let stored = DocumentRepository::put(store, owner, kind, "c", other, Expect::Any, at(1));
        assert!(matches!(stored.await, Ok(Put::Stored(_))));
    }
    ids.sort_unstable();
    for limit in [1, 3, 8, 100] {
        let mut seen = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = list(store, owner, after.as_deref(), limit).await;
            assert!(page.items.len() <= limit);
            seen.extend(page.items.into_iter().map(|found| found.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, ids);
    }
    let page = list(store, owner, Some("a"), 100).await;
    assert_eq!(page.items[0].id, "a-1");
}

/// Once, and all of a kind at once.
pub async fn documents_are_removed(store: &dyn KeepingStore) {
    let (one, other) = (owner(store, 1), owner(store, 2));
    for owner in [one, other] {
        for id in ["a", "b", "c"] {
            put(store, owner, id, json!({}), Expect::Any, 1).await;
        }
    }
    let remove = async |id| DocumentRepository::remove(store, one, "preset", id).await;
    assert_eq!(remove("a").await, Ok(true));
    assert_eq!(remove("a").await, Ok(false));
    let removed = DocumentRepository::remove_all(store, one, "prese").await;
    assert_eq!(removed, Ok(0));
    let removed = DocumentRepository::remove_all(store, one, "preset").await;
    assert_eq!(removed, Ok(2));
    assert_eq!(list(store, one, None, 10).await.items, []);
    assert_eq!(list(store, other, None, 10).await.items.len(), 3);
    // It begins anew.
    let Put::Stored(again) = put(store, one, "a", json!({}), Expect::Absent, 9).await else {
        panic!("it is new");
    };
    assert_eq!((again.revision, again.created_at), (1, at(9)));
}

/// No call but the one for secrets reaches another owner's document; of two with one id that one finds the first.
pub async fn another_owners_document_does_not_exist(store: &dyn KeepingStore) {
    let (one, other) = (owner(store, 2), owner(store, 1));
    put(store, one, "secret", json!({"of": "one"}), Expect::Any, 1).await;
    assert_eq!(find(store, other, "secret").await, None);
    assert_eq!(list(store, other, None, 10).await.items, []);
    let removed = DocumentRepository::remove(store, other, "preset", "secret").await;
    assert_eq!(removed, Ok(false));
    let stored = put(
        store,
        other,
        "secret",
        json!({"of": "other"}),
        Expect::Absent,
        2,
    )
    .await;
    assert!(matches!(stored, Put::Stored(_)));
    // What is changed later was there first all the same.
    put(
        store,
        one,
        "secret",
        json!({"of": "one", "n": 2}),
        Expect::Any,
        3,
    )
    .await;
    let anyone = async |kind, id| {
        let found = DocumentRepository::find_of_anyone(store, kind, id).await;
        found.unwrap()
    };
    let first = find(store, one, "secret").await.unwrap();
    assert_eq!(anyone("preset", "secret").await, Some((one, first)));
    assert_eq!(anyone("preset", "secre").await, None);
    assert_eq!(anyone("other", "secret").await, None);
    let removed = DocumentRepository::remove(store, one, "preset", "secret").await;
    assert_eq!(removed, Ok(true));
    let second = find(store, other, "secret").await.unwrap();
    assert_eq!(anyone("preset", "secret").await, Some((other, second)));
}

/// The bound is for new ones of one kind.
pub async fn a_kind_that_is_full_takes_no_new_documents(store: &dyn KeepingStore) {
    let owner = owner(store, 1);
    put(store, owner, "first", json!({}), Expect::Any, 1).await;
    let records = (1..MAX_DOCUMENTS).map(|number| TransferRecord::Document {
        owner,
        document: Document {
            kind: "preset".to_owned(),
            id: format!("n{number}"),
            body: DocumentBody::default(),
            revision: 1,
            created_at: at(1),
            updated_at: at(1),
        },
    });
    store.import(records.collect()).await.unwrap();
    let full = put(store, owner, "one more", json!({}), Expect::Any, 2).await;
    assert_eq!(full, Put::Full);
    let stored = put(store, owner, "first", json!({"a": 1}), Expect::Any, 2).await;
    assert!(matches!(stored, Put::Stored(_)));
    let other = DocumentRepository::put(
        store,
        owner,
        "other",
        "first",
        body(json!({})),
        Expect::Any,
        at(2),
    );
    assert!(matches!(other.await, Ok(Put::Stored(_))));
    let removed = DocumentRepository::remove(store, owner, "preset", "n1").await;
    assert_eq!(removed, Ok(true));
    let stored = put(store, owner, "one more", json!({}), Expect::Any, 3).await;
    assert!(matches!(stored, Put::Stored(_)));
}

/// Of many who have read the same revision one writes.
pub async fn one_of_many_writers_of_a_revision_wins(store: &dyn KeepingStore) {
    let owner = owner(store, 1);
    put(store, owner, "a", json!({}), Expect::Absent, 1).await;
    let writers = (0..8).map(|number| {
        let value = json!({ "writer": number });
        put(store, owner, "a", value, Expect::Revision(1), 2)
    });
    let done = join_all(writers).await;
    let stored = done.iter().filter(|put| matches!(put, Put::Stored(_)));
    assert_eq!(stored.count(), 1);
    assert_eq!(find(store, owner, "a").await.unwrap().revision, 2);
    let new = (0..8).map(|_| put(store, owner, "b", json!({}), Expect::Absent, 3));
    let done = join_all(new).await;
    let stored = done.iter().filter(|put| matches!(put, Put::Stored(_)));
    assert_eq!(stored.count(), 1);
}
