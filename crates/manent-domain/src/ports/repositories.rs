//! Stores. Every method is one atomic unit of work, and every method is limited to one owner's rows. Every write also writes what it
//! changed into the owner's feed ([`crate::feed`]), in the same unit: each stored or changed message once, then each touched
//! conversation once, each begun or ended run once; nothing when nothing changed. Nothing of a temporary conversation stands there, and
//! once its time is over it is not there for any method, whether or not its rows are ([`ConversationRepository::remove_expired`]).

use std::collections::BTreeMap;

use async_trait::async_trait;
use manent_types::{ConversationId, ExtrasPatch, Label, MessageId, Timestamp, UserId};

use super::store_error::StoreError;
use crate::append::{AppendPlan, Submission};
use crate::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationPatch, Created,
    NewConversation, Page, Patched,
};
use crate::message::{Message, MessageRange};
use crate::search::{SearchCursor, SearchHit, SearchQuery};

/// Conversations. `find` and the changes answer `None` when the owner has no such conversation.
#[async_trait]
pub trait ConversationRepository: Send + Sync {
    /// Creates a conversation, or finds the owner's existing one with that id, be its time over or not.
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
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError>;

    /// A page of at most `limit` conversations in the filter's order, strictly after the cursor, which must fit the order
    /// ([`ConversationCursor::fits`]; else the list is empty). Temporary ones stand in no list.
    async fn list(
        &self,
        owner: UserId,
        filter: ConversationFilter,
        after: Option<ConversationCursor>,
        limit: usize,
    ) -> Result<Page<Conversation, ConversationCursor>, StoreError>;

    /// Applies a patch ([`Conversation::patched`]). A title given here becomes the person's own. Sets `updated_at`.
    async fn update(
        &self,
        owner: UserId,
        id: ConversationId,
        patch: ConversationPatch,
        now: Timestamp,
    ) -> Result<Patched<Conversation>, StoreError>;

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

    /// How many conversations have each label that begins with the prefix: those in the lists, put away or not; neither the trash nor
    /// temporary ones. Labels of none are not in it.
    async fn label_counts(
        &self,
        owner: UserId,
        prefix: &str,
    ) -> Result<BTreeMap<Label, u64>, StoreError>;

    /// Gives every conversation with one label another one instead, those in the trash too; answers how many had it. Sets their
    /// `updated_at`.
    async fn rename_label(
        &self,
        owner: UserId,
        from: &Label,
        to: &Label,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Takes a label away from every conversation, those in the trash too; answers how many had it. Sets their `updated_at`.
    async fn remove_label(
        &self,
        owner: UserId,
        label: &Label,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Removes at most `limit` conversations whose time is over, whoever has them, for good: with their messages, changes, lanes and runs.
    /// Answers how many.
    async fn remove_expired(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError>;
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
        now: Timestamp,
    ) -> Result<Option<Message>, StoreError>;

    /// A page of at most `limit` messages, ascending in `seq`; `next` is the range that goes on in the same direction.
    /// `None` when the owner has no such conversation.
    async fn list(
        &self,
        owner: UserId,
        conversation: ConversationId,
        range: MessageRange,
        limit: usize,
        now: Timestamp,
    ) -> Result<Option<Page<Message, MessageRange>>, StoreError>;

    /// Merges a patch into what a surface keeps with a message; the message as it is afterwards. It stands in the feed as a change of the
    /// message, also when the patch left everything as it was.
    async fn annotate(
        &self,
        owner: UserId,
        message: MessageId,
        patch: ExtrasPatch,
        now: Timestamp,
    ) -> Result<Patched<Message>, StoreError>;
}

/// Search.
#[async_trait]
pub trait SearchRepository: Send + Sync {
    /// Hits among the titles and messages of conversations outside the trash that are not temporary: titles and messages in the asked order, put
    /// together by [`SearchQuery::page`]. Following the pages to their end finds each hit once, whatever their limits.
    async fn search(
        &self,
        owner: UserId,
        query: SearchQuery,
    ) -> Result<Page<SearchHit, SearchCursor>, StoreError>;
}
