//! Facts, overlaid with what earlier items of the same batch decided.

use manent_types::{ConversationId, MessageId};

use super::{ConversationState, LaneState, Newest, Planner};
use crate::append::change::ChangeFacts;
use crate::append::facts::{AppendFacts, MessageFacts, RefusalFacts};
use crate::append::submission::LanePosition;

impl<F: AppendFacts> Planner<'_, F> {
    pub(super) fn lane(
        &mut self,
        position: &LanePosition,
        conversation: ConversationId,
    ) -> Result<usize, F::Error> {
        let known = self
            .lanes
            .iter()
            .position(|lane| lane.conversation == conversation && lane.device == position.device);
        if let Some(index) = known {
            return Ok(index);
        }
        let applied = self.facts.lane(&position.device, conversation)?;
        self.lanes.push(LaneState {
            device: position.device.clone(),
            conversation,
            applied,
            moved: false,
            has_gap: false,
        });
        Ok(self.lanes.len() - 1)
    }

    pub(super) fn refusal_at(
        &mut self,
        conversation: ConversationId,
        position: &LanePosition,
    ) -> Result<Option<RefusalFacts>, F::Error> {
        let fresh = self
            .refusals
            .iter()
            .find(|refusal| refusal.conversation == conversation && refusal.position == *position);
        match fresh {
            Some(refusal) => Ok(Some(refusal.facts)),
            None => self
                .facts
                .refusal_at(&position.device, conversation, position.device_seq),
        }
    }

    pub(super) fn conversation(
        &mut self,
        id: ConversationId,
    ) -> Result<Option<&mut ConversationState>, F::Error> {
        if !self.conversations.contains_key(&id) {
            let state = self.facts.conversation(id)?.map(|facts| ConversationState {
                facts,
                newest: Newest::NotAsked,
                cut_title: None,
                trash: None,
                has_messages: false,
                touched: false,
            });
            self.conversations.insert(id, state);
            self.conversation_order.push(id);
        }
        Ok(self.conversations.get_mut(&id).and_then(Option::as_mut))
    }

    pub(super) fn newest(&mut self, id: ConversationId) -> Result<Option<MessageId>, F::Error> {
        if let Some(Some(state)) = self.conversations.get(&id)
            && let Newest::Known(newest) = state.newest
        {
            return Ok(newest);
        }
        let newest = self.facts.newest_message(id)?;
        if let Some(Some(state)) = self.conversations.get_mut(&id) {
            state.newest = Newest::Known(newest);
        }
        Ok(newest)
    }

    pub(super) fn message(&mut self, id: MessageId) -> Result<Option<MessageFacts>, F::Error> {
        match self.stored.get(&id) {
            Some(facts) => Ok(Some(*facts)),
            None => self.facts.message(id),
        }
    }

    pub(super) fn change(&mut self, id: MessageId) -> Result<Option<ChangeFacts>, F::Error> {
        match self.applied.get(&id) {
            Some(facts) => Ok(Some(*facts)),
            None => self.facts.change(id),
        }
    }
}
