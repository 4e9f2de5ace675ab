//! What the users wrote, and what may therefore be true.

use std::collections::{BTreeMap, HashMap};

use manent_engine::append_api::MessagePayload;
use manent_engine::{FailReason, Fate, ItemId, ItemState, LaneId, StoreOperation, StoredItem};
use manent_types::DeviceId;

use crate::violation::Violation;

/// One engine in one life.
pub(crate) type Life = u64;

/// An item as the user knows it.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each goes its own way")]
pub(crate) struct Written {
    pub(crate) device: usize,
    pub(crate) lane: LaneId,
    /// Its place in the order in which the users wrote.
    serial: u64,
    /// What it builds on, as the store last knew.
    parent: Option<ItemId>,
    /// Its place in the order in which things became durable, or were put behind everything else when the user sent them again.
    index: Option<u64>,
    /// The place that the store last gave it.
    late_rank: Option<u64>,
    /// The user sent it again, or what it builds on: it may be put behind everything else.
    pub(crate) was_retried: bool,
    was_sent: bool,
    /// It was sent already when what it builds on was sent again: it keeps its place, and where the two wait for each other it goes first.
    pub(crate) may_overtake: bool,
    /// Its place among the others of its lane is anyone's guess.
    pub(crate) is_floating: bool,
    /// Every text that the user gave it: an edit may be refused, or die with the tab before it is safe.
    pub(crate) texts: Vec<String>,
    /// A store held it once.
    was_durable: bool,
    /// The user was told that it is safe.
    pub(crate) is_accepted: bool,
    /// The user threw it away, or resent it as another one.
    pub(crate) ended_by_user: bool,
    /// The user signed out, knowing that it is not saved.
    pub(crate) is_given_up: bool,
    pub(crate) resent_as: Option<ItemId>,
    /// The user took it back before it was sent, and the store knows.
    pub(crate) is_withdrawn: bool,
    /// The user threw it away once: its reason may be out of date.
    pub(crate) was_discarded: bool,
    /// The server refused it, since the user last sent it.
    is_refused: bool,
    /// The storage that held it was cleared; tabs may still have it.
    pub(crate) is_at_risk: bool,
    /// Its last copy was cleared away with the storage, or died with a tab after that.
    pub(crate) is_cleared_away: bool,
}

impl Written {
    /// The user wants it no more.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended_by_user || self.is_given_up
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    written: BTreeMap<ItemId, Written>,
    /// With the place of each.
    on_server: HashMap<ItemId, u64>,
    /// The index of the newest stored item of each lane.
    newest: HashMap<LaneId, u64>,
    /// The newest item of each lane that was ever durable.
    newest_durable: HashMap<LaneId, u64>,
    last_serial: u64,
    last_index: u64,
}

impl Ledger {
    pub(crate) fn write(&mut self, id: ItemId, device: usize, lane: LaneId, text: String) {
        self.last_serial += 1;
        let written = Written {
            device,
            lane,
            serial: self.last_serial,
            parent: None,
            index: None,
            late_rank: None,
            was_retried: false,
            was_sent: false,
            may_overtake: false,
            is_floating: false,
            texts: vec![text],
            was_durable: false,
            is_accepted: false,
            ended_by_user: false,
            is_given_up: false,
            resent_as: None,
            is_withdrawn: false,
            was_discarded: false,
            is_refused: false,
            is_at_risk: false,
            is_cleared_away: false,
        };
        self.written.insert(id, written);
    }

    /// A request with it left.
    pub(crate) fn on_sent(&mut self, id: ItemId) {
        if let Some(written) = self.written.get_mut(&id) {
            written.was_sent = true;
        }
    }

    /// The user sends items again.
    pub(crate) fn retry(&mut self, ids: &[ItemId]) {
        for id in ids {
            if let Some(written) = self.written.get_mut(id) {
                written.was_retried = true;
                written.may_overtake |= written.was_sent;
            }
        }
    }

    /// Nobody can say where those of these stand in their lanes that the user sent again.
    pub(crate) fn float_retried(&mut self, ids: &[ItemId]) {
        for id in ids {
            if let Some(written) = self.written.get_mut(id) {
                written.is_floating |= written.was_retried;
            }
        }
    }

    /// A tab takes over a slot whose items were cleared away and are written again later: it cannot know of them, and its clock may be behind
    /// theirs.
    /// Tells whether there are such.
    pub(crate) fn float_unread(&mut self, name: &DeviceId) -> bool {
        let mut are_there = false;
        for written in self.written.values_mut() {
            let is_unread = written.is_at_risk && written.lane.device == *name;
            written.is_floating |= is_unread;
            are_there |= is_unread;
        }
        are_there
    }

    /// Nobody can say where these stand in their lanes.
    pub(crate) fn float(&mut self, ids: &[ItemId]) {
        for id in ids {
            if let Some(written) = self.written.get_mut(id) {
                written.is_floating = true;
            }
        }
    }

    pub(crate) fn get(&self, id: ItemId) -> Option<&Written> {
        self.written.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: ItemId) -> Option<&mut Written> {
        self.written.get_mut(&id)
    }

    pub(crate) fn written(&self) -> impl Iterator<Item = (ItemId, &Written)> {
        self.written.iter().map(|(id, written)| (*id, written))
    }

    pub(crate) fn written_mut(&mut self) -> impl Iterator<Item = (ItemId, &mut Written)> {
        self.written.iter_mut().map(|(id, written)| (*id, written))
    }

    pub(crate) fn is_on_server(&self, id: ItemId) -> bool {
        self.on_server.contains_key(&id)
    }

    /// Its place on the server.
    pub(crate) fn position(&self, id: ItemId) -> Option<u64> {
        self.on_server.get(&id).copied()
    }

    pub(crate) fn stored_count(&self) -> usize {
        self.on_server.len()
    }

    /// The server wrote a row.
    pub(crate) fn on_row(
        &mut self,
        id: ItemId,
        text: &str,
        position: u64,
        on_disk: Option<&StoredItem<MessagePayload>>,
    ) -> Result<(), Violation> {
        let written = self.written.get(&id).ok_or(Violation::StoredTwice(id))?;
        if self.on_server.insert(id, position).is_some() {
            return Err(Violation::StoredTwice(id));
        }
        if written.is_withdrawn {
            return Err(Violation::SentThoughTakenBack(id));
        }
        let is_known = match on_disk {
            Some(item) => item.payload.get("content").and_then(|text| text.as_str()) == Some(text),
            None => written.texts.iter().any(|known| known == text),
        };
        if !is_known {
            return Err(Violation::Altered(id));
        }
        // A request of a life whose storage was cleared, by the user or from outside, may come whenever it likes.
        let is_free = written.is_floating || written.is_cleared_away || written.is_given_up;
        let Some(index) = written.index.filter(|_| !is_free) else {
            return Ok(());
        };
        let newest = self.newest.entry(written.lane.clone()).or_default();
        // What the server refused and the engine tried once more comes after what the server took meanwhile.
        if index < *newest && !written.is_refused {
            return Err(Violation::OutOfOrder(id));
        }
        *newest = index.max(*newest);
        Ok(())
    }

    /// A device's store wrote items, and was cleared before it told anybody.
    pub(crate) fn on_written_in_vain(&mut self, operations: &[StoreOperation<MessagePayload>]) {
        for operation in operations {
            if let StoreOperation::PutItem(item) = operation
                && let Some(written) = self.written.get_mut(&item.id)
            {
                written.was_durable = true;
                // Nobody knows yet that it is not: it may be sent.
                written.is_withdrawn &= item.fate != Fate::Pending;
                // Before it is written again, later ones may be written and sent.
                written.is_floating = true;
            }
        }
    }

    /// A device's store wrote an item. The user's decisions count when the store knows them.
    pub(crate) fn on_written(
        &mut self,
        item: &StoredItem<MessagePayload>,
    ) -> Result<(), Violation> {
        let builds_on_retried = self.builds_on_retried(item.parent);
        let Some(written) = self.written.get_mut(&item.id) else {
            return Ok(());
        };
        written.parent = item.parent;
        // Put back behind something that was sent again, maybe by another tab than its own.
        if builds_on_retried && written.late_rank != item.late_rank {
            written.was_retried = true;
            written.is_floating = true;
        }
        if !std::mem::replace(&mut written.was_durable, true) {
            let newest = self.newest_durable.entry(written.lane.clone()).or_default();
            if written.serial < *newest {
                return Err(Violation::OutOfOrder(item.id));
            }
            *newest = written.serial;
        }
        let is_put_back = written.was_retried && written.late_rank != item.late_rank;
        if item.fate == Fate::Pending && (is_put_back || written.index.is_none()) {
            self.last_index += 1;
            written.index = Some(self.last_index);
            written.is_refused = false;
        }
        written.late_rank = item.late_rank;
        written.is_at_risk = false;
        written.is_withdrawn = matches!(
            item.fate,
            Fate::Failed {
                reason: FailReason::Withdrawn
            }
        );
        match item.fate {
            Fate::Pending => {
                written.ended_by_user = false;
            }
            Fate::Failed { .. } => written.ended_by_user = written.resent_as.is_some(),
            Fate::Discarded { .. } => {
                written.ended_by_user = true;
                written.was_discarded = true;
            }
        }
        Ok(())
    }

    /// Whether an item with this parent builds, over however many others, on one that was sent again.
    fn builds_on_retried(&self, parent: Option<ItemId>) -> bool {
        let parent_of = |id: &ItemId| self.written.get(id).and_then(|written| written.parent);
        let ancestors = std::iter::successors(parent, parent_of);
        // Items may build on each other in a circle.
        let mut ancestors = ancestors.take(self.written.len());
        ancestors.any(|id| self.written.get(&id).is_some_and(|it| it.was_retried))
    }

    /// The server refused an item.
    pub(crate) fn on_refused(&mut self, id: ItemId) {
        if let Some(written) = self.written.get_mut(&id) {
            written.is_refused = true;
        }
    }

    /// Whether the server has decided about an item.
    pub(crate) fn is_settled(&self, id: ItemId) -> bool {
        self.on_server.contains_key(&id)
            || self
                .written
                .get(&id)
                .is_some_and(|written| written.is_refused)
    }

    /// The user was told where an item stands.
    pub(crate) fn on_state(
        &mut self,
        id: ItemId,
        state: &ItemState,
        on_disk: Option<&StoredItem<MessagePayload>>,
        is_excused: bool,
        has_lost_lanes: bool,
    ) -> Result<(), Violation> {
        let is_on_server = self.on_server.contains_key(&id);
        // What had been decided before the store was cleared is shown on, also while it is not written again.
        let is_told_on = self.written.get(&id).is_some_and(|it| it.is_at_risk);
        match state {
            ItemState::Queued | ItemState::Waiting(_) | ItemState::Sending => {
                if !is_excused && on_disk.is_none_or(|item| item.fate != Fate::Pending) {
                    return Err(Violation::AcceptedNotPersisted(id));
                }
                if !is_excused && let Some(written) = self.written.get_mut(&id) {
                    written.is_accepted = true;
                }
            }
            ItemState::Saved { .. } if !is_on_server => return Err(Violation::NotSaved(id)),
            ItemState::Saved { position }
                if position.is_some_and(|at| self.position(id) != Some(at)) =>
            {
                return Err(Violation::Untrue(format!("{id} is not at {position:?}")));
            }
            ItemState::Failed(reason) => {
                // Nobody but the user takes back, and ids are nobody else's. But where the lanes were lost, the server may repeat what it said
                // about an earlier form of an item, and have its id in that form.
                let is_old = has_lost_lanes
                    && matches!(
                        reason,
                        FailReason::Rejected { .. }
                            | FailReason::Blocked { .. }
                            | FailReason::Conflict
                    )
                    && self.written.get(&id).is_some_and(|it| it.was_retried);
                let is_conflict = *reason == FailReason::Conflict && !has_lost_lanes;
                if is_on_server && !is_old || is_conflict {
                    return Err(Violation::NotFailed(id, reason.clone()));
                }
                let is_durable = on_disk.is_some_and(|item| {
                    matches!(&item.fate, Fate::Failed { reason: stored } if stored == reason)
                });
                let is_due = !is_excused && !is_told_on;
                if is_due && *reason == FailReason::Withdrawn && !is_durable {
                    return Err(Violation::DecidedTooEarly(id));
                }
            }
            ItemState::Discarded => {
                let is_durable =
                    on_disk.is_some_and(|item| matches!(item.fate, Fate::Discarded { .. }));
                if !is_excused && !is_told_on && !is_durable {
                    return Err(Violation::DecidedTooEarly(id));
                }
            }
            ItemState::Saved { .. } | ItemState::Storing => {}
        }
        Ok(())
    }

    /// The device's store removed an item; `is_replacement_there` tells whether the item that it was resent as is in that store.
    pub(crate) fn on_removed(
        &self,
        id: ItemId,
        is_replacement_there: impl Fn(ItemId) -> bool,
    ) -> Result<(), Violation> {
        let Some(written) = self.written.get(&id) else {
            return Ok(());
        };
        if self.on_server.contains_key(&id) || written.is_given_up {
            return Ok(());
        }
        let mut next = written.resent_as;
        while let Some(replacement) = next {
            if is_replacement_there(replacement) || self.on_server.contains_key(&replacement) {
                return Ok(());
            }
            // Resent once more before the store knew of the first time.
            next = self
                .written
                .get(&replacement)
                .and_then(|written| written.resent_as);
            if next.is_none() {
                return Err(Violation::Lost(id));
            }
        }
        if written.is_ended() {
            Ok(())
        } else {
            Err(Violation::Lost(id))
        }
    }
}
