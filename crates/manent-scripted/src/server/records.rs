//! What was asked, for tests to look at. Keys are never kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use serde::Serialize;
use tokio::sync::watch;

use super::WireFormat;

/// The newest requests that are kept.
const KEPT: usize = 100;
/// The largest body that is kept whole, in bytes.
const KEPT_BODY: usize = 64 * 1024;

/// How far the answer to a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RequestState {
    /// It is being answered.
    Running,
    /// It was answered to the end, or with an error that the script wants.
    Finished,
    /// The script broke the connection.
    Dropped,
    /// The client went away before the end.
    Cancelled,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedRequest {
    /// From 1, over all formats.
    pub number: u64,
    /// The format that was spoken.
    pub format: WireFormat,
    /// Without the query.
    pub path: String,
    /// As they came; of keys only that they were there.
    pub headers: BTreeMap<String, String>,
    /// What was asked; a text when it was no JSON, or the beginning of it when it was too long.
    pub body: serde_json::Value,
    /// The rule that took it; absent when it was refused before.
    pub rule: Option<String>,
    /// Of the answer.
    pub status: Option<u16>,
    /// Where it stands.
    pub state: RequestState,
    /// Chunks of the answer that were handed to the connection.
    pub chunks: u64,
}

#[derive(Debug, Default)]
struct Inner {
    total: u64,
    newest: VecDeque<RecordedRequest>,
}

/// The newest requests and how many there were.
#[derive(Debug, Clone)]
pub struct Requests {
    inner: Arc<Mutex<Inner>>,
    changes: watch::Sender<u64>,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            inner: Arc::default(),
            changes: watch::Sender::new(0),
        }
    }
}

impl Requests {
    /// How many there were since the start or since [`Self::clear`].
    pub fn total(&self) -> u64 {
        self.lock().total
    }

    /// The newest hundred, oldest first.
    pub fn newest(&self) -> Vec<RecordedRequest> {
        self.lock().newest.iter().cloned().collect()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.lock() = Inner::default();
        self.changed();
    }

    /// Waits until the records satisfy the condition; it is asked now and after every change.
    pub async fn wait_until(&self, mut condition: impl FnMut(&[RecordedRequest]) -> bool) {
        let mut changes = self.changes.subscribe();
        loop {
            changes.borrow_and_update();
            if condition(&self.newest()) {
                return;
            }
            // The sender is ours, so that the channel cannot be closed.
            let _ = changes.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    /// Notes a request that has come.
    pub(super) fn begin(
        &self,
        format: WireFormat,
        path: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Record {
        let mut inner = self.lock();
        inner.total += 1;
        let number = inner.total;
        if inner.newest.len() == KEPT {
            inner.newest.pop_front();
        }
        inner.newest.push_back(RecordedRequest {
            number,
            format,
            path: path.to_owned(),
            headers: visible(headers),
            body: kept(body),
            rule: None,
            status: None,
            state: RequestState::Running,
            chunks: 0,
        });
        drop(inner);
        self.changed();
        Record {
            requests: self.clone(),
            number,
            chunks: 0,
            end: RequestState::Cancelled,
        }
    }

    fn update(&self, number: u64, change: impl FnOnce(&mut RecordedRequest)) {
        let mut inner = self.lock();
        let found = inner
            .newest
            .iter_mut()
            .rev()
            .find(|request| request.number == number);
        if let Some(request) = found {
            change(request);
        }
        drop(inner);
        self.changed();
    }
}

/// A request that is being answered. Dropped before its end is told, it counts as cancelled.
#[derive(Debug)]
pub(super) struct Record {
    requests: Requests,
    /// Of the request.
    pub(super) number: u64,
    /// Chunks so far.
    pub(super) chunks: u64,
    end: RequestState,
}

impl Record {
    pub(super) fn rule(&self, rule: &str) {
        self.requests
            .update(self.number, |request| request.rule = Some(rule.to_owned()));
    }

    pub(super) fn status(&self, status: u16) {
        self.requests
            .update(self.number, |request| request.status = Some(status));
    }

    /// What the record says when it is dropped.
    pub(super) fn ends_as(&mut self, state: RequestState) {
        self.end = state;
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let (state, chunks) = (self.end, self.chunks);
        self.requests.update(self.number, |request| {
            request.state = state;
            request.chunks = chunks;
        });
    }
}

fn visible(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .map(|(name, value)| {
            let is_secret = matches!(
                name.as_str(),
                "authorization" | "x-api-key" | "api-key" | "cookie" | "proxy-authorization"
            );
            let value = if is_secret {
                "(present)".to_owned()
            } else {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            };
            (name.as_str().to_owned(), value)
        })
        .collect()
}

fn kept(body: &[u8]) -> serde_json::Value {
    if body.len() <= KEPT_BODY
        && let Ok(value) = serde_json::from_slice(body)
    {
        return value;
    }
    let beginning = &body[..body.len().min(KEPT_BODY)];
    serde_json::Value::String(String::from_utf8_lossy(beginning).into_owned())
}
