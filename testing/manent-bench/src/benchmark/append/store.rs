//! At the store itself.

use std::time::Instant;

use anyhow::{Context, ensure};
use futures_util::future::try_join_all;
use manent_domain::append::{Outcome, Submission};
use manent_domain::conversation::NewConversation;
use manent_domain::ports::{ConversationRepository, MessageRepository};
use manent_storage_sqlite::{SqliteConfig, SqliteStore};
use manent_types::{ConversationId, Timestamp, UserId};
use rand::rngs::StdRng;
use uuid::Uuid;

use super::{CLIENTS, Rounds, appends_each};
use crate::data::messages::{NOW_MILLISECONDS, now, random_id, submission};
use crate::data::seeded;
use crate::data::text::Vocabulary;
use crate::environment::Environment;
use crate::floor::group_commit::{GroupCommit, PLAIN, RARE, Run};
use crate::report::{Report, Row, Target, Unit};
use crate::statistics::Latencies;

pub(super) async fn measure(environment: &Environment, report: &mut Report) -> anyhow::Result<()> {
    for clients in CLIENTS {
        let directories = (
            environment.scratch()?,
            environment.scratch()?,
            environment.scratch()?,
        );
        let bench = StoreBench::create(directories.0.path(), clients).await?;
        let plain = GroupCommit::create(directories.1.path(), clients, PLAIN).await?;
        let rare = GroupCommit::create(directories.2.path(), clients, RARE).await?;
        let each = appends_each(environment, clients);
        let mut rounds = (Rounds::default(), Rounds::default(), Rounds::default());
        let count = environment.scaled(3, 7);
        for round in 0..count {
            rounds.0.push(bench.run(each, round as u64).await?);
            rounds.1.push(plain.run(each, round as u64).await?);
            rounds.2.push(rare.run(each, round as u64).await?);
        }
        let appended = f64::from(u32::try_from(each * clients * count)?);
        let [of_store, of_plain] =
            [bench.store.metrics().commits, plain.commits()].map(|commits| {
                u32::try_from(commits).map_or(f64::NAN, |commits| appended / f64::from(commits))
            });
        report.note(format!(
            "{clients} clients: {of_store:.1} appends for each commit of the store, {of_plain:.1} of plain group commit"
        ));
        bench.store.close().await;
        let (figure, plain, rare) = rounds;
        let floor = "plain group commit";
        let per_second = Row::new(
            format!("store, {clients} clients, appends/s"),
            Unit::PerSecond,
            figure.rate(),
        );
        report.row(
            match clients {
                64 => per_second.clone().target(Target::RatioAtLeast(0.9)),
                _ => per_second.clone(),
            }
            .floor(floor, plain.rate()),
        );
        if clients == 64 {
            report.row(per_second.floor("plain, checkpoint at 8000 pages", rare.rate()));
        }
        for percent in [50.0, 99.0] {
            let row = Row::new(
                format!("store, {clients} clients, p{percent}"),
                Unit::Milliseconds,
                figure.percentile(percent),
            );
            let row = match (clients, percent > 90.0) {
                (64, true) => row.target(Target::RatioAtMost(0.5)),
                _ => row,
            };
            report.row(row.clone().floor(floor, plain.percentile(percent)));
            if clients == 64 && percent > 90.0 {
                report.row(
                    row.target(Target::RatioAtMost(1.0))
                        .floor("plain, checkpoint at 8000 pages", rare.percentile(percent)),
                );
            }
        }
    }
    Ok(())
}

/// A store with a conversation for each client.
pub(super) struct StoreBench {
    pub(super) store: SqliteStore,
    pub(super) owner: UserId,
    conversations: Vec<Uuid>,
    vocabulary: Vocabulary,
}

impl StoreBench {
    pub(super) async fn create(
        directory: &std::path::Path,
        clients: usize,
    ) -> anyhow::Result<Self> {
        let store = SqliteStore::open(SqliteConfig::new(directory))?;
        let mut random = seeded(1);
        let bench = Self {
            store,
            owner: UserId::new(random_id(&mut random)),
            conversations: (0..clients).map(|_| random_id(&mut random)).collect(),
            vocabulary: Vocabulary::new(),
        };
        let created = bench
            .conversations
            .iter()
            .map(|id| bench.create_conversation(*id));
        try_join_all(created).await?;
        Ok(bench)
    }

    pub(super) async fn create_conversation(&self, id: Uuid) -> anyhow::Result<()> {
        let new = NewConversation {
            title: Some("A conversation".to_owned()),
            ..NewConversation::new(ConversationId::new(id))
        };
        ConversationRepository::create(&self.store, self.owner, new, now()?).await?;
        Ok(())
    }

    /// Each client appends so many messages to its conversation, one after the other.
    async fn run(&self, each: usize, seed: u64) -> anyhow::Result<Run> {
        // Not the seed of the conversations: ids must not come again.
        let mut random = seeded(seed + 1_000);
        let clients: Vec<_> = self
            .conversations
            .iter()
            .map(|conversation| self.prepare(*conversation, each, &mut random))
            .collect::<anyhow::Result<_>>()?;
        let started = Instant::now();
        let clients = clients.into_iter().map(|submissions| {
            let store = self.store.clone();
            let owner = self.owner;
            tokio::spawn(async move {
                let mut latencies = Latencies::default();
                for submission in submissions {
                    let started_one = Instant::now();
                    append(&store, owner, vec![submission], started).await?;
                    latencies.push(started_one.elapsed());
                }
                anyhow::Ok(latencies)
            })
        });
        let mut latencies = Latencies::default();
        for client in try_join_all(clients).await? {
            latencies.extend(client?);
        }
        Ok(Run {
            latencies,
            elapsed: started.elapsed(),
        })
    }

    fn prepare(
        &self,
        conversation: Uuid,
        each: usize,
        random: &mut StdRng,
    ) -> anyhow::Result<Vec<Submission>> {
        // The first of a round begins a branch of its own: what follows is a chain, as in a chat.
        let mut parent = None;
        (0..each)
            .map(|_| {
                let id = random_id(random);
                let text = self.vocabulary.message(random);
                submission(id, conversation, parent.replace(id), text)
            })
            .collect()
    }
}

/// Appends and makes sure that everything was stored. The time of storing goes on as it does for a server.
pub(in crate::benchmark) async fn append(
    store: &impl MessageRepository,
    owner: UserId,
    submissions: Vec<Submission>,
    started: Instant,
) -> anyhow::Result<()> {
    let passed = i64::try_from(started.elapsed().as_millis())?;
    let now = Timestamp::from_millisecond(NOW_MILLISECONDS + passed)?;
    let plan = MessageRepository::append(store, owner, submissions, now)
        .await
        .context("the store failed")?;
    let is_stored = |outcome: &Outcome| matches!(outcome, Outcome::Stored { .. });
    ensure!(
        plan.outcomes.iter().all(|item| is_stored(&item.outcome)),
        "not everything was stored: {:?}",
        plan.outcomes
    );
    Ok(())
}
