//! What somebody may spend.

use manent_types::Timestamp;
use serde::Serialize;

/// `GET /account/budget`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BudgetAnswer {
    /// Absent: nothing is limited, and nothing is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetResource>,
}

/// A budget in the period of now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BudgetResource {
    /// The first millisecond of the period.
    pub starts_at: Timestamp,
    /// The first millisecond of the next one, when everything may be spent anew.
    pub ends_at: Timestamp,
    /// Answers.
    pub generations: BudgetMeasure,
    /// Tokens, in and out.
    pub tokens: BudgetMeasure,
    /// Money, in millionths of a US dollar.
    pub cost: BudgetMeasure,
}

/// What is there of something, and what was spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BudgetMeasure {
    /// The most in a period. Absent: as much as one likes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// By answers that have ended.
    pub used: u64,
    /// What answers that are being made may come to.
    pub reserved: u64,
}
