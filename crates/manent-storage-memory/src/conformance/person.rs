//! A person with a store, and short ways to say what a test does.

use manent_domain::append::{
    AppendPlan, ChangeKind, ItemOutcome, LanePosition, NewChange, NewMessage, Outcome, ParentRef,
    Submission,
};
use manent_domain::conversation::{
    Conversation, ConversationFilter, ConversationOrder, Created, NewConversation, OrderBy, Page,
};
use manent_domain::error::Refusal;
use manent_domain::message::{Fingerprint, Message, MessageRange};
use manent_domain::ports::{ConversationRepository, MessageRepository};
use manent_domain::search::{SearchCursor, SearchHit, SearchOrder, SearchQuery};
use manent_types::{
    ConversationId, Extras, ExtrasPatch, Label, MessageId, MessageStatus, Part, Role, Timestamp,
    UserId,
};
use serde_json::Value;
use uuid::Uuid;

use super::Store;

/// Conversations outside archive and trash.
pub const ACTIVE: ConversationFilter = ConversationFilter {
    archived: false,
    trashed: false,
    pinned: None,
    labels_all: Vec::new(),
    without_label_prefix: None,
    order: ConversationOrder {
        by: OrderBy::LastMessage,
        descending: true,
    },
};

/// The time so many seconds after an arbitrary beginning.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_790_000_000_000 + seconds * 1_000).unwrap()
}

/// A conversation's id.
pub fn conversation(number: u128) -> ConversationId {
    ConversationId::new(Uuid::from_u128(0xc0 << 120 | number))
}

/// A message's id.
pub fn message(number: u128) -> MessageId {
    MessageId::new(Uuid::from_u128(0xa0 << 120 | number))
}

/// A label.
pub fn label(text: &str) -> Label {
    text.parse().unwrap()
}

/// What a surface keeps.
pub fn extras(value: Value) -> Extras {
    Extras::try_from(value).unwrap()
}

/// A change of what a surface keeps.
pub fn extras_patch(value: Value) -> ExtrasPatch {
    ExtrasPatch::try_from(value).unwrap()
}

/// One text part.
pub fn text(words: &str) -> Vec<Part> {
    vec![Part::Text {
        text: words.to_owned(),
    }]
}

/// A user's message that follows the newest one.
pub fn said(id: MessageId, words: &str) -> NewMessage {
    with_content(id, Role::User, text(words))
}

/// An answer that follows the newest message.
pub fn answered(id: MessageId, words: &str) -> NewMessage {
    with_content(id, Role::Assistant, text(words))
}

/// A message with this content that follows the newest one.
pub fn with_content(id: MessageId, role: Role, content: Vec<Part>) -> NewMessage {
    NewMessage {
        id,
        parent: ParentRef::Newest,
        role,
        fingerprint: Fingerprint::of(role, &content).unwrap(),
        content,
        status: MessageStatus::Complete,
        model: None,
        provider: None,
        usage: None,
        created_at: None,
        extras: Extras::new(),
    }
}

/// A message that follows this one.
pub fn after(parent: MessageId, message: NewMessage) -> NewMessage {
    NewMessage {
        parent: ParentRef::Message(parent),
        ..message
    }
}

/// A plain submission.
pub fn plain(conversation: ConversationId, message: NewMessage) -> Submission {
    Submission {
        conversation,
        lane: None,
        id: Some(message.id),
        body: Ok(message.into()),
    }
}

/// A sequenced submission.
pub fn sequenced(
    device: &str,
    device_seq: u64,
    conversation: ConversationId,
    message: NewMessage,
) -> Submission {
    Submission {
        lane: Some(lane(device, device_seq)),
        ..plain(conversation, message)
    }
}

/// A change with this id.
pub fn change(id: MessageId, kind: ChangeKind) -> NewChange {
    NewChange {
        id,
        fingerprint: kind.fingerprint().unwrap(),
        kind,
    }
}

/// An edit to these words.
pub fn edit(message: MessageId, words: &str) -> ChangeKind {
    ChangeKind::Edit {
        message,
        content: text(words),
    }
}

/// A deletion.
pub const fn delete(message: MessageId) -> ChangeKind {
    ChangeKind::Delete { message }
}

/// The undoing of a deletion.
pub const fn undelete(message: MessageId) -> ChangeKind {
    ChangeKind::Undelete { message }
}

/// A plain submission of a change.
pub fn plain_change(conversation: ConversationId, change: NewChange) -> Submission {
    Submission {
        conversation,
        lane: None,
        id: Some(change.id),
        body: Ok(change.into()),
    }
}

/// A sequenced submission of a change.
pub fn sequenced_change(
    device: &str,
    device_seq: u64,
    conversation: ConversationId,
    change: NewChange,
) -> Submission {
    Submission {
        lane: Some(lane(device, device_seq)),
        ..plain_change(conversation, change)
    }
}

/// A sequenced submission that was refused before it came to the store.
pub fn refused(
    device: &str,
    device_seq: u64,
    conversation: ConversationId,
    id: Option<MessageId>,
    refusal: Refusal,
) -> Submission {
    Submission {
        conversation,
        lane: Some(lane(device, device_seq)),
        id,
        body: Err(refusal),
    }
}

/// A place in a lane.
pub fn lane(device: &str, device_seq: u64) -> LanePosition {
    LanePosition {
        device: device.parse().unwrap(),
        device_seq,
    }
}

/// A person with a store.
#[derive(Clone, Copy)]
pub struct Person<'store> {
    /// The store.
    pub store: &'store dyn Store,
    /// Who.
    pub owner: UserId,
}

impl<'store> Person<'store> {
    /// A person who is known by a number.
    pub fn new(store: &'store dyn Store, number: u128) -> Self {
        let owner = UserId::new(Uuid::from_u128(0x50 << 120 | number));
        Self { store, owner }
    }

    /// A person with a conversation without a title.
    pub async fn with_conversation(store: &'store dyn Store, id: ConversationId) -> Self {
        let person = Self::new(store, 1);
        person.create(id, None, 0).await;
        person
    }

    /// Creates a conversation so many seconds after the beginning.
    pub async fn create(&self, id: ConversationId, title: Option<&str>, seconds: i64) -> Created {
        let new = NewConversation {
            title: title.map(str::to_owned),
            ..NewConversation::new(id)
        };
        let created = self.store.create(self.owner, new, at(seconds)).await;
        created.unwrap()
    }

    /// Creates a conversation that must be new.
    pub async fn create_new(
        &self,
        id: ConversationId,
        title: Option<&str>,
        seconds: i64,
    ) -> Conversation {
        match self.create(id, title, seconds).await {
            Created::New(conversation) => conversation,
            Created::Existing(existing) => panic!("there was one already: {existing:?}"),
        }
    }

    /// A conversation that must exist.
    pub async fn conversation(&self, id: ConversationId) -> Conversation {
        self.find(id).await.unwrap()
    }

    /// A conversation.
    pub async fn find(&self, id: ConversationId) -> Option<Conversation> {
        let found = ConversationRepository::find(self.store, self.owner, id, at(0));
        found.await.unwrap()
    }

    /// The ids of the first 100 conversations of a list.
    pub async fn list(&self, filter: &ConversationFilter) -> Vec<ConversationId> {
        let page =
            ConversationRepository::list(self.store, self.owner, filter.clone(), None, 100).await;
        let page = page.unwrap();
        assert_eq!(page.next, None);
        page.items.iter().map(|found| found.id).collect()
    }

    /// Appends so many seconds after the beginning.
    pub async fn append_plan(&self, submissions: Vec<Submission>, seconds: i64) -> AppendPlan {
        let count = submissions.len();
        let plan = self
            .store
            .append(self.owner, submissions, at(seconds))
            .await;
        let plan = plan.unwrap();
        assert_eq!(plan.outcomes.len(), count, "one outcome for each item");
        plan
    }

    /// Appends a minute after the beginning and answers the outcomes.
    pub async fn append(&self, submissions: Vec<Submission>) -> Vec<Outcome> {
        let ids: Vec<_> = submissions.iter().map(|item| item.id).collect();
        let plan = self.append_plan(submissions, 60).await;
        let answered: Vec<_> = plan.outcomes.iter().map(|item| item.id).collect();
        assert_eq!(answered, ids, "outcomes stand in the order of the items");
        let outcome = |item: &ItemOutcome| item.outcome;
        plan.outcomes.iter().map(outcome).collect()
    }

    /// Appends one.
    pub async fn append_one(&self, submission: Submission) -> Outcome {
        self.append(vec![submission]).await[0]
    }

    /// A message that must exist.
    pub async fn message(&self, id: MessageId) -> Message {
        self.find_message(id).await.unwrap()
    }

    /// A message.
    pub async fn find_message(&self, id: MessageId) -> Option<Message> {
        let found = self.store.find_message(self.owner, id, at(0));
        found.await.unwrap()
    }

    /// A page of messages.
    pub async fn page(
        &self,
        id: ConversationId,
        range: MessageRange,
        limit: usize,
    ) -> Option<Page<Message, MessageRange>> {
        MessageRepository::list(self.store, self.owner, id, range, limit, at(0))
            .await
            .unwrap()
    }

    /// All messages of a conversation, which has at most 1,000.
    pub async fn messages(&self, id: ConversationId) -> Vec<Message> {
        let page = self.page(id, MessageRange::After(0), 1_000).await.unwrap();
        assert_eq!(page.next, None);
        page.items
    }

    /// The ids of all messages of a conversation.
    pub async fn message_ids(&self, id: ConversationId) -> Vec<MessageId> {
        let messages = self.messages(id).await;
        messages.iter().map(|message| message.id).collect()
    }

    /// One page of a search.
    pub async fn search_page(
        &self,
        words: &[&str],
        order: SearchOrder,
        after: Option<SearchCursor>,
        limit: usize,
    ) -> Page<SearchHit, SearchCursor> {
        let query = SearchQuery {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            order,
            limit,
            after,
        };
        let page = self.store.search(self.owner, query).await.unwrap();
        assert!(page.items.len() <= limit, "a page has at most its limit");
        page
    }

    /// The first 50 hits of a search, newest first.
    pub async fn search(&self, words: &[&str]) -> Vec<SearchHit> {
        self.search_page(words, SearchOrder::Newest, None, 50)
            .await
            .items
    }
}
