//! Large databases, generated once and kept for the next run.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use manent_domain::message::Fingerprint;
use manent_types::{Part, Role, UserId};
use rand::RngExt;
use rand::rngs::StdRng;
use rusqlite::{Connection, params};

use super::database::{self, NewConversation};
use super::messages::{NOW_MILLISECONDS, id_at};
use super::seeded;
use super::text::Vocabulary;
use crate::environment::Environment;

/// What a library holds.
#[derive(Debug, Clone, Copy, Hash)]
pub(crate) struct Library {
    /// Its name, as part of its directory's.
    pub(crate) name: &'static str,
    /// Conversations of all owners together.
    pub(crate) conversations: u32,
    /// Messages in each.
    pub(crate) messages_each: u32,
    /// Of ten conversations so many are the measured owner's; the others are spread over ten more owners.
    pub(crate) own_of_ten: u32,
}

/// The row of the measured owner.
pub(crate) const OWNER_PK: i64 = 1;

const OTHER_OWNERS: i64 = 10;

impl Library {
    /// The directory with this library, generated when there is none for today's schema.
    ///
    /// # Errors
    /// When it cannot be generated.
    pub(crate) async fn prepare(
        self,
        environment: &Environment,
        owner: UserId,
    ) -> anyhow::Result<PathBuf> {
        let building = environment.scratch()?;
        let mut connection = database::create(building.path()).await?;
        let mut hasher = DefaultHasher::new();
        (self, owner).hash(&mut hasher);
        let mut schema = connection.prepare("SELECT sql FROM sqlite_schema ORDER BY name")?;
        let statements = schema.query_map([], |row| row.get::<_, Option<String>>(0))?;
        for statement in statements {
            statement?.hash(&mut hasher);
        }
        drop(schema);
        let name = format!("{}-{:016x}", self.name, hasher.finish());
        let directory = environment.data.join(name);
        if !directory.exists() {
            let messages = u64::from(self.conversations) * u64::from(self.messages_each);
            writeln!(
                std::io::stderr(),
                "generating {}: {} conversations, {messages} messages …",
                directory.display(),
                self.conversations
            )?;
            self.generate(&mut connection, owner)?;
            drop(connection);
            std::fs::rename(building.keep(), &directory)?;
        }
        Ok(directory)
    }

    fn generate(self, connection: &mut Connection, owner: UserId) -> anyhow::Result<()> {
        connection.pragma_update(None, "synchronous", "off")?;
        connection.pragma_update(None, "cache_size", -256_000)?;
        let mut random = seeded(0);
        let vocabulary = Vocabulary::new();
        database::insert_owner(connection, owner.as_uuid())?;
        for _ in 0..OTHER_OWNERS {
            database::insert_owner(connection, id_at(0, &mut random))?;
        }
        let all = i64::from(self.conversations);
        let mut transaction = connection.transaction()?;
        for number in 0..all {
            if number % 1_000 == 999 {
                transaction.commit()?;
                transaction = connection.transaction()?;
            }
            let owner = if random.random_range(0..10) < self.own_of_ten {
                OWNER_PK
            } else {
                OWNER_PK + random.random_range(1..=OTHER_OWNERS)
            };
            // One conversation each minute, the last one now.
            let time = NOW_MILLISECONDS - (all - number) * 60_000;
            self.insert(&transaction, owner, time, &vocabulary, &mut random)?;
        }
        transaction.commit()?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    fn insert(
        self,
        connection: &Connection,
        owner: i64,
        time: i64,
        vocabulary: &Vocabulary,
        random: &mut StdRng,
    ) -> anyhow::Result<()> {
        let milliseconds = time.unsigned_abs();
        let conversation = NewConversation {
            id: id_at(milliseconds, random),
            title: &format!("{} {}", vocabulary.pick(random), vocabulary.pick(random)),
            last_seq: i64::from(self.messages_each),
            last_message_at: time,
        };
        let conversation = database::insert_conversation(connection, owner, &conversation)?;
        let mut insert = connection.prepare_cached(
            "INSERT INTO messages (owner_pk, conversation_pk, id, parent_id, seq, role, content, status, fingerprint, created_at, stored_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'complete', ?8, ?9, ?9)",
        )?;
        let mut index = connection.prepare_cached(
            "INSERT INTO message_search (rowid, owner, text) VALUES (?1, ?2, ?3)",
        )?;
        let mut parent: Option<String> = None;
        for seq in 1..=self.messages_each {
            let role = if seq % 2 == 1 {
                Role::User
            } else {
                Role::Assistant
            };
            let text = vocabulary.message(random);
            let parts = [Part::Text { text: text.clone() }];
            let id = id_at(milliseconds + u64::from(seq), random).to_string();
            let pk = insert.insert(params![
                owner,
                conversation,
                id,
                parent,
                seq,
                role.as_str(),
                serde_json::to_string(&parts)?,
                Fingerprint::of(role, &parts)?.0,
                time + i64::from(seq),
            ])?;
            index.execute(params![pk, database::owner_word(owner), text])?;
            parent = Some(id);
        }
        Ok(())
    }
}

/// Texts of the measured owner's messages, spread over the whole library.
///
/// # Errors
/// When the database fails.
pub(crate) fn sample_texts(directory: &Path, count: u32) -> anyhow::Result<Vec<String>> {
    let connection = database::open(directory)?;
    let most: i64 = connection
        .query_row("SELECT max(pk) FROM messages", [], |row| row.get(0))
        .context("a library without messages")?;
    let mut next = connection.prepare(
        "SELECT json_extract(content, '$[0].text') FROM messages WHERE owner_pk = ?1 AND pk >= ?2 LIMIT 1",
    )?;
    let mut random = seeded(3);
    (0..count)
        .map(|_| {
            let from = random.random_range(1..=most - most / 100);
            Ok(next.query_row([OWNER_PK, from], |row| row.get(0))?)
        })
        .collect()
}
