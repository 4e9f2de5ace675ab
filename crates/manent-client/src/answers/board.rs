//! The answers that this client waits for, where everybody who is interested finds them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use manent_engine::answers::AnswerState;
use manent_types::{ConversationId, MessageStatus, RunId};
use tokio::sync::watch;

use super::handle::{AnswerHandle, AnswerProgress, AnswerStage};
use super::payload::AnswerPayload;
use crate::completion::{AnswerContent, CompletionEvent, SeenEvents};

/// The most that is taken in of one answer, in bytes; a message may have 256 KB.
const MOST_BYTES: usize = 4 * 1024 * 1024;

#[derive(Debug)]
struct Post {
    payload: AnswerPayload,
    progress: watch::Sender<AnswerProgress>,
    /// What the connections gave up to the cursor; it is shown once it has caught up with what is shown.
    received: AnswerContent,
    has_caught_up: bool,
    /// After which event reading goes on.
    cursor: Option<String>,
    seen: SeenEvents,
}

/// Cheap to clone; all clones are one board.
#[derive(Debug, Clone, Default)]
pub(crate) struct Board(Arc<Mutex<HashMap<RunId, Post>>>);

impl Board {
    /// Puts up an answer that is wanted.
    pub(crate) fn put(&self, run: RunId, payload: &AnswerPayload) -> AnswerHandle {
        let mut posts = self.posts();
        let post = posts.entry(run).or_insert_with(|| Post {
            payload: payload.clone(),
            progress: watch::Sender::new(AnswerProgress {
                stage: AnswerStage::Storing,
                content: AnswerContent::default(),
                restarts: 0,
            }),
            received: AnswerContent::default(),
            has_caught_up: true,
            cursor: None,
            seen: SeenEvents::default(),
        });
        handle(run, post)
    }

    /// The answers that are waited for, oldest first.
    pub(crate) fn pending(&self) -> Vec<AnswerHandle> {
        let posts = self.posts();
        let mut runs: Vec<&RunId> = posts.keys().collect();
        runs.sort();
        runs.into_iter()
            .filter_map(|run| Some(handle(*run, posts.get(run)?)))
            .collect()
    }

    /// The prompt of an answer.
    pub(crate) fn payload(&self, run: RunId) -> Option<AnswerPayload> {
        self.posts().get(&run).map(|post| post.payload.clone())
    }

    /// The answers of a conversation.
    pub(crate) fn of(&self, conversation: ConversationId) -> Vec<AnswerHandle> {
        let mut handles = self.pending();
        handles.retain(|handle| handle.conversation_id == conversation);
        handles
    }

    /// What the machine says of it.
    pub(crate) fn tell(&self, run: RunId, state: AnswerState) {
        let shown = match state {
            AnswerState::Storing => AnswerStage::Storing,
            AnswerState::Starting { attempt } => AnswerStage::Asking { attempt },
            AnswerState::Running => AnswerStage::Running,
            AnswerState::Waiting(wait) => AnswerStage::Waiting(wait),
        };
        if let Some(post) = self.posts().get(&run) {
            post.progress.send_if_modified(|progress| {
                std::mem::replace(&mut progress.stage, shown) != shown
            });
        }
    }

    /// The run is read from its beginning.
    pub(crate) fn begin(&self, run: RunId) {
        if let Some(post) = self.posts().get_mut(&run) {
            post.cursor = None;
            post.seen.forget();
            post.received = AnswerContent::default();
            post.has_caught_up = !post.progress.borrow().content.has_begun();
        }
    }

    /// After which event reading goes on; absent: at the beginning.
    pub(crate) fn cursor(&self, run: RunId) -> Option<String> {
        self.posts().get(&run)?.cursor.clone()
    }

    /// Takes in an event, unless it was taken in before; tells whether it was new. A repeat of what is shown already shows nothing until it
    /// has caught up.
    pub(crate) fn apply(
        &self,
        run: RunId,
        event: &CompletionEvent,
        cursor: Option<String>,
    ) -> bool {
        let mut posts = self.posts();
        let Some(post) = posts.get_mut(&run) else {
            return false;
        };
        if !post.seen.is_new(cursor.as_deref()) {
            return false;
        }
        if cursor.is_some() {
            post.cursor = cursor;
        }
        post.received.apply(event);
        if post.has_caught_up {
            post.progress
                .send_modify(|progress| progress.content.apply(event));
            return true;
        }
        let received = &post.received;
        post.has_caught_up = post.progress.send_if_modified(|progress| {
            if !is_more(&progress.content, received) {
                replace(progress, received);
                return true;
            }
            let is_cut = received
                .status
                .is_some_and(|status| status != MessageStatus::Complete);
            if is_cut {
                // The server died with less than it had told: what was shown is what there is.
                progress.content.end_as(received);
            }
            is_cut
        });
        true
    }

    /// Whether more came of an answer than is kept.
    pub(crate) fn is_too_large(&self, run: RunId) -> bool {
        let posts = self.posts();
        let post = posts.get(&run);
        post.is_some_and(|post| post.received.bytes() > MOST_BYTES)
    }

    /// What has come of an answer.
    pub(crate) fn content(&self, run: RunId) -> Option<AnswerContent> {
        let posts = self.posts();
        let post = posts.get(&run)?;
        let shown = post.progress.borrow();
        if post.has_caught_up || is_more(&shown.content, &post.received) {
            return Some(shown.content.clone());
        }
        Some(post.received.clone())
    }

    /// Shows the end, and takes it down. Whoever has a handle still sees it.
    pub(crate) fn end(&self, run: RunId, content: Option<&AnswerContent>) {
        if let Some(post) = self.posts().remove(&run) {
            post.progress.send_modify(|progress| {
                if let Some(content) = content {
                    replace(progress, content);
                }
                progress.stage = AnswerStage::Ended;
            });
        }
    }

    /// Nothing more comes: whoever waits is told.
    pub(crate) fn close(&self) {
        self.posts().clear();
    }

    fn posts(&self) -> MutexGuard<'_, HashMap<RunId, Post>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether what is shown begins with what was received, and goes on.
fn is_more(shown: &AnswerContent, received: &AnswerContent) -> bool {
    received.text.len() < shown.text.len() && shown.text.starts_with(&received.text)
}

/// Shows something else than what was shown.
fn replace(progress: &mut AnswerProgress, content: &AnswerContent) {
    if !content.text.starts_with(progress.content.text.as_str()) {
        progress.restarts += 1;
    }
    progress.content.clone_from(content);
}

fn handle(run: RunId, post: &Post) -> AnswerHandle {
    AnswerHandle {
        run_id: run,
        conversation_id: post.payload.conversation_id,
        answer_id: post.payload.answer_id,
        parent_id: post.payload.parent_id,
        progress: post.progress.subscribe(),
        given: 0,
        restarts: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::completion::Receipt;
    use manent_protocol::DeltaEvent;
    use manent_types::{MessageId, ModelSettings};
    use uuid::Uuid;

    fn text(text: &str) -> CompletionEvent {
        let text = text.to_owned().into();
        CompletionEvent::Delta(DeltaEvent::Text { text })
    }

    fn board() -> (Board, RunId, AnswerHandle) {
        let board = Board::default();
        let run = RunId::new(Uuid::from_u128(1));
        let payload = AnswerPayload {
            conversation_id: ConversationId::new(Uuid::from_u128(2)),
            answer_id: MessageId::new(Uuid::from_u128(3)),
            parent_id: MessageId::new(Uuid::from_u128(4)),
            messages: Vec::new(),
            config: ModelSettings::default(),
            create: None,
        };
        let handle = board.put(run, &payload);
        (board, run, handle)
    }

    #[test]
    fn a_repeat_of_what_is_shown_shows_nothing_twice() {
        let (board, run, mut handle) = board();
        board.begin(run);
        board.apply(run, &text("Hello wor"), Some("r.1".to_owned()));
        assert_eq!(handle.new_text().as_deref(), Some("Hello wor"));
        board.begin(run);
        assert_eq!(board.cursor(run), None);
        board.apply(run, &text("Hel"), Some("r.1".to_owned()));
        assert_eq!(handle.new_text(), None);
        board.apply(run, &text("lo wor"), Some("r.2".to_owned()));
        board.apply(run, &text("ld"), Some("r.3".to_owned()));
        assert_eq!(handle.new_text().as_deref(), Some("ld"));
        assert_eq!(board.cursor(run).as_deref(), Some("r.3"));
        assert_eq!(handle.progress().restarts, 0);
    }

    #[test]
    fn an_event_that_comes_again_is_not_taken_in_again() {
        let (board, run, mut handle) = board();
        board.begin(run);
        let id = |number: u32| Some(format!("r.{number}"));
        assert!(board.apply(run, &text("Hello "), id(1)));
        assert!(board.apply(run, &text("wor"), id(2)));
        assert!(!board.apply(run, &text("Hello "), id(1)));
        assert!(!board.apply(run, &text("wor"), id(2)));
        assert_eq!(board.cursor(run), id(2));
        assert!(board.apply(run, &text("ld"), id(3)));
        assert_eq!(handle.new_text().as_deref(), Some("Hello world"));
    }

    #[test]
    fn what_was_shown_stays_when_the_server_died_with_less() {
        let (board, run, mut handle) = board();
        board.begin(run);
        board.apply(run, &text("Hello wor"), Some("r.1".to_owned()));
        handle.new_text();
        board.begin(run);
        let interrupted = CompletionEvent::Failed {
            code: "interrupted".to_owned(),
            detail: "D".to_owned(),
            is_retryable: true,
            receipt: Receipt {
                persisted: Some(true),
                ..Receipt::default()
            },
        };
        board.apply(run, &text("Hell"), Some("r.1".to_owned()));
        board.apply(run, &interrupted, Some("r.2".to_owned()));
        let content = board.content(run).unwrap();
        assert_eq!(
            (content.text.as_str(), content.status, content.receipt),
            ("Hello wor", Some(MessageStatus::Interrupted), None)
        );
        assert_eq!((handle.new_text(), handle.progress().restarts), (None, 0));
    }

    #[test]
    fn other_words_are_given_from_their_beginning() {
        let (board, run, mut handle) = board();
        board.begin(run);
        board.apply(run, &text("Hello wor"), None);
        handle.new_text();
        board.begin(run);
        board.apply(run, &text("Good"), None);
        assert_eq!(handle.new_text().as_deref(), Some("Good"));
        board.apply(run, &text(" day"), None);
        let content = board.content(run);
        board.end(run, content.as_ref());
        assert_eq!(handle.new_text().as_deref(), Some(" day"));
        assert_eq!(handle.progress().restarts, 1);
        assert!(handle.progress().has_ended() && board.pending().is_empty());
    }
}
