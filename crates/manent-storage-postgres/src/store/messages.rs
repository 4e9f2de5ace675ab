//! The port of messages.

use async_trait::async_trait;
use manent_domain::append::{AppendPlan, Submission};
use manent_domain::conversation::Page;
use manent_domain::message::{Message, MessageRange};
use manent_domain::ports::{MessageRepository, StoreError};
use manent_types::{ConversationId, MessageId, Timestamp, UserId};

use super::PostgresStore;
use crate::append::{self, PreparedBatch};
use crate::messages;

#[async_trait]
impl MessageRepository for PostgresStore {
    async fn append(
        &self,
        owner: UserId,
        submissions: Vec<Submission>,
        now: Timestamp,
    ) -> Result<AppendPlan, StoreError> {
        let batch = PreparedBatch::new(owner, submissions)?;
        append::append(&self.opened.writes, owner, batch, now).await
    }

    async fn find_message(
        &self,
        owner: UserId,
        id: MessageId,
    ) -> Result<Option<Message>, StoreError> {
        self.opened
            .connections
            .read(|client| Box::pin(messages::find(client, owner, id)))
            .await
    }

    async fn list(
        &self,
        owner: UserId,
        conversation: ConversationId,
        range: MessageRange,
        limit: usize,
    ) -> Result<Option<Page<Message, MessageRange>>, StoreError> {
        self.opened
            .connections
            .read(|client| Box::pin(messages::list(client, owner, conversation, range, limit)))
            .await
    }
}
