//! The port of messages.

use async_trait::async_trait;
use manent_domain::append::{AppendPlan, Submission};
use manent_domain::conversation::{Page, Patched};
use manent_domain::message::{Message, MessageRange};
use manent_domain::ports::{MessageRepository, StoreError};
use manent_types::{ConversationId, ExtrasPatch, MessageId, Timestamp, UserId};

use super::{PostgresStore, SMALL};
use crate::append::{self, PreparedBatch};
use crate::messages;
use crate::workspace::Wanted;

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
        now: Timestamp,
    ) -> Result<Option<Message>, StoreError> {
        self.opened
            .connections
            .read(|client| Box::pin(messages::find(client, owner, id, now)))
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
            .connections
            .read(|client| {
                Box::pin(messages::list(
                    client,
                    owner,
                    conversation,
                    range,
                    limit,
                    now,
                ))
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
        let want = move |wanted: &mut Wanted| {
            wanted.owners.insert(owner);
            wanted.want_message((owner, message), true);
        };
        let done = self
            .opened
            .writes
            .run(owner, SMALL, want, move |workspace| {
                messages::annotate(workspace, owner, message, &patch, now)
            })
            .await?;
        match done {
            Patched::Done(()) => {}
            Patched::Missing => return Ok(Patched::Missing),
            Patched::Refused(bound) => return Ok(Patched::Refused(bound)),
        }
        let found = self.find_message(owner, message, now).await?;
        Ok(found.map_or(Patched::Missing, Patched::Done))
    }
}
