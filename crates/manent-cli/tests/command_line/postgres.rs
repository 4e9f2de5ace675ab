//! The same with a Postgres database.

use manent_postgres::{Database, PostgresServer};

use crate::fill::filled;
use crate::world::World;

/// A database of this test's own, and the variable that names it.
async fn database() -> Database {
    let server = PostgresServer::shared().await.unwrap();
    server.fresh_database().await.unwrap()
}

fn table(output: &str) -> Vec<String> {
    output.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_moves_to_postgres_and_back_unchanged() {
    let database = database().await;
    let world = World::new();
    filled(&world, "data");
    let there = ["migrate", "--from", "sqlite:data", "--to", database.url()];
    let moved = world.run(&there, &[]);
    assert_eq!(moved.code, Some(0), "{}", moved.errors);
    assert!(moved.output.ends_with("Both stores hold the same.\n"));
    let again = world.run(&there, &[]);
    assert_eq!(table(&again.output), table(&moved.output));
    assert!(
        again.errors.contains("\n0 records were written"),
        "{}",
        again.errors
    );

    let back = ["migrate", "--from", database.url(), "--to", "sqlite:back"];
    let moved_back = world.run(&back, &[]);
    assert_eq!(moved_back.code, Some(0), "{}", moved_back.errors);
    assert_eq!(table(&moved_back.output), table(&moved.output));
    let compared = [
        "migrate",
        "--from",
        "sqlite:data",
        "--to",
        "sqlite:back",
        "--verify-only",
    ];
    let compared = world.run(&compared, &[]);
    assert_eq!((compared.code, compared.output), (Some(0), moved.output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_looks_at_postgres_and_makes_no_tables() {
    let database = database().await;
    let world = World::new();
    let variables = [("MANENT_DATABASE__URL", database.url())];
    let store = |arguments: &[&str]| {
        let outcome = world.run(arguments, &variables);
        let store = outcome.output.lines().find(|line| line.contains(" store "));
        (outcome.code, store.unwrap_or_default().to_owned())
    };
    let before = store(&["doctor", "--data-dir", "data"]);
    assert_eq!(before.0, Some(0), "{}", before.1);
    assert!(
        before.1.ends_with(", tables made at the first start"),
        "{}",
        before.1
    );
    let tables = "SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database.query_one(tables).await.unwrap(), "0");

    let migrated = world.run(&["migrate", "--data-dir", "data"], &variables);
    assert_eq!((migrated.code, migrated.errors.as_str()), (Some(0), ""));
    assert!(
        migrated.output.contains(" was created with schema "),
        "{}",
        migrated.output
    );
    let after = store(&["doctor", "--data-dir", "data"]);
    assert_eq!(after.0, Some(0), "{}", after.1);
    assert!(
        after
            .1
            .starts_with("ok       store           Postgres, the database "),
        "{}",
        after.1
    );

    database
        .execute("UPDATE schema_versions SET version = 99 WHERE version = (SELECT max(version) FROM schema_versions)")
        .await
        .unwrap();
    let newer = store(&["doctor", "--data-dir", "data"]);
    assert_eq!(newer.0, Some(1));
    assert!(newer.1.contains("has schema 99"), "{}", newer.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_and_keys_are_kept_in_postgres_too() {
    let database = database().await;
    let world = World::new();
    let variables = [("MANENT_DATABASE__URL", database.url())];
    let run = |arguments: &[&str]| {
        let arguments = [arguments, &["--data-dir", "data"]].concat();
        let outcome = world.run(&arguments, &variables);
        assert_eq!(outcome.code, Some(0), "{arguments:?}: {}", outcome.errors);
        outcome.output
    };
    let link = run(&["user", "add", "ada@example.org"]);
    assert!(link.contains("/reset-password#token="), "{link}");
    assert!(run(&["key", "create", "bot", "--scope", "read"]).starts_with("mnt_"));
    assert!(run(&["user", "list"]).contains("ada@example.org"));
    let verified = run(&["audit", "verify"]);
    assert!(
        verified.starts_with("The audit log is whole: 3 entries"),
        "{verified}"
    );
}
