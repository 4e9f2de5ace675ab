//! As many tokens as one core can carry, from an upstream that waits for nothing.

use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::future::try_join_all;

use super::Rounds;
use crate::contender::{Contender, MANENT, PARSING, PASSTHROUGH};
use crate::environment::Environment;
use crate::load::client::Client;
use crate::load::stream;
use crate::report::{Report, Row, Target, Unit};
use crate::upstream::Script;

const STREAMS: usize = 16;

const SCRIPT: Script = Script {
    tokens: 1_000,
    interval: Duration::ZERO,
    tokens_per_write: 4,
    is_stamped: false,
};

pub(super) async fn measure(
    environment: &Environment,
    contenders: &[Contender],
    report: &mut Report,
) -> anyhow::Result<()> {
    let rounds = environment.scaled(3, 7);
    let round = Duration::from_millis(environment.scaled(500, 2_000));
    let mut rates = Rounds::new(contenders);
    let mut costs = Rounds::new(contenders);
    let mut shares = Rounds::new(contenders);
    for _ in 0..rounds {
        for (index, contender) in contenders.iter().enumerate() {
            let Some(process) = &contender.process else {
                continue;
            };
            let before = process.processor_time()?;
            let started = Instant::now();
            let readers = (0..STREAMS).map(|_| reader(contender, started + round));
            let tokens: u32 = try_join_all(readers).await?.into_iter().sum();
            let elapsed = started.elapsed().as_secs_f64();
            let used = process
                .processor_time()?
                .saturating_sub(before)
                .as_secs_f64();
            rates.push(index, f64::from(tokens) / elapsed);
            costs.push(index, used * 1e6 / f64::from(tokens));
            shares.push(index, used / elapsed);
        }
    }
    let of = |rounds: &Rounds<'_>, name| rounds.median(name).context("a contender is missing");
    report.row(
        Row::new("tokens/s, one core", Unit::PerSecond, of(&rates, MANENT)?)
            .floor(PARSING, of(&rates, PARSING)?)
            .target(Target::RatioAtLeast(0.7)),
    );
    report.row(
        Row::new("tokens/s, one core", Unit::PerSecond, of(&rates, MANENT)?)
            .floor(PASSTHROUGH, of(&rates, PASSTHROUGH)?),
    );
    report.row(
        Row::new(
            "CPU per token, saturated",
            Unit::MicrosecondsPerToken,
            of(&costs, MANENT)?,
        )
        .floor(PARSING, of(&costs, PARSING)?)
        .target(Target::RatioAtMost(1.3)),
    );
    for name in [MANENT, PARSING, PASSTHROUGH] {
        let share = of(&shares, name)?;
        if share < 0.9 {
            report.note(format!(
                "saturated: {name} used only {:.0} % of its core, so the load generator or other work was the limit",
                share * 100.0
            ));
        }
    }
    Ok(())
}

async fn reader(contender: &Contender, until: Instant) -> anyhow::Result<u32> {
    let mut client = Client::connect(contender.target.address).await?;
    let mut tokens = 0;
    while Instant::now() < until {
        stream::read(&mut client, contender.target, SCRIPT).await?;
        tokens += 1_000;
    }
    Ok(tokens)
}
