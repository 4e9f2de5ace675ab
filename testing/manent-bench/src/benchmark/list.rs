//! The newest 25 of 50,000 conversations.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use bytes::Bytes;
use hyper::Method;
use manent_domain::conversation::{
    ConversationCursor, ConversationFilter, ConversationOrder, CursorKey, OrderBy,
};
use manent_domain::ports::ConversationRepository;
use manent_storage_sqlite::{SqliteConfig, SqliteStore};
use manent_types::{ConversationId, Timestamp, UserId};
use rusqlite::Connection;

use crate::cores::Cores;
use crate::data::database;
use crate::data::library::{Library, OWNER_PK};
use crate::environment::Environment;
use crate::floor::query_thread::QueryThread;
use crate::load::client::Client;
use crate::load::request;
use crate::report::{Report, Row, Target, Unit};
use crate::statistics::{Latencies, median};

const PAGE: usize = 25;

const FIRST: (i64, &str) = (i64::MAX, "");

const LIBRARY: Library = Library {
    name: "conversations",
    conversations: 50_000,
    messages_each: 0,
    own_of_ten: 10,
};

/// Runs it.
///
/// # Errors
/// When the library cannot be generated or read.
pub(crate) fn run(environment: &Environment) -> anyhow::Result<Report> {
    let mut report = Report::new("list", environment.quick);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let owner = environment.local_owner().await?;
        let directory = LIBRARY.prepare(environment, owner).await?;
        at_the_store(environment, &directory, owner, &mut report).await?;
        if environment.has_server(&mut report) {
            through_http(environment, &directory, &mut report).await?;
        }
        Ok(report)
    })
}

async fn at_the_store(
    environment: &Environment,
    directory: &Path,
    owner: UserId,
    report: &mut Report,
) -> anyhow::Result<()> {
    let store = SqliteStore::open(SqliteConfig::new(directory))?;
    let here = database::open(directory)?;
    let thread = QueryThread::start(database::open(directory)?, page);
    let deep: (i64, String) = here.query_row(
        "SELECT last_message_at, id FROM conversations WHERE owner_pk = ?1 ORDER BY last_message_at DESC LIMIT 1 OFFSET 40000",
        [OWNER_PK],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let cursor = ConversationCursor {
        key: CursorKey::Time(Timestamp::from_millisecond(deep.0)?),
        id: deep.1.parse::<ConversationId>()?,
    };
    for (name, place, after) in [
        ("first page", (FIRST.0, FIRST.1.to_owned()), None),
        ("page after 40000", deep, Some(cursor)),
    ] {
        let mut medians = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..environment.scaled(3, 9) {
            let mut latencies = (
                Latencies::default(),
                Latencies::default(),
                Latencies::default(),
            );
            // One kind after the other, not in turns: whatever follows a pause of the other core pays for waking it up.
            let pages = environment.scaled(200, 1_000);
            for _ in 0..pages {
                let filter = ConversationFilter::default();
                let after = after.clone();
                let started = Instant::now();
                let found =
                    ConversationRepository::list(&store, owner, filter, after, PAGE).await?;
                latencies.0.push(started.elapsed());
                ensure!(found.items.len() == PAGE, "the page is not full");
            }
            for _ in 0..pages {
                let place = place.clone();
                let started = Instant::now();
                thread.ask(place).await?;
                latencies.1.push(started.elapsed());
            }
            for _ in 0..pages {
                let place = place.clone();
                let started = Instant::now();
                page(&here, place)?;
                latencies.2.push(started.elapsed());
            }
            medians.0.push(latencies.0.percentile(50.0));
            medians.1.push(latencies.1.percentile(50.0));
            medians.2.push(latencies.2.percentile(50.0));
        }
        let row = Row::new(
            format!("store, {PAGE} of 50000, {name}, p50"),
            Unit::Milliseconds,
            median(&medians.0),
        );
        report.row(
            row.clone()
                .floor("SQL on a thread of its own", median(&medians.1))
                .target(Target::RatioAtMost(2.0)),
        );
        report.row(row.floor("SQL on the caller's thread", median(&medians.2)));
    }
    other_orders(environment, &store, owner, report).await?;
    store.close().await;
    Ok(())
}

/// The second page in the orders that the page does not ask for.
async fn other_orders(
    environment: &Environment,
    store: &SqliteStore,
    owner: UserId,
    report: &mut Report,
) -> anyhow::Result<()> {
    for (name, by) in [
        ("last message", OrderBy::LastMessage),
        ("creation", OrderBy::Created),
        ("change", OrderBy::Updated),
        ("title", OrderBy::Title),
    ] {
        let filter = ConversationFilter {
            order: ConversationOrder {
                by,
                descending: true,
            },
            ..ConversationFilter::default()
        };
        let list = |after| ConversationRepository::list(store, owner, filter.clone(), after, PAGE);
        let first = list(None).await?;
        let mut medians = Vec::new();
        for _ in 0..environment.scaled(3, 9) {
            let mut latencies = Latencies::default();
            for _ in 0..environment.scaled(200, 1_000) {
                let started = Instant::now();
                let found = list(first.next.clone()).await?;
                latencies.push(started.elapsed());
                ensure!(found.items.len() == PAGE, "the page is not full");
            }
            medians.push(latencies.percentile(50.0));
        }
        report.row(Row::new(
            format!("store, {PAGE} of 50000, second page by {name}, p50"),
            Unit::Milliseconds,
            median(&medians),
        ));
    }
    Ok(())
}

/// A page by keyset, every column read.
fn page(connection: &Connection, (time, id): (i64, String)) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached(
        "SELECT id, title, title_source, config, pinned, last_seq, trashed_at, created_at, updated_at, last_message_at
         FROM conversations
         WHERE owner_pk = ?1 AND trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL AND (last_message_at, id) < (?2, ?3)
         ORDER BY last_message_at DESC, id DESC LIMIT 26",
    )?;
    let mut rows = statement.query((OWNER_PK, time, id))?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        for column in [0, 2, 3] {
            std::hint::black_box(row.get::<_, String>(column)?);
        }
        std::hint::black_box(row.get::<_, Option<String>>(1)?);
        std::hint::black_box(row.get::<_, Option<i64>>(6)?);
        for column in [4, 5, 7, 8, 9] {
            std::hint::black_box(row.get::<_, i64>(column)?);
        }
        count += 1;
    }
    Ok(count)
}

async fn through_http(
    environment: &Environment,
    directory: &Path,
    report: &mut Report,
) -> anyhow::Result<()> {
    let server = environment.start_server(directory, None, Cores::Measured)?;
    let mut client = Client::connect(server.address).await?;
    let path = format!("/conversations?limit={PAGE}");
    let (answer, _) = request::timed(&mut client, Method::GET, &path, Bytes::new()).await?;
    let listed: serde_json::Value = serde_json::from_slice(&answer)?;
    let listed = listed["conversations"].as_array().context("no list")?;
    ensure!(listed.len() == PAGE, "the server lists {}", listed.len());

    let length = Some(answer.len().to_string());
    let bare = environment.start_floor("bare-answer", length, Cores::Measured)?;
    let mut bare_client = Client::connect(bare.address).await?;
    let mut medians = (Vec::new(), Vec::new());
    for _ in 0..environment.scaled(3, 9) {
        let mut latencies = (Latencies::default(), Latencies::default());
        for _ in 0..environment.scaled(200, 1_000) {
            let (_, waited) = request::timed(&mut client, Method::GET, &path, Bytes::new()).await?;
            latencies.0.push(waited);
            let (_, waited) =
                request::timed(&mut bare_client, Method::GET, "/", Bytes::new()).await?;
            latencies.1.push(waited);
        }
        medians.0.push(latencies.0.percentile(50.0));
        medians.1.push(latencies.1.percentile(50.0));
    }
    report.row(
        Row::new(
            format!("HTTP, {PAGE} of 50000, p50"),
            Unit::Milliseconds,
            median(&medians.0),
        )
        .floor("bare handler, same bytes", median(&medians.1))
        .target(Target::OverFloorAtMost(0.3)),
    );
    Ok(())
}
