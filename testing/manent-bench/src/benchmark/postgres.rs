//! Durable appends in Postgres: at the store, against a plain client that writes the same rows in batches, on the same server with the same durability.

use std::time::Instant;

use futures_util::future::try_join_all;
use manent_domain::conversation::NewConversation;
use manent_domain::ports::ConversationRepository;
use manent_postgres::{PostgresServer, ServerOptions};
use manent_storage_postgres::{PostgresConfig, PostgresStore};
use manent_types::{ConversationId, UserId};
use uuid::Uuid;

use super::append::store::append;
use super::append::{Rounds, appends_each};
use crate::data::messages::{now, random_id, submission};
use crate::data::seeded;
use crate::data::text::Vocabulary;
use crate::environment::Environment;
use crate::floor::group_commit::Run;
use crate::floor::plain_batches::PlainBatches;
use crate::report::{Report, Row, Target, Unit};
use crate::statistics::Latencies;

/// Who appends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Crowd {
    clients: usize,
    /// All clients are devices of one person; else each is a person.
    is_one_person: bool,
    /// Over how many connections the floor spreads the clients' rows.
    connections: &'static [usize],
}

const CROWDS: [Crowd; 4] = [
    Crowd {
        clients: 1,
        is_one_person: false,
        connections: &[1],
    },
    Crowd {
        clients: 16,
        is_one_person: false,
        connections: &[1, 4],
    },
    Crowd {
        clients: 64,
        is_one_person: false,
        connections: &[1, 4],
    },
    Crowd {
        clients: 64,
        is_one_person: true,
        connections: &[1],
    },
];

/// Runs it.
///
/// # Errors
/// When there is no Postgres, the store does not open, or an append fails.
pub(crate) fn run(environment: &Environment) -> anyhow::Result<Report> {
    let mut report = Report::new("postgres", environment.quick);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let options = ServerOptions {
            fsync: true,
            ..ServerOptions::default()
        };
        let server = PostgresServer::private(options).await?;
        for crowd in CROWDS {
            measure(environment, &server, crowd, &mut report).await?;
        }
        Ok(report)
    })
}

async fn measure(
    environment: &Environment,
    server: &PostgresServer,
    crowd: Crowd,
    report: &mut Report,
) -> anyhow::Result<()> {
    let database = server.fresh_database().await?;
    let bench = StoreBench::create(database.url(), crowd).await?;
    let mut floors = Vec::new();
    for connections in crowd.connections {
        let database = server.fresh_database().await?;
        let store = PostgresStore::connect(PostgresConfig::new(database.url())).await?;
        store.close().await;
        let writers = Writers::new(crowd);
        let floor = PlainBatches::create(database.url(), &writers.all, *connections).await?;
        floors.push((*connections, floor, database, Rounds::default()));
    }
    let mut figure = Rounds::default();
    let each = appends_each(environment, crowd.clients);
    for round in 0..environment.scaled(3, 7) {
        figure.push(bench.run(each, round).await?);
        for (_, floor, _, rounds) in &mut floors {
            rounds.push(floor.run(each, round).await?);
        }
    }
    let metrics = bench.store.metrics();
    bench.store.close().await;
    let who = match crowd {
        Crowd { clients: 1, .. } => "1 client".to_owned(),
        Crowd {
            clients,
            is_one_person: true,
            ..
        } => format!("{clients} clients of one person"),
        Crowd { clients, .. } => format!("{clients} clients"),
    };
    let [jobs, commits] = [metrics.jobs, metrics.commits]
        .map(|count| u32::try_from(count).map_or(f64::NAN, f64::from));
    report.note(format!(
        "{who}: {:.1} appends for each commit of the store",
        jobs / commits
    ));
    for (connections, _, _, rounds) in &floors {
        let rows = crowd.clients / connections;
        let floor = match (rows, connections) {
            (1, 1) => "plain client, a row for each commit".to_owned(),
            (_, 1) => format!("plain client, {rows} rows for each commit"),
            _ => format!("plain client, {rows} rows for each commit, {connections} connections"),
        };
        let rate = Row::new(
            format!("Postgres store, {who}, appends/s"),
            Unit::PerSecond,
            figure.rate(),
        );
        report.row(
            rate.floor(&floor, rounds.rate())
                .target(Target::RatioAtLeast(0.7)),
        );
        for percent in [50.0, 99.0] {
            let row = Row::new(
                format!("Postgres store, {who}, p{percent}"),
                Unit::Milliseconds,
                figure.percentile(percent),
            );
            report.row(row.floor(&floor, rounds.percentile(percent)));
        }
    }
    Ok(())
}

/// The clients: whose words go where.
struct Writers {
    all: Vec<(Uuid, Uuid)>,
}

impl Writers {
    fn new(crowd: Crowd) -> Self {
        let mut random = seeded(11);
        let one = random_id(&mut random);
        let all = (0..crowd.clients)
            .map(|_| {
                let own = random_id(&mut random);
                let owner = if crowd.is_one_person { one } else { own };
                (owner, random_id(&mut random))
            })
            .collect();
        Self { all }
    }
}

struct StoreBench {
    store: PostgresStore,
    writers: Writers,
    vocabulary: Vocabulary,
}

impl StoreBench {
    async fn create(url: &str, crowd: Crowd) -> anyhow::Result<Self> {
        let bench = Self {
            store: PostgresStore::connect(PostgresConfig::new(url)).await?,
            writers: Writers::new(crowd),
            vocabulary: Vocabulary::new(),
        };
        for (owner, conversation) in &bench.writers.all {
            let new = NewConversation {
                title: Some("A conversation".to_owned()),
                ..NewConversation::new(ConversationId::new(*conversation))
            };
            bench.store.create(UserId::new(*owner), new, now()?).await?;
        }
        Ok(bench)
    }

    /// Each client appends so many messages to its conversation, one after the other.
    async fn run(&self, each: usize, seed: u64) -> anyhow::Result<Run> {
        // Not the seed of the conversations: ids must not come again.
        let mut random = seeded(seed + 1_000);
        let mut clients = Vec::new();
        for (owner, conversation) in &self.writers.all {
            // The first of a round begins a branch of its own: what follows is a chain, as in a chat.
            let mut parent = None;
            let submissions = (0..each)
                .map(|_| {
                    let id = random_id(&mut random);
                    let text = self.vocabulary.message(&mut random);
                    submission(id, *conversation, parent.replace(id), text)
                })
                .collect::<anyhow::Result<Vec<_>>>()?;
            clients.push((UserId::new(*owner), submissions));
        }
        let started = Instant::now();
        let clients = clients.into_iter().map(|(owner, submissions)| {
            let store = self.store.clone();
            tokio::spawn(async move {
                let mut latencies = Latencies::default();
                for submission in submissions {
                    let started_one = Instant::now();
                    append(&store, owner, vec![submission], started).await?;
                    latencies.push(started_one.elapsed());
                }
                anyhow::Ok(latencies)
            })
        });
        let mut latencies = Latencies::default();
        for client in try_join_all(clients).await? {
            latencies.extend(client?);
        }
        Ok(Run {
            latencies,
            elapsed: started.elapsed(),
        })
    }
}
