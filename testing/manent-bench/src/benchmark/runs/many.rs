//! Five hundred runs at once at the pace of a common model: nothing may be lost, neither for the reader nor in the log; how late events are; what
//! a run takes of the memory.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::try_join_all;
use hyper::Method;
use uuid::Uuid;

use crate::child::ServerProcess;
use crate::contender::PARSING;
use crate::cores::Cores;
use crate::data::messages::random_id;
use crate::data::seeded;
use crate::environment::Environment;
use crate::load::client::Client;
use crate::load::run::{self, Question};
use crate::load::stream::{self, Dialect, Reading, StreamTarget};
use crate::report::{Report, Row, Target, Unit};
use crate::statistics::Latencies;
use crate::upstream::Script;

const RUNS: u32 = 500;

/// Between two starts: the tokens of all runs are spread over the interval, as those of different people are.
const BETWEEN_STARTS: Duration = Duration::from_micros(4_100);

pub(super) async fn measure(
    environment: &Environment,
    upstream: SocketAddr,
    report: &mut Report,
) -> anyhow::Result<()> {
    let script = Script {
        tokens: environment.scaled(60, 600),
        interval: Duration::from_millis(50),
        tokens_per_write: 1,
        is_stamped: true,
    };
    let directory = environment.scratch()?;
    let server = environment.start_server(directory.path(), Some(upstream), Cores::Measured)?;
    let parsing = environment.start_floor(
        "parsing-passthrough",
        Some(upstream.to_string()),
        Cores::Measured,
    )?;
    let mut runs = Vec::new();
    for number in 0..RUNS {
        let mut random = seeded(100_000 + u64::from(number));
        let mut client = Client::connect(server.address).await?;
        let question = Question::ask(&mut client, &mut random).await?;
        let id = random_id(&mut random);
        let body = question.generate(id, random_id(&mut random), script);
        runs.push((client, id, body));
    }
    let before = Usage::of(&server)?;
    let ids: Vec<Uuid> = runs.iter().map(|(_, id, _)| *id).collect();
    let reads = runs
        .into_iter()
        .enumerate()
        .map(|(number, (mut client, _, body))| async move {
            wait_for_turn(number).await;
            stream::read_path(&mut client, Method::POST, "/completion/generate", body).await
        });
    let (readings, peak) = with_peak_memory(&server, try_join_all(reads)).await?;
    let kept = Outcome::of(readings, script);
    let processor = server.processor_time()?.saturating_sub(before.processor);
    let replayed = replay(&server, &ids, script).await?;

    let floor_target = StreamTarget {
        address: parsing.address,
        dialect: Dialect::OpenAi,
    };
    let mut clients = Vec::new();
    for _ in 0..RUNS {
        clients.push(Client::connect(parsing.address).await?);
    }
    let floor_before = Usage::of(&parsing)?;
    let reads = clients
        .iter_mut()
        .enumerate()
        .map(|(number, client)| async move {
            wait_for_turn(number).await;
            stream::read(client, floor_target, script).await
        });
    let (readings, floor_peak) = with_peak_memory(&parsing, try_join_all(reads)).await?;
    let floor_processor = parsing
        .processor_time()?
        .saturating_sub(floor_before.processor);
    let floor = Outcome::of(readings, script);

    let name = format!("{RUNS} runs at 20 tokens/s");
    for (what, lost) in [
        ("events lost for their readers", kept.lost),
        ("events lost in the log", replayed.lost),
        (
            "runs whose end does not say that all is stored",
            kept.not_kept,
        ),
    ] {
        report.row(
            Row::new(format!("{name}: {what}"), Unit::Count, lost).target(Target::AtMost(0.0)),
        );
    }
    for percent in [50.0, 99.0] {
        report.row(
            Row::new(
                format!("{name}: an event after its planned time, p{percent}"),
                Unit::Milliseconds,
                kept.delays.percentile(percent),
            )
            .floor(PARSING, floor.delays.percentile(percent)),
        );
    }
    let each = |after: f64, before: f64| (after - before) / f64::from(RUNS);
    report.row(
        Row::new(
            format!("{name}: resident for each"),
            Unit::Kibibytes,
            each(peak, before.resident),
        )
        .floor(PARSING, each(floor_peak, floor_before.resident))
        .target(Target::AtMost(100.0)),
    );
    let tokens = f64::from(RUNS) * f64::from(u32::try_from(script.tokens)?);
    let cost = |used: Duration| used.as_secs_f64() * 1e6 / tokens;
    report.row(
        Row::new(
            format!("{name}: CPU for 1000 tokens"),
            Unit::MillisecondsPerThousandTokens,
            cost(processor),
        )
        .floor(PARSING, cost(floor_processor)),
    );
    report.note(format!(
        "{name}: {:.0} s, the server on one core, readers and upstream on the others; the server used {:.0} % of its core",
        run::duration(script).as_secs_f64(),
        processor.as_secs_f64() * 100.0 / run::duration(script).as_secs_f64()
    ));
    Ok(())
}

async fn wait_for_turn(number: usize) {
    tokio::time::sleep(BETWEEN_STARTS * u32::try_from(number).unwrap_or(u32::MAX)).await;
}

struct Usage {
    resident: f64,
    processor: Duration,
}

impl Usage {
    fn of(process: &ServerProcess) -> anyhow::Result<Self> {
        Ok(Self {
            resident: process.resident_kibibytes()?,
            processor: process.processor_time()?,
        })
    }
}

/// What all readers together got.
#[derive(Default)]
struct Outcome {
    lost: f64,
    not_kept: f64,
    delays: Latencies,
}

impl Outcome {
    fn of(readings: Vec<Reading>, script: Script) -> Self {
        let mut outcome = Self::default();
        for reading in readings {
            // What came twice is as wrong as what did not come.
            let lost = script.tokens.abs_diff(reading.tokens.count());
            outcome.lost += f64::from(u32::try_from(lost).unwrap_or(u32::MAX));
            let is_kept = [r#""logged":true"#, r#""persisted":true"#]
                .iter()
                .all(|words| reading.tokens.ends_with_words(words));
            outcome.not_kept += f64::from(u8::from(!is_kept));
            outcome.delays.extend(reading.tokens.into_delays());
        }
        outcome
    }
}

/// Reads all logs again from their beginnings.
async fn replay(server: &ServerProcess, ids: &[Uuid], script: Script) -> anyhow::Result<Outcome> {
    let mut client = Client::connect(server.address).await?;
    let mut readings = Vec::new();
    for id in ids {
        let path = format!("/completion/{id}");
        readings
            .push(stream::read_path(&mut client, Method::GET, &path, bytes::Bytes::new()).await?);
    }
    Ok(Outcome::of(readings, script))
}

/// The most resident memory, in KiB, while something goes on.
async fn with_peak_memory<T>(
    process: &ServerProcess,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<(T, f64)> {
    tokio::pin!(work);
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    let mut peak: f64 = 0.0;
    loop {
        tokio::select! {
            done = &mut work => return Ok((done?, peak)),
            _ = ticks.tick() => peak = peak.max(process.resident_kibibytes()?),
        }
    }
}
