//! The reference store behind a line that can be slow, broken or dead, method by method.

use std::collections::{BTreeMap, HashMap};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use manent_domain::append::{AppendPlan, Submission};
use manent_domain::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationPatch, Created,
    NewConversation, Page, Patched,
};
use manent_domain::message::{Message, MessageRange};
use manent_domain::ports::{
    ConversationRepository, MessageRepository, RunRepository, SignalListener, StoreError,
};
use manent_domain::run::{Begun, NewRun, Run, RunLogPage, RunProgress, RunStanding};
use manent_storage_memory::MemoryStore;
use manent_types::{
    ConversationId, ExtrasPatch, Label, MessageId, NodeId, RunId, Timestamp, UserId,
};
use tokio::time::sleep;

/// How a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Works,
    /// Nothing happens, at once.
    Fails,
    /// Nothing happens, and no answer comes.
    Hangs,
    /// It works, late.
    Slow(Duration),
    /// It happens, and no answer comes.
    AnswerLost,
}

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    Create,
    Append,
    Begin,
    Record,
    Read,
    Other,
}

/// The store behind the line.
pub(crate) struct FaultyStore {
    pub(crate) inner: MemoryStore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    line: HashMap<Call, Line>,
    counts: HashMap<Call, usize>,
    /// A batch with this run fails as a whole.
    poison: Option<RunId>,
    /// The next record finds nothing.
    forgets: bool,
}

impl FaultyStore {
    pub(crate) fn new(listener: Arc<dyn SignalListener>) -> Self {
        Self {
            inner: MemoryStore::with_signals(listener),
            state: Mutex::default(),
        }
    }

    /// How every call goes from now on.
    pub(crate) fn all(&self, line: Line) {
        for call in [
            Call::Create,
            Call::Append,
            Call::Begin,
            Call::Record,
            Call::Read,
            Call::Other,
        ] {
            self.set(call, line);
        }
    }

    /// How this call goes from now on.
    pub(crate) fn set(&self, call: Call, line: Line) {
        self.state.lock().unwrap().line.insert(call, line);
    }

    /// From now on the adapter cannot store batches that hold this run.
    pub(crate) fn poison(&self, run: RunId) {
        self.state.lock().unwrap().poison = Some(run);
    }

    /// The next batch finds none of its runs.
    pub(crate) fn forget_once(&self) {
        self.state.lock().unwrap().forgets = true;
    }

    /// How often it was called.
    pub(crate) fn count(&self, call: Call) -> usize {
        *self.state.lock().unwrap().counts.get(&call).unwrap_or(&0)
    }

    async fn through<T>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let line = {
            let mut state = self.state.lock().unwrap();
            *state.counts.entry(call).or_default() += 1;
            state.line.get(&call).copied().unwrap_or(Line::Works)
        };
        match line {
            Line::Works => work.await,
            Line::Fails => Err(StoreError::Unavailable {
                detail: "the line is cut".to_owned(),
            }),
            Line::Hangs => pending().await,
            Line::Slow(time) => {
                sleep(time).await;
                work.await
            }
            Line::AnswerLost => {
                work.await?;
                pending().await
            }
        }
    }
}

#[async_trait]
impl RunRepository for FaultyStore {
    async fn begin(&self, owner: UserId, new: NewRun, now: Timestamp) -> Result<Begun, StoreError> {
        self.through(Call::Begin, self.inner.begin(owner, new, now))
            .await
    }

    async fn find_run(&self, owner: UserId, id: RunId) -> Result<Option<Run>, StoreError> {
        self.through(Call::Read, self.inner.find_run(owner, id))
            .await
    }

    async fn newest_run_of(
        &self,
        owner: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Run>, StoreError> {
        self.through(Call::Read, self.inner.newest_run_of(owner, conversation))
            .await
    }

    async fn running_of(&self, owner: UserId, limit: usize) -> Result<Vec<Run>, StoreError> {
        self.through(Call::Read, self.inner.running_of(owner, limit))
            .await
    }

    async fn record(
        &self,
        node: NodeId,
        progress: Vec<RunProgress>,
        now: Timestamp,
    ) -> Result<Vec<Option<RunStanding>>, StoreError> {
        let (poison, forgets) = {
            let mut state = self.state.lock().unwrap();
            (state.poison, std::mem::take(&mut state.forgets))
        };
        if forgets {
            return Ok(vec![None; progress.len()]);
        }
        if progress.iter().any(|piece| Some(piece.run) == poison) {
            return Err(StoreError::Internal {
                detail: "a row that the adapter cannot write".to_owned(),
            });
        }
        self.through(Call::Record, self.inner.record(node, progress, now))
            .await
    }

    async fn read_log(
        &self,
        owner: UserId,
        id: RunId,
        after: u64,
        max_bytes: usize,
    ) -> Result<Option<RunLogPage>, StoreError> {
        self.through(Call::Read, self.inner.read_log(owner, id, after, max_bytes))
            .await
    }

    async fn request_stop(
        &self,
        owner: UserId,
        id: RunId,
        now: Timestamp,
    ) -> Result<Option<Run>, StoreError> {
        self.through(Call::Other, self.inner.request_stop(owner, id, now))
            .await
    }

    async fn interrupt_dead(
        &self,
        node: NodeId,
        heard_before: Timestamp,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(UserId, RunId)>, StoreError> {
        let work = self.inner.interrupt_dead(node, heard_before, limit, now);
        self.through(Call::Other, work).await
    }

    async fn clear_logs(&self, ended_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.through(Call::Other, self.inner.clear_logs(ended_before, limit))
            .await
    }
}

#[async_trait]
impl ConversationRepository for FaultyStore {
    async fn create(
        &self,
        owner: UserId,
        new: NewConversation,
        now: Timestamp,
    ) -> Result<Created, StoreError> {
        self.through(Call::Create, self.inner.create(owner, new, now))
            .await
    }

    async fn find(
        &self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        let work = ConversationRepository::find(&self.inner, owner, id, now);
        self.through(Call::Read, work).await
    }

    async fn list(
        &self,
        owner: UserId,
        filter: ConversationFilter,
        after: Option<ConversationCursor>,
        limit: usize,
    ) -> Result<Page<Conversation, ConversationCursor>, StoreError> {
        let work = ConversationRepository::list(&self.inner, owner, filter, after, limit);
        self.through(Call::Read, work).await
    }

    async fn update(
        &self,
        owner: UserId,
        id: ConversationId,
        patch: ConversationPatch,
        now: Timestamp,
    ) -> Result<Patched<Conversation>, StoreError> {
        self.through(Call::Other, self.inner.update(owner, id, patch, now))
            .await
    }

    async fn trash(
        &self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        self.through(Call::Other, self.inner.trash(owner, id, now))
            .await
    }

    async fn restore(
        &self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        self.through(Call::Other, self.inner.restore(owner, id, now))
            .await
    }

    async fn set_generated_title(
        &self,
        owner: UserId,
        id: ConversationId,
        title: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let work = self.inner.set_generated_title(owner, id, title, now);
        self.through(Call::Other, work).await
    }

    async fn label_counts(
        &self,
        owner: UserId,
        prefix: &str,
    ) -> Result<BTreeMap<Label, u64>, StoreError> {
        self.through(Call::Read, self.inner.label_counts(owner, prefix))
            .await
    }

    async fn rename_label(
        &self,
        owner: UserId,
        from: &Label,
        to: &Label,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.through(Call::Other, self.inner.rename_label(owner, from, to, now))
            .await
    }

    async fn remove_label(
        &self,
        owner: UserId,
        label: &Label,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.through(Call::Other, self.inner.remove_label(owner, label, now))
            .await
    }

    async fn remove_expired(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.through(Call::Other, self.inner.remove_expired(now, limit))
            .await
    }
}

#[async_trait]
impl MessageRepository for FaultyStore {
    async fn append(
        &self,
        owner: UserId,
        submissions: Vec<Submission>,
        now: Timestamp,
    ) -> Result<AppendPlan, StoreError> {
        self.through(Call::Append, self.inner.append(owner, submissions, now))
            .await
    }

    async fn find_message(
        &self,
        owner: UserId,
        id: MessageId,
        now: Timestamp,
    ) -> Result<Option<Message>, StoreError> {
        self.through(Call::Read, self.inner.find_message(owner, id, now))
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
        let work = MessageRepository::list(&self.inner, owner, conversation, range, limit, now);
        self.through(Call::Read, work).await
    }

    async fn annotate(
        &self,
        owner: UserId,
        message: MessageId,
        patch: ExtrasPatch,
        now: Timestamp,
    ) -> Result<Patched<Message>, StoreError> {
        self.through(Call::Other, self.inner.annotate(owner, message, patch, now))
            .await
    }
}
