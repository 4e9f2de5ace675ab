//! What surfaces keep: older databases, and how lists are read.

use manent_domain::conversation::{ConversationFilter, ConversationPatch, LabelChange};
use manent_domain::ports::{ConversationRepository, MessageRepository};
use manent_storage_memory::conformance::person::{
    ACTIVE, Person, at, conversation, extras_patch, label, message,
};
use serde_json::json;

use crate::harness::{database, empty_database, open, small};

const EARLIER: [&str; 3] = [
    include_str!("../../migrations/0001_conversations_messages_runs_feed.sql"),
    include_str!("../../migrations/0002_accounts.sql"),
    include_str!("../../migrations/0003_server_secret.sql"),
];

#[tokio::test]
async fn what_was_there_before_surfaces_kept_things_is_as_it_was() {
    let database = empty_database().await;
    database
        .execute("CREATE TABLE schema_versions (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())")
        .await
        .unwrap();
    for (version, migration) in (1..).zip(EARLIER) {
        database.execute(migration).await.unwrap();
        let sql = format!("INSERT INTO schema_versions (version) VALUES ({version})");
        database.execute(&sql).await.unwrap();
    }
    let nowhere = manent_storage_memory::MemoryStore::new();
    let owner = Person::new(&nowhere, 1).owner;
    let sql = format!("INSERT INTO users (id, created_at, feed_seq) VALUES ('{owner}', 5, 0)");
    database.execute(&sql).await.unwrap();
    for (number, archived, pinned, trashed) in [
        (1, false, false, "NULL"),
        (2, true, false, "NULL"),
        (3, false, true, "NULL"),
        (4, true, true, "9"),
    ] {
        let (id, said) = (conversation(number), message(number));
        let (made, changed) = (
            at(i64::try_from(number).unwrap()).as_millisecond(),
            at(i64::try_from(number).unwrap() + 10).as_millisecond(),
        );
        let sql = format!(
            "INSERT INTO conversations (owner_id, id, title, title_source, config, archived, pinned, trashed_at, last_seq, created_at, \
             updated_at, last_message_at, place) \
             VALUES ('{owner}', '{id}', NULL, 'none', '{{}}', {archived}, {pinned}, {trashed}, 1, {made}, {changed}, {made}, {number})"
        );
        database.execute(&sql).await.unwrap();
        let sql = format!(
            "INSERT INTO messages (owner_id, id, conversation_id, seq, role, content, status, fingerprint, created_at, stored_at, \
             run_position, place) VALUES ('{owner}', '{said}', '{id}', 1, 'user', '[{{\"type\":\"text\",\"text\":\"old\"}}]', 'complete', \
             decode(repeat('00', 16), 'hex'), {made}, {made}, 0, {number})"
        );
        database.execute(&sql).await.unwrap();
    }
    let store = open(small(&database)).await;
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
    for (number, since) in [(1, None), (2, Some(at(12))), (3, None), (4, Some(at(14)))] {
        let found = person.conversation(conversation(number)).await;
        assert_eq!(found.archived_at, since);
        assert_eq!((found.pinned, found.expires_at), (number > 2, None));
        assert!(found.labels.is_empty() && found.extras.is_empty());
        let messages = person.messages(conversation(number)).await;
        assert_eq!(messages.len(), 1);
        assert!(messages[0].extras.is_empty());
    }
    let patch = ConversationPatch {
        labels: Some(LabelChange {
            add: [label("tag:a")].into(),
            ..LabelChange::default()
        }),
        extras: Some(extras_patch(json!({"a": 1}))),
        ..ConversationPatch::default()
    };
    let changed = store.update(person.owner, conversation(1), patch, at(60));
    assert!(changed.await.unwrap().done().is_some());
    let counts = store.label_counts(person.owner, "tag:").await.unwrap();
    assert_eq!(counts, [(label("tag:a"), 1)].into());
    let annotated = store.annotate(
        person.owner,
        message(1),
        extras_patch(json!({"b": 2})),
        at(61),
    );
    assert!(annotated.await.unwrap().done().is_some());
}

#[tokio::test]
async fn every_list_of_many_is_read_by_the_index_of_its_order() {
    let database = database().await;
    let owner = Person::new(&manent_storage_memory::MemoryStore::new(), 1).owner;
    for sql in [
        format!("INSERT INTO users (id, created_at, feed_seq) VALUES ('{owner}', 5, 0)"),
        format!(
            "INSERT INTO conversations (owner_id, id, title, title_source, config, archived_at, pinned, last_seq, created_at, updated_at, \
             last_message_at, place) \
             SELECT '{owner}', gen_random_uuid(), md5(number::text), 'user', '{{}}', CASE WHEN number % 2 = 0 THEN number END, false, 0, \
             number * 7 % 10007, number * 11 % 10007, number * 13 % 10007, number FROM generate_series(1, 20000) AS number"
        ),
        "ANALYZE conversations".to_owned(),
    ] {
        database.execute(&sql).await.unwrap();
    }
    let lists = [
        (
            "last_message_at",
            "archived_at IS NULL",
            "conversations_active",
        ),
        (
            "created_at",
            "archived_at IS NULL",
            "conversations_active_by_creation",
        ),
        (
            "updated_at",
            "archived_at IS NULL",
            "conversations_active_by_change",
        ),
        (
            "COALESCE(title, '')",
            "archived_at IS NULL",
            "conversations_active_by_title",
        ),
        (
            "last_message_at",
            "archived_at IS NOT NULL",
            "conversations_archived",
        ),
        (
            "created_at",
            "archived_at IS NOT NULL",
            "conversations_archived_by_creation",
        ),
        (
            "updated_at",
            "archived_at IS NOT NULL",
            "conversations_archived_by_change",
        ),
        (
            "COALESCE(title, '')",
            "archived_at IS NOT NULL",
            "conversations_archived_by_title",
        ),
        (
            "archived_at",
            "archived_at IS NOT NULL",
            "conversations_archived_by_archiving",
        ),
    ];
    for (key, place, index) in lists {
        let bound = if key.starts_with('C') { "'8'" } else { "5000" };
        for (direction, beyond) in [("DESC", "<"), ("ASC", ">")] {
            let sql = format!(
                "EXPLAIN (FORMAT JSON) SELECT id FROM conversations WHERE owner_id = '{owner}' AND trashed_at IS NULL \
                 AND expires_at IS NULL AND {place} AND ({key}, id) {beyond} ({bound}, '{owner}') \
                 ORDER BY {key} {direction}, id {direction} LIMIT 26"
            );
            let plan = database.query_one(&sql).await.unwrap();
            assert!(plan.contains(&format!("\"{index}\"")), "{key}: {plan}");
            assert!(!plan.contains("Sort"), "{key}: {plan}");
        }
    }
}
