//! What a command has to lead to: an error, or these fates and contents and no others.

use std::collections::{BTreeMap, BTreeSet};

use manent_engine::append_api::MessagePayload;
use manent_engine::{
    Change, CommandError, FailReason, Fate, HistoryStep, Input, ItemId, NewItem, StoredItem,
};

use super::form::Form;
use super::{Watched, Witness};

type Stored = StoredItem<MessagePayload>;

/// See the module.
#[derive(Debug, Default)]
pub(super) enum Expectation {
    /// No command, or one that says nothing of fates.
    #[default]
    Free,
    Refused(ItemId, CommandError),
    /// Items that are there afterwards, in these forms; no other changes its fate.
    Changed {
        forms: Vec<Form>,
        fates: BTreeMap<ItemId, Fate>,
    },
    /// To be sent, in the tray.
    AsksForConfirmation(usize, usize),
    Empty,
}

impl Expectation {
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(..))
    }

    pub(super) fn signs_out(&self) -> bool {
        matches!(self, Self::Empty)
    }
}

const fn failed(reason: FailReason) -> Fate {
    Fate::Failed { reason }
}

const fn reason_of(fate: &Fate) -> Option<&FailReason> {
    match fate {
        Fate::Pending => None,
        Fate::Failed { reason } | Fate::Discarded { reason } => Some(reason),
    }
}

impl Witness {
    pub(super) fn expected_of(
        &self,
        engine: &Watched,
        input: &Input<MessagePayload>,
    ) -> Expectation {
        match input {
            Input::Enqueue(new) => self.expected_of_new(engine, new, None),
            Input::Withdraw(id) => self.expected_of_withdrawal(engine, *id),
            Input::Replace {
                id,
                payload,
                size_bytes,
            } => self.expected_of_edit(engine, *id, payload, *size_bytes),
            Input::Resend {
                failed,
                replacement,
            } => match engine.item(*failed).map(|item| reason_of(&item.fate)) {
                Some(Some(_)) => self.expected_of_new(engine, replacement, Some(*failed)),
                _ => Expectation::Refused(*failed, CommandError::NotInTray),
            },
            Input::Retry { id, change } => self.expected_of_retry(engine, *id, change.as_ref()),
            Input::Discard(id) => match engine.item(*id).map(|item| &item.fate) {
                Some(Fate::Failed { reason }) => {
                    let reason = reason.clone();
                    let fate = Fate::Discarded { reason };
                    changed(
                        engine,
                        vec![Form::new(*id, fate, &[HistoryStep::Discarded])],
                    )
                }
                _ => Expectation::Refused(*id, CommandError::NotInTray),
            },
            Input::Undo(id) => match engine.item(*id).map(|item| &item.fate) {
                Some(Fate::Discarded { reason }) => {
                    let fate = failed(reason.clone());
                    changed(engine, vec![Form::new(*id, fate, &[HistoryStep::Undone])])
                }
                _ => Expectation::Refused(*id, CommandError::NotInTray),
            },
            Input::SignOut { is_confirmed } => {
                let fates: Vec<&Fate> = engine
                    .items()
                    .into_iter()
                    .map(|(item, _)| &item.fate)
                    .collect();
                let queued = fates.iter().filter(|fate| ***fate == Fate::Pending).count();
                let in_tray = |fate: &&&Fate| matches!(fate, Fate::Failed { .. });
                let waiting = fates.iter().filter(in_tray).count();
                if !is_confirmed && queued + waiting > 0 {
                    Expectation::AsksForConfirmation(queued, waiting)
                } else {
                    Expectation::Empty
                }
            }
            _ => Expectation::Free,
        }
    }

    fn expected_of_new(
        &self,
        engine: &Watched,
        new: &NewItem<MessagePayload>,
        replaced: Option<ItemId>,
    ) -> Expectation {
        let refused = |error| Expectation::Refused(new.id, error);
        if self.is_signed_out {
            return refused(CommandError::SignedOut);
        }
        if engine.item(new.id).is_some() || self.is_remembered(new.id) {
            return refused(CommandError::IdInUse);
        }
        let count = engine.items().len();
        if replaced.is_none() && self.config.max_items.is_some_and(|most| count >= most) {
            return refused(CommandError::Full);
        }
        let limit_bytes = self.config.max_item_bytes;
        let parent = new.parent.and_then(|parent| engine.item(parent));
        let fate = if new.size_bytes > limit_bytes {
            failed(FailReason::TooLarge { limit_bytes })
        } else if let Some(parent) = parent.filter(|parent| parent.fate != Fate::Pending) {
            failed(FailReason::Blocked {
                by: Some(parent.id),
            })
        } else {
            Fate::Pending
        };
        let steps: &[HistoryStep] = match fate {
            Fate::Pending => &[HistoryStep::Queued],
            _ => &[HistoryStep::Queued, HistoryStep::Failed],
        };
        let mut form = Form::new(new.id, fate, steps);
        form = form.holding(&new.payload, new.size_bytes, new.parent);
        form.is_new = true;
        changed(engine, vec![form])
    }

    fn unsent(&self, engine: &Watched, id: ItemId) -> Result<(), CommandError> {
        match engine.item(id).map(|item| &item.fate) {
            Some(Fate::Pending) if self.may_be_sent(id) => Err(CommandError::MaybeSent),
            Some(Fate::Pending) => Ok(()),
            _ => Err(CommandError::Unknown),
        }
    }

    pub(super) fn may_be_sent(&self, id: ItemId) -> bool {
        self.seen.get(&id).is_none_or(|seen| seen.maybe_sent)
    }

    fn expected_of_withdrawal(&self, engine: &Watched, id: ItemId) -> Expectation {
        if let Err(error) = self.unsent(engine, id) {
            return Expectation::Refused(id, error);
        }
        let first = Form::new(id, failed(FailReason::Withdrawn), &[HistoryStep::Withdrawn]);
        changed(engine, self.with_blocked(engine, first))
    }

    /// An item that leaves the queue, and what builds on it and was not sent.
    fn with_blocked(&self, engine: &Watched, first: Form) -> Vec<Form> {
        let by = Some(first.id);
        let below = descendants(engine, first.id, |item| item.fate == Fate::Pending);
        let unsent = below.into_iter().filter(|id| !self.may_be_sent(*id));
        let blocked = unsent.map(|id| {
            let fate = failed(FailReason::Blocked { by });
            Form::new(id, fate, &[HistoryStep::Failed])
        });
        std::iter::once(first).chain(blocked).collect()
    }

    fn expected_of_edit(
        &self,
        engine: &Watched,
        id: ItemId,
        payload: &MessagePayload,
        size_bytes: u64,
    ) -> Expectation {
        if let Err(error) = self.unsent(engine, id) {
            return Expectation::Refused(id, error);
        }
        let parent = engine.item(id).and_then(|item| item.parent);
        let limit_bytes = self.config.max_item_bytes;
        if size_bytes > limit_bytes {
            let fate = failed(FailReason::TooLarge { limit_bytes });
            let form = Form::new(id, fate, &[HistoryStep::Edited, HistoryStep::Failed]);
            let form = form.holding(payload, size_bytes, parent);
            return changed(engine, self.with_blocked(engine, form));
        }
        let form = Form::new(id, Fate::Pending, &[HistoryStep::Edited]);
        changed(engine, vec![form.holding(payload, size_bytes, parent)])
    }

    fn expected_of_retry(
        &self,
        engine: &Watched,
        id: ItemId,
        change: Option<&Change<MessagePayload>>,
    ) -> Expectation {
        let refused = |error| Expectation::Refused(id, error);
        if self.is_signed_out {
            return refused(CommandError::SignedOut);
        }
        let Some(item) = engine.item(id) else {
            return refused(CommandError::NotInTray);
        };
        match &item.fate {
            Fate::Failed {
                reason: FailReason::Conflict,
            } => return refused(CommandError::NeedsNewId),
            Fate::Failed { .. } => {}
            _ => return refused(CommandError::NotInTray),
        }
        let (payload, size_bytes, parent) = match change {
            Some(change) => (&change.payload, change.size_bytes, change.parent),
            None => (&item.payload, item.size_bytes, item.parent),
        };
        let limit_bytes = self.config.max_item_bytes;
        if size_bytes > limit_bytes {
            return refused(CommandError::TooLarge { limit_bytes });
        }
        if let Some(parent) = parent {
            let is_in_tray = engine
                .item(parent)
                .is_some_and(|parent| parent.fate != Fate::Pending);
            let is_below = parent == id || descendants(engine, id, |_| true).contains(&parent);
            if is_in_tray || is_below {
                return refused(CommandError::ParentFailed);
            }
        }
        let follows = |item: &Stored| {
            matches!(
                item.fate,
                Fate::Pending
                    | Fate::Failed {
                        reason: FailReason::Blocked { .. }
                    }
            )
        };
        let mut steps = vec![HistoryStep::Retried];
        if change.is_some() {
            steps.insert(0, HistoryStep::Edited);
        }
        let first = Form::new(id, Fate::Pending, &steps).holding(payload, size_bytes, parent);
        let mut forms = vec![first];
        for follower in descendants(engine, id, follows) {
            let was_failed = engine
                .item(follower)
                .is_some_and(|item| item.fate != Fate::Pending);
            let retried = [HistoryStep::Retried];
            let steps = if was_failed { &retried[..] } else { &[] };
            forms.push(Form::new(follower, Fate::Pending, steps));
        }
        changed(engine, forms)
    }
}

/// What builds on an item, over those for which `follows` says so.
fn descendants(engine: &Watched, id: ItemId, follows: impl Fn(&Stored) -> bool) -> Vec<ItemId> {
    let items = engine.items();
    let mut found = BTreeSet::from([id]);
    loop {
        let more: Vec<ItemId> = items
            .iter()
            .map(|(item, _)| item)
            .filter(|item| !found.contains(&item.id) && follows(item))
            .filter(|item| item.parent.is_some_and(|parent| found.contains(&parent)))
            .map(|item| item.id)
            .collect();
        if more.is_empty() {
            break;
        }
        found.extend(more);
    }
    found.remove(&id);
    found.into_iter().collect()
}

fn changed(engine: &Watched, forms: Vec<Form>) -> Expectation {
    let others = engine.items().into_iter().map(|(item, _)| item);
    let others = others.filter(|item| forms.iter().all(|form| form.id != item.id));
    let fates = others.map(|item| (item.id, item.fate.clone())).collect();
    Expectation::Changed { forms, fates }
}
