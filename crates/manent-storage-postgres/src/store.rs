//! The store: the ports, translated into writes and reads.

use async_trait::async_trait;
use manent_domain::append::{AppendPlan, Submission};
use manent_domain::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationPatch, Created,
    NewConversation, Page,
};
use manent_domain::feed::FeedPage;
use manent_domain::message::{Message, MessageRange};
use manent_domain::ports::{
    ConversationRepository, FeedRepository, MessageRepository, RunRepository, SearchRepository,
    StoreError, TransferRepository,
};
use manent_domain::run::{Begun, NewRun, Run, RunLogPage, RunProgress, RunStanding};
use manent_domain::search::{SearchCursor, SearchHit, SearchQuery};
use manent_domain::transfer::{RecordKind, TransferRecord};
use manent_types::{ConversationId, MessageId, NodeId, RunId, Timestamp, UserId};

use crate::config::PostgresConfig;
use crate::metrics::PostgresMetrics;
use crate::open_error::OpenError;

/// How a store stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreHealth {
    /// Writes that wait or are being written.
    pub queued_writes: u64,
    /// Whether the connection that listens for what other processes did is up.
    pub is_listening: bool,
}

/// From which version of the schema a migration led to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaVersions {
    /// What it found; 0 for a database without tables.
    pub before: i32,
    /// What it left.
    pub after: i32,
}

/// Conversations, messages, search, runs and the feed in a Postgres database. Clones share one store.
#[derive(Clone, Debug)]
pub struct PostgresStore {}

impl PostgresStore {
    /// Connects to the database, creating or migrating its tables.
    ///
    /// # Errors
    /// With a sentence for the person who starts the server.
    pub async fn connect(config: PostgresConfig) -> Result<Self, OpenError> {
        let _ = config;
        Err(OpenError::Refused {
            place: "any".to_owned(),
            detail: "the Postgres store is not built yet".to_owned(),
        })
    }

    /// Creates or migrates the tables of the database, and nothing else.
    ///
    /// # Errors
    /// With a sentence for the person who asked for it.
    pub async fn migrate(config: PostgresConfig) -> Result<SchemaVersions, OpenError> {
        Self::connect(config).await?;
        Ok(SchemaVersions {
            before: 0,
            after: 0,
        })
    }

    /// Connects and looks, for `manent doctor`: changes nothing. `before` is the version of the schema as it is, `after` the one that
    /// [`Self::migrate`] would leave.
    ///
    /// # Errors
    /// What [`Self::connect`] would meet, a newer schema among it.
    pub async fn look(config: PostgresConfig) -> Result<SchemaVersions, OpenError> {
        let _ = config;
        Err(OpenError::Refused {
            place: "any".to_owned(),
            detail: "the Postgres store is not built yet".to_owned(),
        })
    }

    /// Finds out whether the store can be read and written.
    ///
    /// # Errors
    /// What a read or a write would meet now; busy when there is no answer within two seconds.
    pub async fn check(&self) -> Result<StoreHealth, StoreError> {
        Err(not_built())
    }

    /// What the store did, and how it stands.
    pub fn metrics(&self) -> PostgresMetrics {
        PostgresMetrics::default()
    }

    /// Refuses new calls, finishes those that wait, and closes the connections. Other clones answer [`StoreError::Unavailable`] from then on.
    pub async fn close(self) {}
}

fn not_built() -> StoreError {
    StoreError::Internal {
        detail: "not built yet".to_owned(),
    }
}

#[async_trait]
impl ConversationRepository for PostgresStore {
    async fn create(
        &self,
        _: UserId,
        _: NewConversation,
        _: Timestamp,
    ) -> Result<Created, StoreError> {
        Err(not_built())
    }
    async fn find(&self, _: UserId, _: ConversationId) -> Result<Option<Conversation>, StoreError> {
        Err(not_built())
    }
    async fn list(
        &self,
        _: UserId,
        _: ConversationFilter,
        _: Option<ConversationCursor>,
        _: usize,
    ) -> Result<Page<Conversation, ConversationCursor>, StoreError> {
        Err(not_built())
    }
    async fn update(
        &self,
        _: UserId,
        _: ConversationId,
        _: ConversationPatch,
        _: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        Err(not_built())
    }
    async fn trash(
        &self,
        _: UserId,
        _: ConversationId,
        _: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        Err(not_built())
    }
    async fn restore(
        &self,
        _: UserId,
        _: ConversationId,
        _: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        Err(not_built())
    }
    async fn set_generated_title(
        &self,
        _: UserId,
        _: ConversationId,
        _: String,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        Err(not_built())
    }
}

#[async_trait]
impl MessageRepository for PostgresStore {
    async fn append(
        &self,
        _: UserId,
        _: Vec<Submission>,
        _: Timestamp,
    ) -> Result<AppendPlan, StoreError> {
        Err(not_built())
    }
    async fn find_message(&self, _: UserId, _: MessageId) -> Result<Option<Message>, StoreError> {
        Err(not_built())
    }
    async fn list(
        &self,
        _: UserId,
        _: ConversationId,
        _: MessageRange,
        _: usize,
    ) -> Result<Option<Page<Message, MessageRange>>, StoreError> {
        Err(not_built())
    }
}

#[async_trait]
impl SearchRepository for PostgresStore {
    async fn search(
        &self,
        _: UserId,
        _: SearchQuery,
    ) -> Result<Page<SearchHit, SearchCursor>, StoreError> {
        Err(not_built())
    }
}

#[async_trait]
impl RunRepository for PostgresStore {
    async fn begin(&self, _: UserId, _: NewRun, _: Timestamp) -> Result<Begun, StoreError> {
        Err(not_built())
    }
    async fn find_run(&self, _: UserId, _: RunId) -> Result<Option<Run>, StoreError> {
        Err(not_built())
    }
    async fn record(
        &self,
        _: NodeId,
        _: Vec<RunProgress>,
        _: Timestamp,
    ) -> Result<Vec<Option<RunStanding>>, StoreError> {
        Err(not_built())
    }
    async fn read_log(
        &self,
        _: UserId,
        _: RunId,
        _: u64,
        _: usize,
    ) -> Result<Option<RunLogPage>, StoreError> {
        Err(not_built())
    }
    async fn request_stop(
        &self,
        _: UserId,
        _: RunId,
        _: Timestamp,
    ) -> Result<Option<Run>, StoreError> {
        Err(not_built())
    }
    async fn interrupt_dead(
        &self,
        _: NodeId,
        _: Timestamp,
        _: usize,
        _: Timestamp,
    ) -> Result<Vec<(UserId, RunId)>, StoreError> {
        Err(not_built())
    }
    async fn clear_logs(&self, _: Timestamp, _: usize) -> Result<usize, StoreError> {
        Err(not_built())
    }
}

#[async_trait]
impl FeedRepository for PostgresStore {
    async fn read_feed(&self, _: UserId, _: u64, _: usize) -> Result<FeedPage, StoreError> {
        Err(not_built())
    }
}

#[async_trait]
impl TransferRepository for PostgresStore {
    async fn export(
        &self,
        _: RecordKind,
        _: Option<TransferRecord>,
        _: usize,
    ) -> Result<Vec<TransferRecord>, StoreError> {
        Err(not_built())
    }
    async fn import(&self, _: Vec<TransferRecord>) -> Result<(), StoreError> {
        Err(not_built())
    }
}
