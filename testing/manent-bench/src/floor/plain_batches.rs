//! A plain Postgres client that writes in batches: the next row of each client, all in one transaction, sent without waiting in between.
//!
//! It writes the rows that the store writes, into the store's own schema with all its indexes: messages with the words of the search, the entries of
//! the feed, and the newest numbers of conversations and feeds. It reads and checks nothing, locks nothing by itself and wakes nobody.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context;
use futures_util::future::try_join_all;
use manent_domain::message::Fingerprint;
use manent_types::{Part, Role};
use rand::rngs::StdRng;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};
use uuid::Uuid;

use super::group_commit::Run;
use crate::data::messages::{NOW_MILLISECONDS, random_id};
use crate::data::seeded;
use crate::data::text::Vocabulary;
use crate::statistics::Latencies;

const INSERT_MESSAGES: &str = "INSERT INTO messages (owner_id, id, conversation_id, parent_id, seq, role, content, status, fingerprint, created_at, stored_at, \
     run_position, place, words) \
     SELECT owner_id, id, conversation_id, parent_id, seq, 'user', content, 'complete', fingerprint, $8::bigint, $8::bigint, 0, $8::bigint << 20, \
     words::tsvector \
     FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::bytea[], $9::text[]) \
     AS new (owner_id, id, conversation_id, parent_id, seq, content, fingerprint, words)";

const INSERT_FEED: &str = "INSERT INTO feed (owner_id, seq, at, kind, subject_id) \
     SELECT owner_id, seq, $5, kind, subject_id FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::uuid[]) \
     AS new (owner_id, seq, kind, subject_id)";

const TOUCH_CONVERSATIONS: &str = "UPDATE conversations SET last_seq = new.seq, updated_at = $4, last_message_at = $4 \
     FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS new (owner_id, id, seq) \
     WHERE conversations.owner_id = new.owner_id AND conversations.id = new.id";

const SET_FEED_HEADS: &str = "UPDATE users SET feed_seq = new.seq FROM unnest($1::uuid[], $2::bigint[]) AS new (id, seq) WHERE users.id = new.id";

type Parameter<'value> = &'value (dyn ToSql + Sync);

/// A database with connections that write to it.
#[derive(Debug)]
pub(crate) struct PlainBatches {
    connections: Vec<Connection>,
    vocabulary: Vocabulary,
}

#[derive(Debug)]
struct Connection {
    client: Client,
    statements: [Statement; 4],
    writers: Vec<Writer>,
}

/// One client of the benchmark, as far as numbers count on.
#[derive(Debug)]
struct Writer {
    owner: Uuid,
    conversation: Uuid,
    last_seq: i64,
}

/// The rows of one transaction, in columns.
#[derive(Debug, Default)]
struct Batch {
    owners: Vec<Uuid>,
    ids: Vec<Uuid>,
    conversations: Vec<Uuid>,
    parents: Vec<Option<Uuid>>,
    seqs: Vec<i64>,
    contents: Vec<String>,
    fingerprints: Vec<Vec<u8>>,
    words: Vec<String>,
}

/// The entries of a transaction in the feeds, in columns.
#[derive(Debug, Default)]
struct FeedEntries {
    owners: Vec<Uuid>,
    seqs: Vec<i64>,
    kinds: Vec<&'static str>,
    subjects: Vec<Uuid>,
}

impl PlainBatches {
    /// Creates the owners and their conversations in a database with the store's schema, and spreads the clients over connections.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn create(
        url: &str,
        writers: &[(Uuid, Uuid)],
        connections: usize,
    ) -> anyhow::Result<Self> {
        let setup = connect(url).await?;
        for (owner, conversation) in writers {
            setup
                .execute(
                    "INSERT INTO users (id, created_at, feed_seq) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING",
                    &[owner],
                )
                .await?;
            setup
                .execute(
                    "INSERT INTO conversations (owner_id, id, title, title_source, config, pinned, last_seq, created_at, updated_at, \
                     last_message_at, place, words) \
                     VALUES ($1, $2, 'A conversation', 'user', '{}', false, 0, 0, 0, 0, 0, to_tsvector('simple', 'A conversation'))",
                    &[owner, conversation],
                )
                .await?;
        }
        let share = writers.len().div_ceil(connections);
        let connect_one = |writers: &[(Uuid, Uuid)]| {
            let writers = writers
                .iter()
                .map(|(owner, conversation)| Writer {
                    owner: *owner,
                    conversation: *conversation,
                    last_seq: 0,
                })
                .collect();
            async move {
                let client = connect(url).await?;
                let statements = [
                    client.prepare(INSERT_MESSAGES).await?,
                    client.prepare(INSERT_FEED).await?,
                    client.prepare(TOUCH_CONVERSATIONS).await?,
                    client.prepare(SET_FEED_HEADS).await?,
                ];
                anyhow::Ok(Connection {
                    client,
                    statements,
                    writers,
                })
            }
        };
        Ok(Self {
            connections: try_join_all(writers.chunks(share).map(connect_one)).await?,
            vocabulary: Vocabulary::new(),
        })
    }

    /// So many rows of each client, one batch after the other on each connection.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn run(&mut self, each: usize, seed: u64) -> anyhow::Result<Run> {
        let mut random = seeded(seed + 5_000);
        let mut prepared = Vec::new();
        for connection in &mut self.connections {
            let mut parents = vec![None; connection.writers.len()];
            let batches = (0..each)
                .map(|_| connection.prepare(&mut parents, &self.vocabulary, &mut random))
                .collect::<anyhow::Result<Vec<_>>>()?;
            prepared.push(batches);
        }
        let started = Instant::now();
        let runs = self
            .connections
            .iter()
            .zip(prepared)
            .map(|(connection, batches)| async move {
                let mut latencies = Latencies::default();
                for (batch, feed) in batches {
                    let started = Instant::now();
                    connection.write(&batch, &feed).await?;
                    let elapsed = started.elapsed();
                    batch.ids.iter().for_each(|_| latencies.push(elapsed));
                }
                anyhow::Ok(latencies)
            });
        let mut latencies = Latencies::default();
        for one in try_join_all(runs).await? {
            latencies.extend(one);
        }
        Ok(Run {
            latencies,
            elapsed: started.elapsed(),
        })
    }
}

impl Connection {
    fn prepare(
        &mut self,
        parents: &mut [Option<Uuid>],
        vocabulary: &Vocabulary,
        random: &mut StdRng,
    ) -> anyhow::Result<(Batch, FeedEntries)> {
        let mut batch = Batch::default();
        let mut feed = FeedEntries::default();
        // Clients of one owner share a feed: its numbers follow from those of all their conversations.
        for (place, parent) in parents.iter_mut().enumerate() {
            let owner = self.writers[place].owner;
            let told: i64 = self
                .writers
                .iter()
                .filter(|writer| writer.owner == owner)
                .map(|writer| 2 * writer.last_seq)
                .sum();
            let writer = &mut self.writers[place];
            writer.last_seq += 1;
            let id = random_id(random);
            let text = vocabulary.message(random);
            let parts = [Part::Text { text: text.clone() }];
            batch.owners.push(owner);
            batch.ids.push(id);
            batch.conversations.push(writer.conversation);
            batch.parents.push(parent.replace(id));
            batch.seqs.push(writer.last_seq);
            batch.contents.push(serde_json::to_string(&parts)?);
            let fingerprint = Fingerprint::of(Role::User, &parts)?;
            batch.fingerprints.push(fingerprint.0.to_vec());
            batch.words.push(tsvector(owner, &text));
            let entries = [("message", id), ("conversation", writer.conversation)];
            for (number, (kind, subject)) in (1..).zip(entries) {
                feed.owners.push(owner);
                feed.seqs.push(told + number);
                feed.kinds.push(kind);
                feed.subjects.push(subject);
            }
        }
        Ok((batch, feed))
    }

    async fn write(&self, batch: &Batch, feed: &FeedEntries) -> anyhow::Result<()> {
        let now = NOW_MILLISECONDS;
        let [messages, entries, conversations, heads] = &self.statements;
        let client = &self.client;
        let (owners, seqs) = feed.heads();
        let of_messages: [Parameter<'_>; 9] = [
            &batch.owners,
            &batch.ids,
            &batch.conversations,
            &batch.parents,
            &batch.seqs,
            &batch.contents,
            &batch.fingerprints,
            &now,
            &batch.words,
        ];
        let of_entries: [Parameter<'_>; 5] =
            [&feed.owners, &feed.seqs, &feed.kinds, &feed.subjects, &now];
        let of_conversations: [Parameter<'_>; 4] =
            [&batch.owners, &batch.conversations, &batch.seqs, &now];
        let of_heads: [Parameter<'_>; 2] = [&owners, &seqs];
        // Polled in this order, so sent in this order, as one pipeline.
        let (begun, inserted, told, touched, headed, committed) = tokio::join!(
            biased;
            client.batch_execute("BEGIN"),
            client.execute(messages, &of_messages),
            client.execute(entries, &of_entries),
            client.execute(conversations, &of_conversations),
            client.execute(heads, &of_heads),
            client.batch_execute("COMMIT"),
        );
        begun?;
        let inserted = inserted.context("inserting messages")?;
        told.context("inserting feed entries")?;
        touched.context("touching conversations")?;
        headed.context("setting the newest numbers of feeds")?;
        committed?;
        anyhow::ensure!(inserted == batch.ids.len() as u64, "rows are missing");
        Ok(())
    }
}

impl FeedEntries {
    /// The newest number of each owner.
    fn heads(&self) -> (Vec<Uuid>, Vec<i64>) {
        let mut heads = BTreeMap::new();
        for (owner, seq) in self.owners.iter().zip(&self.seqs) {
            heads.insert(*owner, *seq);
        }
        heads.into_iter().unzip()
    }
}

/// The words of a text with their places, and a word for the owner, as the store has them; made before the clock runs.
fn tsvector(owner: Uuid, text: &str) -> String {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (place, word) in (1..).zip(text.split(' ')) {
        places.entry(word).or_default().push(i32::to_string(&place));
    }
    let mut vector = format!("'@{}'", owner.simple());
    for (word, places) in places {
        vector.extend([" '", word, "':", &places.join(",")]);
    }
    vector
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // It ends with its client; what goes wrong is told to whoever waits for an answer.
    tokio::spawn(connection);
    Ok(client)
}
