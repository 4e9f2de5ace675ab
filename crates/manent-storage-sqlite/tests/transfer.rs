//! Everything goes from store to store and is the same there, however small the pages are.
#![expect(clippy::unwrap_used, reason = "a test")]

use manent_domain::append::ParentRef;
use manent_domain::completion::CompletionEvent;
use manent_domain::document::{DocumentBody, Expect};
use manent_domain::error::Refusal;
use manent_domain::ports::{DocumentRepository, RunRepository, StoreError, TransferRepository};
use manent_domain::run::{LoggedEvent, NewRun, RecordTarget, RunEnd, RunEvent, RunProgress};
use manent_domain::transfer::{RecordKind, TransferRecord};
use manent_storage_memory::MemoryStore;
use manent_storage_memory::conformance::Store;
use manent_storage_memory::conformance::person::{
    Person, at, change, conversation, delete, edit, message, refused, said, sequenced,
    sequenced_change,
};
use manent_storage_sqlite::{SqliteConfig, SqliteStore};
use manent_types::{MessageStatus, NodeId, RunId};
use tempfile::TempDir;
use uuid::Uuid;

fn fresh() -> (SqliteStore, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(directory.path())).unwrap();
    (store, directory)
}

/// Three persons with a bit of everything.
async fn fill<S: Store + RunRepository + DocumentRepository>(store: &S) {
    let node = NodeId::new(Uuid::from_u128(7));
    for number in 1..=3 {
        let person = Person::new(store, number);
        for (kind, id) in [("preset", "a"), ("preset", "b"), ("prompt", "a")] {
            let body = serde_json::Map::from_iter([("of".to_owned(), id.into())]);
            let body = DocumentBody::try_from(body).unwrap();
            let put =
                DocumentRepository::put(store, person.owner, kind, id, body, Expect::Any, at(5));
            put.await.unwrap();
        }
        for place in 1..=2 {
            let id = conversation(place);
            person.create(id, Some("a title"), 0).await;
            let first = message(place * 100 + 1);
            for device in ["phone", "desk"] {
                let number = place * 100 + u128::from(device == "desk") * 10 + 1;
                person
                    .append(vec![
                        sequenced(device, 1, id, said(message(number), "words of mine")),
                        refused(device, 2, id, None, Refusal::InvalidBody),
                        sequenced(device, 3, id, said(message(number + 1), "more of them")),
                        sequenced_change(
                            device,
                            4,
                            id,
                            change(message(number + 1_000), edit(first, device)),
                        ),
                    ])
                    .await;
            }
            let deletion = change(
                message(place * 100 + 2_000),
                delete(message(place * 100 + 2)),
            );
            person
                .append(vec![sequenced_change("desk", 5, id, deletion)])
                .await;
            let run = RunId::new(Uuid::from_u128(place));
            let new = NewRun {
                id: run,
                node,
                record: (place == 1).then_some(RecordTarget {
                    conversation: id,
                    message: message(5_000),
                    parent: ParentRef::Message(first),
                }),
                started_at: at(3),
            };
            store.begin(person.owner, new, at(3)).await.unwrap();
            for position in 1..=3 {
                let end = (position == 3).then(RunEnd::interrupted).map(|end| RunEnd {
                    status: MessageStatus::Stopped,
                    ..end
                });
                let event = match &end {
                    Some(end) => RunEvent::Ended(end.clone()),
                    None => RunEvent::Completion(CompletionEvent::Text("said ".to_owned())),
                };
                let progress = RunProgress {
                    owner: person.owner,
                    run,
                    events: vec![LoggedEvent { position, event }],
                    answer: None,
                    end,
                };
                store.record(node, vec![progress], at(4)).await.unwrap();
            }
        }
    }
}

async fn export(
    store: &dyn TransferRepository,
    kind: RecordKind,
    page: usize,
) -> Vec<TransferRecord> {
    let mut all: Vec<TransferRecord> = Vec::new();
    loop {
        let records = store.export(kind, all.last().cloned(), page).await.unwrap();
        assert!(records.len() <= page);
        if records.is_empty() {
            return all;
        }
        all.extend(records);
    }
}

async fn export_all(store: &dyn TransferRepository, page: usize) -> Vec<Vec<TransferRecord>> {
    let mut all = Vec::new();
    // Rows of accounts have their part in the suite of all stores.
    for kind in RecordKind::ALL
        .into_iter()
        .filter(|kind| !kind.is_of_accounts())
    {
        all.push(export(store, kind, page).await);
    }
    all
}

#[tokio::test]
async fn exports_what_the_reference_store_exports() {
    let (store, _directory) = fresh();
    let reference = MemoryStore::new();
    fill(&store).await;
    fill(&reference).await;
    let expected = export_all(&reference, 1_000).await;
    assert!(
        expected.iter().all(|kind| !kind.is_empty()),
        "a bit of every kind"
    );
    for page in [1, 2, 7, 1_000] {
        assert_eq!(
            export_all(&store, page).await,
            expected,
            "in pages of {page}"
        );
    }
}

#[tokio::test]
async fn what_is_imported_is_what_was_exported_and_works_on() {
    let reference = MemoryStore::new();
    fill(&reference).await;
    let records = export_all(&reference, 1_000).await;
    let (store, _directory) = fresh();
    for kind in &records {
        // Twice, as one that was cut off and begun again.
        store.import(kind.clone()).await.unwrap();
        store.import(kind.clone()).await.unwrap();
    }
    assert_eq!(export_all(&store, 3).await, records);
    let person = Person::new(&store, 2);
    assert_eq!(person.search(&["mine"]).await.len(), 2);
    assert_eq!(person.search(&["title"]).await.len(), 2);
    // Lanes and feeds go on where they were.
    let next = sequenced("desk", 6, conversation(1), said(message(9_000), "next"));
    for store in [&store as &dyn Store, &reference] {
        Person::new(store, 2).append(vec![next.clone()]).await;
    }
    assert_eq!(export_all(&store, 5).await, export_all(&reference, 5).await);
}

#[tokio::test]
async fn a_record_without_its_owner_is_refused_and_nothing_of_its_page_is_written() {
    let reference = MemoryStore::new();
    fill(&reference).await;
    let (store, _directory) = fresh();
    let mut users = export(&reference, RecordKind::User, 10).await;
    users.truncate(1);
    store.import(users.clone()).await.unwrap();
    let conversations = export(&reference, RecordKind::Conversation, 10).await;
    let refused = store.import(conversations).await;
    let detail = "a record whose owner is not there does not fit the schema".to_owned();
    assert_eq!(refused, Err(StoreError::Internal { detail }));
    assert_eq!(export(&store, RecordKind::Conversation, 10).await, []);
    assert_eq!(export(&store, RecordKind::User, 10).await, users);
}
