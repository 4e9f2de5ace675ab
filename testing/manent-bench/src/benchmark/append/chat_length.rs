//! An append must cost the same in a long chat as in a short one.

use std::time::Instant;

use uuid::Uuid;

use super::store::{StoreBench, append};
use crate::data::messages::{random_id, submission};
use crate::data::seeded;
use crate::environment::Environment;
use crate::report::{Report, Row, Target, Unit};
use crate::statistics::{Latencies, median};

const LONG: usize = 2_000;

pub(super) async fn measure(environment: &Environment, report: &mut Report) -> anyhow::Result<()> {
    let directory = environment.scratch()?;
    let bench = StoreBench::create(directory.path(), 0).await?;
    let mut random = seeded(2);
    let rounds = environment.scaled(3, 7);
    let appends = environment.scaled(100, 200);
    let text = "An answer to what was said before, as long as many of them are in a chat.";

    let long = random_id(&mut random);
    bench.create_conversation(long).await?;
    let mut newest = None;
    for _ in 0..LONG / 200 {
        newest = fill(&bench, long, newest, 200, &mut random).await?;
    }
    let mut medians = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut latencies = (Latencies::default(), Latencies::default());
        let mut short = Vec::new();
        for _ in 0..appends {
            let id = random_id(&mut random);
            bench.create_conversation(id).await?;
            short.push((id, fill(&bench, id, None, 2, &mut random).await?));
        }
        for (conversation, parent) in short {
            for (conversation, parent, latencies) in [
                (conversation, parent, &mut latencies.0),
                (long, newest, &mut latencies.1),
            ] {
                let id = random_id(&mut random);
                let one = submission(id, conversation, parent, text.to_owned())?;
                let started = Instant::now();
                append(&bench.store, bench.owner, vec![one], started).await?;
                latencies.push(started.elapsed());
                if conversation == long {
                    newest = Some(id);
                }
            }
        }
        medians.0.push(latencies.0.percentile(50.0));
        medians.1.push(latencies.1.percentile(50.0));
    }
    bench.store.close().await;
    report.row(
        Row::new(
            "store, append in a chat of 2000 messages, p50",
            Unit::Milliseconds,
            median(&medians.1),
        )
        .floor("in a chat of 2", median(&medians.0))
        .target(Target::RatioAtMost(1.1)),
    );
    Ok(())
}

/// Appends a chain in one batch and tells its newest message.
async fn fill(
    bench: &StoreBench,
    conversation: Uuid,
    mut parent: Option<Uuid>,
    messages: usize,
    random: &mut rand::rngs::StdRng,
) -> anyhow::Result<Option<Uuid>> {
    let mut batch = Vec::with_capacity(messages);
    for _ in 0..messages {
        let id = random_id(random);
        batch.push(submission(id, conversation, parent, "Words.".to_owned())?);
        parent = Some(id);
    }
    append(&bench.store, bench.owner, batch, Instant::now()).await?;
    Ok(parent)
}
