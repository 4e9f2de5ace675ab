//! Fifty streams at once at the pace of a fast model: what each waits for its first token, and what a token costs.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::Rounds;
use crate::contender::{Contender, DIRECT, MANENT, PARSING};
use crate::environment::Environment;
use crate::load::client::Client;
use crate::load::stream;
use crate::report::{Report, Row, Target, Unit};
use crate::statistics::Latencies;
use crate::upstream::Script;

const STREAMS: u32 = 50;

const SCRIPT: Script = Script {
    tokens: 50,
    interval: Duration::from_millis(20),
    tokens_per_write: 1,
    is_stamped: false,
};

pub(super) async fn measure(
    environment: &Environment,
    contenders: &[Contender],
    report: &mut Report,
) -> anyhow::Result<()> {
    let rounds = environment.scaled(2, 5);
    let repeats = environment.scaled(2, 4);
    let mut latencies = vec![Latencies::default(); contenders.len()];
    let mut costs = Rounds::new(contenders);
    for _ in 0..rounds {
        for (index, contender) in contenders.iter().enumerate() {
            let before = processor_time(contender)?;
            let streams = (0..STREAMS).map(|stream| reader(contender, stream, repeats));
            let waited = try_join_all(streams).await?;
            if let (Some(before), Some(after)) = (before, processor_time(contender)?) {
                let tokens = f64::from(STREAMS * repeats) * 50.0;
                costs.push(
                    index,
                    after.saturating_sub(before).as_secs_f64() * 1e6 / tokens,
                );
            }
            for one in waited {
                latencies[index].extend(one);
            }
        }
    }
    let over_direct = |name: &str, percent: f64| {
        let find = |name: &str| {
            contenders
                .iter()
                .position(|contender| contender.name == name)
                .map_or(f64::NAN, |index| latencies[index].percentile(percent))
        };
        find(name) - find(DIRECT)
    };
    for (percent, most) in [(50.0, 1.5), (99.0, 5.0)] {
        report.row(
            Row::new(
                format!("first token over direct, {STREAMS} paced streams, p{percent}"),
                Unit::Milliseconds,
                over_direct(MANENT, percent),
            )
            .floor(PARSING, over_direct(PARSING, percent))
            .target(Target::AtMost(most)),
        );
    }
    if let (Some(cost), Some(floor)) = (costs.median(MANENT), costs.median(PARSING)) {
        report.row(
            Row::new(
                format!("CPU per token, {STREAMS} paced streams"),
                Unit::MicrosecondsPerToken,
                cost,
            )
            .floor(PARSING, floor)
            .target(Target::RatioAtMost(1.3)),
        );
    }
    Ok(())
}

/// One reader, who begins a little after the one before and reads one stream after the other.
async fn reader(contender: &Contender, number: u32, repeats: u32) -> anyhow::Result<Latencies> {
    let mut client = Client::connect(contender.target.address).await?;
    tokio::time::sleep(Duration::from_millis(20) * number).await;
    let mut latencies = Latencies::default();
    for _ in 0..repeats {
        let times = stream::read(&mut client, contender.target, SCRIPT).await?;
        latencies.push(times.first_token);
    }
    Ok(latencies)
}

fn processor_time(contender: &Contender) -> anyhow::Result<Option<Duration>> {
    contender
        .process
        .as_ref()
        .map(crate::child::ServerProcess::processor_time)
        .transpose()
}
