//! Reading a run: from memory while it is a run of this process, else from the store.
//!
//! Invariant: positions only grow on the way through one reader, whichever source they come from, and each event comes once.

mod stream;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use manent_domain::error::DomainError;
use manent_domain::ports::StoreError;
use manent_domain::run::{AnswerBuilder, LoggedEvent, Run, RunEvent, RunLogPage};
use manent_types::{MessageStatus, Role};
use tokio::sync::futures::OwnedNotified;
use tokio::time::{Instant, sleep_until, timeout};

use crate::hub::Hub;
use crate::live::{Found, LiveRun, Place};
use crate::reader::{Persisted, RunItem, RunReader};
use crate::watchers::{RunKey, Watcher};
use stream::{Reader, Work};

/// How much of a stored log is read at once: in memory it takes some times as much, for each reader that does not read on.
const PAGE_BYTES: usize = 64 * 1024;

/// How often a reader of another node's run looks although nobody told it to: a signal may get lost.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// A reader's state.
pub(crate) struct Follow {
    hub: Arc<Hub>,
    key: RunKey,
    place: Place,
    source: Source,
    ready: VecDeque<RunItem>,
    is_over: bool,
}

enum Source {
    Memory(Arc<LiveRun>),
    Store(Option<Watcher>),
}

impl Follow {
    /// A reader of a run of this process, after a position.
    pub(crate) fn memory(hub: &Arc<Hub>, run: Arc<LiveRun>, after: u64) -> Self {
        Self::new(hub, run.key(), after, Source::Memory(run))
    }

    /// A reader of a run in the store, after a position.
    pub(crate) fn store(hub: &Arc<Hub>, key: RunKey, after: u64) -> Self {
        Self::new(hub, key, after, Source::Store(None))
    }

    fn new(hub: &Arc<Hub>, key: RunKey, after: u64, source: Source) -> Self {
        Self {
            hub: Arc::clone(hub),
            key,
            place: Place {
                position: after,
                notices: 0,
            },
            source,
            ready: VecDeque::new(),
            is_over: false,
        }
    }

    /// The reader as a stream.
    pub(crate) fn into_reader(self) -> RunReader {
        Box::pin(Reader::new(self))
    }

    /// What cannot be had at once.
    fn work(mut self, found: Option<(Arc<LiveRun>, Found)>) -> Work {
        Box::pin(async move {
            let result = match found {
                Some((run, found)) => self.go_on(run, found).await,
                None => self.next_from_store().await,
            };
            (self, result)
        })
    }

    /// What comes next for a reader of memory, at once or when the run has changed.
    fn poll_memory(
        &mut self,
        run: &LiveRun,
        changes: &mut Pin<Box<OwnedNotified>>,
        context: &mut task::Context<'_>,
    ) -> Poll<Found> {
        // Interest is shown before the look, so that nothing gets lost between the two.
        while changes.as_mut().poll(context).is_ready() {
            changes.set(run.changes());
        }
        match run.read(&mut self.place, &mut self.ready) {
            Found::Nothing => Poll::Pending,
            found => Poll::Ready(found),
        }
    }

    /// Goes on after what memory cannot give at once.
    async fn go_on(&mut self, run: Arc<LiveRun>, found: Found) -> Result<(), DomainError> {
        match found {
            Found::Nothing | Found::Items => {}
            Found::Behind(first) => {
                let page = self.page().await?;
                self.take(page, first);
                if self.ready.is_empty() {
                    return Err(missing());
                }
            }
            Found::Redirected => self.source = Source::Store(None),
            Found::End(event) => {
                let persisted = self.when_kept(&run).await;
                // Why something is not kept may have turned out since the last word.
                run.read_notices(&mut self.place, &mut self.ready);
                self.end(event, persisted);
            }
        }
        Ok(())
    }

    /// What is kept of a run of this process, once that is final, or once waiting for it has taken long enough.
    async fn when_kept(&self, run: &LiveRun) -> Persisted {
        let ended = run.with_state(false, |state| state.ended.as_ref().map(|ended| ended.since));
        let deadline = ended.unwrap_or_else(Instant::now) + self.hub.config.join_wait;
        loop {
            let look = || {
                let now = Instant::now();
                let is_failing = self.hub.health.is_failing();
                let grace = self.hub.config.store_wait;
                let (persisted, again_at) = run.persisted(now, is_failing, grace);
                let again_at = again_at.map(|at| at.min(deadline)).filter(|at| *at > now);
                (persisted, again_at)
            };
            let (persisted, again_at) = look();
            let Some(again_at) = again_at else {
                return persisted;
            };
            let is_better = run.wait_for(|| {
                let (now_persisted, now_again) = look();
                (now_again != Some(again_at) || now_persisted != persisted).then_some(())
            });
            tokio::select! {
                () = is_better => {}
                () = sleep_until(again_at) => {}
            }
        }
    }

    async fn next_from_store(&mut self) -> Result<(), DomainError> {
        // Interest is shown before the look, so that nothing gets lost between the two.
        let notify = match &mut self.source {
            Source::Store(watcher) => watcher
                .get_or_insert_with(|| self.hub.watchers.watch(self.key))
                .notify(),
            Source::Memory(_) => return Ok(()),
        };
        let woken = notify.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        let page = self.page().await?;
        let run = page.run.clone();
        if run.log_cleared {
            return Err(cleared(&run));
        }
        let end = self.take(page, u64::MAX);
        if let Some(end) = end {
            let persisted = self.kept_of(&run).await?;
            self.end(end, persisted);
            return Ok(());
        }
        if !self.ready.is_empty() {
            return Ok(());
        }
        if run.status != MessageStatus::Running {
            return Err(DomainError::CursorAhead);
        }
        // Not an error when it runs out: the tables are looked at anyway.
        drop(timeout(LOOK_AGAIN, woken).await);
        Ok(())
    }

    async fn page(&self) -> Result<RunLogPage, DomainError> {
        let (owner, id) = self.key;
        let read = self
            .hub
            .ports
            .runs
            .read_log(owner, id, self.place.position, PAGE_BYTES);
        self.hub.read(read).await?.ok_or(DomainError::RunNotFound)
    }

    /// Takes the page's events that are new and lie before a position; answers the end, if it is among them.
    fn take(&mut self, page: RunLogPage, before: u64) -> Option<LoggedEvent> {
        for logged in page.events {
            if logged.position <= self.place.position || logged.position >= before {
                continue;
            }
            if matches!(logged.event, RunEvent::Ended(_)) {
                return Some(logged);
            }
            self.place.position = logged.position;
            self.ready.push_back(RunItem::Event(logged));
        }
        None
    }

    fn end(&mut self, event: LoggedEvent, persisted: Persisted) {
        self.place.position = event.position;
        self.ready.push_back(RunItem::End(event, persisted));
        self.is_over = true;
    }

    /// What is kept of a run that is in the store.
    async fn kept_of(&self, run: &Run) -> Result<Persisted, DomainError> {
        let mut persisted = Persisted {
            logged: true,
            ..Persisted::default()
        };
        let Some(record) = run.record else {
            return Ok(persisted);
        };
        let (owner, _) = self.key;
        let find = self.hub.ports.message_store.find_message(
            owner,
            record.message,
            self.hub.ports.clock.now(),
        );
        let is_kept = match self.hub.read(find).await? {
            Some(message) => {
                message.conversation == record.conversation
                    && message.role == Role::Assistant
                    && message.run.is_none_or(|writer| writer == run.id)
                    && message.status != MessageStatus::Running
            }
            // An answer that says nothing is not written.
            None => self.is_silent().await?,
        };
        persisted.persisted = Some(is_kept);
        Ok(persisted)
    }

    /// Whether the whole stored log comes to an answer without content.
    async fn is_silent(&self) -> Result<bool, DomainError> {
        let (owner, id) = self.key;
        let mut builder = AnswerBuilder::default();
        let mut position = 0;
        loop {
            let read = self
                .hub
                .ports
                .runs
                .read_log(owner, id, position, PAGE_BYTES);
            let page = self.hub.read(read).await?.ok_or(DomainError::RunNotFound)?;
            let mut has_new = false;
            for logged in page
                .events
                .iter()
                .filter(|logged| logged.position > position)
            {
                builder.apply(&logged.event);
                has_new = true;
            }
            if builder.has_content() || !has_new {
                return Ok(!builder.has_content());
            }
            position = page.events.last().map_or(position, |last| last.position);
        }
    }
}

/// Memory has dropped what the store had confirmed, and the store does not have it.
fn missing() -> DomainError {
    DomainError::Store(StoreError::Unavailable {
        detail: "a part of a run's log is missing".to_owned(),
    })
}

/// The log is gone; the message tells.
pub(crate) fn cleared(run: &Run) -> DomainError {
    DomainError::RunLogCleared {
        message: run.record.map(|record| record.message),
    }
}
