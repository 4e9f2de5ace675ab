//! The feed of one owner for one reader.
//!
//! Invariants: `id:` is the number of a change; numbers only grow and none is left out; `ready` comes once, when everything that was
//! there has been told.

use std::task::{Context, Poll};

use manent_domain::feed::{Change, Changed};
use manent_protocol::{NoticeEvent, ReadyEvent};

use super::{Piece, Progress, Source};
use crate::feed::{FeedItem, FeedReader};
use crate::native::{ApiError, convert};

/// The events of one owner's feed.
pub(crate) struct FeedEvents(FeedReader);

impl FeedEvents {
    pub(crate) const fn new(reader: FeedReader) -> Self {
        Self(reader)
    }
}

fn write_change(piece: &mut Piece, change: Change) {
    let id = change.seq;
    match change.changed {
        Changed::Conversation(conversation) => piece.write(
            Some(&id),
            "conversation",
            &convert::conversation(conversation),
        ),
        Changed::Message(message) => piece.write(Some(&id), "message", &convert::message(message)),
        Changed::Run(run) => piece.write(Some(&id), "run", &convert::run(run)),
    }
}

impl Source for FeedEvents {
    const MAY_NEVER_PAUSE: bool = true;

    fn poll_write(&mut self, piece: &mut Piece, context: &mut Context<'_>) -> Poll<Progress> {
        match self.0.as_mut().poll_next(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(FeedItem::Change(change)))) => write_change(piece, *change),
            Poll::Ready(Some(Ok(FeedItem::Ready(cursor)))) => {
                let ready = ReadyEvent {
                    cursor: cursor.to_string(),
                };
                piece.write(None, "ready", &ready);
            }
            Poll::Ready(Some(Err(error))) => {
                let error = ApiError::from(error);
                let notice = NoticeEvent {
                    code: error.code().into(),
                    detail: error.detail().into(),
                };
                piece.write(None, "notice", &notice);
                return Poll::Ready(Progress::Ended);
            }
            Poll::Ready(None) => return Poll::Ready(Progress::Ended),
        }
        Poll::Ready(Progress::Wrote)
    }

    fn awaits_first(&self) -> bool {
        false
    }

    // It goes on at the same place elsewhere, or here after a restart.
    fn cut(&mut self, _: &mut Piece) -> Progress {
        Progress::Ended
    }
}
