//! What whoever shows the outbox wants to know.

use manent_engine::{CommandError, Event};

use super::state::{WireState, metrics_json};

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

/// An event, as JSON; see [`Event`].
pub(crate) fn event_json(event: Event) -> String {
    match event {
        Event::Item { id, state } => {
            let state = WireState::from(state);
            format!(r#"{{"type":"item","id":"{id}","state":{state}}}"#)
        }
        Event::Refused { id, error } => {
            let error = name_of(error);
            format!(r#"{{"type":"refused","id":"{id}","error":"{error}"}}"#)
        }
        Event::Pace { wait: None } => r#"{"type":"pace","wait":null}"#.to_owned(),
        Event::Pace { wait: Some(wait) } => {
            let wait = WireState::from(wait);
            format!(r#"{{"type":"pace","wait":{wait}}}"#)
        }
        Event::Removed { id } => format!(r#"{{"type":"removed","id":"{id}"}}"#),
        Event::Metrics(metrics) => {
            let metrics = metrics_json(&metrics);
            format!(r#"{{"type":"metrics","metrics":{metrics}}}"#)
        }
        Event::LaneMoved { lane, from, to } => {
            let stream = lane.stream;
            format!(r#"{{"type":"laneMoved","conversationId":"{stream}","from":{from},"to":{to}}}"#)
        }
        Event::StorageRefused { attempts } => {
            format!(r#"{{"type":"storageRefused","attempts":{attempts}}}"#)
        }
        Event::StorageRecovered => r#"{"type":"storageRecovered"}"#.to_owned(),
        Event::SignOutNeedsConfirmation { queued, failed } => {
            format!(r#"{{"type":"signOutNeedsConfirmation","queued":{queued},"failed":{failed}}}"#)
        }
        Event::SignedOut => r#"{"type":"signedOut"}"#.to_owned(),
        Event::InvariantHeld(invariant) => {
            format!(r#"{{"type":"invariantHeld","invariant":"{invariant}"}}"#)
        }
    }
}
