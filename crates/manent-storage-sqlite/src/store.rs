//! The store: the ports, translated into jobs and reads.

mod accounts;
mod documents;
mod feed;
mod runs;
mod transfer;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use manent_domain::append::{AppendPlan, Submission};
use manent_domain::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationPatch, Created,
    NewConversation, Page, Patched,
};
use manent_domain::message::{Message, MessageRange};
use manent_domain::ports::{
    ConversationRepository, MessageRepository, SearchRepository, StoreError,
};
use manent_domain::search::{SearchCursor, SearchHit, SearchQuery};
use manent_types::{
    ConversationId, ExtrasPatch, Label, MessageId, ModelSettings, Timestamp, UserId,
};
use rusqlite::Connection;

use crate::append::{self, PreparedBatch};
use crate::config::SqliteConfig;
use crate::directory::database_path;
use crate::metrics::SqliteMetrics;
use crate::open::{OpenError, Opened, open, open_beside};
use crate::{conversations, expiry, messages, search};

/// About how many bytes a small write takes.
const SMALL: usize = 1_024;

/// How long [`SqliteStore::check`] waits.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// How a store stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreHealth {
    /// Writes that wait or are being written.
    pub queued_writes: u64,
    /// Pages of 4 KiB in the write-ahead log after the last commit.
    pub log_pages: u64,
}

/// Conversations, messages and search in one SQLite file. Clones share one store.
#[derive(Clone)]
pub struct SqliteStore {
    opened: Arc<Opened>,
}

impl SqliteStore {
    /// Opens the database in the data directory, creating or migrating it. Blocks while it does.
    ///
    /// # Errors
    /// With a sentence for the person who starts the server.
    pub fn open(config: SqliteConfig) -> Result<Self, OpenError> {
        let opened = Arc::new(open(config)?);
        Ok(Self { opened })
    }

    /// Opens a database that is there already, migrating it if need be. Blocks while it does.
    ///
    /// # Errors
    /// As [`Self::open`], and with [`OpenError::Missing`] when there is none; then nothing is created either.
    pub fn open_existing(config: SqliteConfig) -> Result<Self, OpenError> {
        if let Err(error) = std::fs::metadata(database_path(&config.data_dir))
            && error.kind() == std::io::ErrorKind::NotFound
        {
            return Err(OpenError::Missing {
                path: database_path(&config.data_dir),
            });
        }
        Self::open(config)
    }

    /// Opens the database also while another process has the data directory, for a short piece of work beside it: that process notices at its
    /// next write. Blocks while it does.
    ///
    /// # Errors
    /// As [`Self::open`]; beside another process nothing is migrated, so an older schema is refused.
    pub fn open_beside(config: SqliteConfig) -> Result<Self, OpenError> {
        let opened = Arc::new(open_beside(config)?);
        Ok(Self { opened })
    }

    /// Finds out whether the store can be read and written, through the same queues as everything else. Writes nothing while the last
    /// commit went well, and one page after one that failed.
    ///
    /// # Errors
    /// What a read or a write would meet now; busy when there is no answer within two seconds.
    pub async fn check(&self) -> Result<StoreHealth, StoreError> {
        let probes = async {
            let read = |connection: &Connection| {
                Ok(connection.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(()))?)
            };
            self.opened.reads.run(read).await?;
            self.opened.writes.run(0, |unit| Ok(unit.probe()?)).await
        };
        tokio::time::timeout(CHECK_TIMEOUT, probes)
            .await
            .map_err(|_| StoreError::Busy {
                detail: format!("no answer within {} s", CHECK_TIMEOUT.as_secs()),
            })??;
        let metrics = self.metrics();
        Ok(StoreHealth {
            queued_writes: metrics.queued_writes,
            log_pages: metrics.log_pages,
        })
    }

    /// What the store did, and how it stands.
    pub fn metrics(&self) -> SqliteMetrics {
        self.opened.counters.snapshot()
    }

    /// The database's file.
    pub fn path(&self) -> &Path {
        &self.opened.path
    }

    /// Refuses new calls, finishes those that wait, checkpoints and closes the database, and gives the data directory free. Other clones
    /// answer [`StoreError::Unavailable`] from then on. Dropping the last clone does the same without waiting for it.
    pub async fn close(self) {
        self.opened.reads.close();
        self.opened.writes.close().await;
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SqliteStore")
            .field("path", &self.opened.path)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl ConversationRepository for SqliteStore {
    async fn create(
        &self,
        owner: UserId,
        new: NewConversation,
        now: Timestamp,
    ) -> Result<Created, StoreError> {
        let config = to_json(&new.config)?;
        self.opened
            .writes
            .run(SMALL + config.len(), move |unit| {
                Ok(conversations::create(unit, owner, &new, &config, now)?)
            })
            .await
    }

    async fn find(
        &self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        self.opened
            .reads
            .run(move |connection| conversations::find(connection, owner, id, now))
            .await
    }

    async fn list(
        &self,
        owner: UserId,
        filter: ConversationFilter,
        after: Option<ConversationCursor>,
        limit: usize,
    ) -> Result<Page<Conversation, ConversationCursor>, StoreError> {
        self.opened
            .reads
            .run(move |connection| {
                conversations::list(connection, owner, &filter, after.as_ref(), limit)
            })
            .await
    }

    async fn update(
        &self,
        owner: UserId,
        id: ConversationId,
        patch: ConversationPatch,
        now: Timestamp,
    ) -> Result<Patched<Conversation>, StoreError> {
        let config = patch.config.as_ref().map(to_json).transpose()?;
        self.opened
            .writes
            .run(
                SMALL + config.as_ref().map_or(0, String::len),
                move |unit| Ok(conversations::update(unit, owner, id, &patch, now)?),
            )
            .await
    }

    async fn trash(
        &self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        self.opened
            .writes
            .run(SMALL, move |unit| {
                Ok(conversations::set_trashed(unit, owner, id, true, now)?)
            })
            .await
    }

    async fn restore(
        &self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        self.opened
            .writes
            .run(SMALL, move |unit| {
                Ok(conversations::set_trashed(unit, owner, id, false, now)?)
            })
            .await
    }

    async fn set_generated_title(
        &self,
        owner: UserId,
        id: ConversationId,
        title: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.opened
            .writes
            .run(SMALL, move |unit| {
                Ok(conversations::set_generated_title(
                    unit, owner, id, &title, now,
                )?)
            })
            .await
    }

    async fn label_counts(
        &self,
        owner: UserId,
        prefix: &str,
    ) -> Result<BTreeMap<Label, u64>, StoreError> {
        let prefix = prefix.to_owned();
        self.opened
            .reads
            .run(move |connection| conversations::label_counts(connection, owner, &prefix))
            .await
    }

    async fn rename_label(
        &self,
        owner: UserId,
        from: &Label,
        to: &Label,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let (from, to) = (from.clone(), to.clone());
        self.opened
            .writes
            .run(SMALL, move |unit| {
                Ok(conversations::relabel(unit, owner, &from, Some(&to), now)?)
            })
            .await
    }

    async fn remove_label(
        &self,
        owner: UserId,
        label: &Label,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let label = label.clone();
        self.opened
            .writes
            .run(SMALL, move |unit| {
                Ok(conversations::relabel(unit, owner, &label, None, now)?)
            })
            .await
    }

    async fn remove_expired(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.opened
            .writes
            .run(SMALL, move |unit| {
                Ok(expiry::remove_expired(unit, now, limit)?)
            })
            .await
    }
}

#[async_trait]
impl MessageRepository for SqliteStore {
    async fn append(
        &self,
        owner: UserId,
        submissions: Vec<Submission>,
        now: Timestamp,
    ) -> Result<AppendPlan, StoreError> {
        let batch = PreparedBatch::new(submissions)?;
        self.opened
            .writes
            .run(batch.bytes(), move |unit| {
                Ok(append::append(unit, owner, &batch, now)?)
            })
            .await
    }

    async fn find_message(
        &self,
        owner: UserId,
        id: MessageId,
        now: Timestamp,
    ) -> Result<Option<Message>, StoreError> {
        self.opened
            .reads
            .run(move |connection| messages::find(connection, owner, id, now))
            .await
    }

    async fn list(
        &self,
        owner: UserId,
        conversation: ConversationId,
        range: MessageRange,
        limit: usize,
        now: Timestamp,
    ) -> Result<Option<Page<Message, MessageRange>>, StoreError> {
        self.opened
            .reads
            .run_in_snapshot(move |connection| {
                messages::list(connection, owner, conversation, range, limit, now)
            })
            .await
    }

    async fn annotate(
        &self,
        owner: UserId,
        message: MessageId,
        patch: ExtrasPatch,
        now: Timestamp,
    ) -> Result<Patched<Message>, StoreError> {
        self.opened
            .writes
            .run(SMALL, move |unit| {
                Ok(messages::annotate(unit, owner, message, &patch, now)?)
            })
            .await
    }
}

#[async_trait]
impl SearchRepository for SqliteStore {
    async fn search(
        &self,
        owner: UserId,
        query: SearchQuery,
    ) -> Result<Page<SearchHit, SearchCursor>, StoreError> {
        self.opened
            .reads
            .run_in_snapshot(move |connection| search::search(connection, owner, &query))
            .await
    }
}

fn to_json(config: &ModelSettings) -> Result<String, StoreError> {
    serde_json::to_string(config).map_err(|error| StoreError::Internal {
        detail: format!("the settings could not be written as JSON: {error}"),
    })
}
