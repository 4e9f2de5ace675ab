//! Two words among a million messages of several owners.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Method;
use manent_domain::ports::SearchRepository;
use manent_domain::search::{SearchOrder, SearchQuery};
use manent_storage_sqlite::{SqliteConfig, SqliteStore};
use manent_types::UserId;
use rand::RngExt;
use rusqlite::Connection;

use crate::cores::Cores;
use crate::data::library::{Library, OWNER_PK, sample_texts};
use crate::data::text::is_common;
use crate::data::{database, seeded};
use crate::environment::Environment;
use crate::floor::query_thread::QueryThread;
use crate::load::client::Client;
use crate::load::request;
use crate::report::{Report, Row, Target, Unit};
use crate::statistics::Latencies;

const PAGE: usize = 20;

/// How often each search is repeated, after a first time that does not count.
const ROUNDS: u32 = 2;

/// A search as the floor needs it.
type Question = (String, SearchOrder);

/// Runs it.
///
/// # Errors
/// When the library cannot be generated or read.
pub(crate) fn run(environment: &Environment) -> anyhow::Result<Report> {
    let mut report = Report::new("search", environment.quick);
    let library = Library {
        name: "messages",
        conversations: environment.scaled(5_000, 50_000),
        messages_each: 20,
        own_of_ten: 1,
    };
    report.note(format!(
        "{} messages, one of ten the searcher's, ten more owners; both words stand in one of the searcher's messages; the last is also a prefix",
        library.conversations * library.messages_each
    ));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let owner = environment.local_owner().await?;
        let directory = library.prepare(environment, owner).await?;
        let count = environment.scaled(60, 200);
        let telling = pairs(&directory, count, false)?;
        let any = pairs(&directory, count / 2, true)?;
        for order in ORDERS {
            at_the_store(&directory, owner, (&telling, TELLING), order, &mut report).await?;
        }
        let newest = SearchOrder::Newest;
        at_the_store(&directory, owner, (&any, ANY), newest, &mut report).await?;
        if environment.has_server(&mut report) {
            for order in ORDERS {
                through_http(environment, &directory, &telling, order, &mut report).await?;
            }
        }
        Ok(report)
    })
}

const ORDERS: [SearchOrder; 2] = [SearchOrder::Newest, SearchOrder::Relevance];

/// Words that tell messages apart: none of the commonest 128.
const TELLING: &str = "two words";

/// Any words of a message, most of them common.
const ANY: &str = "two common words";

fn name_of(order: SearchOrder) -> &'static str {
    match order {
        SearchOrder::Newest => "newest",
        SearchOrder::Relevance => "relevance",
    }
}

/// Two different words of one message. The commonest 128 words, half of all text, are left out where `is_any` is false: people search for words
/// that tell messages apart.
fn pairs(directory: &Path, count: u32, is_any: bool) -> anyhow::Result<Vec<[String; 2]>> {
    let mut random = seeded(4);
    let pairs = sample_texts(directory, count)?.into_iter().map(|text| {
        let words: Vec<&str> = text
            .split(' ')
            .filter(|word| is_any || !is_common(word))
            .collect();
        let last = words.len().checked_sub(2)?;
        let first = random.random_range(0..words.len());
        let second = (first + 1 + random.random_range(0..=last)) % words.len();
        Some([words[first].to_owned(), words[second].to_owned()])
    });
    Ok(pairs.flatten().collect())
}

async fn at_the_store(
    directory: &Path,
    owner: UserId,
    (pairs, words): (&[[String; 2]], &str),
    order: SearchOrder,
    report: &mut Report,
) -> anyhow::Result<()> {
    let store = SqliteStore::open(SqliteConfig::new(directory))?;
    let floor = QueryThread::start(database::open(directory)?, bare_search);
    let mut latencies = (
        Latencies::default(),
        Latencies::default(),
        Latencies::default(),
    );
    for round in 0..=ROUNDS {
        for pair in pairs {
            let mut waited_floors = [Duration::ZERO; 2];
            for (waited, last) in waited_floors.iter_mut().zip([PREFIX, WHOLE]) {
                let started = Instant::now();
                floor.ask((match_expression(pair, last), order)).await?;
                *waited = started.elapsed();
            }
            let query = SearchQuery {
                words: pair.to_vec(),
                order,
                limit: PAGE,
                after: None,
            };
            let started = Instant::now();
            SearchRepository::search(&store, owner, query).await?;
            let waited = started.elapsed();
            // The first round reads what the others find in memory.
            if round > 0 {
                latencies.0.push(waited);
                latencies.1.push(waited_floors[0]);
                latencies.2.push(waited_floors[1]);
            }
        }
    }
    store.close().await;
    let (figure, prefix, whole) = latencies;
    add_rows("store", words, order, &figure, &prefix, report);
    if words == TELLING {
        for percent in [50.0, 99.0] {
            let name = row_name("store", words, order, percent);
            let row = Row::new(name, Unit::Milliseconds, figure.percentile(percent));
            report.row(row.floor("bare SQL, no prefix", whole.percentile(percent)));
        }
    }
    Ok(())
}

async fn through_http(
    environment: &Environment,
    directory: &Path,
    pairs: &[[String; 2]],
    order: SearchOrder,
    report: &mut Report,
) -> anyhow::Result<()> {
    let server = environment.start_server(directory, None, Cores::All)?;
    let floor = QueryThread::start(database::open(directory)?, bare_search);
    let mut client = Client::connect(server.address).await?;
    let mut latencies = (Latencies::default(), Latencies::default());
    for round in 0..=ROUNDS {
        for pair in pairs {
            let started = Instant::now();
            floor.ask((match_expression(pair, PREFIX), order)).await?;
            let waited_floor = started.elapsed();
            let path = format!(
                "/search?q={}%20{}&limit={PAGE}&order={}",
                pair[0],
                pair[1],
                name_of(order)
            );
            let (_, waited) = request::timed(&mut client, Method::GET, &path, Bytes::new()).await?;
            if round > 0 {
                latencies.0.push(waited);
                latencies.1.push(waited_floor);
            }
        }
    }
    add_rows("HTTP", TELLING, order, &latencies.0, &latencies.1, report);
    Ok(())
}

fn add_rows(
    place: &str,
    words: &str,
    order: SearchOrder,
    figure: &Latencies,
    floor: &Latencies,
    report: &mut Report,
) {
    for percent in [50.0, 99.0] {
        let name = row_name(place, words, order, percent);
        let row = Row::new(name, Unit::Milliseconds, figure.percentile(percent));
        let with_floor = row.clone().floor("bare SQL", floor.percentile(percent));
        report.row(match place {
            "store" => with_floor.target(Target::RatioAtMost(1.5)),
            _ => with_floor,
        });
        if percent > 90.0 && order == SearchOrder::Newest && words == TELLING {
            report.row(row.target(Target::AtMost(6.0)));
        }
    }
}

fn row_name(place: &str, words: &str, order: SearchOrder, percent: f64) -> String {
    format!("{place}, {words}, {} first, p{percent}", name_of(order))
}

/// The last word may be the beginning of a word, as the API says.
const PREFIX: &str = " *";

/// The last word is a whole word.
const WHOLE: &str = "";

fn match_expression([first, second]: &[String; 2], last: &str) -> String {
    format!("owner : \"u{OWNER_PK}\" AND text : (\"{first}\" AND \"{second}\"{last})")
}

/// The messages that match, with what a list of hits shows of them, as text.
fn bare_search(connection: &Connection, (expression, order): Question) -> rusqlite::Result<usize> {
    let sql = match order {
        SearchOrder::Newest => {
            "SELECT messages.id, messages.seq, messages.role, messages.content, conversations.id, conversations.title
             FROM message_search
             JOIN messages ON messages.pk = message_search.rowid
             JOIN conversations ON conversations.pk = messages.conversation_pk
             WHERE message_search MATCH ?1 AND conversations.trashed_at IS NULL
             ORDER BY message_search.rowid DESC LIMIT 21"
        }
        SearchOrder::Relevance => {
            "SELECT messages.id, messages.seq, messages.role, messages.content, conversations.id, conversations.title
             FROM message_search
             JOIN messages ON messages.pk = message_search.rowid
             JOIN conversations ON conversations.pk = messages.conversation_pk
             WHERE message_search MATCH ?1 AND conversations.trashed_at IS NULL
             ORDER BY message_search.rank LIMIT 21"
        }
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([expression])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        for column in [0, 2, 3, 4] {
            std::hint::black_box(row.get::<_, String>(column)?);
        }
        std::hint::black_box(row.get::<_, i64>(1)?);
        std::hint::black_box(row.get::<_, Option<String>>(5)?);
        count += 1;
    }
    Ok(count)
}
