//! A reader as a stream.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use manent_domain::error::DomainError;
use tokio::sync::futures::OwnedNotified;

use super::{Follow, Source};
use crate::live::Found;
use crate::reader::RunItem;

/// Work that gives the reader back.
pub(super) type Work = Pin<Box<dyn Future<Output = (Follow, Result<(), DomainError>)> + Send>>;

/// A reader as a stream: what lies in memory is handed over without a future of its own.
pub(super) struct Reader {
    state: State,
    /// For a reader of memory: the run's next change.
    changes: Option<Pin<Box<OwnedNotified>>>,
}

enum State {
    Idle(Follow),
    /// The store is asked, or waited for.
    Busy(Work),
    Over,
}

impl Reader {
    pub(super) fn new(follow: Follow) -> Self {
        Self {
            changes: match &follow.source {
                Source::Memory(run) => Some(Box::pin(run.changes())),
                Source::Store(_) => None,
            },
            state: State::Idle(follow),
        }
    }
}

impl Stream for Reader {
    type Item = Result<RunItem, DomainError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Over => return Poll::Ready(None),
                State::Busy(work) => {
                    let (follow, result) = ready!(work.as_mut().poll(context));
                    if let Err(error) = result {
                        this.state = State::Over;
                        return Poll::Ready(Some(Err(error)));
                    }
                    this.state = State::Idle(follow);
                }
                State::Idle(follow) => {
                    if let Some(item) = follow.ready.pop_front() {
                        return Poll::Ready(Some(Ok(item)));
                    }
                    if follow.is_over {
                        this.state = State::Over;
                        continue;
                    }
                    let found = match (&follow.source, &mut this.changes) {
                        (Source::Memory(run), Some(changes)) => {
                            let run = Arc::clone(run);
                            match ready!(follow.poll_memory(&run, changes, context)) {
                                Found::Items => continue,
                                found => Some((run, found)),
                            }
                        }
                        _ => None,
                    };
                    if let State::Idle(follow) = mem::replace(&mut this.state, State::Over) {
                        this.state = State::Busy(follow.work(found));
                    }
                }
            }
        }
    }
}
