//! The first token of a run and of a turn against a stream that is not kept, from a provider that waits for nothing.
//!
//! A run whose id comes from the client is registered before the provider is asked, so it pays for one commit; a turn waits for nothing.

use std::net::SocketAddr;
use std::time::Duration;

use crate::cores::Cores;
use crate::data::seeded;
use crate::environment::Environment;
use crate::floor::group_commit::{self, GroupCommit};
use crate::load::client::Client;
use crate::load::run::{self, Question};
use crate::load::stream::{self, Dialect, StreamTarget};
use crate::report::{Report, Row, Target, Unit};
use crate::statistics::{Latencies, median};
use crate::upstream::Script;

const SCRIPT: Script = Script {
    tokens: 4,
    interval: Duration::ZERO,
    tokens_per_write: 1,
    is_stamped: false,
};

pub(super) async fn measure(
    environment: &Environment,
    upstream: SocketAddr,
    report: &mut Report,
) -> anyhow::Result<()> {
    let rounds = environment.scaled(3, 7);
    let streams = environment.scaled(100, 300);
    let directories = (environment.scratch()?, environment.scratch()?);
    let server = environment.start_server(directories.0.path(), Some(upstream), Cores::Measured)?;
    let commits = GroupCommit::create(directories.1.path(), 1, group_commit::PLAIN).await?;
    let target = StreamTarget {
        address: server.address,
        dialect: Dialect::Manent,
    };
    let mut random = seeded(9);
    let mut client = Client::connect(server.address).await?;
    let question = Question::ask(&mut client, &mut random).await?;
    let mut medians: [Vec<f64>; 4] = Default::default();
    for round in 0..rounds {
        let mut latencies: [Latencies; 3] = Default::default();
        for number in 0..streams + streams / 10 {
            let times = [
                stream::read(&mut client, target, SCRIPT).await?.first_token,
                run::read(&mut client, question, &mut random, SCRIPT)
                    .await?
                    .first_token,
                run::read_turn(&mut client, SCRIPT).await?.first_token,
            ];
            // The first ones open connections and fill caches.
            if number >= streams / 10 {
                for (latencies, time) in latencies.iter_mut().zip(times) {
                    latencies.push(time);
                }
            }
        }
        for (medians, latencies) in medians.iter_mut().zip(&latencies) {
            medians.push(latencies.percentile(50.0));
        }
        let commits = commits.run(streams, round).await?;
        medians[3].push(commits.latencies.percentile(50.0));
    }
    let [plain, run, turn, commit] = medians.map(|values| median(&values));
    let floor = "the same, not kept";
    report.row(
        Row::new(
            "first token of a turn, everything kept, p50",
            Unit::Milliseconds,
            turn,
        )
        .floor(floor, plain)
        .target(Target::RatioAtMost(1.1)),
    );
    let row = Row::new(
        "first token of a run, its id from the client, p50",
        Unit::Milliseconds,
        run,
    );
    report.row(
        row.clone()
            .floor(floor, plain)
            .target(Target::RatioAtMost(1.1)),
    );
    report.row(row.floor("not kept + one commit", plain + commit));
    Ok(())
}
