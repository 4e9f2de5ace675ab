use std::time::Duration;

use manent_domain::ports::StoreError;

use crate::config::SqliteConfig;
use crate::open::open;

#[tokio::test]
async fn a_reader_cannot_write() {
    let directory = tempfile::tempdir().unwrap();
    let opened = open(SqliteConfig::new(directory.path())).unwrap();
    let written = opened
        .reads
        .run(|connection| Ok(connection.execute("DELETE FROM users", [])?))
        .await;
    assert!(
        matches!(written, Err(StoreError::ReadOnly { .. })),
        "{written:?}"
    );
}

#[tokio::test]
async fn a_read_without_end_is_ended_and_its_reader_serves_on() {
    let directory = tempfile::tempdir().unwrap();
    let config = SqliteConfig {
        readers: 1,
        read_timeout: Duration::from_millis(5),
        ..SqliteConfig::new(directory.path())
    };
    let opened = open(config).unwrap();
    let endless = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT count(*) FROM numbers";
    let ended: Result<i64, _> = opened
        .reads
        .run(|connection| Ok(connection.query_row(endless, [], |row| row.get(0))?))
        .await;
    assert!(matches!(ended, Err(StoreError::Busy { .. })), "{ended:?}");
    assert_eq!(opened.reads.run(|_| Ok(7)).await, Ok(7));
}

#[tokio::test]
async fn a_panicking_read_leaves_its_reader_in_service() {
    let directory = tempfile::tempdir().unwrap();
    let config = SqliteConfig {
        readers: 1,
        ..SqliteConfig::new(directory.path())
    };
    let opened = open(config).unwrap();
    let panicked: Result<(), _> = opened.reads.run(|_| panic!("on purpose")).await;
    assert!(
        matches!(panicked, Err(StoreError::Internal { .. })),
        "{panicked:?}"
    );
    assert_eq!(opened.reads.run(|_| Ok(7)).await, Ok(7));
}
