//! Opening: many at once, and every way in which a database can be wrong gets its sentence.

use std::time::Duration;

use futures_util::future::join_all;
use manent_domain::ports::StoreError;
use manent_storage_memory::conformance::person::{Person, conversation};
use manent_storage_postgres::{OpenError, PostgresConfig, PostgresStore, SchemaVersions};

use crate::harness::{empty_database, open, small};

fn hasty(url: impl Into<String>) -> PostgresConfig {
    PostgresConfig {
        pool_size: 3,
        start_wait: Duration::ZERO,
        ..PostgresConfig::new(url.into())
    }
}

async fn refused(url: impl Into<String>) -> String {
    let error = PostgresStore::connect(hasty(url)).await.unwrap_err();
    let text = error.to_string();
    assert!(!text.contains("secret"), "{text}");
    text
}

#[tokio::test]
async fn ten_stores_open_an_empty_database_at_once() {
    let database = empty_database().await;
    let stores = join_all((0..10).map(|_| open(small(&database)))).await;
    let person = Person::with_conversation(&stores[0], conversation(1)).await;
    for store in &stores {
        let found = Person { store, ..person };
        assert!(found.find(conversation(1)).await.is_some());
    }
    let versions = database
        .query_one("SELECT count(*) FROM schema_versions")
        .await;
    assert_eq!(versions.unwrap(), "4");
}

#[tokio::test]
async fn the_tables_can_be_made_alone() {
    let database = empty_database().await;
    for before in [0, 4] {
        let versions = PostgresStore::migrate(small(&database)).await.unwrap();
        assert_eq!(versions, SchemaVersions { before, after: 4 });
    }
}

#[tokio::test]
async fn a_newer_database_is_refused_and_found_out_while_it_runs() {
    let database = empty_database().await;
    let store = open(small(&database)).await;
    assert!(store.check().await.is_ok());
    database
        .execute("INSERT INTO schema_versions (version) VALUES (7)")
        .await
        .unwrap();
    assert!(matches!(store.check().await, Err(StoreError::Newer { .. })));
    let error = PostgresStore::connect(small(&database)).await.unwrap_err();
    assert!(matches!(
        error,
        OpenError::Newer {
            found: 7,
            known: 4,
            ..
        }
    ));
}

#[tokio::test]
async fn tables_that_are_in_the_way_are_left_as_they_are() {
    let database = empty_database().await;
    database
        .execute("CREATE TABLE messages (words text)")
        .await
        .unwrap();
    let error = PostgresStore::connect(small(&database)).await.unwrap_err();
    assert!(error.to_string().contains("messages"), "{error}");
    let left = database
        .query_one("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        .await;
    assert_eq!(left.unwrap(), "1");
}

#[tokio::test]
async fn who_may_not_come_in_is_told() {
    let database = empty_database().await;
    let address = |change: fn(&mut url::Url)| {
        let mut url = url::Url::parse(database.url()).unwrap();
        change(&mut url);
        url.to_string()
    };
    let text = refused(address(|url| url.set_password(Some("secret")).unwrap())).await;
    assert!(text.contains("refuses"), "{text}");
    let text = refused(address(|url| url.set_path("nowhere"))).await;
    assert!(text.contains("nowhere"), "{text}");
    let text = refused(address(|url| url.set_port(Some(1)).unwrap())).await;
    assert!(text.contains("cannot be reached"), "{text}");
    let text = refused("postgres://me:secret@[::1/manent").await;
    assert!(text.contains("database.url"), "{text}");
}

#[tokio::test]
async fn a_server_without_encryption_is_refused_where_it_is_required() {
    let database = empty_database().await;
    for mode in ["require", "verify-full"] {
        let text = refused(format!("{}?sslmode={mode}", database.url())).await;
        assert!(text.contains("TLS"), "{text}");
    }
    open(hasty(format!("{}?sslmode=prefer", database.url()))).await;
}
