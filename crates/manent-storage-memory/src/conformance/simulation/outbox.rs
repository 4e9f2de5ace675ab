//! The devices' outboxes.

use std::collections::BTreeMap;

use manent_domain::append::{ChangeKind, NewMessage, Outcome, ParentRef, Submission};
use manent_domain::error::Refusal;
use manent_types::MessageId;

use super::place;
use super::processes::answer_id;
use super::script::{Alteration, Body, Parent, Target};
use crate::conformance::person::{
    answered, change, delete, edit, lane, message, said, sequenced_change, undelete,
};

/// A device and a conversation.
pub(super) type LaneNumber = (usize, usize);

#[derive(Default)]
pub(super) struct Outbox {
    lanes: BTreeMap<LaneNumber, Lane>,
    known: Known,
}

/// What devices may refer to.
#[derive(Default)]
pub(super) struct Known {
    composed: Vec<MessageId>,
    /// How many generations there are.
    generations: usize,
}

impl Known {
    fn composed(&self, index: usize) -> Option<MessageId> {
        let place = index.checked_rem(self.composed.len())?;
        self.composed.get(place).copied()
    }

    fn answer(&self, index: usize) -> MessageId {
        answer_id(index.checked_rem(self.generations).unwrap_or(0))
    }
}

#[derive(Default)]
struct Lane {
    items: Vec<Submission>,
    /// As many as the device knows to be settled.
    settled: usize,
}

impl Outbox {
    pub(super) fn compose(&mut self, device: usize, to: usize, parent: Parent, body: Body) {
        let number = self.known.composed.len() as u128 + 1;
        let composed = message_of(number, parent, body, &self.known);
        let items = &mut self.lanes.entry((device, to)).or_default().items;
        let id = composed
            .as_ref()
            .map_or_else(|_| message(number), |composed| composed.id);
        items.push(Submission {
            conversation: place(to),
            lane: Some(lane(&format!("device-{device}"), items.len() as u64 + 1)),
            id: Some(id),
            body: composed.map(Into::into),
        });
        self.known.composed.push(id);
    }

    pub(super) fn compose_change(&mut self, device: usize, to: usize, alteration: Alteration) {
        let id = message(self.known.composed.len() as u128 + 1);
        let change = change(id, kind_of(alteration, &self.known));
        let items = &mut self.lanes.entry((device, to)).or_default().items;
        let device_seq = items.len() as u64 + 1;
        items.push(sequenced_change(
            &format!("device-{device}"),
            device_seq,
            place(to),
            change,
        ));
        self.known.composed.push(id);
    }

    pub(super) const fn known(&self) -> &Known {
        &self.known
    }

    pub(super) const fn note_generation(&mut self) {
        self.known.generations += 1;
    }

    pub(super) fn lanes(&self) -> Vec<LaneNumber> {
        self.lanes.keys().copied().collect()
    }

    pub(super) fn unsent(&self, at: LaneNumber, skip: usize, count: usize) -> Vec<Submission> {
        let Some(lane) = self.lanes.get(&at) else {
            return Vec::new();
        };
        let unsent = lane.items[lane.settled..].iter();
        unsent.skip(skip).take(count).cloned().collect()
    }

    pub(super) fn sent(&self, at: LaneNumber, from: usize, count: usize) -> Vec<Submission> {
        let Some(lane) = self.lanes.get(&at) else {
            return Vec::new();
        };
        lane.items.iter().skip(from).take(count).cloned().collect()
    }

    /// The device learns the outcomes of what it sent after skipping so many.
    pub(super) fn acknowledge(&mut self, at: LaneNumber, skip: usize, outcomes: &[Outcome]) {
        let Some(lane) = self.lanes.get_mut(&at) else {
            return;
        };
        for (index, outcome) in outcomes.iter().enumerate() {
            let is_settled = !matches!(outcome, Outcome::Gap { .. });
            if is_settled && lane.settled == lane.settled.max(skip + index) {
                lane.settled += 1;
            }
        }
    }

    /// Something else under the number of a settled item.
    pub(super) fn lie(
        &self,
        at: LaneNumber,
        index: usize,
        is_other_id: bool,
    ) -> Option<Submission> {
        let lane = self.lanes.get(&at)?;
        let item = lane.items[..lane.settled].get(index)?;
        let id = if is_other_id {
            message(0xdead_0000 + index as u128)
        } else {
            item.id?
        };
        Some(Submission {
            id: Some(id),
            body: Ok(said(id, "a lie").into()),
            ..item.clone()
        })
    }
}

/// A message by its number.
pub(super) fn message_of(
    number: u128,
    parent: Parent,
    body: Body,
    known: &Known,
) -> Result<NewMessage, Refusal> {
    let shared = |number: usize| message(0x5a_0000 + number as u128);
    let base = match body {
        Body::Own => said(message(number), &format!("message {number}")),
        // A parent left open, so that all copies are the same message wherever they arrive first.
        Body::Shared(which) => return Ok(said(shared(which), &format!("shared {which}"))),
        Body::Clashing(which) => said(shared(which), &format!("clash {number}")),
        Body::Refused => return Err(Refusal::ContentEmpty),
        // A parent left open, so that it is the same answer wherever the run put it.
        Body::Answer(which) => return Ok(answered(known.answer(which), &format!("kept {number}"))),
    };
    let parent = parent_of(parent, known);
    Ok(NewMessage { parent, ..base })
}

/// What a message follows.
pub(super) fn parent_of(parent: Parent, known: &Known) -> ParentRef {
    match parent {
        Parent::Newest => ParentRef::Newest,
        Parent::Root => ParentRef::Root,
        Parent::Unknown => ParentRef::Message(message(0xbad_0000)),
        Parent::Composed(index) => known
            .composed
            .get(index)
            .map_or(ParentRef::Newest, |id| ParentRef::Message(*id)),
    }
}

/// What an alteration does.
pub(super) fn kind_of(alteration: Alteration, known: &Known) -> ChangeKind {
    let of = |target| match target {
        Target::Composed(index) => known.composed(index).unwrap_or_else(|| message(0xbad_0000)),
        Target::Answer(which) => known.answer(which),
    };
    match alteration {
        Alteration::Edit(target, words) => edit(of(target), &format!("edited {words}")),
        Alteration::Delete(target) => delete(of(target)),
        Alteration::Undelete(target) => undelete(of(target)),
        Alteration::Trash => ChangeKind::Trash,
        Alteration::Restore => ChangeKind::Restore,
    }
}
