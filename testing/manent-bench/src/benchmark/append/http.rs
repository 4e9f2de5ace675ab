//! Through HTTP, against plain group commit and against the same requests with no store behind them.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::ensure;
use bytes::Bytes;
use futures_util::future::try_join_all;
use hyper::Method;
use memchr::memmem;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::{CLIENTS, Rounds, appends_each};
use crate::cores::Cores;
use crate::data::messages::{append_body, create_body, random_id};
use crate::data::seeded;
use crate::data::text::Vocabulary;
use crate::environment::Environment;
use crate::floor::group_commit::{GroupCommit, PLAIN, Run};
use crate::load::client::Client;
use crate::load::request;
use crate::report::{Report, Row, Target, Unit};
use crate::statistics::Latencies;

pub(super) fn measure(environment: &Environment, report: &mut Report) -> anyhow::Result<()> {
    let directory = environment.scratch()?;
    let server = environment.start_server(directory.path(), None, Cores::All)?;
    let bare = environment.start_floor("bare-append", None, Cores::All)?;
    // One thread for the load; plain group commit runs in this process as it does beside the store.
    let load = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let clients = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let vocabulary = Vocabulary::new();
    for count in CLIENTS {
        let directory = environment.scratch()?;
        let plain = clients.block_on(GroupCommit::create(directory.path(), count, PLAIN))?;
        let each = appends_each(environment, count);
        let mut rounds = (Rounds::default(), Rounds::default(), Rounds::default());
        for round in 0..environment.scaled(3, 5) {
            let seed = u64::try_from(count)? * 1_000 + round;
            let run = |address, creates| {
                load.block_on(run(address, creates, count, each, seed, &vocabulary))
            };
            rounds.0.push(run(server.address, true)?);
            rounds.1.push(run(bare.address, false)?);
            rounds.2.push(clients.block_on(plain.run(each, seed))?);
        }
        let (figure, bare, plain) = rounds;
        let row = Row::new(
            format!("HTTP, {count} clients, appends/s"),
            Unit::PerSecond,
            figure.rate(),
        );
        let (bare_name, plain_name) = ("same requests, no store", "plain group commit");
        let floors = if bare.rate() < plain.rate() {
            [(bare_name, bare.rate()), (plain_name, plain.rate())]
        } else {
            [(plain_name, plain.rate()), (bare_name, bare.rate())]
        };
        // The smaller of the two is what could be reached at best.
        let judged = row.clone().floor(floors[0].0, floors[0].1);
        report.row(match count {
            64 => judged.target(Target::RatioAtLeast(0.7)),
            _ => judged,
        });
        report.row(row.floor(floors[1].0, floors[1].1));
        for percent in [50.0, 99.0] {
            report.row(
                Row::new(
                    format!("HTTP, {count} clients, p{percent}"),
                    Unit::Milliseconds,
                    figure.percentile(percent),
                )
                .floor(plain_name, plain.percentile(percent)),
            );
        }
    }
    Ok(())
}

/// Each client appends so many messages to a conversation of its own, one request after the other on its own connection.
async fn run(
    address: SocketAddr,
    creates: bool,
    clients: usize,
    each: usize,
    seed: u64,
    vocabulary: &Vocabulary,
) -> anyhow::Result<Run> {
    let mut random = seeded(seed);
    let mut prepared = Vec::with_capacity(clients);
    for _ in 0..clients {
        let conversation = random_id(&mut random);
        let mut client = Client::connect(address).await?;
        if creates {
            let body = create_body(conversation);
            request::timed(&mut client, Method::POST, "/conversation/create", body).await?;
        }
        prepared.push((client, bodies(conversation, each, vocabulary, &mut random)));
    }
    let started = Instant::now();
    let waited = try_join_all(
        prepared
            .into_iter()
            .map(|(client, bodies)| append(client, bodies)),
    );
    let mut latencies = Latencies::default();
    for one in waited.await? {
        latencies.extend(one);
    }
    Ok(Run {
        latencies,
        elapsed: started.elapsed(),
    })
}

async fn append(mut client: Client, bodies: Vec<Bytes>) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::default();
    for body in bodies {
        let (answer, duration) =
            request::timed(&mut client, Method::POST, "/message/append", body).await?;
        ensure!(
            memmem::find(&answer, br#""outcome":"stored""#).is_some(),
            "not stored: {}",
            String::from_utf8_lossy(&answer)
        );
        latencies.push(duration);
    }
    Ok(latencies)
}

fn bodies(
    conversation: Uuid,
    each: usize,
    vocabulary: &Vocabulary,
    random: &mut StdRng,
) -> Vec<Bytes> {
    let mut parent = None;
    (0..each)
        .map(|_| {
            let id = random_id(random);
            append_body(
                id,
                conversation,
                parent.replace(id),
                &vocabulary.message(random),
            )
        })
        .collect()
}
