//! Stores of budgets.

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::{RunId, Timestamp, UserId};

use crate::limits::{
    Amounts, BudgetPeriod, BudgetStanding, ReservationDecision, ReservationRequest,
};

/// What a run really used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// The run whose reservation is settled.
    pub id: RunId,
    /// What was used; may be more than was reserved.
    pub used: Amounts,
}

/// Budgets.
#[async_trait]
pub trait BudgetRepository: Send + Sync {
    /// Reserves, as [`crate::limits::decide_reservation`] decides over the owner's row of the period and the owner's reservation with the
    /// request's id. Units of one owner and period exclude each other.
    async fn reserve(
        &self,
        owner: UserId,
        request: ReservationRequest,
        now: Timestamp,
    ) -> Result<ReservationDecision, StoreError>;

    /// Settles a reservation, as [`crate::limits::settle`] decides, in the period that it was made for; tells whether it did: not when there is
    /// none with this id, or it was settled before.
    async fn settle(
        &self,
        owner: UserId,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// The owner's standing in a period.
    async fn standing(
        &self,
        owner: UserId,
        period: BudgetPeriod,
    ) -> Result<BudgetStanding, StoreError>;

    /// Settles at most `limit` reservations of anybody that were made before `made_before` and not settled (their process died), each with
    /// what it held; answers how many.
    async fn settle_abandoned(
        &self,
        made_before: Timestamp,
        limit: usize,
        now: Timestamp,
    ) -> Result<usize, StoreError>;

    /// Deletes at most `limit` rows (settled reservations, and standings without reservations) of periods that ended before `ended_before`;
    /// answers how many.
    async fn clear(&self, ended_before: Timestamp, limit: usize) -> Result<usize, StoreError>;
}
