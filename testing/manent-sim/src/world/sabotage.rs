//! What comes out of a sabotaged engine.

use manent_engine::append_api::MessagePayload;
use manent_engine::{
    Answer, Batch, BatchItem, Event, Failure, Fate, Input, ItemId, ItemState, Output, PersistId,
    RequestId, StoreOperation, StoredItem,
};

use super::{Address, World};
use crate::sabotage::Sabotage;

type Outputs = Vec<Output<MessagePayload>>;

impl World {
    /// Whether the engine shall not learn of this.
    pub(super) fn is_swallowed(&self, input: &Input<MessagePayload>) -> bool {
        self.sabotage == Some(Sabotage::IgnoresTheLoss) && matches!(input, Input::StorageLost)
    }

    /// What the sabotaged engine says to an input, before its own words.
    pub(super) fn sabotaged_input(&self, input: &Input<MessagePayload>) -> Outputs {
        let is_pressed = matches!(
            input,
            Input::Answered {
                answer: Answer::Failed(Failure::BackPressure {
                    retry_after_ms: Some(_)
                }),
                ..
            }
        );
        match (&self.last_batch, self.sabotage) {
            (Some(batch), Some(Sabotage::IgnoresPatience)) if is_pressed => {
                vec![Output::Send(self.false_request(), batch.clone())]
            }
            _ => Vec::new(),
        }
    }

    /// What the sabotaged engine makes of its own output.
    pub(super) fn sabotaged(
        &mut self,
        address: Address,
        output: Output<MessagePayload>,
    ) -> Outputs {
        let Some(sabotage) = self.sabotage else {
            return vec![output];
        };
        match output {
            Output::Persist(id, operations) => self.sabotaged_persist(sabotage, id, operations),
            Output::Send(request, batch) => self.sabotaged_send(sabotage, address, request, batch),
            Output::WakeAt(_) if sabotage == Sabotage::OversleepsForever => Vec::new(),
            other => vec![other],
        }
    }

    fn sabotaged_persist(
        &self,
        sabotage: Sabotage,
        id: PersistId,
        mut operations: Vec<StoreOperation<MessagePayload>>,
    ) -> Outputs {
        let pending = operations.iter().find_map(|operation| match operation {
            StoreOperation::PutItem(item) if item.fate == Fate::Pending => Some(item.clone()),
            _ => None,
        });
        let tired: Vec<ItemId> = self.tired.iter().copied().collect();
        match (sabotage, pending) {
            (Sabotage::SendsBeforePersisted, Some(item)) => {
                let send = Output::Send(self.false_request(), batch(&[&item]));
                vec![send, Output::Persist(id, operations)]
            }
            (Sabotage::SaysQueuedTooEarly, Some(item)) => {
                let event = Event::Item {
                    id: item.id,
                    state: ItemState::Queued,
                };
                vec![Output::Notify(event), Output::Persist(id, operations)]
            }
            (Sabotage::WritesTwoTransactions, Some(_)) => {
                let second = Output::Persist(PersistId(u64::MAX), Vec::new());
                vec![Output::Persist(id, operations), second]
            }
            (Sabotage::GivesUpAfterRetries, _) => {
                operations.extend(tired.into_iter().map(StoreOperation::DeleteItem));
                vec![Output::Persist(id, operations)]
            }
            (Sabotage::EmptiesTheTray, _) => {
                for operation in &mut operations {
                    if let StoreOperation::PutItem(item) = operation
                        && matches!(item.fate, Fate::Failed { .. })
                    {
                        *operation = StoreOperation::DeleteItem(item.id);
                    }
                }
                vec![Output::Persist(id, operations)]
            }
            _ => vec![Output::Persist(id, operations)],
        }
    }

    fn sabotaged_send(
        &mut self,
        sabotage: Sabotage,
        address: Address,
        request: RequestId,
        mut sent: Batch<MessagePayload>,
    ) -> Outputs {
        self.last_batch = Some(sent.clone());
        for item in sent.items.iter().filter(|item| item.attempt >= 3) {
            self.tired.insert(item.id);
        }
        let disk = &self.devices[address.device].disk;
        let waiting = || disk.items().filter(|item| item.fate == Fate::Pending);
        match sabotage {
            Sabotage::SwapsNumbers => {
                if let [first, second, ..] = sent.items.as_mut_slice()
                    && first.lane == second.lane
                    && second.parent != Some(first.id)
                {
                    std::mem::swap(&mut first.number, &mut second.number);
                    std::mem::swap(first, second);
                }
            }
            Sabotage::OvertakesTheParent => {
                let child = waiting().find(|item| {
                    item.parent.is_some_and(|parent| {
                        disk.has_pending(parent) && !self.ledger.is_on_server(parent)
                    })
                });
                if let Some(child) = child {
                    sent = batch(&[child]);
                }
            }
            Sabotage::ProbesWithTwo if sent.is_probe => {
                let is_sent = |id| sent.items.iter().any(|item| item.id == id);
                let second = waiting().find(|item| item.parent.is_none() && !is_sent(item.id));
                let more = second.map(|second| batch(&[second]).items);
                sent.items.extend(more.into_iter().flatten());
            }
            Sabotage::RenamesOnRetry => {
                for item in sent.items.iter_mut().filter(|item| item.attempt > 1) {
                    item.id = ItemId(self.chance.uuid());
                }
            }
            Sabotage::SaysSavedTooEarly => {
                let id = sent.items.first().map(|item| item.id);
                let saved = id.map(|id| {
                    let state = ItemState::Saved { position: None };
                    Output::Notify(Event::Item { id, state })
                });
                return [Output::Send(request, sent)]
                    .into_iter()
                    .chain(saved)
                    .collect();
            }
            Sabotage::SendsTwoRequests => {
                let second = Output::Send(self.false_request(), sent.clone());
                return vec![Output::Send(request, sent), second];
            }
            _ => {}
        }
        vec![Output::Send(request, sent)]
    }

    fn false_request(&self) -> RequestId {
        RequestId(u64::MAX - self.last_happening)
    }
}

fn batch(items: &[&StoredItem<MessagePayload>]) -> Batch<MessagePayload> {
    let item = |(place, item): (usize, &&StoredItem<MessagePayload>)| BatchItem {
        id: item.id,
        lane: item.lane.clone(),
        number: place as u64 + 1,
        parent: item.parent,
        payload: item.payload.clone(),
        trace: None,
        attempt: 1,
    };
    Batch {
        device: items[0].lane.device.clone(),
        items: items.iter().enumerate().map(item).collect(),
        is_probe: false,
    }
}
