//! The order of records.

use manent_domain::transfer::TransferRecord;
use manent_types::{DeviceId, UserId};
use uuid::Uuid;

/// The owner, then the rest of the key as bytes that order as the key does.
pub(super) type Key = (UserId, Vec<u8>);

pub(super) fn key_of(record: &TransferRecord) -> Key {
    match record {
        TransferRecord::User { id, .. } => (*id, Vec::new()),
        TransferRecord::Conversation {
            owner,
            conversation,
        } => (*owner, of_id(conversation.id.as_uuid())),
        TransferRecord::Message { owner, message, .. } => {
            let mut rest = of_id(message.conversation.as_uuid());
            rest.extend(message.seq.to_be_bytes());
            (*owner, rest)
        }
        TransferRecord::Lane {
            owner,
            conversation,
            device,
            ..
        } => (*owner, of_place(conversation.as_uuid(), device, 0)),
        TransferRecord::Refusal {
            owner,
            conversation,
            position,
            ..
        } => {
            let rest = of_place(
                conversation.as_uuid(),
                &position.device,
                position.device_seq,
            );
            (*owner, rest)
        }
        TransferRecord::Change { owner, id, .. } => (*owner, of_id(id.as_uuid())),
        TransferRecord::Run { owner, run } => (*owner, of_id(run.id.as_uuid())),
        TransferRecord::RunEvents {
            owner, run, first, ..
        } => {
            let mut rest = of_id(run.as_uuid());
            rest.extend(first.to_be_bytes());
            (*owner, rest)
        }
        TransferRecord::Feed { owner, seq, .. } => (*owner, seq.to_be_bytes().to_vec()),
        TransferRecord::Document { owner, document } => {
            let mut rest = document.kind.clone().into_bytes();
            // No kind has it, so that a shorter one comes before a longer one that begins with it.
            rest.push(0);
            rest.extend(document.id.as_bytes());
            (*owner, rest)
        }
        // The owner, if there is one, stands in the key.
        TransferRecord::AccountRow { key, .. } => {
            (UserId::new(Uuid::nil()), key.clone().into_bytes())
        }
    }
}

fn of_id(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

fn of_place(conversation: Uuid, device: &DeviceId, device_seq: u64) -> Vec<u8> {
    let mut rest = of_id(conversation);
    rest.extend(device.as_str().as_bytes());
    // No device has it, so that a shorter name comes before a longer one that begins with it.
    rest.push(0);
    rest.extend(device_seq.to_be_bytes());
    rest
}
