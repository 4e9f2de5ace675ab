//! What whoever shows the outbox wants to know.

use manent_engine::{CommandError, Event, ItemId};
use serde::Serialize;

use super::{WireMetrics, WireState};

/// An event; see [`Event`].
#[derive(Debug, PartialEq, Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum WireEvent {
    Item {
        id: ItemId,
        state: WireState,
    },
    Refused {
        id: ItemId,
        /// Which error, in stable words.
        error: &'static str,
    },
    /// Absent: nothing holds the queue up.
    Pace {
        wait: Option<WireState>,
    },
    Removed {
        id: ItemId,
    },
    Metrics {
        metrics: WireMetrics,
    },
    LaneMoved {
        conversation_id: uuid::Uuid,
        from: u64,
        to: u64,
    },
    StorageRefused {
        attempts: u32,
    },
    StorageRecovered,
    SignOutNeedsConfirmation {
        queued: usize,
        failed: usize,
    },
    SignedOut,
    InvariantHeld {
        invariant: &'static str,
    },
}

fn name_of(error: CommandError) -> &'static str {
    match error {
        CommandError::IdInUse => "id_in_use",
        CommandError::Unknown => "unknown",
        CommandError::MaybeSent => "maybe_sent",
        CommandError::NotInTray => "not_in_tray",
        CommandError::NeedsNewId => "needs_new_id",
        CommandError::ParentFailed => "parent_failed",
        CommandError::TooLarge { .. } => "too_large",
        CommandError::Full => "full",
        CommandError::SignedOut => "signed_out",
    }
}

impl From<Event> for WireEvent {
    fn from(event: Event) -> Self {
        match event {
            Event::Item { id, state } => Self::Item {
                id,
                state: state.into(),
            },
            Event::Refused { id, error } => Self::Refused {
                id,
                error: name_of(error),
            },
            Event::Pace { wait } => Self::Pace {
                wait: wait.map(WireState::from),
            },
            Event::Removed { id } => Self::Removed { id },
            Event::Metrics(metrics) => Self::Metrics {
                metrics: metrics.into(),
            },
            Event::LaneMoved { lane, from, to } => Self::LaneMoved {
                conversation_id: lane.stream,
                from,
                to,
            },
            Event::StorageRefused { attempts } => Self::StorageRefused { attempts },
            Event::StorageRecovered => Self::StorageRecovered,
            Event::SignOutNeedsConfirmation { queued, failed } => {
                Self::SignOutNeedsConfirmation { queued, failed }
            }
            Event::SignedOut => Self::SignedOut,
            Event::InvariantHeld(invariant) => Self::InvariantHeld { invariant },
        }
    }
}
