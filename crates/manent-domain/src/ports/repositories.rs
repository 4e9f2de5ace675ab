//! Stores. Every method is one atomic unit of work, and every method is limited to one owner's rows. Every write also writes what it
//! changed into the owner's feed ([`crate::feed`]), in the same unit: each stored or changed message once, then each touched
//! conversation once, each begun or ended run once; nothing when nothing changed.

use async_trait::async_trait;
use manent_types::{ConversationId, MessageId, Timestamp, UserId};

use super::store_error::StoreError;
use crate::append::{AppendPlan, Submission};
use crate::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationPatch, Created,
    NewConversation, Page,
};
use crate::message::{Message, MessageRange};
use crate::search::{SearchCursor, SearchHit, SearchQuery};

/// Conversations. `find` and the changes answer `None` when the owner has no such conversation.
#[async_trait]
pub trait ConversationRepository: Send + Sync {
    /// Creates a conversation, or finds the owner's existing one with that id.
    async fn create(
        &self,
        owner: UserId,
        new: NewConversation,
        now: Timestamp,
    ) -> Result<Created, StoreError>;

    /// One conversation, in the trash or not.
    async fn find(
        &self,
        owner: UserId,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError>;

    /// A page of at most `limit` conversations by `(last_message_at, id)`, newest first, strictly after the cursor.
    async fn list(
        &self,
        owner: UserId,
        filter: ConversationFilter,
        after: Option<ConversationCursor>,
        limit: usize,
    ) -> Result<Page<Conversation, ConversationCursor>, StoreError>;

    /// Applies a patch. A title given here becomes the person's own. Sets `updated_at`.
    async fn update(
        &self,
        owner: UserId,
        id: ConversationId,
        patch: ConversationPatch,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError>;

    /// Puts it into the trash; one that lies there already stays as it is. Sets `updated_at` when it changes something.
    async fn trash(
        &self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError>;

    /// Takes it out of the trash; one that does not lie there stays as it is. Sets `updated_at` when it changes something.
    async fn restore(
        &self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError>;

    /// Sets a title made by a model, only where there is none or a cut; tells whether it was set.
    async fn set_generated_title(
        &self,
        owner: UserId,
        id: ConversationId,
        title: String,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}

/// Messages, and changes of what is stored.
#[async_trait]
pub trait MessageRepository: Send + Sync {
    /// Plans ([`crate::append::plan`]) and writes a batch in one unit; everything in the returned plan is durable.
    async fn append(
        &self,
        owner: UserId,
        submissions: Vec<Submission>,
        now: Timestamp,
    ) -> Result<AppendPlan, StoreError>;

    /// One message, deleted or not, with its content.
    async fn find_message(
        &self,
        owner: UserId,
        id: MessageId,
    ) -> Result<Option<Message>, StoreError>;

    /// A page of at most `limit` messages, ascending in `seq`; `next` is the range that goes on in the same direction.
    /// `None` when the owner has no such conversation.
    async fn list(
        &self,
        owner: UserId,
        conversation: ConversationId,
        range: MessageRange,
        limit: usize,
    ) -> Result<Option<Page<Message, MessageRange>>, StoreError>;
}

/// Search.
#[async_trait]
pub trait SearchRepository: Send + Sync {
    /// Hits among the titles and messages of conversations outside the trash: titles and messages in the asked order, put together by
    /// [`SearchQuery::page`]. Following the pages to their end finds each hit once, whatever their limits.
    async fn search(
        &self,
        owner: UserId,
        query: SearchQuery,
    ) -> Result<Page<SearchHit, SearchCursor>, StoreError>;
}
