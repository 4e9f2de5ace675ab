//! Budgets.

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};

use super::FakeStore;
use crate::limits::{
    BudgetPeriod, BudgetStanding, ReservationDecision, ReservationRequest, decide_reservation,
    settle,
};
use crate::ports::{BudgetRepository, Settlement};

#[async_trait]
impl BudgetRepository for FakeStore {
    async fn reserve(
        &self,
        owner: UserId,
        request: ReservationRequest,
        now: Timestamp,
    ) -> Result<ReservationDecision, StoreError> {
        let mut state = self.unit("reserve")?;
        let place = (owner, request.period);
        let standing = state.standings.get(&place).copied().unwrap_or_default();
        let existing = state.reservations.get(&(owner, request.id));
        let decision = decide_reservation(existing, &standing, &request, now);
        if let ReservationDecision::Reserve {
            reservation,
            standing,
        } = decision
        {
            state.reservations.insert((owner, request.id), reservation);
            state.standings.insert(place, standing);
        }
        Ok(decision)
    }

    async fn settle(
        &self,
        owner: UserId,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut state = self.unit("settle")?;
        let Some(reservation) = state.reservations.get(&(owner, settlement.id)).copied() else {
            return Ok(false);
        };
        let place = (owner, reservation.period);
        let standing = state.standings.get(&place).copied().unwrap_or_default();
        let Some((settled, standing)) = settle(&reservation, &standing, settlement.used, now)
        else {
            return Ok(false);
        };
        state.reservations.insert((owner, settlement.id), settled);
        state.standings.insert(place, standing);
        Ok(true)
    }

    async fn standing(
        &self,
        owner: UserId,
        period: BudgetPeriod,
    ) -> Result<BudgetStanding, StoreError> {
        let state = self.unit("standing")?;
        Ok(state
            .standings
            .get(&(owner, period))
            .copied()
            .unwrap_or_default())
    }

    async fn settle_abandoned(
        &self,
        made_before: Timestamp,
        limit: usize,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let open: Vec<_> = {
            let state = self.unit("settle_abandoned")?;
            let open = state.reservations.iter();
            let open =
                open.filter(|(_, row)| row.settled_at.is_none() && row.created_at < made_before);
            open.take(limit)
                .map(|((owner, id), row)| (*owner, *id, row.amounts))
                .collect()
        };
        for (owner, id, used) in &open {
            let settlement = Settlement {
                id: *id,
                used: *used,
            };
            self.settle(*owner, settlement, now).await?;
        }
        Ok(open.len())
    }

    async fn clear(&self, ended_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut state = self.unit("clear_budgets")?;
        let old = state
            .standings
            .keys()
            .filter(|(_, period)| period.ends_at < ended_before);
        let old: Vec<_> = old.take(limit).copied().collect();
        for place in &old {
            state.standings.remove(place);
        }
        Ok(old.len())
    }
}
