//! What this process remembers of the generations that began here, so that their readers need not ask the store.
//!
//! Nothing depends on it: a generation that is not on the board is told from the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use manent_domain::message::Message;
use manent_librechat::events::{ContextFigures, Frame};
use manent_librechat::wire::KeptOfAnswer;
use manent_types::{ConversationId, MessageId, RunId, UserId};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a generation that ended stays on the board.
pub(super) const REMEMBERED: Duration = Duration::from_mins(1);

/// A generation that began here.
pub(super) struct Turn {
    /// Where.
    pub(super) conversation: ConversationId,
    /// What is answered, as it is stored or will be.
    pub(super) question: Message,
    /// The message that `question` follows, where it is at hand.
    pub(super) before: Option<Message>,
    /// The id of the answer.
    pub(super) answer: MessageId,
    /// What is kept beside the answer.
    pub(super) kept: KeptOfAnswer,
    /// What is known of the prompt.
    pub(super) figures: ContextFigures,
    /// The title to tell with the beginning.
    pub(super) title: Option<String>,
    ended: watch::Sender<Option<Arc<[Frame]>>>,
}

/// What a generation is remembered by.
pub(super) struct NewTurnNote {
    pub(super) conversation: ConversationId,
    pub(super) question: Message,
    pub(super) before: Option<Message>,
    pub(super) answer: MessageId,
    pub(super) kept: KeptOfAnswer,
    pub(super) figures: ContextFigures,
    pub(super) title: Option<String>,
}

impl Turn {
    pub(super) fn new(note: NewTurnNote) -> Self {
        let NewTurnNote {
            conversation,
            question,
            before,
            answer,
            kept,
            figures,
            title,
        } = note;
        Self {
            conversation,
            question,
            before,
            answer,
            kept,
            figures,
            title,
            ended: watch::channel(None).0,
        }
    }

    /// It has ended, and this is how that is told.
    pub(super) fn end(&self, frames: Vec<Frame>) {
        self.ended.send_replace(Some(frames.into()));
    }

    /// Whether its end is known and kept.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.borrow().is_some()
    }

    /// The frames of its end, once they are known; absent when they are not within this time.
    pub(super) async fn last_frames(&self, wait: Duration) -> Option<Arc<[Frame]>> {
        let mut ended = self.ended.subscribe();
        let known = timeout(wait, ended.wait_for(Option::is_some)).await;
        known.ok()?.ok()?.clone()
    }
}

/// What began here.
#[derive(Default)]
pub(super) struct Board(Mutex<HashMap<(UserId, RunId), Arc<Turn>>>);

impl Board {
    fn lock(&self) -> MutexGuard<'_, HashMap<(UserId, RunId), Arc<Turn>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, owner: UserId, run: RunId, turn: Arc<Turn>) {
        self.lock().insert((owner, run), turn);
    }

    pub(super) fn find(&self, owner: UserId, run: RunId) -> Option<Arc<Turn>> {
        self.lock().get(&(owner, run)).cloned()
    }

    pub(super) fn forget(&self, owner: UserId, run: RunId) {
        self.lock().remove(&(owner, run));
    }

    /// The generations of an owner whose ends are not kept yet.
    pub(super) fn open_of(&self, owner: UserId) -> Vec<(RunId, Arc<Turn>)> {
        let board = self.lock();
        let mine = board
            .iter()
            .filter(|((of, _), turn)| *of == owner && !turn.has_ended());
        mine.map(|((_, run), turn)| (*run, Arc::clone(turn)))
            .collect()
    }
}
