//! The places of records in the order of their kinds.

use manent_domain::transfer::TransferRecord;
use manent_types::UserId;

/// The place of a record among its owner's. What a kind does not have is empty or 0, which lies before everything.
#[derive(Default)]
pub(super) struct Key {
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) device: String,
    pub(super) number: u64,
}

impl Key {
    pub(super) fn of(record: &TransferRecord) -> (UserId, Self) {
        match record {
            TransferRecord::User { id, .. } => (*id, Self::default()),
            TransferRecord::Conversation {
                owner,
                conversation,
            } => (*owner, Self::new(&conversation.id, "", 0)),
            TransferRecord::Message { owner, message, .. } => {
                (*owner, Self::new(&message.conversation, "", message.seq))
            }
            TransferRecord::Lane {
                owner,
                conversation,
                device,
                ..
            } => (*owner, Self::new(conversation, device.as_str(), 0)),
            TransferRecord::Refusal {
                owner,
                conversation,
                position,
                ..
            } => {
                let device = position.device.as_str();
                (*owner, Self::new(conversation, device, position.device_seq))
            }
            TransferRecord::Change { owner, id, .. } => (*owner, Self::new(id, "", 0)),
            TransferRecord::Run { owner, run } => (*owner, Self::new(&run.id, "", 0)),
            TransferRecord::RunEvents {
                owner, run, first, ..
            } => (*owner, Self::new(run, "", *first)),
            TransferRecord::Feed { owner, seq, .. } => (*owner, Self::new(&"", "", *seq)),
            TransferRecord::Document { owner, document } => {
                let place = Self {
                    kind: document.kind.clone(),
                    id: document.id.clone(),
                    ..Self::default()
                };
                (*owner, place)
            }
            // These are exported elsewhere.
            TransferRecord::AccountRow { .. } => (UserId::new(uuid::Uuid::nil()), Self::default()),
        }
    }

    fn new(id: &impl ToString, device: &str, number: u64) -> Self {
        Self {
            id: id.to_string(),
            device: device.to_owned(),
            number,
            ..Self::default()
        }
    }

    /// The number as a column has it; none lies beyond what it can hold.
    pub(super) fn integer(&self) -> i64 {
        i64::try_from(self.number).unwrap_or(i64::MAX)
    }
}
