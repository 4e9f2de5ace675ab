//! A run of this process.
//!
//! Invariant: an event gets its position and its place in the log under one lock, before any reader is woken. Readers read from that one
//! log by position, so a reader costs the run nothing but being woken.

mod cut;
mod log;
mod notices;
mod storing;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use manent_domain::journal::{JournalLane, JournalWrite};
use manent_domain::run::{AnswerBuilder, LoggedEvent, RecordTarget, Run, RunEnd, RunEvent};
use manent_types::{MessageStatus, NodeId, RunId, Timestamp, UserId};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::reader::{Notice, Persisted, RunItem};
use crate::watchers::RunKey;

pub(crate) use cut::{Cut, Refused, end_of_cut};
pub(crate) use log::Log;
use notices::Notices;
pub(crate) use storing::{Context, Storing, Trial};

/// What a run is, from its start to its end.
pub(crate) struct Blueprint {
    pub(crate) owner: UserId,
    pub(crate) id: RunId,
    pub(crate) node: NodeId,
    pub(crate) record: Option<RecordTarget>,
    pub(crate) started_at: Timestamp,
    /// What must be stored, in order, before anything of the run; the last one registers it.
    pub(crate) steps: Vec<JournalWrite>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) end: RunEnd,
    pub(crate) at: Timestamp,
    pub(crate) since: Instant,
}

/// A run of this process.
pub(crate) struct LiveRun {
    pub(crate) owner: UserId,
    pub(crate) id: RunId,
    pub(crate) node: NodeId,
    pub(crate) record: Option<RecordTarget>,
    pub(crate) lane: JournalLane,
    pub(crate) started_at: Timestamp,
    state: Mutex<LiveState>,
    /// Readers, and whoever waits for something about the run.
    changed: Arc<Notify>,
    cut: CancellationToken,
}

/// What changes about a run. The parts are split so that [`Storing`] can decide about the others.
pub(crate) struct LiveState {
    pub(crate) log: Log,
    pub(crate) answer: AnswerBuilder,
    pub(crate) storing: Storing,
    pub(crate) ended: Option<Ended>,
    model: Option<(String, String)>,
    cut: Option<Cut>,
    /// A reader has got an event.
    is_delivered: bool,
    notices: Notices,
    /// Its id belongs to another run, which is the one to find once this one has ended.
    is_superseded: bool,
}

/// What a reader finds.
pub(crate) enum Found {
    /// Events and notices, which were handed over in order.
    Items,
    /// Nothing new yet.
    Nothing,
    /// The next events are no longer in memory; those from this position are.
    Behind(u64),
    /// Another run with this id is the one to read.
    Redirected,
    /// The end; nothing is left before it.
    End(LoggedEvent),
}

/// How far a reader has read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) position: u64,
    pub(crate) notices: usize,
}

/// Where a cursor lies in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CursorPlace {
    Inside,
    AtEnd,
    Ahead,
}

/// How many items a reader takes at once.
const READ_BATCH: usize = 32;

impl LiveRun {
    pub(crate) fn new(blueprint: Blueprint, now: Instant) -> Self {
        let lane = blueprint
            .record
            .map_or(JournalLane::run(blueprint.id), |record| {
                JournalLane::conversation(record.conversation)
            });
        Self {
            owner: blueprint.owner,
            id: blueprint.id,
            node: blueprint.node,
            record: blueprint.record,
            lane,
            started_at: blueprint.started_at,
            state: Mutex::new(LiveState {
                log: Log::default(),
                answer: AnswerBuilder::default(),
                storing: Storing::new(blueprint.steps, now),
                ended: None,
                model: None,
                cut: None,
                is_delivered: false,
                notices: Notices::default(),
                is_superseded: false,
            }),
            changed: Arc::default(),
            cut: CancellationToken::new(),
        }
    }

    pub(crate) const fn key(&self) -> RunKey {
        (self.owner, self.id)
    }

    /// Appends the next event; whoever waits is woken. Tells whether the run goes on: once it is cut, nothing is appended.
    pub(crate) fn push(&self, event: RunEvent) -> bool {
        let mut state = self.state();
        let goes_on = state.cut.is_none();
        if goes_on {
            state.push(event);
        }
        drop(state);
        self.changed.notify_waiters();
        goes_on
    }

    /// Ends the run, once; tells whether this call did.
    pub(crate) fn end(&self, end: RunEnd, at: Timestamp, now: Instant) -> bool {
        let mut state = self.state();
        if state.ended.is_some() {
            return false;
        }
        if state.cut != Some(Cut::Redirected) {
            state.push(RunEvent::Ended(end.clone()));
        }
        state.ended = Some(Ended {
            end,
            at,
            since: now,
        });
        drop(state);
        self.changed.notify_waiters();
        true
    }

    /// Cuts the run; the first reason stays. Tells whether this call did, which it does not when it has ended.
    pub(crate) fn cut(&self, why: Cut) -> bool {
        let is_cut = self.state().cut(why);
        if is_cut {
            self.cut.cancel();
            self.changed.notify_waiters();
        }
        is_cut
    }

    /// What it was to keep can never be kept: cuts it when the provider has not answered yet, else tells its readers. Tells whether it was cut.
    pub(crate) fn refuse(&self, why: Refused) -> bool {
        let mut state = self.state();
        state.storing.refuse_record();
        let is_cut = state.log.last() == 0 && state.cut(Cut::Refused(why));
        if !is_cut {
            state.tell_not_recorded(&why.error().to_string());
        }
        drop(state);
        if is_cut {
            self.cut.cancel();
        }
        self.changed.notify_waiters();
        is_cut
    }

    /// Another run with this id was there before. Nobody has read from this one: its readers go on with that one. Somebody has: this one goes
    /// on, since what was shown cannot be taken back, and is not kept.
    pub(crate) fn yield_to_existing(&self) -> bool {
        let mut state = self.state();
        let is_cut = !state.is_delivered && state.ended.is_none() && state.cut(Cut::Redirected);
        state.storing.give_up();
        if !is_cut {
            state.is_superseded = true;
            state.tell(Notice {
                code: "not_logged",
                detail: "a run with this id began elsewhere before; this answer is not kept"
                    .to_owned(),
            });
        }
        drop(state);
        if is_cut {
            self.cut.cancel();
        }
        self.changed.notify_waiters();
        is_cut
    }

    /// Tells readers that the store does not take the run for now.
    pub(crate) fn tell_not_logged(&self) {
        self.state().tell(Notice {
            code: "not_logged",
            detail: "the store does not take this run at the moment; the answer goes on".to_owned(),
        });
        self.changed.notify_waiters();
    }

    /// The provider took the request.
    pub(crate) fn started(&self, provider: String, model: String) {
        let mut state = self.state();
        state.model = Some((provider.clone(), model.clone()));
        state.push(RunEvent::Started { provider, model });
        drop(state);
        self.changed.notify_waiters();
    }

    /// Completes when the run is cut.
    pub(crate) fn when_cut(&self) -> impl Future<Output = ()> + '_ {
        self.cut.cancelled()
    }

    /// Why it was cut, if it was.
    pub(crate) fn why_cut(&self) -> Option<Cut> {
        self.state().cut
    }

    /// Whether whoever comes now is to read the run with this id that was there before.
    pub(crate) fn has_given_way(&self) -> bool {
        let state = self.state();
        state.is_superseded && state.ended.is_some()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.state().ended.is_some()
    }

    /// Whether what came after a position is worth waiting for.
    pub(crate) fn place_of(&self, after: u64) -> CursorPlace {
        let state = self.state();
        let last = state.log.last();
        if after > last {
            CursorPlace::Ahead
        } else if after == last && state.ended.is_some() {
            CursorPlace::AtEnd
        } else {
            CursorPlace::Inside
        }
    }

    /// Hands a reader what comes next.
    pub(crate) fn read(&self, place: &mut Place, ready: &mut VecDeque<RunItem>) -> Found {
        let mut state = self.state();
        if state.cut == Some(Cut::Redirected) {
            return Found::Redirected;
        }
        state.hand_over_notices(place, ready);
        if place.position < state.log.last() && place.position + 1 < state.log.first() {
            return if ready.is_empty() {
                Found::Behind(state.log.first())
            } else {
                Found::Items
            };
        }
        let mut end = None;
        for logged in state.log.after(place.position).take(READ_BATCH) {
            if matches!(logged.event, RunEvent::Ended(_)) {
                end = Some(logged.clone());
            } else {
                place.position = logged.position;
                ready.push_back(RunItem::Event(logged.clone()));
            }
        }
        if ready.is_empty() && end.is_none() {
            return Found::Nothing;
        }
        state.is_delivered = true;
        match end {
            Some(end) if ready.is_empty() => Found::End(end),
            _ => Found::Items,
        }
    }

    /// Hands a reader the notices that it has not seen.
    pub(crate) fn read_notices(&self, place: &mut Place, ready: &mut VecDeque<RunItem>) {
        self.state().hand_over_notices(place, ready);
    }

    /// Completes with the next change.
    pub(crate) fn changes(&self) -> OwnedNotified {
        Arc::clone(&self.changed).notified_owned()
    }

    /// Waits until `look` finds something. It is called again after each change.
    pub(crate) async fn wait_for<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(found) = look() {
                return found;
            }
            changed.await;
        }
    }

    /// Waits until it has ended.
    pub(crate) async fn wait_for_end(&self) {
        self.wait_for(|| self.has_ended().then_some(())).await;
    }

    /// Waits until its registration has succeeded or failed.
    pub(crate) async fn wait_until_opened(&self) {
        self.wait_for(|| (!self.state().storing.is_opening()).then_some(()))
            .await;
    }

    /// Whether all that can be kept of it is in the store or in the journal.
    pub(crate) fn is_safe(&self) -> bool {
        let state = self.state();
        state.is_settled(self) || state.journalled_since().is_some()
    }

    /// What is kept of it now, and when that is worth asking again; `None`: it does not get better soon.
    pub(crate) fn persisted(
        &self,
        now: Instant,
        is_store_failing: bool,
        grace: Duration,
    ) -> (Persisted, Option<Instant>) {
        self.state()
            .persisted(self.record.is_some(), now, is_store_failing, grace)
    }

    /// The run as it stands.
    pub(crate) fn as_run(&self, now: Timestamp) -> Run {
        let state = self.state();
        let (provider, model) = state.model.clone().unzip();
        let ended = state.ended.as_ref();
        Run {
            id: self.id,
            node: self.node,
            record: self.record,
            status: ended.map_or(MessageStatus::Running, |ended| ended.end.status),
            provider,
            model,
            last_position: state.log.last(),
            stop_requested: state.cut == Some(Cut::Stopped),
            end: ended.map(|ended| ended.end.clone()),
            started_at: self.started_at,
            heartbeat_at: ended.map_or(now, |ended| ended.at),
            ended_at: ended.map(|ended| ended.at),
            log_cleared: false,
        }
    }

    /// Looks at the state, or changes how it is stored; readers are woken when `is_news`.
    pub(crate) fn with_state<T>(&self, is_news: bool, work: impl FnOnce(&mut LiveState) -> T) -> T {
        let answer = work(&mut self.state());
        if is_news {
            self.changed.notify_waiters();
        }
        answer
    }

    fn state(&self) -> MutexGuard<'_, LiveState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveState {
    fn hand_over_notices(&self, place: &mut Place, ready: &mut VecDeque<RunItem>) {
        ready.extend(self.notices.after(place.notices).map(RunItem::Notice));
        place.notices = self.notices.count();
    }

    fn push(&mut self, event: RunEvent) {
        if self.ended.is_some() || self.cut == Some(Cut::Redirected) {
            return;
        }
        self.answer.apply(&event);
        self.log.push(event);
    }

    fn cut(&mut self, why: Cut) -> bool {
        let may = self.cut.is_none() && self.ended.is_none();
        if may {
            self.cut = Some(why);
        }
        may
    }

    pub(crate) fn tell_not_recorded(&mut self, why: &str) {
        self.tell(Notice {
            code: "not_recorded",
            detail: format!("the answer is not kept: {why}"),
        });
    }

    fn tell(&mut self, notice: Notice) {
        self.notices.tell(notice);
    }
}
