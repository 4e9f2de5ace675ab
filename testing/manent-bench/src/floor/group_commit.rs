//! Plain group commit: one thread with one connection that writes what waits, commits, and answers; nothing is checked.
//!
//! It writes the rows that the store writes, into the store's own schema with all its indexes, with the same durability: the message, its entry
//! in the search index, its and its conversation's entries in the feed, and once for each commit each conversation and the feed's newest number.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::future::try_join_all;
use manent_domain::message::Fingerprint;
use manent_types::{Part, Role};
use rand::rngs::StdRng;
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use crate::data::database::{self, NewConversation};
use crate::data::messages::{NOW_MILLISECONDS, random_id};
use crate::data::seeded;
use crate::data::text::Vocabulary;
use crate::statistics::Latencies;

/// How the write-ahead log is copied into the database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checkpoints {
    /// The log's pages at which the writer stops for it.
    pages: u32,
}

/// As SQLite does it when nobody says otherwise.
pub(crate) const PLAIN: Checkpoints = Checkpoints { pages: 1_000 };

/// Rarer, as who measured would set it.
pub(crate) const RARE: Checkpoints = Checkpoints { pages: 8_000 };

/// A run of appends.
#[derive(Debug)]
pub(crate) struct Run {
    /// Of each append.
    pub(crate) latencies: Latencies,
    /// Of the whole run.
    pub(crate) elapsed: Duration,
}

impl Run {
    /// Appends for each second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.latencies.count()).unwrap_or(u32::MAX))
            / self.elapsed.as_secs_f64()
    }
}

struct Append {
    conversation: i64,
    id: String,
    parent: Option<String>,
    content: String,
    text: String,
    fingerprint: [u8; 16],
    committed: oneshot::Sender<()>,
}

/// A database with its writing thread.
#[derive(Debug)]
pub(crate) struct GroupCommit {
    queue: Option<Sender<Append>>,
    thread: Option<JoinHandle<rusqlite::Result<()>>>,
    /// One for each client.
    conversations: Vec<i64>,
    vocabulary: Vocabulary,
    commits: Arc<AtomicU64>,
}

impl GroupCommit {
    /// How many commits there were.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Creates a database in this directory, with a conversation for each of so many clients, and starts the thread.
    ///
    /// # Errors
    /// When the database cannot be created.
    pub(crate) async fn create(
        directory: &Path,
        clients: usize,
        checkpoints: Checkpoints,
    ) -> anyhow::Result<Self> {
        let mut connection = database::create(directory).await?;
        let mut random = seeded(0);
        let transaction = connection.transaction()?;
        let owner = database::insert_owner(&transaction, random_id(&mut random))?;
        let conversations = (0..clients)
            .map(|_| {
                let conversation = NewConversation {
                    id: random_id(&mut random),
                    title: "A conversation",
                    last_seq: 0,
                    last_message_at: NOW_MILLISECONDS,
                };
                database::insert_conversation(&transaction, owner, &conversation)
            })
            .collect::<rusqlite::Result<_>>()?;
        transaction.commit()?;
        connection.pragma_update_and_check(
            None,
            "wal_autocheckpoint",
            checkpoints.pages,
            |_| Ok(()),
        )?;
        let (queue, waiting) = channel();
        let commits = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&commits);
        let thread =
            std::thread::spawn(move || write_all(&mut connection, owner, &waiting, &counter));
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            conversations,
            vocabulary: Vocabulary::new(),
            commits,
        })
    }

    /// Each client appends so many messages to its conversation, one after the other.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn run(&self, each: usize, seed: u64) -> anyhow::Result<Run> {
        let queue = self
            .queue
            .as_ref()
            .context("the queue lives as long as this")?;
        let mut random = seeded(seed);
        let clients: Vec<_> = self
            .conversations
            .iter()
            .map(|conversation| self.prepare(*conversation, each, &mut random))
            .collect::<anyhow::Result<_>>()?;
        let started = Instant::now();
        let clients = clients.into_iter().map(|appends| {
            let queue = queue.clone();
            tokio::spawn(async move {
                let mut latencies = Latencies::default();
                for (append, committed) in appends {
                    let started = Instant::now();
                    queue.send(append).ok().context("the writer has failed")?;
                    committed.await.context("the writer has failed")?;
                    latencies.push(started.elapsed());
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
        conversation: i64,
        each: usize,
        random: &mut StdRng,
    ) -> anyhow::Result<Vec<(Append, oneshot::Receiver<()>)>> {
        let mut parent = None;
        let mut prepare_one = || {
            let id = random_id(random).to_string();
            let text = self.vocabulary.message(random);
            let parts = [Part::Text { text: text.clone() }];
            let (committed, receiver) = oneshot::channel();
            let append = Append {
                conversation,
                parent: parent.replace(id.clone()),
                id,
                content: serde_json::to_string(&parts)?,
                text,
                fingerprint: Fingerprint::of(Role::User, &parts)?.0,
                committed,
            };
            Ok((append, receiver))
        };
        (0..each).map(|_| prepare_one()).collect()
    }
}

impl Drop for GroupCommit {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// The most appends that share a commit.
const GROUP: usize = 512;

fn write_all(
    connection: &mut Connection,
    owner: i64,
    waiting: &Receiver<Append>,
    commits: &AtomicU64,
) -> rusqlite::Result<()> {
    let mut heads = Heads::default();
    let started = Instant::now();
    while let Ok(first) = waiting.recv() {
        let mut group = vec![first];
        group.extend(waiting.try_iter().take(GROUP - 1));
        let passed = i64::try_from(started.elapsed().as_millis()).unwrap_or_default();
        write_group(
            connection,
            owner,
            &group,
            NOW_MILLISECONDS + passed,
            &mut heads,
        )?;
        commits.fetch_add(1, Ordering::Relaxed);
        for append in group {
            append.committed.send(()).ok();
        }
    }
    Ok(())
}

/// What counts on from one commit to the next.
#[derive(Default)]
struct Heads {
    /// By conversation.
    last_seqs: BTreeMap<i64, i64>,
    feed_seq: i64,
}

fn write_group(
    connection: &mut Connection,
    owner: i64,
    group: &[Append],
    now: i64,
    heads: &mut Heads,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare_cached(
            "INSERT INTO messages (owner_pk, conversation_pk, id, parent_id, seq, role, content, status, fingerprint, created_at, stored_at)
             VALUES (?1, ?2, ?3, ?4, ?5, 'user', ?6, 'complete', ?7, ?8, ?8)",
        )?;
        let mut index = transaction.prepare_cached(
            "INSERT INTO message_search (rowid, owner, text) VALUES (?1, ?2, ?3)",
        )?;
        let mut touch = transaction.prepare_cached(
            "UPDATE conversations SET last_seq = ?2, updated_at = ?3, last_message_at = ?3 WHERE pk = ?1",
        )?;
        let mut tell = transaction.prepare_cached(
            "INSERT INTO feed (owner_pk, seq, at, kind, subject_pk) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let mut touched = BTreeMap::new();
        for append in group {
            let seq = heads.last_seqs.entry(append.conversation).or_insert(0);
            *seq += 1;
            touched.insert(append.conversation, *seq);
            let pk = insert.insert(params![
                owner,
                append.conversation,
                append.id,
                append.parent,
                *seq,
                append.content,
                append.fingerprint,
                now
            ])?;
            index.execute(params![pk, database::owner_word(owner), append.text])?;
            for (kind, subject) in [("message", pk), ("conversation", append.conversation)] {
                heads.feed_seq += 1;
                tell.execute(params![owner, heads.feed_seq, now, kind, subject])?;
            }
        }
        transaction
            .prepare_cached("UPDATE users SET feed_seq = ?2 WHERE pk = ?1")?
            .execute(params![owner, heads.feed_seq])?;
        for (conversation, last_seq) in touched {
            touch.execute(params![conversation, last_seq, now])?;
        }
    }
    transaction.commit()
}
