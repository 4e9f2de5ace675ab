//! `GET /feed`.

use serde::{Deserialize, Serialize};

/// `event: ready`: everything that was there has been told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadyEvent {
    /// For `?after=`.
    pub cursor: String,
}
