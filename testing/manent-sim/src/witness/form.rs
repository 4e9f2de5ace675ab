//! The form in which an item has to be after a command.

use manent_engine::append_api::MessagePayload;
use manent_engine::{Fate, HistoryStep, ItemId, WaitReason};

use super::command::Expectation;
use super::{Surroundings, Watched, Witness, disobeyed};
use crate::violation::Violation;

/// What is known of an item's next form.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) id: ItemId,
    pub(super) fate: Fate,
    content: Option<Content>,
    steps: Vec<HistoryStep>,
    pub(super) is_new: bool,
}

#[derive(Debug)]
struct Content {
    payload: MessagePayload,
    size_bytes: u64,
    parent: Option<ItemId>,
}

impl Form {
    pub(super) fn new(id: ItemId, fate: Fate, steps: &[HistoryStep]) -> Self {
        Self {
            id,
            fate,
            content: None,
            steps: steps.to_vec(),
            is_new: false,
        }
    }

    pub(super) fn holding(
        mut self,
        payload: &MessagePayload,
        size_bytes: u64,
        parent: Option<ItemId>,
    ) -> Self {
        self.content = Some(Content {
            payload: payload.clone(),
            size_bytes,
            parent,
        });
        self
    }
}

impl Witness {
    /// The command was followed, or refused for the right reason.
    pub(super) fn check_expectation(
        &mut self,
        engine: &Watched,
        around: Surroundings<'_>,
    ) -> Result<(), Violation> {
        let expectation = std::mem::take(&mut self.step.expectation);
        let refused = self.step.refused.take();
        match expectation {
            Expectation::Refused(id, error) => {
                if refused != Some((id, error)) {
                    return disobeyed(format!("{id}: {error:?} was due, it was {refused:?}"));
                }
            }
            _ if refused.is_some() => return disobeyed(format!("refused: {refused:?}")),
            Expectation::Free => {}
            Expectation::AsksForConfirmation(queued, failed) => {
                let asked = self.step.asked_confirmation;
                if asked != Some((queued, failed)) {
                    return disobeyed(format!(
                        "signing out loses {queued} and {failed}, and asked {asked:?}"
                    ));
                }
            }
            Expectation::Empty => {
                if !engine.items().is_empty() || self.step.asked_confirmation.is_some() {
                    return disobeyed("signed out, and has items".to_owned());
                }
            }
            Expectation::Changed { forms, fates } => {
                for form in forms {
                    self.check_form(engine, form, around)?;
                }
                for (id, fate) in fates {
                    let now = engine.item(id).map(|item| &item.fate);
                    let is_ended = self.step.ended.contains(&id);
                    if now.is_some_and(|now| *now != fate) && !is_ended {
                        return disobeyed(format!("{id} was {fate:?}, and is {now:?}"));
                    }
                }
            }
        }
        Ok(())
    }

    fn check_form(
        &mut self,
        engine: &Watched,
        form: Form,
        around: Surroundings<'_>,
    ) -> Result<(), Violation> {
        let id = form.id;
        let Some(item) = engine.item(id) else {
            return disobeyed(format!("{id} should be {:?}, and is gone", form.fate));
        };
        if item.fate != form.fate {
            return disobeyed(format!(
                "{id} should be {:?}, is {:?}",
                form.fate, item.fate
            ));
        }
        if let Some(content) = form.content
            && (item.payload != content.payload
                || item.size_bytes != content.size_bytes
                || item.parent != content.parent)
        {
            return disobeyed(format!("{id} holds something else"));
        }
        for step in form.steps {
            self.expect_entry(id, step);
        }
        if form.is_new {
            if item.enqueued_at != around.caller_now {
                return disobeyed(format!("{id} was enqueued at {}", item.enqueued_at));
            }
            let others = engine.items();
            let mut others = others.iter().map(|(other, _)| other);
            if others
                .any(|other| other.id != id && other.lane == item.lane && other.order >= item.order)
            {
                return disobeyed(format!("{id} is not behind the others of its lane"));
            }
        }
        if item.fate == Fate::Pending && !self.step.has_sent && !self.may_be_sent(id) {
            let should_be_held = match engine.wait() {
                _ if !self.is_leading => Some(true),
                Some(WaitReason::SignIn | WaitReason::BackPressure { .. }) => Some(true),
                None => Some(false),
                Some(_) => None,
            };
            let is_about_this = form.is_new;
            if is_about_this && should_be_held.is_some_and(|held| held != item.is_held) {
                return disobeyed(format!("{id} is kept back: {}", item.is_held));
            }
        }
        Ok(())
    }
}
