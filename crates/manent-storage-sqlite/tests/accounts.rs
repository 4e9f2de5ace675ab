//! What is particular about accounts in SQLite: groups of units, the search index, the rows of deleted owners, older databases.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use futures_util::future::{join_all, join3};
use manent_accounts::audit::{AuditDraft, AuditKind};
use manent_accounts::ports::{
    AccountRepository, AuditFilter, AuditRepository, Deleted, SessionRepository,
};
use manent_domain::append::Outcome;
use manent_domain::ports::{RunRepository, StoreError};
use manent_domain::run::{Begun, NewRun};
use manent_storage_memory::conformance::accounts::desk::{
    Desk, draft, new_account, new_session, user,
};
use manent_storage_memory::conformance::person::{
    Person, at, change, conversation, edit, message, plain, plain_change, said, sequenced,
};
use manent_storage_memory::conformance::runner::{Runner, logged, run, words};
use manent_storage_sqlite::{SqliteConfig, SqliteStore};
use manent_types::{NodeId, RunId};
use rusqlite::{Connection, params};
use tempfile::TempDir;
use uuid::Uuid;

fn open(directory: &TempDir) -> SqliteStore {
    SqliteStore::open(SqliteConfig::new(directory.path())).unwrap()
}

fn look(directory: &TempDir) -> Connection {
    Connection::open(directory.path().join("manent.db")).unwrap()
}

fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_change_whose_entry_cannot_be_written_is_not_stored() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    let desk = Desk::with_accounts(&store, 2).await;
    assert!(desk.begin(new_session(1, user(2), 1)).await);
    let told = desk.audit().await;
    let other = look(&directory);
    other
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no more'); END",
        )
        .unwrap();
    let audit = || draft(AuditKind::AccountCreated);
    let made = AccountRepository::create(&store, new_account(3), None, at(1), audit(), audit());
    let made = made.await;
    assert!(matches!(made, Err(StoreError::Internal { .. })), "{made:?}");
    let deleted = AccountRepository::delete(&store, user(2), at(1), audit()).await;
    assert!(deleted.is_err(), "{deleted:?}");
    let begun = SessionRepository::begin(&store, new_session(2, user(2), 1), audit()).await;
    assert!(begun.is_err(), "{begun:?}");
    other.execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(desk.find(3).await, None);
    assert!(desk.find(2).await.is_some());
    assert_eq!(desk.live_sessions(2, 1).await.len(), 1);
    assert_eq!(desk.audit().await, told);
}

#[tokio::test]
async fn entries_of_the_audit_log_are_never_changed_or_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    Desk::with_accounts(&store, 1).await;
    let other = look(&directory);
    for statement in ["UPDATE audit SET at = 0", "DELETE FROM audit"] {
        let error = other.execute(statement, []).unwrap_err().to_string();
        assert!(
            error.contains("entries of the audit log are never"),
            "{error}"
        );
    }
    // Whoever can write the file can take the guard away; then the chain tells.
    other
        .execute_batch("DROP TRIGGER audit_is_never_changed; UPDATE audit SET at = 0")
        .unwrap();
    let mut verifier = manent_accounts::audit::AuditVerifier::default();
    let entries = AuditRepository::read(&store, 0, 10).await.unwrap();
    assert!(verifier.take_row(&entries[0]).is_err());
}

#[tokio::test]
async fn an_entry_that_was_made_unreadable_is_named_and_hides_no_other() {
    for (column, value) in [
        ("kind", "'signed_inx'"),
        ("kind", "x'ff'"),
        ("at", "'yesterday'"),
        ("actor_id", "'nobody'"),
        ("account_id", "7"),
        ("address", "'somewhere'"),
        ("detail", "'[]'"),
        ("previous", "x'00'"),
        ("hash", "'text'"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        Desk::with_accounts(&store, 3).await;
        look(&directory)
            .execute_batch(&format!(
                "DROP TRIGGER audit_is_never_changed; UPDATE audit SET {column} = {value} WHERE number = 2"
            ))
            .unwrap();
        let rows = AuditRepository::read(&store, 0, 10).await.unwrap();
        let found: Vec<_> = rows
            .iter()
            .map(|row| row.as_ref().map(|entry| entry.number))
            .collect();
        let unreadable = rows[1].as_ref().unwrap_err();
        assert_eq!(found, [Ok(1), Err(unreadable), Ok(3)]);
        assert_eq!(
            (unreadable.number, unreadable.column),
            (2, format!("audit.{column}").as_str())
        );
        let listed = AuditRepository::list(&store, AuditFilter::default(), None, 10).await;
        let listed: Vec<_> = listed.unwrap().into_iter().rev().collect();
        assert_eq!(listed, rows);
    }
}

#[tokio::test]
async fn a_lost_end_of_the_audit_log_is_told_and_nothing_is_appended() {
    for statement in [
        "DELETE FROM audit_head",
        "UPDATE audit_head SET hash = x'00'",
        "UPDATE audit_head SET number = -1",
    ] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        Desk::with_accounts(&store, 1).await;
        look(&directory).execute_batch(statement).unwrap();
        assert_eq!(AuditRepository::head(&store).await, Ok(None), "{statement}");
        let draft = AuditDraft::new(AuditKind::SignedIn);
        let appended = AuditRepository::append(&store, draft, at(9)).await;
        assert!(
            matches!(appended, Err(StoreError::Corrupt { .. })),
            "{statement}: {appended:?}"
        );
    }
}

#[tokio::test]
async fn what_waits_in_the_same_group_goes_with_the_account() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    let desk = Desk::with_accounts(&store, 3).await;
    let (leaver, other) = (Person::new(&store, 3), Person::new(&store, 2));
    for person in [leaver, other] {
        person
            .create(conversation(1), Some("Garden whale"), 0)
            .await;
        let stored = plain(conversation(1), said(message(1), "blue whale"));
        person.append_one(stored).await;
    }
    let runner = Runner::new(&store).of(3);
    runner.begin_new(run(1), None).await;
    runner.go_on(run(1), logged(1, [words("a")]), None).await;

    // All of these are sent before the writer is asked for an answer; the last ones may get the rows of the first.
    let appends = (2..40).map(|number| async move {
        let said = plain(conversation(1), said(message(number), "white whale"));
        let edited = change(message(100 + number), edit(message(1), "grey whale"));
        leaver
            .append(vec![said, plain_change(conversation(1), edited)])
            .await;
    });
    let deletion = desk.delete(3, 50);
    let others = (2..40).map(|number| async move {
        let said = plain(conversation(1), said(message(number), "killer whale"));
        other.append(vec![said]).await;
    });
    let (_, deleted, _) = join3(join_all(appends), deletion, join_all(others)).await;
    assert!(matches!(deleted, Deleted::Gone(_)), "{deleted:?}");

    assert_eq!(leaver.search(&["whale"]).await, []);
    assert_eq!(other.search(&["killer"]).await.len(), 38);
    assert_eq!(other.search(&["white"]).await, []);
    let head = Runner::new(&store).of(2).changes(0).await.len();
    assert_eq!(head, 3 + 2 * 38);
    store.close().await;
    let rows = look(&directory);
    let known = "SELECT count(*) FROM users";
    assert_eq!(count(&rows, known), 2);
    for table in [
        "conversations",
        "messages",
        "changes",
        "lanes",
        "lane_refusals",
        "runs",
        "feed",
    ] {
        let sql =
            format!("SELECT count(*) FROM {table} WHERE owner_pk NOT IN (SELECT pk FROM users)");
        assert_eq!(count(&rows, &sql), 0, "{table}");
    }
    assert_eq!(count(&rows, "SELECT count(*) FROM run_events"), 0);
    // Every word of the index, with its row.
    for (index, table) in [
        ("message_search", "messages"),
        ("title_search", "conversations"),
    ] {
        let vocabulary = format!(
            "CREATE VIRTUAL TABLE temp.{table}_words USING fts5vocab(main, {index}, instance)"
        );
        rows.execute_batch(&vocabulary).unwrap();
        let words = format!("SELECT count(*) FROM {table}_words");
        assert!(count(&rows, &words) > 0);
        let sql = format!("{words} WHERE doc NOT IN (SELECT pk FROM {table})");
        assert_eq!(count(&rows, &sql), 0, "{index}");
        let sql = format!(
            "{words} WHERE col = 'owner' AND term NOT IN (SELECT 'u' || owner_pk FROM {table} WHERE pk = doc)"
        );
        assert_eq!(count(&rows, &sql), 0, "{index}");
    }
    assert_eq!(
        count(
            &rows,
            "SELECT count(*) FROM messages_words WHERE term IN ('white', 'grey')"
        ),
        0
    );
}

/// A database of the second version: a person with a run whose log has two batches.
fn make_second_version(directory: &Path) {
    let connection = Connection::open(directory.join("manent.db")).unwrap();
    for migration in [
        include_str!("../migrations/0001_conversations_messages_search.sql"),
        include_str!("../migrations/0002_changes_runs_feed.sql"),
    ] {
        connection.execute_batch(migration).unwrap();
    }
    connection
        .pragma_update(None, "application_id", 0x4d61_6e65)
        .unwrap();
    connection.pragma_update(None, "user_version", 2).unwrap();
    connection
        .execute(
            "INSERT INTO users (pk, id, created_at, feed_seq) VALUES (1, ?1, ?2, 1)",
            params![user(1).to_string(), at(0).as_millisecond()],
        )
        .unwrap();
    connection
        .execute(
            "INSERT INTO runs (pk, owner_pk, id, node_id, status, last_position, newest_batch_pk, stop_requested, started_at, heartbeat_at, \
             log_cleared) VALUES (1, 1, ?1, ?1, 'running', 2, 7, 0, ?2, ?2, 0)",
            params![run(1).to_string(), at(0).as_millisecond()],
        )
        .unwrap();
    connection
        .execute_batch(
            r#"INSERT INTO run_events (pk, run_pk, previous_pk, first_position, last_position, events) VALUES
                 (4, 1, NULL, 1, 1, '[[1,{"t":"a"}]]'), (7, 1, 4, 2, 2, '[[2,{"t":"b"}]]');
               INSERT INTO feed (owner_pk, seq, at, kind, subject_pk) VALUES (1, 1, 0, 'run', 1);"#,
        )
        .unwrap();
}

#[tokio::test]
async fn a_database_from_before_accounts_keeps_its_rows_and_gets_accounts() {
    let directory = tempfile::tempdir().unwrap();
    make_second_version(directory.path());
    let store = open(&directory);
    let runner = Runner::new(&store);
    let log = || logged(1, [words("a"), words("b")]);
    assert_eq!(runner.log(run(1)).await, log());
    runner.on(9).interrupt_dead(10, 10, 20).await;
    assert_eq!(runner.log(run(1)).await[..2], log());
    let desk = Desk::new(&store);
    let account = desk.make(1).await;
    assert!(account.role.is_admin());
    let found = RunRepository::find_run(&store, account.id, run(1)).await;
    assert!(found.unwrap().is_some());
    desk.make(2).await;
    store.close().await;
    let store = open(&directory);
    let desk = Desk::new(&store);
    assert_eq!(desk.account(1).await, account);
    assert_eq!(desk.audit().await.len(), 2);
    store.close().await;
}

#[tokio::test]
async fn nothing_of_a_deleted_owner_comes_back_where_only_accounts_write() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig {
        accounts_only: true,
        ..SqliteConfig::new(directory.path())
    })
    .unwrap();
    let desk = Desk::with_accounts(&store, 2).await;
    let person = Person::new(&store, 2);
    person.create(conversation(1), None, 1).await;
    person
        .append_one(sequenced(
            "phone",
            1,
            conversation(1),
            said(message(1), "x"),
        ))
        .await;
    assert!(matches!(desk.delete(2, 2).await, Deleted::Gone(_)));
    // What was under way comes late.
    person.create(conversation(2), None, 3).await;
    let late = sequenced("phone", 1, conversation(1), said(message(2), "x"));
    assert!(matches!(
        person.append_one(late).await,
        Outcome::Rejected(_)
    ));
    let begun = RunRepository::begin(&store, user(2), new_run(1), at(3)).await;
    assert!(matches!(begun.unwrap(), Begun::Refused(_)));
    let other = look(&directory);
    for table in [
        "users",
        "conversations",
        "lanes",
        "lane_refusals",
        "runs",
        "feed",
    ] {
        let expected = i64::from(table == "users");
        let rows = count(&other, &format!("SELECT count(*) FROM {table}"));
        assert_eq!(rows, expected, "{table}");
    }
    // Everybody else goes on.
    let first = Person::new(&store, 1);
    first.create(conversation(1), None, 4).await;
    assert!(first.find(conversation(1)).await.is_some());
}

fn new_run(number: u128) -> NewRun {
    NewRun {
        id: RunId::new(Uuid::from_u128(number)),
        node: NodeId::new(Uuid::from_u128(9)),
        record: None,
        started_at: at(3),
    }
}
