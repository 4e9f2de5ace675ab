//! The first token of turns while another process holds the database's lock, so that nothing can be written, against the same turns with the store up.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::ensure;
use futures_util::future::try_join_all;
use hyper::Method;

use crate::child::ServerProcess;
use crate::cores::Cores;
use crate::data::database;
use crate::environment::Environment;
use crate::load::client::Client;
use crate::load::run::{read_turn, turn_body};
use crate::load::stream;
use crate::report::{Report, Row, Target, Unit};
use crate::statistics::Latencies;
use crate::upstream::Script;

/// Between two turns: 20 turns a second.
const BETWEEN_TURNS: Duration = Duration::from_millis(50);

const SCRIPT: Script = Script {
    tokens: 40,
    interval: Duration::from_millis(20),
    tokens_per_write: 1,
    is_stamped: false,
};

pub(super) async fn measure(
    environment: &Environment,
    upstream: SocketAddr,
    report: &mut Report,
) -> anyhow::Result<()> {
    let turns = environment.scaled(60, 400);
    let directory = environment.scratch()?;
    let server = environment.start_server(directory.path(), Some(upstream), Cores::Measured)?;
    let mut client = Client::connect(server.address).await?;
    for _ in 0..20 {
        read_turn(&mut client, SCRIPT).await?;
    }
    let up = first_tokens(&server, turns).await?;
    let down = {
        let mut connection = database::open(directory.path())?;
        let lock =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let down = first_tokens(&server, turns).await?;
        lock.rollback()?;
        down
    };
    ensure!(up.missing == 0 && down.missing == 0, "a turn lost tokens");
    for percent in [50.0, 99.0] {
        report.row(
            Row::new(
                format!("first token of 20 turns/s, database locked, p{percent}"),
                Unit::Milliseconds,
                down.latencies.percentile(percent),
            )
            .floor("the same, database free", up.latencies.percentile(percent))
            .target(Target::OverFloorAtMost(5.0)),
        );
    }
    Ok(())
}

struct FirstTokens {
    latencies: Latencies,
    missing: usize,
}

async fn first_tokens(server: &ServerProcess, turns: u32) -> anyhow::Result<FirstTokens> {
    let reads = (0..turns).map(|number| async move {
        tokio::time::sleep(BETWEEN_TURNS * number).await;
        let mut client = Client::connect(server.address).await?;
        stream::read_path(&mut client, Method::POST, "/turn/start", turn_body(SCRIPT)).await
    });
    let mut all = FirstTokens {
        latencies: Latencies::default(),
        missing: 0,
    };
    for reading in try_join_all(reads).await? {
        all.latencies.push(reading.first_token);
        all.missing += SCRIPT.tokens.abs_diff(reading.tokens.count());
    }
    Ok(all)
}
