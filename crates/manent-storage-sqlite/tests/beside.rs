//! A second process beside the one that has the data directory.

use manent_domain::conversation::ConversationFilter;
use manent_domain::ports::ConversationRepository;
use manent_storage_memory::conformance::accounts::desk::{Desk, user};
use manent_storage_memory::conformance::person::{Person, conversation, message, plain, said};
use manent_storage_sqlite::{OpenError, SqliteConfig, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

fn config(directory: &TempDir) -> SqliteConfig {
    SqliteConfig::new(directory.path())
}

#[tokio::test]
async fn what_is_changed_beside_a_store_is_noticed_at_its_next_write() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(config(&directory)).unwrap();
    assert!(matches!(
        SqliteStore::open(config(&directory)),
        Err(OpenError::Locked { .. })
    ));
    let desk = Desk::with_accounts(&store, 2).await;
    let leaver = Person::new(&store, 2);
    leaver.create(conversation(1), Some("Gone"), 0).await;

    let beside = SqliteStore::open_beside(config(&directory)).unwrap();
    Desk::new(&beside).delete(2, 5).await;
    beside.close().await;
    assert_eq!(desk.find(2).await, None);

    // The next owner gets the row number that the deleted one had; what comes late for that one must not land there.
    let next = Person::new(&store, 3);
    next.create(conversation(3), Some("Mine"), 6).await;
    leaver.create(conversation(2), Some("Late"), 6).await;
    leaver
        .append_one(plain(conversation(2), said(message(2), "late")))
        .await;
    let all = ConversationFilter::default();
    let listed = ConversationRepository::list(&store, user(3), all, None, 10).await;
    let listed: Vec<_> = listed.unwrap().items.iter().map(|item| item.id).collect();
    assert_eq!(listed, [conversation(3)]);
    store.close().await;
}

#[tokio::test]
async fn an_older_schema_is_left_to_the_process_that_has_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(config(&directory)).unwrap();
    let other = Connection::open(directory.path().join("manent.db")).unwrap();
    other.pragma_update(None, "user_version", 1).unwrap();
    let refused = SqliteStore::open_beside(config(&directory)).unwrap_err();
    assert!(refused.to_string().contains("must be stopped"), "{refused}");
    let version: i64 = other
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 1);
    store.close().await;
}
