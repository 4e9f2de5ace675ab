//! Servers start, stop, and go with their process.

use manent_postgres::{PostgresServer, ServerOptions, Stop};

#[tokio::test]
async fn databases_are_apart_and_can_be_copied() {
    let server = PostgresServer::shared().await.unwrap();
    let one = server.fresh_database().await.unwrap();
    let other = server.fresh_database().await.unwrap();
    one.execute("CREATE TABLE words (word text); INSERT INTO words VALUES ('here')")
        .await
        .unwrap();
    assert!(other.query_one("SELECT word FROM words").await.is_err());
    let copy = server.copy_of(&one).await.unwrap();
    let word = copy.query_one("SELECT word FROM words").await.unwrap();
    assert_eq!(word, "here");
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_stop() {
    let server = PostgresServer::private(ServerOptions::default())
        .await
        .unwrap();
    let database = server.fresh_database().await.unwrap();
    database
        .execute("CREATE TABLE numbers (number integer)")
        .await
        .unwrap();
    for (number, how) in [(1, Stop::Fast), (2, Stop::Immediate)] {
        database
            .execute(&format!("INSERT INTO numbers VALUES ({number})"))
            .await
            .unwrap();
        server.stop(how).await.unwrap();
        assert!(database.query_one("SELECT 1").await.is_err());
        server.start().await.unwrap();
    }
    let count = database.query_one("SELECT count(*) FROM numbers").await;
    assert_eq!(count.unwrap(), "2");
}

#[tokio::test]
async fn connections_can_be_ended() {
    let server = PostgresServer::shared().await.unwrap();
    let database = server.fresh_database().await.unwrap();
    let (sleeping, ended) = tokio::join!(database.execute("SELECT pg_sleep(60)"), async {
        loop {
            let ended = database.terminate_backends().await.unwrap();
            if ended > 0 {
                return ended;
            }
            tokio::task::yield_now().await;
        }
    });
    assert!(sleeping.is_err());
    assert_eq!(ended, 1);
}
