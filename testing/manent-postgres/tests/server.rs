//! Servers start, stop, and go with their process.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use manent_postgres::{PostgresServer, ServerOptions, Stop};
use tokio_postgres::NoTls;

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

#[tokio::test]
async fn a_server_goes_with_its_process_even_if_that_is_killed() {
    let mut holder = Command::new(env!("CARGO_BIN_EXE_manent-postgres"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(holder.stdout.take().unwrap())
        .read_line(&mut url)
        .unwrap();
    let (client, connection) = tokio_postgres::connect(url.trim(), NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let row = client.query_one("SHOW data_directory", &[]).await.unwrap();
    let directory: PathBuf = row.get::<_, String>(0).into();
    assert!(directory.parent().unwrap().is_dir());
    holder.kill().unwrap();
    holder.wait().unwrap();
    let gone = async {
        assert!(connection.await.unwrap().is_err(), "the server ends it");
        while directory.parent().unwrap().exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone)
        .await
        .expect("the server and its directory are gone");
}
