//! The port of budgets.

use async_trait::async_trait;
use manent_accounts::limits::{
    Amounts, BudgetPeriod, BudgetStanding, ReservationDecision, ReservationRequest,
    decide_reservation, settle,
};
use manent_accounts::ports::{BudgetRepository, Settlement};
use manent_domain::ports::StoreError;
use manent_types::{RunId, Timestamp, UserId};

use super::AccountState;
use crate::MemoryStore;

fn standing(state: &AccountState, owner: UserId, period: BudgetPeriod) -> BudgetStanding {
    let standing = state.standings.get(&(owner, period));
    standing.copied().unwrap_or_default()
}

/// Settles a reservation with what was used; absent: with what it held.
fn settle_one(
    state: &mut AccountState,
    owner: UserId,
    id: RunId,
    used: Option<Amounts>,
    now: Timestamp,
) -> bool {
    let Some(reservation) = state.reservations.get(&(owner, id)) else {
        return false;
    };
    let before = standing(state, owner, reservation.period);
    let used = used.unwrap_or(reservation.amounts);
    let Some((settled, after)) = settle(reservation, &before, used, now) else {
        return false;
    };
    state.standings.insert((owner, settled.period), after);
    state.reservations.insert((owner, id), settled);
    true
}

#[async_trait]
impl BudgetRepository for MemoryStore {
    async fn reserve(
        &self,
        owner: UserId,
        request: ReservationRequest,
        now: Timestamp,
    ) -> Result<ReservationDecision, StoreError> {
        let mut state = self.state();
        let state = &mut state.accounts;
        let existing = state.reservations.get(&(owner, request.id));
        let before = standing(state, owner, request.period);
        let decision = decide_reservation(existing, &before, &request, now);
        if let ReservationDecision::Reserve {
            reservation,
            standing,
        } = &decision
        {
            state.reservations.insert((owner, request.id), *reservation);
            state.standings.insert((owner, request.period), *standing);
        }
        Ok(decision)
    }

    async fn settle(
        &self,
        owner: UserId,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let used = Some(settlement.used);
        Ok(settle_one(
            &mut state.accounts,
            owner,
            settlement.id,
            used,
            now,
        ))
    }

    async fn standing(
        &self,
        owner: UserId,
        period: BudgetPeriod,
    ) -> Result<BudgetStanding, StoreError> {
        Ok(standing(&self.state().accounts, owner, period))
    }

    async fn settle_abandoned(
        &self,
        made_before: Timestamp,
        limit: usize,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let mut state = self.state();
        let state = &mut state.accounts;
        let open = state.reservations.iter().filter(|(_, reservation)| {
            reservation.settled_at.is_none() && reservation.created_at < made_before
        });
        let open: Vec<_> = open.map(|(key, _)| *key).take(limit).collect();
        for (owner, id) in &open {
            settle_one(state, *owner, *id, None, now);
        }
        Ok(open.len())
    }

    async fn clear(&self, ended_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut state = self.state();
        let state = &mut state.accounts;
        let settled = state.reservations.extract_if(.., |_, reservation| {
            reservation.settled_at.is_some() && reservation.period.ends_at < ended_before
        });
        let settled = settled.take(limit).count();
        let reservations = &state.reservations;
        let empty = state.standings.extract_if(.., |(owner, period), _| {
            period.ends_at < ended_before
                && !reservations
                    .iter()
                    .any(|((whose, _), held)| whose == owner && held.period == *period)
        });
        Ok(settled + empty.take(limit - settled).count())
    }
}
