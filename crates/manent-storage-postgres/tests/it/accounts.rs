//! What is particular about accounts in Postgres: other processes, the guard of the audit log, older databases.

use futures_util::future::{join, join_all};
use manent_accounts::audit::{AuditKind, AuditVerifier};
use manent_accounts::ports::{AccountRepository, AuditRepository, Deleted, SessionRepository};
use manent_accounts::session::Refresh;
use manent_domain::append::Outcome;
use manent_domain::ports::{RunRepository, StoreError};
use manent_domain::run::{Begun, NewRun};
use manent_storage_memory::conformance::accounts::desk::{
    Desk, draft, new_account, new_session, session_id, user,
};
use manent_storage_memory::conformance::person::{
    Person, at, conversation, message, plain, said, sequenced,
};
use manent_storage_memory::conformance::runner::{Runner, logged, run, words};
use manent_storage_postgres::PostgresConfig;
use manent_types::{NodeId, RunId};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::harness::{database, empty_database, open, small};

const FIRST: &str = include_str!("../../migrations/0001_conversations_messages_runs_feed.sql");

#[tokio::test]
async fn a_change_whose_entry_cannot_be_written_is_not_stored() {
    let database = database().await;
    let store = open(small(&database)).await;
    let desk = Desk::with_accounts(&store, 2).await;
    assert!(desk.begin(new_session(1, user(2), 1)).await);
    let told = desk.audit().await;
    database
        .execute(
            "CREATE TRIGGER full_log BEFORE INSERT ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit()",
        )
        .await
        .unwrap();
    let audit = || draft(AuditKind::AccountCreated);
    let made = AccountRepository::create(&store, new_account(3), None, at(1), audit(), audit());
    let made = made.await;
    assert!(matches!(made, Err(StoreError::Internal { .. })), "{made:?}");
    let deleted = AccountRepository::delete(&store, user(2), at(1), audit()).await;
    assert!(deleted.is_err(), "{deleted:?}");
    let begun = SessionRepository::begin(&store, new_session(2, user(2), 1), audit()).await;
    assert!(begun.is_err(), "{begun:?}");
    database
        .execute("DROP TRIGGER full_log ON audit")
        .await
        .unwrap();
    assert_eq!(desk.find(3).await, None);
    assert!(desk.find(2).await.is_some());
    assert_eq!(desk.live_sessions(2, 1).await.len(), 1);
    assert_eq!(desk.audit().await, told);
}

#[tokio::test]
async fn entries_of_the_audit_log_are_never_changed_or_deleted() {
    let database = database().await;
    let store = open(small(&database)).await;
    Desk::with_accounts(&store, 1).await;
    for statement in [
        "UPDATE audit SET at = 0",
        "DELETE FROM audit",
        "TRUNCATE audit",
    ] {
        database.execute(statement).await.unwrap_err();
    }
    // Whoever owns the tables can take the guard away; then the chain tells.
    for statement in [
        "DROP TRIGGER audit_is_never_changed ON audit",
        "UPDATE audit SET at = 0",
    ] {
        database.execute(statement).await.unwrap();
    }
    let entries = AuditRepository::read(&store, 0, 10).await.unwrap();
    assert!(AuditVerifier::default().take_row(&entries[0]).is_err());
}

#[tokio::test]
async fn two_processes_make_one_administrator_one_chain_and_one_successor() {
    let database = database().await;
    let config = || PostgresConfig {
        pool_size: 8,
        ..PostgresConfig::new(database.url())
    };
    let stores = [open(config()).await, open(config()).await];
    let desks = [Desk::new(&stores[0]), Desk::new(&stores[1])];
    let made = join_all((0..20).map(|number: u128| {
        let desk = desks[usize::try_from(number % 2).unwrap()];
        async move { desk.make(number).await }
    }));
    let made = made.await;
    let administrators = made.iter().filter(|account| account.role.is_admin());
    assert_eq!(administrators.count(), 1);

    assert!(desks[0].begin(new_session(1, user(3), 1)).await);
    let tabs = join_all((0..50).map(|number: usize| {
        let store = &stores[number % 2];
        let grace = std::time::Duration::from_mins(1);
        async move {
            let id = session_id(1);
            let refreshed = SessionRepository::refresh(store, id, 1, grace, at(5), None).await;
            refreshed.unwrap().unwrap().refresh
        }
    }));
    assert_eq!(tabs.await, [Refresh::Granted { generation: 2 }; 50]);
    assert_eq!(desks[1].audit().await.len(), 21);
}

#[tokio::test]
async fn an_account_is_deleted_while_its_person_writes() {
    let database = database().await;
    let store = open(PostgresConfig {
        pool_size: 8,
        ..PostgresConfig::new(database.url())
    })
    .await;
    let desk = Desk::with_accounts(&store, 3).await;
    for number in [2, 3] {
        let person = Person::new(&store, number);
        person.create(conversation(1), Some("Garden"), 0).await;
        let runner = Runner::new(&store).of(number);
        runner.begin_new(run(1), None).await;
    }
    let under_way = Notify::new();
    let write = async |number: u128| {
        let person = Person::new(&store, number);
        let runner = Runner::new(&store).of(number);
        for round in 1..30_u64 {
            if number == 3 && round == 10 {
                under_way.notify_one();
            }
            let id = message(u128::from(round));
            let stored = plain(conversation(1), said(id, "white whale"));
            let progress = runner.progress(run(1), logged(round, [words("a")]), None);
            join(
                person.append(vec![stored]),
                runner.record(vec![progress], 20),
            )
            .await;
        }
    };
    let delete = async {
        under_way.notified().await;
        desk.delete(3, 50).await
    };
    let (_, deleted) = join(join_all([2, 3].map(write)), delete).await;
    assert!(matches!(deleted, Deleted::Gone(_)), "{deleted:?}");
    for (table, column) in [
        ("users", "id"),
        ("accounts", "id"),
        ("conversations", "owner_id"),
        ("messages", "owner_id"),
        ("runs", "owner_id"),
        ("run_events", "owner_id"),
        ("feed", "owner_id"),
    ] {
        let sql = format!(
            "SELECT count(*) FROM {table} WHERE {column} = '{}'",
            user(3)
        );
        assert_eq!(database.query_one(&sql).await.unwrap(), "0", "{table}");
    }
    let other = Person::new(&store, 2);
    assert_eq!(other.search(&["whale"]).await.len(), 29);
}

#[tokio::test]
async fn a_database_from_before_accounts_keeps_its_rows_and_gets_accounts() {
    let database = empty_database().await;
    for statement in [
        FIRST,
        "CREATE TABLE schema_versions (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
        "INSERT INTO schema_versions (version) VALUES (1)",
    ] {
        database.execute(statement).await.unwrap();
    }
    let owner = user(1);
    for statement in [
        format!("INSERT INTO users (id, created_at, feed_seq) VALUES ('{owner}', 5, 0)"),
        format!(
            "INSERT INTO conversations (owner_id, id, title, title_source, config, archived, pinned, last_seq, created_at, updated_at, \
             last_message_at, place) VALUES ('{owner}', '{}', 'Garden', 'user', '{{}}', false, false, 0, 5, 5, 5, 1)",
            conversation(1)
        ),
    ] {
        database.execute(&statement).await.unwrap();
    }
    let store = open(small(&database)).await;
    let person = Person::new(&store, 1);
    assert_eq!(
        person.conversation(conversation(1)).await.title.as_deref(),
        Some("Garden")
    );
    let desk = Desk::new(&store);
    assert!(desk.make(1).await.role.is_admin());
    let item = sequenced("phone", 1, conversation(1), said(message(1), "Hello"));
    person.append_one(item).await;
    assert_eq!(person.message_ids(conversation(1)).await, [message(1)]);
    store.close().await;
    let store = open(small(&database)).await;
    assert_eq!(Desk::new(&store).audit().await.len(), 1);
}

#[tokio::test]
async fn nothing_of_a_deleted_owner_comes_back_where_only_accounts_write() {
    let database = database().await;
    let store = open(PostgresConfig {
        accounts_only: true,
        ..small(&database)
    })
    .await;
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
    let new = NewRun {
        id: RunId::new(Uuid::from_u128(1)),
        node: NodeId::new(Uuid::from_u128(9)),
        record: None,
        started_at: at(3),
    };
    let begun = RunRepository::begin(&store, user(2), new, at(3)).await;
    assert!(matches!(begun.unwrap(), Begun::Refused(_)));
    for table in [
        "users",
        "conversations",
        "lanes",
        "lane_refusals",
        "runs",
        "feed",
    ] {
        let sql = format!("SELECT count(*) FROM {table}");
        let expected = if table == "users" { "1" } else { "0" };
        assert_eq!(database.query_one(&sql).await.unwrap(), expected, "{table}");
    }
    // Everybody else goes on.
    let first = Person::new(&store, 1);
    first.create(conversation(1), None, 4).await;
    assert!(first.find(conversation(1)).await.is_some());
}
