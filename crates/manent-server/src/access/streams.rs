//! Streams that are open, and in whose name.
//!
//! Invariant: once it is known that somebody is not welcome any more, every stream that is open in that name ends, after a last word.

use std::collections::{BTreeSet, HashMap};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures_util::Stream;
use manent_accounts::caller::Caller;
use manent_protocol::NoticeEvent;
use manent_types::UserId;
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::native::sse::BrokenOff;

/// The streams of this node that somebody who signed in reads.
#[derive(Debug, Default)]
pub(crate) struct OpenStreams {
    state: Mutex<Registry>,
    asked: Notify,
}

#[derive(Debug, Default)]
struct Registry {
    next: u64,
    open: HashMap<u64, Open>,
    /// Accounts about which something changed.
    changed: BTreeSet<UserId>,
    /// How often something changed.
    changes: u64,
}

#[derive(Debug)]
struct Open {
    caller: Caller,
    end: CancellationToken,
}

/// One open stream; dropped when it has ended.
struct Entry {
    streams: Arc<OpenStreams>,
    number: u64,
    end: CancellationToken,
}

impl OpenStreams {
    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something about this account changed on this node: whoever looks after streams is woken.
    pub(crate) fn changed(&self, account: UserId) {
        let mut registry = self.lock();
        registry.changes += 1;
        registry.changed.insert(account);
        drop(registry);
        self.asked.notify_one();
    }

    /// How often something changed until now.
    pub(crate) fn changes(&self) -> u64 {
        self.lock().changes
    }

    /// The accounts about which something changed since the last call; waits until there are some.
    pub(crate) async fn next_changed(&self) -> BTreeSet<UserId> {
        loop {
            let asked = self.asked.notified();
            let changed = std::mem::take(&mut self.lock().changed);
            if !changed.is_empty() {
                return changed;
            }
            asked.await;
        }
    }

    /// In whose names streams are open, each once; those of these accounts, or all.
    pub(crate) fn callers(&self, of: Option<&BTreeSet<UserId>>) -> Vec<Caller> {
        let mut callers: Vec<Caller> = Vec::new();
        for open in self.lock().open.values() {
            let is_meant = of.is_none_or(|accounts| {
                open.caller
                    .account()
                    .is_some_and(|account| accounts.contains(&account))
            });
            if is_meant && !callers.iter().any(|known| is_same(known, &open.caller)) {
                callers.push(open.caller.clone());
            }
        }
        callers
    }

    /// Ends every stream of this caller.
    pub(crate) fn end(&self, caller: &Caller) {
        for open in self.lock().open.values() {
            if is_same(&open.caller, caller) {
                open.end.cancel();
            }
        }
    }

    fn enter(self: &Arc<Self>, caller: Caller) -> Entry {
        let end = CancellationToken::new();
        let mut registry = self.lock();
        let number = registry.next;
        registry.next += 1;
        let open = Open {
            caller,
            end: end.clone(),
        };
        registry.open.insert(number, open);
        drop(registry);
        Entry {
            streams: Arc::clone(self),
            number,
            end,
        }
    }

    /// The response, which ends when its caller is not welcome any more, if it is a stream of events. `changes` is what
    /// [`Self::changes`] told before the caller was looked up.
    pub(crate) fn watch(
        self: &Arc<Self>,
        caller: Caller,
        changes: u64,
        response: Response,
    ) -> Response {
        let kind = response.headers().get(header::CONTENT_TYPE);
        if kind != Some(&HeaderValue::from_static("text/event-stream")) {
            return response;
        }
        let account = caller.account();
        let entry = self.enter(caller);
        // What changed since the caller was looked up may concern them.
        if let Some(account) = account
            && self.changes() != changes
        {
            self.changed(account);
        }
        let breaks_off = response.extensions().get::<BreaksOff>().is_some();
        response.map(|body| Body::from_stream(WatchedStream::new(body, breaks_off, entry)))
    }
}

fn is_same(one: &Caller, other: &Caller) -> bool {
    let proof = |caller: &Caller| (caller.account(), caller.proof());
    proof(one) == proof(other)
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.streams.lock().open.remove(&self.number);
    }
}

/// On a response: its client takes no last word, but comes back when the connection breaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BreaksOff;

/// A stream of events that may end from outside, between two of its pieces: each is whole events.
struct WatchedStream {
    body: Option<BodyDataStream>,
    out: Pin<Box<WaitForCancellationFutureOwned>>,
    breaks_off: bool,
    _entry: Entry,
}

impl WatchedStream {
    fn new(body: Body, breaks_off: bool, entry: Entry) -> Self {
        Self {
            breaks_off,
            body: Some(body.into_data_stream()),
            out: Box::pin(entry.end.clone().cancelled_owned()),
            _entry: entry,
        }
    }
}

impl Stream for WatchedStream {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self {
            body,
            out,
            breaks_off,
            ..
        } = &mut *self;
        let Some(body) = body else {
            return Poll::Ready(None);
        };
        if out.as_mut().poll(context).is_ready() {
            let last = if *breaks_off {
                Err(axum::Error::new(BrokenOff))
            } else {
                Ok(last_word())
            };
            self.body = None;
            return Poll::Ready(Some(last));
        }
        Pin::new(body).poll_next(context)
    }
}

/// What somebody is told who is not welcome any more.
fn last_word() -> Bytes {
    let notice = NoticeEvent {
        code: "signed_out".into(),
        detail: "You are signed out here; sign in again, then go on after the last id.".into(),
    };
    // Texts can become JSON.
    let data = serde_json::to_string(&notice).unwrap_or_default();
    format!("event: notice\ndata: {data}\n\n").into()
}
