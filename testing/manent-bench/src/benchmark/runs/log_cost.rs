//! What the log of a run and its answer's row cost: the same stream through the same server, once as a run that is kept and once as a stream that is
//! not. The processor time is the whole server's, its store's threads included.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::try_join_all;
use rand::rngs::StdRng;

use crate::child::ServerProcess;
use crate::contender::PARSING;
use crate::cores::Cores;
use crate::data::seeded;
use crate::environment::Environment;
use crate::load::client::Client;
use crate::load::run::{self, Question};
use crate::load::stream::{self, Dialect, StreamTarget};
use crate::report::{Report, Row, Target, Unit};
use crate::statistics::median;
use crate::upstream::Script;

/// How fast tokens come, and how many streams there are.
struct Load {
    name: &'static str,
    streams: u32,
    script: Script,
    /// Whether the target is meant for it.
    is_judged: bool,
}

pub(super) async fn measure(
    environment: &Environment,
    upstream: SocketAddr,
    report: &mut Report,
) -> anyhow::Result<()> {
    let loads = [
        Load {
            name: "1 paced stream",
            streams: 1,
            script: paced(environment),
            is_judged: false,
        },
        Load {
            name: "50 paced streams",
            streams: 50,
            script: paced(environment),
            is_judged: true,
        },
        Load {
            name: "16 streams without a pause",
            streams: 16,
            script: Script {
                tokens: environment.scaled(1_000, 10_000),
                interval: Duration::ZERO,
                tokens_per_write: 4,
                is_stamped: false,
            },
            is_judged: false,
        },
    ];
    let directory = environment.scratch()?;
    let server = environment.start_server(directory.path(), Some(upstream), Cores::Measured)?;
    let parsing = environment.start_floor(
        "parsing-passthrough",
        Some(upstream.to_string()),
        Cores::Measured,
    )?;
    for load in loads {
        let mut readers = Readers::prepare(&server, load.streams).await?;
        let mut costs = (Vec::new(), Vec::new(), Vec::new());
        let rounds = if load.is_judged { 5 } else { 3 };
        for _ in 0..environment.scaled(2, rounds) {
            let tokens = f64::from(load.streams) * f64::from(u32::try_from(load.script.tokens)?);
            let cost = |used: Duration| used.as_secs_f64() * 1e6 / tokens;
            costs
                .0
                .push(cost(readers.kept(&server, load.script).await?));
            let manent = target(&server, Dialect::Manent);
            costs.1.push(cost(streamed(&server, manent, &load).await?));
            let openai = target(&parsing, Dialect::OpenAi);
            costs.2.push(cost(streamed(&parsing, openai, &load).await?));
        }
        let row = Row::new(
            format!("CPU for 1000 tokens kept as runs, {}", load.name),
            Unit::MillisecondsPerThousandTokens,
            median(&costs.0),
        );
        let against_unkept = row.clone().floor("the same, not kept", median(&costs.1));
        let against_parsing = row.floor(PARSING, median(&costs.2));
        if load.is_judged {
            report.row(against_unkept.target(Target::RatioAtMost(1.1)));
            report.row(against_parsing.target(Target::RatioAtMost(1.5)));
        } else {
            report.row(against_unkept);
        }
    }
    Ok(())
}

/// The pace of a fast model.
fn paced(environment: &Environment) -> Script {
    Script {
        tokens: environment.scaled(200, 1_000),
        interval: Duration::from_millis(10),
        tokens_per_write: 1,
        is_stamped: false,
    }
}

fn target(process: &ServerProcess, dialect: Dialect) -> StreamTarget {
    StreamTarget {
        address: process.address,
        dialect,
    }
}

/// Readers with a question each.
struct Readers(Vec<(Client, Question, StdRng)>);

impl Readers {
    async fn prepare(server: &ServerProcess, count: u32) -> anyhow::Result<Self> {
        let mut readers = Vec::new();
        for number in 0..count {
            let mut random = seeded(u64::from(count) * 1_000 + u64::from(number));
            let mut client = Client::connect(server.address).await?;
            let question = Question::ask(&mut client, &mut random).await?;
            readers.push((client, question, random));
        }
        Ok(Self(readers))
    }

    /// Each reads a run to its end; the processor time of the server. The end of a run comes when everything of it is stored.
    async fn kept(&mut self, server: &ServerProcess, script: Script) -> anyhow::Result<Duration> {
        let before = server.processor_time()?;
        let reads =
            self.0
                .iter_mut()
                .enumerate()
                .map(|(number, (client, question, random))| async move {
                    wait_for_turn(number).await;
                    run::read(client, *question, random, script).await
                });
        try_join_all(reads).await?;
        Ok(server.processor_time()?.saturating_sub(before))
    }
}

/// The same as plain streams.
async fn streamed(
    process: &ServerProcess,
    target: StreamTarget,
    load: &Load,
) -> anyhow::Result<Duration> {
    let mut clients = Vec::new();
    for _ in 0..load.streams {
        clients.push(Client::connect(target.address).await?);
    }
    let before = process.processor_time()?;
    let reads = clients
        .iter_mut()
        .enumerate()
        .map(|(number, client)| async move {
            wait_for_turn(number).await;
            stream::read(client, target, load.script).await
        });
    try_join_all(reads).await?;
    Ok(process.processor_time()?.saturating_sub(before))
}

/// Streams begin one after the other, so that their tokens do not come in step.
async fn wait_for_turn(number: usize) {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    tokio::time::sleep(Duration::from_micros(3_700) * number).await;
}
