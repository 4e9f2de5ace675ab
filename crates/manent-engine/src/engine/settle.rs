//! What an answer changes.
//!
//! Invariants:
//! - an item leaves the queue only by an outcome of its own, or because the server is known to have it, or because what it builds on failed,
//!   or by the user's wish;
//! - within a lane outcomes are believed in order, up to the first that is missing or makes no sense;
//! - an answer that settles nothing costs a back-off, so nonsense cannot make the engine spin.

use std::collections::{BTreeSet, HashMap};

use super::{Engine, InFlight, Isolation, SentItem, Tell};
use crate::answer::{Answer, Failure, ItemOutcome, Outcome, Reaction};
use crate::history::{
    HistoryEntry, HistoryStep, SavedItem, note, words_for_failure, words_for_outcome,
};
use crate::id::{ItemId, LaneId, RequestId};
use crate::item::{FailReason, Fate, ItemState};
use crate::port::{Event, Output};
use crate::stored::StoreOperation;

/// How far to jump when a lane's numbers turn out to be used up: far enough that the server tells where the lane really stands.
const NUMBER_JUMP: u64 = 1_024;

/// So often may a lane be numbered anew without anything being settled, before it counts as nonsense.
const FREE_MOVES: u32 = 3;

/// The codes of an item that was refused because what it builds on is not there.
const MISSING: [&str; 2] = ["parent_unknown", "target_unknown"];

/// So often may the server refuse an item for want of what it builds on, though that was saved, before it is believed.
const MOST_FURTHER_TRIES: u8 = 3;

/// What the outcomes of a request came to.
#[derive(Default)]
struct Tally {
    settled: usize,
    moved: usize,
    moved_too_often: usize,
}

impl<P: Clone> Engine<P> {
    pub(super) fn on_answered(&mut self, request: RequestId, answer: Answer) {
        let Some(sent) = self.in_flight.take_if(|sent| sent.request == request) else {
            return;
        };
        self.lets_go = true;
        match answer {
            Answer::Outcomes(outcomes) => self.settle(&sent, outcomes),
            Answer::Failed(failure) => self.react(&sent, failure),
        }
        self.after_request(&sent);
        self.tell_changes();
        self.notify_metrics();
    }

    /// Puts what was not settled into its place and tells where it stands.
    pub(super) fn after_request(&mut self, sent: &InFlight) {
        for (id, position) in &sent.seen {
            self.settle_seen(*id, *position);
        }
        for id in &sent.moving {
            if self.queue.is_pending(*id) {
                self.move_along_to_end(*id);
            }
        }
        for item in &sent.items {
            if self.queue.is_pending(item.id) {
                self.put_behind_parent(item.id);
            }
            self.queue.touch(item.id);
        }
    }

    pub(super) fn on_time_out(&mut self) {
        let Some(sent) = &self.in_flight else {
            return;
        };
        let request = sent.request;
        self.outputs.push_back(Output::Cancel(request));
        self.on_answered(request, Answer::Failed(Failure::Infrastructure));
    }

    fn react(&mut self, request: &InFlight, failure: Failure) {
        let sent = request.items.as_slice();
        self.counters.failed_syncs += 1;
        let now = self.timeline.now();
        for item in sent {
            self.note_detail(item.id, HistoryStep::Answered, words_for_failure(&failure));
        }
        if failure == Failure::NotSent {
            self.keep_back(sent);
        }
        match failure.reaction() {
            Reaction::BackOff => self.pacer.on_failure(request.began, now, &mut self.rng),
            Reaction::HoldFor(retry_after_ms) => {
                self.pacer
                    .on_back_pressure(now, retry_after_ms, &mut self.rng);
            }
            Reaction::PauseForSignIn => self.pacer.on_auth(now, &mut self.rng),
            Reaction::Blame(reason) => {
                self.pacer.on_success(now, &mut self.rng);
                match sent {
                    [only] => {
                        // Its number is free, and a copy of the request may be on the way.
                        self.be_careful_with(&only.lane);
                        self.fail(only.id, reason, Tell::Now);
                    }
                    several => {
                        self.isolation = several.first().map(|first| Isolation {
                            device: first.lane.device.clone(),
                            requests: several.len(),
                        });
                    }
                }
            }
            Reaction::Again => {
                self.counters.failed_syncs -= 1;
                self.pacer.on_abandoned(now, &mut self.rng);
            }
        }
    }

    /// The request with these never left: those that had never been sent are written as such again.
    fn keep_back(&mut self, sent: &[SentItem]) {
        for part in sent.iter().filter(|part| !part.was_maybe_sent) {
            let Some(item) = self.queue.get_mut(part.id) else {
                continue;
            };
            item.maybe_sent = false;
            item.stored.is_held = true;
            self.keep_shown(part.id, Tell::WhenDurable);
            self.write(part.id);
        }
    }

    fn settle(&mut self, request: &InFlight, outcomes: Vec<ItemOutcome>) {
        let sent = request.items.as_slice();
        let mut told = believable(outcomes);
        let mut broken = Lanes::default();
        let mut touched = Lanes::default();
        let mut tally = Tally::default();
        for item in sent {
            // Nothing is believed behind what makes no sense.
            let is_believable = !broken.contains(&item.lane);
            let outcome = told.remove(&item.id).filter(|_| is_believable);
            self.note_detail(
                item.id,
                HistoryStep::Answered,
                words_for_outcome(outcome.as_ref()),
            );
            match outcome {
                Some(
                    outcome @ (Outcome::Stored { position } | Outcome::Duplicate { position }),
                ) => {
                    self.settle_number(item, &mut tally);
                    // A duplicate may have been stored under another number.
                    if matches!(outcome, Outcome::Stored { .. }) {
                        self.queue.lane_mut(&item.lane).is_confirmed = true;
                    }
                    touched.insert(&item.lane);
                    self.save(item.id, position);
                }
                Some(Outcome::IdTaken) => {
                    self.settle_number(item, &mut tally);
                    touched.insert(&item.lane);
                    self.fail(item.id, FailReason::Conflict, Tell::Now);
                }
                Some(Outcome::Rejected { code, detail }) => {
                    self.settle_number(item, &mut tally);
                    touched.insert(&item.lane);
                    let is_for_want = MISSING.contains(&code.as_str());
                    let tries_once_more = is_for_want && self.tries_once_more(item.id, false);
                    if !tries_once_more && !self.may_be_an_old_refusal(item) {
                        self.fail(item.id, FailReason::Rejected { code, detail }, Tell::Now);
                    }
                }
                Some(Outcome::Blocked) => {
                    self.settle_number(item, &mut tally);
                    touched.insert(&item.lane);
                    let is_parent_gone = self.is_parent_gone(item.id);
                    let tries_once_more = self.tries_once_more(item.id, is_parent_gone);
                    if !tries_once_more && !self.may_be_an_old_refusal(item) {
                        let by = self.queue.get(item.id).and_then(|item| item.stored.parent);
                        self.fail(item.id, FailReason::Blocked { by }, Tell::Now);
                    }
                }
                Some(Outcome::NumberTaken) => {
                    broken.insert(&item.lane);
                    touched.insert(&item.lane);
                    self.move_lane(item, item.number.saturating_add(NUMBER_JUMP), &mut tally);
                }
                Some(Outcome::Gap {
                    expected: Some(expected),
                }) if expected > 0 && expected != item.number => {
                    broken.insert(&item.lane);
                    touched.insert(&item.lane);
                    self.move_lane(item, expected, &mut tally);
                }
                Some(Outcome::Gap { .. }) | None => {
                    broken.insert(&item.lane);
                }
            }
        }
        let now = self.timeline.now();
        for lane in touched.0 {
            let stored = self.queue.stored_lane(lane, now);
            self.log.push(StoreOperation::PutLane(stored));
        }
        let is_progress = tally.settled > 0 || (tally.moved > 0 && tally.moved_too_often == 0);
        if is_progress {
            self.pacer.on_success(now, &mut self.rng);
        } else {
            self.pacer.on_failure(request.began, now, &mut self.rng);
        }
        if tally.settled > 0 {
            self.counters.successful_syncs += 1;
        } else {
            self.counters.failed_syncs += 1;
        }
    }

    /// The server used up the item's number.
    fn settle_number(&mut self, item: &SentItem, tally: &mut Tally) {
        let lane = self.queue.lane_mut(&item.lane);
        lane.applied = lane.applied.max(item.number);
        lane.moves = 0;
        tally.settled += 1;
    }

    /// The lane goes on with another number.
    fn move_lane(&mut self, item: &SentItem, next: u64, tally: &mut Tally) {
        let careful_until = self.timeline.now().saturating_add(self.config.caution_ms);
        let lane = self.queue.lane_mut(&item.lane);
        lane.is_confirmed = false;
        lane.careful_until = careful_until;
        lane.applied = next.saturating_sub(1);
        lane.moves = lane.moves.saturating_add(1);
        tally.moved += 1;
        if lane.moves > FREE_MOVES {
            tally.moved_too_often += 1;
        }
        self.notify(Event::LaneMoved {
            lane: item.lane.clone(),
            from: item.number,
            to: next,
        });
    }

    /// Whether what the item builds on is in the outbox no more: what the store does not have is settled.
    fn is_parent_gone(&self, id: ItemId) -> bool {
        let parent = self.queue.get(id).and_then(|item| item.stored.parent);
        parent.is_some_and(|parent| self.queue.get(parent).is_none())
    }

    /// Whether an item that was refused for want of what it builds on stays in its place, to be sent under another number: what it builds on
    /// was sent again meanwhile, and is to be saved still or was saved by now. The refusal may be an old one that the server repeats.
    fn tries_once_more(&mut self, id: ItemId, is_parent_gone: bool) -> bool {
        let Some(item) = self.queue.get(id) else {
            return false;
        };
        let is_saved = item
            .stored
            .parent
            .is_some_and(|parent| self.saved.get(parent).is_some());
        let has_hope = is_saved || is_parent_gone || self.queue.pending_parent(item).is_some();
        let Some(item) = self.queue.get_mut(id) else {
            return false;
        };
        if !has_hope || item.further_tries >= MOST_FURTHER_TRIES {
            return false;
        }
        item.further_tries += 1;
        true
    }

    /// Whether the server may have repeated what it had said about an earlier form of the item: it was sent again from the tray, and nobody
    /// knows whether the lane's number is a new one. Doubted once.
    fn may_be_an_old_refusal(&mut self, sent: &SentItem) -> bool {
        let lane = self.queue.lane(&sent.lane);
        let is_certain = lane.is_some_and(|lane| lane.is_confirmed);
        let Some(item) = self.queue.get_mut(sent.id) else {
            return false;
        };
        if is_certain || item.stored.late_rank.is_none() || item.further_tries > 0 {
            return false;
        }
        item.further_tries += 1;
        true
    }

    pub(super) fn seen_saved(&mut self, id: ItemId, position: Option<u64>) {
        match &mut self.in_flight {
            // Its answer tells the lane's number as well.
            Some(sent) if sent.ids.contains(&id) => sent.seen.push((id, position)),
            _ => self.settle_seen(id, position),
        }
    }

    /// The server has an item, as was heard from elsewhere. Nobody knows under which number.
    fn settle_seen(&mut self, id: ItemId, position: Option<u64>) {
        let Some(item) = self.queue.get(id) else {
            return;
        };
        if item.stored.fate == Fate::Pending {
            let lane = item.stored.lane.clone();
            self.be_careful_with(&lane);
        }
        self.discards.retain(|(_, other)| *other != id);
        self.save(id, position);
    }

    fn save(&mut self, id: ItemId, position: Option<u64>) {
        // Whatever had failed above it, nothing blocks these any more.
        let unblocked = self.queue.descendants(id, |item| {
            let blocked = |reason: &FailReason| matches!(reason, FailReason::Blocked { .. });
            matches!(&item.stored.fate, Fate::Failed { reason } if blocked(reason))
        });
        let Some(mut item) = self.queue.remove(id) else {
            return;
        };
        let at = self.timeline.caller();
        note(&mut item.history, HistoryEntry::new(at, HistoryStep::Saved));
        let history = item.history;
        self.saved.insert(id, SavedItem { position, history });
        self.log.push(StoreOperation::DeleteItem(id));
        self.notify(Event::Item {
            id,
            state: ItemState::Saved { position },
        });
        for follower in unblocked {
            self.send_again(follower);
        }
    }
}

/// The lanes of a request, each once: few enough to be looked through.
#[derive(Default)]
struct Lanes<'request>(Vec<&'request LaneId>);

impl<'request> Lanes<'request> {
    fn contains(&self, lane: &LaneId) -> bool {
        self.0.contains(&lane)
    }

    fn insert(&mut self, lane: &'request LaneId) {
        if !self.contains(lane) {
            self.0.push(lane);
        }
    }
}

/// Outcomes by id, without those that contradict each other.
fn believable(outcomes: Vec<ItemOutcome>) -> HashMap<ItemId, Outcome> {
    let mut told: HashMap<ItemId, Outcome> = HashMap::new();
    let mut doubtful: BTreeSet<ItemId> = BTreeSet::new();
    for ItemOutcome { id, outcome } in outcomes {
        match told.get(&id) {
            Some(earlier) if *earlier != outcome => {
                doubtful.insert(id);
            }
            Some(_) => {}
            None => {
                told.insert(id, outcome);
            }
        }
    }
    told.retain(|id, _| !doubtful.contains(id));
    told
}
