//! Connections that break, servers that go away, and too much to do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use manent_domain::append::{AppendPlan, Outcome};
use manent_domain::message::MessageRange;
use manent_domain::ports::{ConversationRepository, MessageRepository, StoreError};
use manent_postgres::{Database, PostgresServer, ServerOptions, Stop};
use manent_storage_memory::conformance::person::{
    Person, at, conversation, message, plain, said, sequenced,
};
use manent_storage_postgres::{PostgresConfig, PostgresStore};
use manent_types::{UserId, text_of};
use tokio::io::copy;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_postgres::{Client, NoTls};

use crate::harness::{database, open, small, soon};

/// A connection beside the store.
async fn beside(database: &Database) -> Client {
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

/// One numbered message of a person's phone.
async fn append_one(
    store: &PostgresStore,
    owner: UserId,
    number: u64,
) -> Result<AppendPlan, StoreError> {
    let words = format!("message {number}");
    let item = sequenced(
        "phone",
        number,
        conversation(1),
        said(message(u128::from(number)), &words),
    );
    MessageRepository::append(store, owner, vec![item], at(60)).await
}

/// Appends until it is stored, sending again whatever fails.
async fn append_surely(store: &PostgresStore, owner: UserId, number: u64) {
    soon(async {
        loop {
            match append_one(store, owner, number).await {
                Ok(plan) => {
                    let outcome = plan.outcomes[0].outcome;
                    let is_stored = matches!(
                        outcome,
                        Outcome::Stored { seq } | Outcome::Duplicate { seq } if seq == number
                    );
                    assert!(is_stored, "{number}: {outcome:?}");
                    return;
                }
                Err(StoreError::Unavailable { .. } | StoreError::Busy { .. }) => {
                    tokio::task::yield_now().await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    })
    .await;
}

/// The numbers of the stored messages, in the order of their places.
async fn stored(store: &PostgresStore, owner: UserId) -> Vec<u128> {
    let range = MessageRange::After(0);
    let page = MessageRepository::list(store, owner, conversation(1), range, 1_000, at(0)).await;
    let page = page.unwrap().unwrap();
    (1..)
        .zip(page.items)
        .map(|(seq, item)| {
            assert_eq!(item.seq, seq);
            item.id.as_uuid().as_u128() & 0xffff
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_ended_lose_and_double_nothing() {
    const MESSAGES: u64 = 40;
    let database = database().await;
    let store = open(PostgresConfig::new(database.url())).await;
    let mut owners = Vec::new();
    for number in 1..=8 {
        let person = Person::new(&store, number);
        person.create(conversation(1), None, 0).await;
        owners.push(person.owner);
    }
    let is_done = AtomicBool::new(false);
    let writing = async {
        join_all(owners.iter().map(|owner| async {
            for number in 1..=MESSAGES {
                append_surely(&store, *owner, number).await;
            }
        }))
        .await;
        is_done.store(true, Ordering::Relaxed);
    };
    let breaking = async {
        let mut ended = 0;
        while !is_done.load(Ordering::Relaxed) {
            ended += database.terminate_backends().await.unwrap();
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        ended
    };
    let ((), ended) = tokio::join!(writing, breaking);
    assert!(ended > 0);
    let all: Vec<u128> = (1..=u128::from(MESSAGES)).collect();
    for owner in owners {
        assert_eq!(soon(read_surely(&store, owner)).await, all);
    }
}

async fn read_surely(store: &PostgresStore, owner: UserId) -> Vec<u128> {
    loop {
        let found = ConversationRepository::find(store, owner, conversation(1), at(0)).await;
        if found.is_ok() {
            return stored(store, owner).await;
        }
    }
}

#[tokio::test]
async fn a_server_that_goes_away_is_told_at_once_and_found_again() {
    let server = PostgresServer::private(ServerOptions::default())
        .await
        .unwrap();
    let database = server.fresh_database().await.unwrap();
    let store = open(small(&database)).await;
    let owner = Person::with_conversation(&store, conversation(1))
        .await
        .owner;
    for (number, how) in [(1, Stop::Fast), (2, Stop::Immediate)] {
        append_surely(&store, owner, number).await;
        server.stop(how).await.unwrap();
        let begin = Instant::now();
        let read = ConversationRepository::find(&store, owner, conversation(1), at(0)).await;
        assert!(
            matches!(read, Err(StoreError::Unavailable { .. })),
            "{read:?}"
        );
        let written = append_one(&store, owner, number + 1).await;
        assert!(
            matches!(written, Err(StoreError::Unavailable { .. })),
            "{written:?}"
        );
        assert!(matches!(
            store.check().await,
            Err(StoreError::Unavailable { .. })
        ));
        assert!(begin.elapsed() < Duration::from_secs(2));
        server.start().await.unwrap();
        let found = ConversationRepository::find(&store, owner, conversation(1), at(0)).await;
        assert!(found.unwrap().is_some(), "the first read after the start");
    }
    append_surely(&store, owner, 3).await;
    assert_eq!(stored(&store, owner).await, [1, 2, 3]);
}

#[tokio::test]
async fn when_all_connections_are_in_use_the_others_are_told_in_time() {
    let database = database().await;
    let config = PostgresConfig {
        // Long enough for a connection on a busy machine, too.
        acquire_timeout: Duration::from_secs(1),
        // Long enough for the two that wait.
        statement_timeout: Duration::from_mins(2),
        ..small(&database)
    };
    let store = open(config).await;
    let owner = Person::with_conversation(&store, conversation(1))
        .await
        .owner;
    let client = beside(&database).await;
    client
        .batch_execute("BEGIN; LOCK TABLE conversations IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let find = || ConversationRepository::find(&store, owner, conversation(1), at(0));
    let (first, second, ()) = tokio::join!(find(), find(), async {
        // The two that came before hold both connections.
        while store.metrics().connections_in_use < 2 {
            tokio::task::yield_now().await;
        }
        let begin = Instant::now();
        let busy = |detail: &str| StoreError::Busy {
            detail: detail.to_owned(),
        };
        let third = find().await;
        assert_eq!(third, Err(busy("all connections are in use")));
        let append = append_one(&store, owner, 1).await;
        assert_eq!(append.unwrap_err(), busy("all connections are in use"));
        assert!(begin.elapsed() < Duration::from_secs(5));
        client.batch_execute("COMMIT").await.unwrap();
    });
    assert!(first.unwrap().is_some() && second.unwrap().is_some());
    append_surely(&store, owner, 1).await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended() {
    let database = database().await;
    let config = PostgresConfig {
        statement_timeout: Duration::from_millis(100),
        ..small(&database)
    };
    let store = open(config).await;
    let owner = Person::with_conversation(&store, conversation(1))
        .await
        .owner;
    let client = beside(&database).await;
    client
        .batch_execute("BEGIN; LOCK TABLE conversations IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let read = ConversationRepository::find(&store, owner, conversation(1), at(0)).await;
    assert!(matches!(read, Err(StoreError::Busy { .. })), "{read:?}");
    let written = append_one(&store, owner, 1).await;
    assert!(
        matches!(written, Err(StoreError::Busy { .. })),
        "{written:?}"
    );
    client.batch_execute("COMMIT").await.unwrap();
    append_surely(&store, owner, 1).await;
    assert_eq!(stored(&store, owner).await, [1]);
}

/// Passes bytes between a store and its server while the watched value is false. While it is true connections stay open, and nothing goes
/// through them: each connection looks at it before it passes anything on.
async fn silenceable(port: u16) -> (u16, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    let (is_silent, silence) = watch::channel(false);
    tokio::spawn(async move {
        loop {
            let (from, _) = listener.accept().await.unwrap();
            let mut silence = silence.clone();
            tokio::spawn(async move {
                let to = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let (mut from_read, mut from_write) = from.into_split();
                let (mut to_read, mut to_write) = to.into_split();
                let mut ending = silence.clone();
                tokio::select! {
                    biased;
                    () = async { drop(silence.wait_for(|is_silent| *is_silent).await) } => {
                        // Held open.
                        let _ = ending.wait_for(|is_silent| !is_silent).await;
                    }
                    _ = copy(&mut from_read, &mut to_write) => {}
                    _ = copy(&mut to_read, &mut from_write) => {}
                }
            });
        }
    });
    (own, is_silent)
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up_in_time_and_found_again() {
    let database = database().await;
    let server = PostgresServer::shared().await.unwrap();
    let (port, is_silent) = silenceable(server.port()).await;
    let url = database.url_through("127.0.0.1", port).unwrap();
    let config = PostgresConfig {
        pool_size: 3,
        acquire_timeout: Duration::from_secs(1),
        statement_timeout: Duration::from_millis(200),
        ..PostgresConfig::new(url)
    };
    let store = open(config).await;
    let owner = Person::with_conversation(&store, conversation(1))
        .await
        .owner;
    append_surely(&store, owner, 1).await;
    is_silent.send_replace(true);
    for _ in 0..2 {
        let begin = Instant::now();
        let (read, written) = tokio::join!(
            ConversationRepository::find(&store, owner, conversation(1), at(0)),
            append_one(&store, owner, 2)
        );
        assert!(
            matches!(read, Err(StoreError::Unavailable { .. })),
            "{read:?}"
        );
        assert!(
            matches!(written, Err(StoreError::Unavailable { .. })),
            "{written:?}"
        );
        assert!(
            begin.elapsed() < Duration::from_secs(5),
            "{:?}",
            begin.elapsed()
        );
    }
    is_silent.send_replace(false);
    append_surely(&store, owner, 2).await;
    assert_eq!(stored(&store, owner).await, [1, 2]);
}

#[tokio::test]
async fn a_closed_store_finishes_what_waits_and_refuses_the_rest() {
    let database = database().await;
    let store = open(small(&database)).await;
    let owner = Person::with_conversation(&store, conversation(1))
        .await
        .owner;
    let other = store.clone();
    let appending = join_all((1..=20).map(|number| append_one(&store, owner, number)));
    let (answers, ()) = tokio::join!(appending, other.close());
    assert!(answers.iter().all(Result::is_ok));
    let closed = StoreError::Unavailable {
        detail: "the store is closed".to_owned(),
    };
    assert_eq!(append_one(&store, owner, 21).await.unwrap_err(), closed);
    let read = ConversationRepository::find(&store, owner, conversation(1), at(0)).await;
    assert_eq!(read.unwrap_err(), closed);
    let again = open(small(&database)).await;
    assert_eq!(stored(&again, owner).await.len(), 20);
}

#[tokio::test]
async fn an_owner_whose_lock_is_held_holds_up_no_other() {
    let database = database().await;
    let config = PostgresConfig {
        statement_timeout: Duration::from_millis(200),
        ..small(&database)
    };
    let store = open(config).await;
    let mut owners = Vec::new();
    for number in 1..=4 {
        let person = Person::new(&store, number);
        person.create(conversation(1), None, 0).await;
        owners.push(person.owner);
    }
    let held = owners.remove(2);
    let client = beside(&database).await;
    client.batch_execute("BEGIN").await.unwrap();
    client
        .execute(
            "SELECT FROM users WHERE id = $1 FOR UPDATE",
            &[&held.as_uuid()],
        )
        .await
        .unwrap();
    let begin = Instant::now();
    let waiting = join_all((1..=20).map(|number| append_one(&store, held, number)));
    let others = join_all(owners.iter().map(|owner| append_one(&store, *owner, 1)));
    let (waiting, others) = tokio::join!(waiting, others);
    assert!(others.iter().all(Result::is_ok), "{others:?}");
    let is_busy = |answer: &Result<_, _>| matches!(answer, Err(StoreError::Busy { .. }));
    assert!(waiting.iter().all(is_busy), "{waiting:?}");
    assert!(begin.elapsed() < Duration::from_secs(3));
    client.batch_execute("COMMIT").await.unwrap();
    for number in 1..=20 {
        append_surely(&store, held, number).await;
    }
    assert_eq!(stored(&store, held).await.len(), 20);
}

#[tokio::test]
async fn a_text_of_any_length_is_stored_and_found_by_its_beginning() {
    let database = database().await;
    let store = open(small(&database)).await;
    let person = Person::with_conversation(&store, conversation(1)).await;
    let texts = [
        // More words than fit into an index, one word that is too long, and a word too often.
        (0..250_000).fold("needle".to_owned(), |text, number| {
            text + " w" + &number.to_string()
        }),
        format!("needle {}", "x".repeat(1 << 20)),
        "needle ".repeat(100_000),
        "needle \u{0}\u{1f}\u{fffe} ' \\ :* & | !".to_owned(),
    ];
    for (number, text) in (1..).zip(&texts) {
        let outcome = append_text(&store, person.owner, number, text).await;
        assert!(matches!(outcome, Outcome::Stored { .. }), "{outcome:?}");
    }
    assert_eq!(person.search(&["needle"]).await.len(), 5, "with the title");
    let range = MessageRange::After(0);
    let page =
        MessageRepository::list(&store, person.owner, conversation(1), range, 10, at(0)).await;
    let items = page.unwrap().unwrap().items;
    let stored: Vec<_> = items.iter().map(|item| text_of(&item.content)).collect();
    assert!(stored == texts);
}

async fn append_text(store: &PostgresStore, owner: UserId, number: u128, text: &str) -> Outcome {
    let item = plain(conversation(1), said(message(number), text));
    let plan = MessageRepository::append(store, owner, vec![item], at(60)).await;
    plan.unwrap().outcomes[0].outcome
}
