//! The conversations that are open in this client: what was said in each, and which answers are awaited.
//!
//! Invariant: a message is put below the end of its conversation as the person saw it; what another device says meanwhile becomes a branch.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use manent_protocol::{ConversationResource, MessageList};
use manent_types::{ConversationId, MessageStatus, Role};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

use crate::answers::{AnswerHandle, Board};
use crate::conversations::MessageQuery;
use crate::error::ApiError;
use crate::http::Api;
use crate::outbox::OutboxItem;
use crate::payload::NewConversation;
use crate::persistence::PersistenceService;
use crate::store::SharedStore;
use crate::transcript::{Transcript, TranscriptMessage};

/// So many pages of 200 messages are read of a conversation.
const MOST_PAGES: usize = 10;

/// How long the server is waited for when this device has a copy.
const PATIENCE_WITH_A_COPY: Duration = Duration::from_secs(5);

/// An open conversation.
pub(crate) struct Session {
    pub(crate) transcript: Transcript,
    /// What creates it on the server, as long as it may not be there.
    pub(crate) create: Option<NewConversation>,
    /// Answers that were asked for.
    pub(crate) awaited: Vec<AnswerHandle>,
}

impl Session {
    /// Takes in the answers that have ended.
    pub(crate) fn reconcile(&mut self) {
        for handle in &self.awaited {
            let progress = handle.progress();
            if progress.content.has_begun() {
                self.create = None;
            }
            let follows = self.transcript.head() == Some(handle.parent_id);
            if progress.has_ended() && progress.content.has_begun() && follows {
                self.transcript.messages.push(TranscriptMessage {
                    id: handle.answer_id,
                    parent_id: Some(handle.parent_id),
                    role: Role::Assistant,
                    content: progress.content.parts(),
                    status: progress
                        .content
                        .status
                        .unwrap_or(MessageStatus::Interrupted),
                    is_saved: false,
                    run_id: None,
                });
            }
        }
        self.awaited.retain(|handle| !handle.progress().has_ended());
    }
}

/// The open conversations. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub(crate) struct Sessions {
    open: Arc<Mutex<HashMap<ConversationId, Session>>>,
    api: Api,
    persistence: PersistenceService,
    board: Board,
    store: SharedStore,
}

impl Sessions {
    pub(crate) fn new(
        api: Api,
        persistence: PersistenceService,
        board: Board,
        store: SharedStore,
    ) -> Self {
        Self {
            open: Arc::default(),
            api,
            persistence,
            board,
            store,
        }
    }

    pub(crate) fn store(&self) -> &SharedStore {
        &self.store
    }

    pub(crate) async fn lock(&self) -> MutexGuard<'_, HashMap<ConversationId, Session>> {
        self.open.lock().await
    }

    /// Reads a conversation anew and gives what is known of it.
    pub(crate) async fn open(&self, id: ConversationId) -> Result<Transcript, ApiError> {
        let mut open = self.open.lock().await;
        let session = self.load(id).await?;
        let transcript = session.transcript.clone();
        open.insert(id, session);
        drop(open);
        self.copy(&transcript).await;
        Ok(transcript)
    }

    /// What is known of a conversation: of the server, or of the copy of this device, with what the outbox has.
    pub(crate) async fn load(&self, id: ConversationId) -> Result<Session, ApiError> {
        // Closed: then nothing is queued either.
        let queued = self.persistence.items().await.unwrap_or_default();
        let create = creation(id, &queued);
        let is_known_here = queued
            .iter()
            .any(|item| item.status.conversation_id == id && item.is_pending_message());
        let copy = self.read_copy(id).await;
        let patience = if is_known_here || copy.is_some() {
            PATIENCE_WITH_A_COPY
        } else {
            Duration::MAX
        };
        let read = tokio::time::timeout(patience, self.read(id)).await;
        let (stored, title, is_copy) = match (read, copy) {
            (Ok(Ok((stored, title))), _) => (stored, title, false),
            (_, Some(copy)) => (copy.messages, copy.title, true),
            (_, None) if is_known_here => (Vec::new(), None, true),
            (Ok(Err(error)), None) => return Err(error),
            (Err(_), None) => {
                return Err(ApiError::Unreachable {
                    reason: "it took too long to answer".to_owned(),
                });
            }
        };
        let awaited = self.board.of(id);
        let stored = stored
            .into_iter()
            .filter(|message| awaited.iter().all(|handle| handle.answer_id != message.id))
            .collect();
        let mut transcript = Transcript::new(id, stored, &queued);
        transcript.title = title;
        transcript.is_copy = is_copy;
        Ok(Session {
            transcript,
            create,
            awaited,
        })
    }

    async fn read(
        &self,
        id: ConversationId,
    ) -> Result<(Vec<TranscriptMessage>, Option<String>), ApiError> {
        let path = format!("/conversation/{id}");
        let conversation: ConversationResource = self.api.get(&path, &[]).await?;
        let mut query = MessageQuery {
            limit: Some(200),
            newest_first: true,
            ..MessageQuery::default()
        };
        let mut pages = Vec::new();
        for _ in 0..MOST_PAGES {
            let path = format!("/conversation/{id}/messages");
            let page: MessageList = self.api.get(&path, &query.pairs()).await?;
            pages.push(page.messages);
            query.cursor = page.next;
            if query.cursor.is_none() {
                break;
            }
        }
        let messages = pages.into_iter().rev().flatten();
        Ok((messages.map(Into::into).collect(), conversation.title))
    }

    /// Keeps a copy for when the server is away.
    pub(crate) async fn copy(&self, transcript: &Transcript) {
        let id = transcript.conversation_id.to_string();
        let Ok(body) = serde_json::to_string(transcript) else {
            return;
        };
        let written = self
            .store
            .run(move |store| store.put_copy(&id, &body))
            .await;
        if let Some(Err(error)) = written {
            tracing::warn!(error = %error, "a conversation cannot be copied to this device");
        }
    }

    async fn read_copy(&self, id: ConversationId) -> Option<Transcript> {
        let key = id.to_string();
        let body = self
            .store
            .run(move |store| store.copy(&key))
            .await?
            .ok()??;
        // One of another version is as good as none.
        serde_json::from_str(&body).ok()
    }

    pub(crate) async fn copies(&self) -> Vec<Transcript> {
        let bodies = self.store.run(|store| store.copies()).await;
        let Some(Ok(bodies)) = bodies else {
            return Vec::new();
        };
        bodies
            .iter()
            .filter_map(|body| serde_json::from_str(body).ok())
            .collect()
    }
}

/// What creates a conversation, when something in the outbox still has to.
fn creation(id: ConversationId, queued: &[OutboxItem]) -> Option<NewConversation> {
    queued
        .iter()
        .filter(|item| item.status.conversation_id == id)
        .find_map(|item| item.payload.get("create"))
        .and_then(|create: &Value| serde_json::from_value(create.clone()).ok())
}
