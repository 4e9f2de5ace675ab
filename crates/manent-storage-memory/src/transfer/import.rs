//! From records to the state.

use std::collections::BTreeMap;

use manent_accounts::transfer::AccountRecord;
use manent_domain::append::ChangeFacts;
use manent_domain::ports::StoreError;
use manent_domain::run::{LoggedEvent, decode_events};
use manent_domain::transfer::TransferRecord;

use crate::state::{AppliedChange, FeedEntry, State, StoredMessage, StoredRun, StoredUser};

/// The rows of accounts in their order; before anything is written, as the logs.
pub(super) fn read_accounts(records: &[TransferRecord]) -> Result<Vec<AccountRecord>, StoreError> {
    let rows = records.iter().map(AccountRecord::read);
    let rows: Result<Vec<_>, _> = rows.collect();
    let rows = rows.map_err(|error| StoreError::Corrupt {
        detail: error.to_string(),
    })?;
    Ok(rows.into_iter().flatten().collect())
}

/// The events of each record, in order; before anything is written, so that a damaged record leaves nothing behind.
pub(super) fn read_logs(records: &[TransferRecord]) -> Result<Vec<Vec<LoggedEvent>>, StoreError> {
    records
        .iter()
        .map(|record| match record {
            TransferRecord::RunEvents { events, .. } => {
                decode_events(events).map_err(|error| StoreError::Corrupt {
                    detail: error.to_string(),
                })
            }
            _ => Ok(Vec::new()),
        })
        .collect()
}

pub(super) fn write(state: &mut State, records: Vec<TransferRecord>, logs: Vec<Vec<LoggedEvent>>) {
    for (record, log) in records.into_iter().zip(logs) {
        write_one(state, record, log);
    }
}

fn write_one(state: &mut State, record: TransferRecord, log: Vec<LoggedEvent>) {
    match record {
        TransferRecord::User {
            id,
            created_at,
            feed_seq,
        } => {
            let user = StoredUser {
                created_at,
                feed_seq,
            };
            state.users.insert(id, user);
        }
        TransferRecord::Conversation {
            owner,
            conversation,
        } => match state.conversation_mut(owner, conversation.id) {
            Some(known) => *known = conversation,
            None => state.conversations.push((owner, conversation)),
        },
        TransferRecord::Message {
            owner,
            message,
            fingerprint,
            lane,
        } => {
            let new = StoredMessage {
                owner,
                fingerprint,
                message,
                lane,
                run_position: 0,
            };
            match state.message_mut(owner, new.message.id) {
                Some(known) => *known = new,
                None => state.messages.push(new),
            }
        }
        TransferRecord::Lane {
            owner,
            conversation,
            device,
            device_seq,
        } => {
            state
                .lanes
                .insert((owner, conversation, device), device_seq);
        }
        TransferRecord::Refusal {
            owner,
            conversation,
            position,
            facts,
        } => {
            let lane = (owner, conversation, position.device);
            state.refusals.insert((lane, position.device_seq), facts);
        }
        TransferRecord::Change { .. } => write_change(state, record),
        TransferRecord::Run { owner, run } => match state.run_mut(owner, run.id) {
            Some(known) => known.run = run,
            None => state.runs.push(StoredRun {
                owner,
                run,
                log: BTreeMap::new(),
            }),
        },
        TransferRecord::RunEvents {
            owner, run, first, ..
        } => {
            if let Some(stored) = state.run_mut(owner, run) {
                stored.log.insert(first, log);
            }
        }
        TransferRecord::Feed {
            owner,
            seq,
            at,
            subject,
        } => {
            state.feed.insert((owner, seq), FeedEntry { at, subject });
        }
        TransferRecord::Document { owner, document } => {
            let key = (owner, document.kind.clone(), document.id.clone());
            state.documents.insert(key, document);
        }
        // Read by `read_accounts`.
        TransferRecord::AccountRow { .. } => {}
    }
}

fn write_change(state: &mut State, record: TransferRecord) {
    let TransferRecord::Change {
        owner,
        id,
        conversation,
        kind,
        message,
        before,
        fingerprint,
        seq,
        lane,
        applied_at,
    } = record
    else {
        return;
    };
    let new = AppliedChange {
        owner,
        id,
        kind,
        message,
        before,
        lane,
        applied_at,
        facts: ChangeFacts {
            conversation,
            fingerprint,
            seq,
        },
    };
    let known = state
        .changes
        .iter_mut()
        .find(|change| change.owner == owner && change.id == id);
    match known {
        Some(known) => *known = new,
        None => state.changes.push(new),
    }
}
