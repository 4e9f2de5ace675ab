//! A database of an earlier version is brought up to date with everything in it.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use manent_domain::append::Outcome;
use manent_domain::conversation::{ConversationFilter, ConversationPatch, LabelChange};
use manent_domain::feed::{Change, Changed};
use manent_domain::ports::{ConversationRepository, FeedRepository, MessageRepository};
use manent_storage_memory::conformance::person::{
    ACTIVE, Person, at, change, conversation, delete, edit, extras_patch, label, message, plain,
    plain_change, said,
};
use manent_storage_sqlite::{SqliteConfig, SqliteStore};
use rusqlite::{Connection, params};

const FIRST: &str = include_str!("../migrations/0001_conversations_messages_search.sql");
const THIRD: [&str; 3] = [
    FIRST,
    include_str!("../migrations/0002_changes_runs_feed.sql"),
    include_str!("../migrations/0003_accounts.sql"),
];

/// Two owners; the first has two conversations, with two messages and one.
fn make_first_version(directory: &Path, owners: [String; 2]) {
    let connection = Connection::open(directory.join("manent.db")).unwrap();
    connection.execute_batch(FIRST).unwrap();
    connection
        .pragma_update(None, "application_id", 0x4d61_6e65)
        .unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    for (pk, owner) in (1..).zip(owners) {
        connection
            .execute(
                "INSERT INTO users (pk, id, created_at) VALUES (?1, ?2, ?3)",
                params![pk, owner, at(0).as_millisecond()],
            )
            .unwrap();
    }
    let conversations = [(1, 1, 1, 2), (2, 1, 2, 1), (3, 2, 1, 1)];
    for (pk, owner_pk, number, last_seq) in conversations {
        connection
            .execute(
                "INSERT INTO conversations (pk, owner_pk, id, title, title_source, config, archived, pinned, last_seq, created_at, \
                 updated_at, last_message_at) VALUES (?1, ?2, ?3, 'old', 'cut', '{}', 0, 0, ?4, ?5, ?5, ?5)",
                params![
                    pk,
                    owner_pk,
                    conversation(number).to_string(),
                    last_seq,
                    at(pk).as_millisecond()
                ],
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO title_search (rowid, owner, text) VALUES (?1, ?2, 'old')",
                params![pk, format!("u{owner_pk}")],
            )
            .unwrap();
    }
    let messages = [
        (1_i64, 1, 1, 1, "first words"),
        (2, 1, 2, 1, "second words"),
        (3, 2, 3, 1, "words of another"),
        (4, 1, 1, 2, "third words"),
    ];
    for (pk, owner_pk, conversation_pk, seq, words) in messages {
        let content = format!(r#"[{{"type":"text","text":"{words}"}}]"#);
        connection
            .execute(
                "INSERT INTO messages (pk, owner_pk, conversation_pk, id, seq, role, content, status, fingerprint, created_at, stored_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, 'user', ?6, 'complete', zeroblob(16), ?7, ?7)",
                params![
                    pk,
                    owner_pk,
                    conversation_pk,
                    message(pk.unsigned_abs().into()).to_string(),
                    seq,
                    content,
                    at(10 + pk).as_millisecond()
                ],
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO message_search (rowid, owner, text) VALUES (?1, ?2, ?3)",
                params![pk, format!("u{owner_pk}"), words],
            )
            .unwrap();
    }
}

/// The numbers and what they name.
fn names(changes: &[Change]) -> Vec<(u64, String)> {
    let name = |change: &Change| match &change.changed {
        Changed::Conversation(found) => (change.seq, found.id.to_string()),
        Changed::Message(found) => (change.seq, found.id.to_string()),
        Changed::Run(found) => (change.seq, found.id.to_string()),
    };
    changes.iter().map(name).collect()
}

#[tokio::test]
async fn what_the_first_version_kept_is_there_and_in_the_feed() {
    let directory = tempfile::tempdir().unwrap();
    // Persons need a store, their ids do not.
    let nowhere = manent_storage_memory::MemoryStore::new();
    let owners = [1, 2].map(|number| Person::new(&nowhere, number).owner.to_string());
    make_first_version(directory.path(), owners);
    let store = SqliteStore::open(SqliteConfig::new(directory.path())).unwrap();
    let person = Person::new(&store, 1);
    let other = Person::new(&store, 2);

    assert_eq!(
        person.message_ids(conversation(1)).await,
        [message(1), message(4)]
    );
    let page = store.read_feed(person.owner, 0, 100).await.unwrap();
    let expected = [
        (1, conversation(1).to_string()),
        (2, conversation(2).to_string()),
        (3, message(1).to_string()),
        (4, message(2).to_string()),
        (5, message(4).to_string()),
    ];
    assert_eq!(names(&page.changes), expected);
    assert_eq!(page.head, 5);
    let page = store.read_feed(other.owner, 0, 100).await.unwrap();
    assert_eq!(page.changes.len(), 2);
    assert_eq!(page.head, 2);

    // Everything goes on: the numbers, the search, changes of what is old.
    let stored = person
        .append_one(plain(conversation(1), said(message(9), "new words")))
        .await;
    assert_eq!(stored, Outcome::Stored { seq: 3 });
    person
        .append(vec![
            plain_change(
                conversation(1),
                change(message(20), edit(message(1), "other phrase")),
            ),
            plain_change(conversation(1), change(message(21), delete(message(4)))),
        ])
        .await;
    let page = store.read_feed(person.owner, 5, 100).await.unwrap();
    let expected = [
        (6, message(9).to_string()),
        (7, conversation(1).to_string()),
        (8, message(1).to_string()),
        (9, message(4).to_string()),
        (10, conversation(1).to_string()),
    ];
    assert_eq!(names(&page.changes), expected);
    assert_eq!(page.head, 10);
    assert_eq!(person.search(&["third"]).await, []);
    assert_eq!(person.search(&["first"]).await, []);
    assert_eq!(person.search(&["phrase"]).await.len(), 1);
    assert_eq!(person.search(&["second"]).await.len(), 1);
    store.close().await;
}

/// Four conversations: one in each list, one pinned; in each a message.
fn make_third_version(directory: &Path, owner: &str) {
    let connection = Connection::open(directory.join("manent.db")).unwrap();
    for migration in THIRD {
        connection.execute_batch(migration).unwrap();
    }
    connection
        .pragma_update(None, "application_id", 0x4d61_6e65)
        .unwrap();
    connection.pragma_update(None, "user_version", 3).unwrap();
    connection
        .execute(
            "INSERT INTO users (pk, id, created_at, feed_seq) VALUES (1, ?1, ?2, 0)",
            params![owner, at(0).as_millisecond()],
        )
        .unwrap();
    let conversations = [
        (1_i64, false, false, false),
        (2, true, false, false),
        (3, false, true, false),
        (4, true, true, true),
    ];
    for (pk, archived, pinned, trashed) in conversations {
        connection
            .execute(
                "INSERT INTO conversations (pk, owner_pk, id, title, title_source, config, archived, pinned, trashed_at, last_seq, \
                 created_at, updated_at, last_message_at) VALUES (?1, 1, ?2, NULL, 'none', '{}', ?3, ?4, ?5, 1, ?6, ?7, ?6)",
                params![
                    pk,
                    conversation(pk.unsigned_abs().into()).to_string(),
                    archived,
                    pinned,
                    trashed.then_some(at(9).as_millisecond()),
                    at(pk).as_millisecond(),
                    at(pk + 10).as_millisecond(),
                ],
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO messages (pk, owner_pk, conversation_pk, id, seq, role, content, status, fingerprint, created_at, stored_at) \
                 VALUES (?1, 1, ?1, ?2, 1, 'user', '[{\"type\":\"text\",\"text\":\"old words\"}]', 'complete', zeroblob(16), ?3, ?3)",
                params![
                    pk,
                    message(pk.unsigned_abs().into()).to_string(),
                    at(pk).as_millisecond()
                ],
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO message_search (rowid, owner, text) VALUES (?1, 'u1', 'old words')",
                [pk],
            )
            .unwrap();
    }
}

#[tokio::test]
async fn what_was_there_before_surfaces_kept_things_is_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let nowhere = manent_storage_memory::MemoryStore::new();
    make_third_version(
        directory.path(),
        &Person::new(&nowhere, 1).owner.to_string(),
    );
    let store = SqliteStore::open(SqliteConfig::new(directory.path())).unwrap();
    let person = Person::new(&store, 1);
    let archived = ConversationFilter {
        archived: true,
        ..ACTIVE
    };
    let trashed = ConversationFilter {
        trashed: true,
        ..ACTIVE
    };
    assert_eq!(
        person.list(&ACTIVE).await,
        [conversation(3), conversation(1)]
    );
    assert_eq!(person.list(&archived).await, [conversation(2)]);
    assert_eq!(person.list(&trashed).await, [conversation(4)]);
    // Since when it is put away nobody knows; it was not changed later than this.
    for (number, since) in [(1, None), (2, Some(at(12))), (3, None), (4, Some(at(14)))] {
        let found = person.conversation(conversation(number)).await;
        assert_eq!(found.archived_at, since);
        assert_eq!(
            (found.pinned, found.expires_at),
            (number > 2, None),
            "{number}"
        );
        assert!(found.labels.is_empty() && found.extras.is_empty());
        let messages = person.messages(conversation(number)).await;
        assert_eq!(messages.len(), 1);
        assert!(messages[0].extras.is_empty());
    }
    assert_eq!(person.search(&["old"]).await.len(), 3);

    // What is new works on what is old.
    let patch = ConversationPatch {
        labels: Some(LabelChange {
            add: [label("tag:a")].into(),
            ..LabelChange::default()
        }),
        extras: Some(extras_patch(serde_json::json!({"a": 1}))),
        ..ConversationPatch::default()
    };
    let changed = store.update(person.owner, conversation(1), patch, at(60));
    assert!(changed.await.unwrap().done().is_some());
    let counts = store.label_counts(person.owner, "tag:").await.unwrap();
    assert_eq!(counts, [(label("tag:a"), 1)].into());
    let patch = extras_patch(serde_json::json!({"b": 2}));
    let annotated = store.annotate(person.owner, message(1), patch, at(61));
    assert!(annotated.await.unwrap().done().is_some());
    store.close().await;
}
