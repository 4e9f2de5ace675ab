//! The first token of a single stream on a kept-alive connection, from a provider that waits for nothing.

use std::time::Duration;

use super::Rounds;
use crate::contender::{Contender, DIRECT, MANENT, NGINX, PARSING, PASSTHROUGH};
use crate::environment::Environment;
use crate::load::client::Client;
use crate::load::stream;
use crate::report::{Report, Row, Target, Unit};
use crate::statistics::Latencies;
use crate::upstream::Script;

const SCRIPT: Script = Script {
    tokens: 4,
    interval: Duration::ZERO,
    tokens_per_write: 1,
    is_stamped: false,
};

pub(super) async fn measure(
    environment: &Environment,
    contenders: &[Contender],
    report: &mut Report,
) -> anyhow::Result<()> {
    let rounds = environment.scaled(3, 9);
    let streams = environment.scaled(150, 500);
    let mut medians = Rounds::new(contenders);
    for _ in 0..rounds {
        for (index, contender) in contenders.iter().enumerate() {
            let mut client = Client::connect(contender.target.address).await?;
            let mut latencies = Latencies::default();
            for stream in 0..streams + streams / 10 {
                let times = stream::read(&mut client, contender.target, SCRIPT).await?;
                // The first ones open connections and fill caches.
                if stream >= streams / 10 {
                    latencies.push(times.first_token);
                }
            }
            medians.push(index, latencies.percentile(50.0));
        }
    }
    let direct = medians.median(DIRECT).unwrap_or(f64::NAN);
    let over_direct = |name: &str| medians.median(name).map(|median| median - direct);
    let added = over_direct(MANENT).unwrap_or(f64::NAN);
    let name = "first token over direct, 1 stream, p50";
    for (floor, target) in [
        (PARSING, Some(Target::RatioAtMost(1.3))),
        (NGINX, Some(Target::RatioAtMost(1.5))),
        (PASSTHROUGH, None),
    ] {
        let Some(value) = over_direct(floor) else {
            continue;
        };
        let row = Row::new(name, Unit::Milliseconds, added).floor(floor, value);
        report.row(match target {
            Some(target) => row.target(target),
            None => row,
        });
    }
    let whole = medians.median(MANENT).unwrap_or(f64::NAN);
    for floor in [PARSING, NGINX, DIRECT] {
        if let Some(value) = medians.median(floor) {
            let name = "first token from the request on, 1 stream, p50";
            report.row(Row::new(name, Unit::Milliseconds, whole).floor(floor, value));
        }
    }
    Ok(())
}
