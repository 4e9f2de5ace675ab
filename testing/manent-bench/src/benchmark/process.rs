//! The process: memory when idle and for each stream, time to ready, size of the binary.

use std::time::Duration;

use futures_util::future::try_join_all;
use hyper::Method;

use crate::child::ServerProcess;
use crate::contender::{self, Contender, MANENT, PASSTHROUGH};
use crate::cores::Cores;
use crate::data::library::Library;
use crate::data::messages::{append_body, create_body, random_id};
use crate::data::seeded;
use crate::environment::Environment;
use crate::load::client::Client;
use crate::load::{request, stream};
use crate::report::{Report, Row, Target, Unit};
use crate::statistics::median;
use crate::upstream::{self, Script};

const STREAMS: u32 = 200;

/// Runs it.
///
/// # Errors
/// When a process does not start or a stream breaks.
pub(crate) fn run(environment: &Environment) -> anyhow::Result<Report> {
    let mut report = Report::new("process", environment.quick);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        start_to_ready(environment, &mut report).await?;
        memory(environment, &mut report).await?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a file is smaller than 2^52 bytes"
        )]
        let bytes = std::fs::metadata(environment.server_binary()?)?.len() as f64;
        report.row(
            Row::new("binary", Unit::Mebibytes, bytes / 1_048_576.0).target(Target::AtMost(40.0)),
        );
        Ok(report)
    })
}

async fn start_to_ready(environment: &Environment, report: &mut Report) -> anyhow::Result<()> {
    let library = Library {
        name: "conversations",
        conversations: 50_000,
        messages_each: 0,
        own_of_ten: 10,
    };
    let owner = environment.local_owner().await?;
    let directory = library.prepare(environment, owner).await?;
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..environment.scaled(5, 15) {
        let server = environment.start_server(&directory, None, Cores::All)?;
        times.0.push(server.time_to_ready.as_secs_f64() * 1_000.0);
        drop(server);
        let bare = environment.start_floor("bare-append", None, Cores::All)?;
        times.1.push(bare.time_to_ready.as_secs_f64() * 1_000.0);
    }
    report.row(
        Row::new(
            "start to ready, database with 50000 conversations",
            Unit::Milliseconds,
            median(&times.0),
        )
        .floor("bare axum", median(&times.1))
        .target(Target::AtMost(100.0)),
    );
    Ok(())
}

async fn memory(environment: &Environment, report: &mut Report) -> anyhow::Result<()> {
    let upstream = upstream::start().await?;
    let directory = environment.scratch()?;
    let contenders = contender::start_all(environment, upstream, &directory)?;
    let find = |name| contenders.iter().find(|one: &&Contender| one.name == name);
    let (mut idle, mut further) = (Vec::new(), Vec::new());
    for name in [MANENT, PASSTHROUGH] {
        let Some(contender) = find(name) else {
            continue;
        };
        let Some(process) = &contender.process else {
            continue;
        };
        let mut client = Client::connect(contender.target.address).await?;
        if name == MANENT {
            touch_store(&mut client).await?;
        }
        let short = Script {
            tokens: 10,
            interval: Duration::ZERO,
            tokens_per_write: 1,
            is_stamped: false,
        };
        stream::read(&mut client, contender.target, short).await?;
        let before = process.resident_kibibytes()?;
        let during = peak_with_streams(contender, process).await?;
        idle.push(before);
        further.push((during - before) / f64::from(STREAMS));
    }
    report.row(
        Row::new(
            "resident, idle, database open",
            Unit::Mebibytes,
            idle[0] / 1_024.0,
        )
        .floor(PASSTHROUGH, idle[1] / 1_024.0)
        .target(Target::AtMost(25.0)),
    );
    report.row(
        Row::new(
            format!("resident for each of {STREAMS} paced streams"),
            Unit::Kibibytes,
            further[0],
        )
        .floor(PASSTHROUGH, further[1])
        .target(Target::AtMost(100.0)),
    );
    Ok(())
}

/// A message written and read, so that the store's connections have opened what they open.
async fn touch_store(client: &mut Client) -> anyhow::Result<()> {
    let mut random = seeded(5);
    let conversation = random_id(&mut random);
    let create = create_body(conversation);
    request::timed(client, Method::POST, "/conversation/create", create).await?;
    let append = append_body(random_id(&mut random), conversation, None, "Hello");
    request::timed(client, Method::POST, "/message/append", append).await?;
    for path in ["/conversations", "/search?q=hello"] {
        request::timed(client, Method::GET, path, bytes::Bytes::new()).await?;
    }
    Ok(())
}

/// The most resident memory while all streams run, in KiB.
async fn peak_with_streams(contender: &Contender, process: &ServerProcess) -> anyhow::Result<f64> {
    let script = Script {
        tokens: 100,
        interval: Duration::from_millis(30),
        tokens_per_write: 1,
        is_stamped: false,
    };
    let streams = try_join_all((0..STREAMS).map(|_| async {
        let mut client = Client::connect(contender.target.address).await?;
        stream::read(&mut client, contender.target, script).await
    }));
    tokio::pin!(streams);
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let mut peak: f64 = 0.0;
    loop {
        tokio::select! {
            done = &mut streams => {
                done?;
                return Ok(peak);
            }
            _ = ticks.tick() => peak = peak.max(process.resident_kibibytes()?),
        }
    }
}
