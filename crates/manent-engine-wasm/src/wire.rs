//! The forms that pass the boundary: `clients/typescript/src/engine/wire.ts` is their other half.

mod event;
mod history;
pub(crate) mod json;
mod output;
mod state;

use manent_engine::ItemId;
use uuid::Uuid;

pub(crate) use history::history_json;
pub(crate) use output::output_json;
pub(crate) use state::{WireState, breaker_name, item_json, metrics_json};

/// Why a call was refused; nothing changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// What came in is not of the form.
    #[error("the engine cannot read its input: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// It is JSON of another kind.
    #[error("the engine cannot read its input: not a JSON object")]
    NoObject,
    /// A number that is none.
    #[error("a number must be whole and not negative")]
    NoNumber,
    /// An id that is none.
    #[error("an id must be a UUID")]
    NoId,
    /// A device id that is none.
    #[error(transparent)]
    NoDevice(#[from] manent_types::InvalidDeviceId),
    /// A trace that is none.
    #[error(transparent)]
    NoTrace(#[from] manent_engine::InvalidTraceContext),
}

/// The largest whole number that a double holds exactly.
const MOST: f64 = 9_007_199_254_740_991.0;

/// A whole number from JavaScript's only kind.
pub(crate) fn whole(number: f64) -> Result<u64, WireError> {
    if !(0.0..=MOST).contains(&number) {
        return Err(WireError::NoNumber);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked; a fraction of a millisecond does not matter"
    )]
    Ok(number as u64)
}

pub(crate) fn uuid(text: &str) -> Result<Uuid, WireError> {
    Uuid::try_parse(text).map_err(|_| WireError::NoId)
}

pub(crate) fn item_id(text: &str) -> Result<ItemId, WireError> {
    uuid(text).map(ItemId)
}
