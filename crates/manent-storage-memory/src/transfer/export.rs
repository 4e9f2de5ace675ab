//! From the state to records.

use manent_domain::append::LanePosition;
use manent_domain::ports::StoreError;
use manent_domain::run::encode_events;
use manent_domain::transfer::{RecordKind, TransferRecord};

use crate::state::{AppliedChange, State, StoredMessage, StoredRun};

/// All records of a kind, in no particular order.
pub(super) fn all(state: &State, kind: RecordKind) -> Result<Vec<TransferRecord>, StoreError> {
    Ok(match kind {
        RecordKind::User => users(state),
        RecordKind::Conversation => conversations(state),
        RecordKind::Message => state.messages.iter().map(message).collect(),
        RecordKind::Lane => lanes(state),
        RecordKind::Refusal => refusals(state),
        RecordKind::Change => state.changes.iter().map(change).collect(),
        RecordKind::Run => state.runs.iter().map(run).collect(),
        RecordKind::RunEvents => run_events(state)?,
        RecordKind::Feed => feed(state),
        RecordKind::Document => documents(state),
        _ => state.accounts.records(kind),
    })
}

fn users(state: &State) -> Vec<TransferRecord> {
    state
        .users
        .iter()
        .map(|(id, user)| TransferRecord::User {
            id: *id,
            created_at: user.created_at,
            feed_seq: user.feed_seq,
        })
        .collect()
}

fn conversations(state: &State) -> Vec<TransferRecord> {
    state
        .conversations
        .iter()
        .map(|(owner, conversation)| TransferRecord::Conversation {
            owner: *owner,
            conversation: conversation.clone(),
        })
        .collect()
}

fn message(stored: &StoredMessage) -> TransferRecord {
    TransferRecord::Message {
        owner: stored.owner,
        message: stored.message.clone(),
        fingerprint: stored.fingerprint,
        lane: stored.lane.clone(),
    }
}

fn lanes(state: &State) -> Vec<TransferRecord> {
    state
        .lanes
        .iter()
        .map(
            |((owner, conversation, device), device_seq)| TransferRecord::Lane {
                owner: *owner,
                conversation: *conversation,
                device: device.clone(),
                device_seq: *device_seq,
            },
        )
        .collect()
}

fn refusals(state: &State) -> Vec<TransferRecord> {
    state
        .refusals
        .iter()
        .map(
            |(((owner, conversation, device), device_seq), facts)| TransferRecord::Refusal {
                owner: *owner,
                conversation: *conversation,
                position: LanePosition {
                    device: device.clone(),
                    device_seq: *device_seq,
                },
                facts: *facts,
            },
        )
        .collect()
}

fn change(applied: &AppliedChange) -> TransferRecord {
    TransferRecord::Change {
        owner: applied.owner,
        id: applied.id,
        conversation: applied.facts.conversation,
        kind: applied.kind.clone(),
        message: applied.message,
        before: applied.before.clone(),
        fingerprint: applied.facts.fingerprint,
        seq: applied.facts.seq,
        lane: applied.lane.clone(),
        applied_at: applied.applied_at,
    }
}

fn run(stored: &StoredRun) -> TransferRecord {
    TransferRecord::Run {
        owner: stored.owner,
        run: stored.run.clone(),
    }
}

fn run_events(state: &State) -> Result<Vec<TransferRecord>, StoreError> {
    let mut records = Vec::new();
    for stored in &state.runs {
        for (first, batch) in &stored.log {
            let events = encode_events(batch).map_err(|error| StoreError::Internal {
                detail: error.to_string(),
            })?;
            records.push(TransferRecord::RunEvents {
                owner: stored.owner,
                run: stored.run.id,
                first: *first,
                last: batch.last().map_or(*first, |last| last.position),
                events,
            });
        }
    }
    Ok(records)
}

fn feed(state: &State) -> Vec<TransferRecord> {
    state
        .feed
        .iter()
        .map(|((owner, seq), entry)| TransferRecord::Feed {
            owner: *owner,
            seq: *seq,
            at: entry.at,
            subject: entry.subject,
        })
        .collect()
}

fn documents(state: &State) -> Vec<TransferRecord> {
    state
        .documents
        .iter()
        .map(|((owner, ..), document)| TransferRecord::Document {
            owner: *owner,
            document: document.clone(),
        })
        .collect()
}
