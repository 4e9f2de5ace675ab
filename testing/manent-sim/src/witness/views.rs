//! What the engine shows, against what must be so.

use manent_engine::append_api::MessagePayload;
use manent_engine::{BreakerState, Fate, ItemId, ItemState, StoredItem, WaitReason};

use super::{Surroundings, ToldPace, Watched, Witness, untrue};
use crate::violation::Violation;

pub(super) type Listed<'engine> = (&'engine StoredItem<MessagePayload>, ItemState);

/// Its place among the pending items of its lane.
pub(super) fn place(item: &StoredItem<MessagePayload>) -> (u64, u64, ItemId) {
    match item.late_rank {
        None => (item.order, 0, item.id),
        Some(rank) => (item.put_behind.unwrap_or(rank), rank, item.id),
    }
}

pub(super) fn is_pending(item: &StoredItem<MessagePayload>) -> bool {
    item.fate == Fate::Pending
}

impl Witness {
    pub(super) fn check_views(
        &mut self,
        engine: &Watched,
        around: Surroundings<'_>,
    ) -> Result<(), Violation> {
        let items = engine.items();
        self.check_lists(engine, &items)?;
        self.check_histories(engine, &items, around)?;
        self.check_gone(engine, around)?;
        for (item, state) in &items {
            self.check_state(engine, item, state, around)?;
        }
        self.check_told(&items, around)?;
        if let Some(ToldPace(told)) = self.step.told_pace
            && told != engine.wait()
        {
            return untrue(format!("told {told:?}, shown {:?}", engine.wait()));
        }
        self.check_metrics(engine, &items, around)
    }

    fn is_settled(&self, around: Surroundings<'_>) -> bool {
        around.knows_its_store && !around.is_writing && !self.is_refusing
    }

    fn check_lists(&self, engine: &Watched, items: &[Listed<'_>]) -> Result<(), Violation> {
        let place = |listed: &Listed<'_>| (listed.0.order, listed.0.id);
        if !items.is_sorted_by_key(place) {
            return untrue("the items are not in the order in which they came".to_owned());
        }
        let tray = engine.tray();
        let mut failed = items
            .iter()
            .filter(|(item, _)| matches!(item.fate, Fate::Failed { .. }));
        if !tray.iter().eq(failed.by_ref()) {
            return untrue(format!("the tray holds {}", tray.len()));
        }
        let half = items.len() / 2;
        let after = half.checked_sub(1).map(|last| items[last].0.id);
        let page = engine.items_after(after, 3);
        if !page.iter().eq(items.iter().skip(half).take(3)) {
            return untrue("a page of the items is not that part of them".to_owned());
        }
        for (item, state) in items.iter().skip(half).take(3) {
            if engine.item(item.id) != Some(*item) || engine.state(item.id).as_ref() != Some(state)
            {
                return untrue(format!("{} by itself is not as it is listed", item.id));
            }
            if engine.may_be_sent(item.id) != self.may_be_sent(item.id) {
                return untrue(format!(
                    "{} may have been sent: {}",
                    item.id,
                    engine.may_be_sent(item.id)
                ));
            }
        }
        for (id, position) in [self.saved.front(), self.saved.back()]
            .into_iter()
            .flatten()
        {
            let position = *position;
            if engine.state(*id) != Some(ItemState::Saved { position }) {
                return untrue(format!("{id} was saved, and is {:?}", engine.state(*id)));
            }
        }
        Ok(())
    }

    fn check_state(
        &self,
        engine: &Watched,
        item: &StoredItem<MessagePayload>,
        state: &ItemState,
        around: Surroundings<'_>,
    ) -> Result<(), Violation> {
        let id = item.id;
        let on_disk = around.disk.get(id);
        let wrong = |should: &str| untrue(format!("{id} is shown {state:?}, and is {should}"));
        let is_under_way = self.is_under_way(id);
        if *state == ItemState::Sending && !is_under_way {
            return wrong("in no request");
        }
        if self.is_settled(around) {
            if on_disk != Some(item) {
                return Err(Violation::AcceptedNotPersisted(id));
            }
            return match (&item.fate, state) {
                (Fate::Pending, ItemState::Sending)
                | (Fate::Discarded { .. }, ItemState::Discarded) => Ok(()),
                (Fate::Pending, _) if is_under_way => wrong("in a request"),
                (Fate::Pending, state) => match (wait_of(engine, item), state) {
                    (Some(wait), ItemState::Waiting(shown)) if wait == *shown => Ok(()),
                    (None, ItemState::Queued) => Ok(()),
                    (wait, _) => wrong(&format!("to be sent, held up by {wait:?}")),
                },
                (Fate::Failed { reason }, ItemState::Failed(shown)) if reason == shown => Ok(()),
                (fate, _) => wrong(&format!("{fate:?}")),
            };
        }
        match state {
            ItemState::Queued | ItemState::Waiting(_) | ItemState::Sending => {
                let is_safe = on_disk
                    .is_some_and(|stored| is_pending(stored) && stored.payload == item.payload);
                if around.knows_its_store && !is_safe && is_pending(item) {
                    return Err(Violation::AcceptedNotPersisted(id));
                }
                if is_under_way && *state != ItemState::Sending {
                    return wrong("in a request");
                }
            }
            ItemState::Failed(reason) if item.fate == Fate::Pending => {
                let stored = on_disk.map(|stored| &stored.fate);
                let is_other =
                    matches!(stored, Some(Fate::Failed { reason: stored }) if stored != reason);
                if around.knows_its_store && is_other {
                    return wrong(&format!("to be sent, and {stored:?} on the disk"));
                }
            }
            ItemState::Storing
            | ItemState::Failed(_)
            | ItemState::Discarded
            | ItemState::Saved { .. } => {}
        }
        Ok(())
    }

    /// The events told the page all that there is to see.
    fn check_told(
        &mut self,
        items: &[Listed<'_>],
        around: Surroundings<'_>,
    ) -> Result<(), Violation> {
        for (item, state) in items {
            let seen = self.seen.entry(item.id).or_default();
            let told = seen.told.replace(state.clone());
            let Some(told) = told else {
                continue;
            };
            let is_past = |wait: &ItemState| {
                matches!(wait, ItemState::Waiting(WaitReason::ServerAway { until: Some(until) })
                    if *until <= around.caller_now)
            };
            if told != *state && !(is_past(&told) || is_past(state)) {
                let id = item.id;
                return untrue(format!(
                    "{id}: the page was told {told:?}, and it is {state:?}"
                ));
            }
        }
        Ok(())
    }

    /// What is there no more went for a reason, and is told when the store knows.
    fn check_gone(&mut self, engine: &Watched, around: Surroundings<'_>) -> Result<(), Violation> {
        let gone: Vec<ItemId> = self
            .seen
            .keys()
            .filter(|id| engine.item(**id).is_none())
            .copied()
            .collect();
        for id in gone {
            let Some(seen) = self.seen.remove(&id) else {
                continue;
            };
            if self.step.saved.contains(&id)
                || self.step.released.contains(&id)
                || self.step.is_signing_out
            {
                continue;
            }
            let was_thrown_away = matches!(seen.fate, Some(Fate::Discarded { .. }));
            if !was_thrown_away && self.step.replaced != Some(id) {
                return Err(Violation::Lost(id));
            }
            self.leaving.insert(id);
        }
        if self.is_settled(around) && self.emptying.is_none() {
            let untold = self
                .leaving
                .iter()
                .find(|id| around.disk.get(**id).is_none());
            if let Some(id) = untold {
                return untrue(format!("{id} is gone for good, and nobody was told"));
            }
        }
        Ok(())
    }

    fn check_metrics(
        &self,
        engine: &Watched,
        items: &[Listed<'_>],
        around: Surroundings<'_>,
    ) -> Result<(), Violation> {
        let shown = engine.metrics();
        let pending: Vec<&Listed<'_>> = items.iter().filter(|(item, _)| is_pending(item)).collect();
        let in_state =
            |wanted: ItemState| pending.iter().filter(|(_, state)| *state == wanted).count();
        let storing = in_state(ItemState::Storing);
        let sending = self.under_way.as_ref().map_or(0, |sent| sent.items.len());
        let wait = engine.wait();
        let safe = pending
            .len()
            .saturating_sub(storing)
            .saturating_sub(sending);
        let numbers = [
            ("queued", shown.queued_messages, pending.len()),
            ("storing", shown.storing_messages, storing),
            ("sending", shown.sending_messages, sending),
            ("waiting", shown.waiting_messages, wait.map_or(0, |_| safe)),
            ("failed", shown.failed_messages, engine.tray().len()),
        ];
        for (what, count, should) in numbers {
            if count != should {
                return untrue(format!(
                    "{count} messages are shown {what}, and {should} are"
                ));
            }
        }
        let counts = [
            ("successes", shown.successful_syncs, self.successful_syncs),
            ("failures", shown.failed_syncs, self.failed_syncs),
            ("retries", shown.retry_attempts, self.retry_attempts),
        ];
        for (what, count, should) in counts {
            if count != should {
                return untrue(format!(
                    "{count} {what} were counted, and there were {should}"
                ));
            }
        }
        let next_try = match wait {
            Some(WaitReason::Retry { at }) => Some(at),
            Some(WaitReason::BackPressure { until }) => Some(until),
            Some(WaitReason::ServerAway { until }) => until,
            _ => None,
        };
        let is_away = matches!(wait, Some(WaitReason::ServerAway { .. }));
        let is_consistent = shown.next_try_at == next_try
            && shown.is_leading == self.is_leading
            && shown.is_storage_refusing == self.is_refusing
            && shown.is_paused_for_sign_in == (wait == Some(WaitReason::SignIn))
            && (!is_away || shown.breaker != BreakerState::Closed);
        if !is_consistent {
            return untrue(format!("{shown:?} with {wait:?}"));
        }
        let heads = first_of_each_lane(&pending);
        let is_oldest = match shown.oldest_enqueued_at {
            None => heads.is_empty(),
            Some(at) => heads.iter().any(|item| item.enqueued_at == at),
        };
        let age = shown
            .oldest_enqueued_at
            .map(|at| around.caller_now.saturating_sub(at));
        if !is_oldest || shown.oldest_age_ms != age {
            return untrue(format!("the oldest is of {:?}", shown.oldest_enqueued_at));
        }
        let has_work = !pending.is_empty() || around.is_writing || self.is_refusing;
        if engine.is_idle() == has_work {
            return untrue(format!("it is idle: {}", engine.is_idle()));
        }
        Ok(())
    }
}

/// Why an item that is safe is not being sent.
fn wait_of(engine: &Watched, item: &StoredItem<MessagePayload>) -> Option<WaitReason> {
    engine.wait().or_else(|| {
        let parent = item.parent.filter(|parent| *parent != item.id)?;
        let parent = engine.item(parent)?;
        let is_shown_elsewhere = matches!(
            engine.state(parent.id),
            Some(ItemState::Failed(_) | ItemState::Discarded)
        );
        let holds_up = !is_shown_elsewhere && parent.lane != item.lane;
        holds_up.then_some(WaitReason::Behind { item: parent.id })
    })
}

fn first_of_each_lane<'item>(pending: &[&Listed<'item>]) -> Vec<&'item StoredItem<MessagePayload>> {
    let mut items: Vec<_> = pending.iter().map(|(item, _)| *item).collect();
    items.sort_unstable_by(|one, other| {
        one.lane
            .cmp(&other.lane)
            .then(place(one).cmp(&place(other)))
    });
    items.dedup_by(|next, first| next.lane == first.lane);
    items
}
