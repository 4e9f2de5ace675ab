//! A turn as a client drives it: the user's message is appended and the answer asked for at the same moment, on two connections.

use std::time::Duration;

use anyhow::Context;
use hyper::Method;
use uuid::Uuid;

use crate::contender::{Contender, MANENT, PARSING};
use crate::data::messages::{append_body, create_body, random_id};
use crate::environment::Environment;
use crate::floor::group_commit::{self, GroupCommit};
use crate::load::client::Client;
use crate::load::{request, stream};
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
    contenders: &[Contender],
    report: &mut Report,
) -> anyhow::Result<()> {
    let rounds = environment.scaled(3, 7);
    let turns = environment.scaled(100, 300);
    let find = |name: &str| {
        contenders
            .iter()
            .find(|contender| contender.name == name)
            .with_context(|| format!("{name} is missing"))
    };
    let (parsing, manent) = (find(PARSING)?, find(MANENT)?);
    let directory = environment.scratch()?;
    let floor = GroupCommit::create(directory.path(), 1, group_commit::PLAIN).await?;
    let mut random = crate::data::seeded(1);
    let conversation = random_id(&mut random);
    let mut writer = Client::connect(manent.target.address).await?;
    let created = create_body(conversation);
    request::timed(&mut writer, Method::POST, "/conversation/create", created).await?;

    let mut reader = Client::connect(manent.target.address).await?;
    let mut turn_rounds = Vec::new();
    let mut floor_rounds = Vec::new();
    let mut parent: Option<Uuid> = None;
    for round in 0..rounds {
        let mut latencies = Latencies::default();
        for _ in 0..turns {
            let id = random_id(&mut random);
            let body = append_body(id, conversation, parent, "What do you think of this?");
            parent = Some(id);
            let (stored, streamed) = tokio::join!(
                request::timed(&mut writer, Method::POST, "/message/append", body),
                stream::read(&mut reader, manent.target, SCRIPT),
            );
            stored?;
            latencies.push(streamed?.first_token);
        }
        turn_rounds.push(latencies.percentile(50.0));

        let mut client = Client::connect(parsing.target.address).await?;
        let mut latencies = Latencies::default();
        for _ in 0..turns {
            let times = stream::read(&mut client, parsing.target, SCRIPT).await?;
            latencies.push(times.first_token);
        }
        let streamed = latencies.percentile(50.0);
        let commits = floor.run(turns, round).await?;
        floor_rounds.push(streamed + commits.latencies.percentile(50.0));
    }
    report.row(
        Row::new(
            "first token of a turn (message stored as well), p50",
            Unit::Milliseconds,
            median(&turn_rounds),
        )
        .floor("parsing pass-through + one commit", median(&floor_rounds))
        .target(Target::RatioAtMost(1.2)),
    );
    Ok(())
}
