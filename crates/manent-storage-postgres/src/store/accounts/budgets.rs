//! The port of budgets. Whoever decides over a period of an owner holds the lock on its standing.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use manent_accounts::limits::{
    Amounts, BudgetPeriod, BudgetStanding, Reservation, ReservationDecision, ReservationRequest,
    decide_reservation, settle,
};
use manent_accounts::ports::{BudgetRepository, Settlement};
use manent_domain::ports::StoreError;
use manent_types::{RunId, Timestamp, UserId};
use tokio_postgres::Row;

use super::rows::{execute, limit, many, one, size};
use crate::error::{Error, to_integer};
use crate::rows::{count, run_id, timestamp, timestamp_option, user_id};
use crate::store::PostgresStore;

fn amounts(row: &Row, at: usize, column: &'static str) -> Result<Amounts, Error> {
    Ok(Amounts {
        runs: count(row, at, column)?,
        tokens: count(row, at + 1, column)?,
        cost: count(row, at + 2, column)?,
    })
}

/// Runs, tokens and cost as columns have them.
fn columns(amounts: &Amounts) -> Result<[i64; 3], Error> {
    let column = |amount| to_integer(amount, "an amount of a budget");
    Ok([
        column(amounts.runs)?,
        column(amounts.tokens)?,
        column(amounts.cost)?,
    ])
}

pub(super) fn period(row: &Row, at: usize) -> Result<BudgetPeriod, Error> {
    Ok(BudgetPeriod {
        starts_at: timestamp(row, at, "a budget's starts_at")?,
        ends_at: timestamp(row, at + 1, "a budget's ends_at")?,
    })
}

/// The columns that [`reservation`] reads, in its order.
pub(super) const RESERVATION_COLUMNS: &str =
    "run_id, starts_at, ends_at, runs, tokens, cost, created_at, settled_at";

pub(super) fn reservation(row: &Row) -> Result<Reservation, Error> {
    Ok(Reservation {
        id: run_id(row, 0, "budget_reservations.run_id")?,
        period: period(row, 1)?,
        amounts: amounts(row, 3, "budget_reservations.tokens")?,
        created_at: timestamp(row, 6, "budget_reservations.created_at")?,
        settled_at: timestamp_option(row, 7, "budget_reservations.settled_at")?,
    })
}

/// The columns that [`read_standing`] reads, in its order.
pub(super) const STANDING_COLUMNS: &str =
    "used_runs, used_tokens, used_cost, reserved_runs, reserved_tokens, reserved_cost";

pub(super) fn read_standing(row: &Row) -> Result<BudgetStanding, Error> {
    Ok(BudgetStanding {
        used: amounts(row, 0, "budget_standings.used_tokens")?,
        reserved: amounts(row, 3, "budget_standings.reserved_tokens")?,
    })
}

async fn find(
    client: &ClientWrapper,
    owner: UserId,
    id: RunId,
) -> Result<Option<Reservation>, Error> {
    let sql = format!(
        "SELECT {RESERVATION_COLUMNS} FROM budget_reservations WHERE owner_id = $1 AND run_id = $2"
    );
    let row = one(client, &sql, &[&owner.as_uuid(), &id.as_uuid()]).await?;
    row.as_ref().map(reservation).transpose()
}

/// The standing of a period; with `FOR UPDATE` behind it its row stays locked.
async fn standing(
    client: &ClientWrapper,
    owner: UserId,
    period: BudgetPeriod,
    lock: &str,
) -> Result<BudgetStanding, Error> {
    let sql = format!(
        "SELECT {STANDING_COLUMNS} FROM budget_standings \
         WHERE owner_id = $1 AND starts_at = $2 AND ends_at = $3 {lock}"
    );
    let (starts_at, ends_at) = (
        period.starts_at.as_millisecond(),
        period.ends_at.as_millisecond(),
    );
    let row = one(client, &sql, &[&owner.as_uuid(), &starts_at, &ends_at]).await?;
    row.as_ref()
        .map_or(Ok(BudgetStanding::default()), read_standing)
}

pub(super) async fn lock_standing(
    client: &ClientWrapper,
    owner: UserId,
    period: BudgetPeriod,
) -> Result<BudgetStanding, Error> {
    // The row is there first, so that there is something to lock.
    let sql = "INSERT INTO budget_standings (owner_id, starts_at, ends_at, used_runs, used_tokens, used_cost, reserved_runs, \
         reserved_tokens, reserved_cost) VALUES ($1, $2, $3, 0, 0, 0, 0, 0, 0) ON CONFLICT (owner_id, starts_at, ends_at) DO NOTHING";
    let (starts_at, ends_at) = (
        period.starts_at.as_millisecond(),
        period.ends_at.as_millisecond(),
    );
    execute(client, sql, &[&owner.as_uuid(), &starts_at, &ends_at]).await?;
    standing(client, owner, period, "FOR UPDATE").await
}

pub(super) async fn write_standing(
    client: &ClientWrapper,
    owner: UserId,
    period: BudgetPeriod,
    standing: &BudgetStanding,
) -> Result<(), Error> {
    let used = columns(&standing.used)?;
    let reserved = columns(&standing.reserved)?;
    execute(
        client,
        "UPDATE budget_standings SET used_runs = $4, used_tokens = $5, used_cost = $6, reserved_runs = $7, reserved_tokens = $8, \
         reserved_cost = $9 WHERE owner_id = $1 AND starts_at = $2 AND ends_at = $3",
        &[
            &owner.as_uuid(),
            &period.starts_at.as_millisecond(),
            &period.ends_at.as_millisecond(),
            &used[0],
            &used[1],
            &used[2],
            &reserved[0],
            &reserved[1],
            &reserved[2],
        ],
    )
    .await?;
    Ok(())
}

/// Tells whether it is new: not when a request with the same id was granted for another period meanwhile.
pub(super) async fn insert(
    client: &ClientWrapper,
    owner: UserId,
    reservation: &Reservation,
) -> Result<bool, Error> {
    let [runs, tokens, cost] = columns(&reservation.amounts)?;
    let inserted = execute(
        client,
        "INSERT INTO budget_reservations (owner_id, run_id, starts_at, ends_at, runs, tokens, cost, created_at, settled_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (owner_id, run_id) DO NOTHING",
        &[
            &owner.as_uuid(),
            &reservation.id.as_uuid(),
            &reservation.period.starts_at.as_millisecond(),
            &reservation.period.ends_at.as_millisecond(),
            &runs,
            &tokens,
            &cost,
            &reservation.created_at.as_millisecond(),
            &reservation.settled_at.map(Timestamp::as_millisecond),
        ],
    )
    .await?;
    Ok(inserted > 0)
}

async fn reserve(
    client: &ClientWrapper,
    owner: UserId,
    request: &ReservationRequest,
    now: Timestamp,
) -> Result<ReservationDecision, Error> {
    let before = lock_standing(client, owner, request.period).await?;
    let existing = find(client, owner, request.id).await?;
    let decision = decide_reservation(existing.as_ref(), &before, request, now);
    if let ReservationDecision::Reserve {
        reservation,
        standing,
    } = &decision
    {
        if !insert(client, owner, reservation).await? {
            return Ok(ReservationDecision::Held);
        }
        write_standing(client, owner, request.period, standing).await?;
    }
    Ok(decision)
}

/// Settles a reservation with what was used; absent: with what it held.
async fn settle_one(
    client: &ClientWrapper,
    owner: UserId,
    id: RunId,
    used: Option<Amounts>,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(known) = find(client, owner, id).await? else {
        return Ok(false);
    };
    let before = lock_standing(client, owner, known.period).await?;
    // Once more, behind the lock.
    let Some(reservation) = find(client, owner, id).await? else {
        return Ok(false);
    };
    let used = used.unwrap_or(reservation.amounts);
    let Some((settled, after)) = settle(&reservation, &before, used, now) else {
        return Ok(false);
    };
    let [runs, tokens, cost] = columns(&settled.amounts)?;
    execute(
        client,
        "UPDATE budget_reservations SET runs = $3, tokens = $4, cost = $5, settled_at = $6 WHERE owner_id = $1 AND run_id = $2",
        &[
            &owner.as_uuid(),
            &id.as_uuid(),
            &runs,
            &tokens,
            &cost,
            &settled.settled_at.map(Timestamp::as_millisecond),
        ],
    )
    .await?;
    write_standing(client, owner, settled.period, &after).await?;
    Ok(true)
}

async fn settle_abandoned(
    client: &ClientWrapper,
    made_before: Timestamp,
    most: usize,
    now: Timestamp,
) -> Result<usize, Error> {
    // The oldest, then in an order of the locks that all units have.
    let sql = "SELECT owner_id, run_id FROM (SELECT owner_id, run_id, starts_at, ends_at FROM budget_reservations \
         WHERE settled_at IS NULL AND created_at < $1 ORDER BY created_at LIMIT $2) AS oldest \
         ORDER BY owner_id, starts_at, ends_at, run_id";
    let rows = many(client, sql, &[&made_before.as_millisecond(), &limit(most)?]).await?;
    let mut settled = 0;
    for row in rows {
        let owner = user_id(&row, 0, "budget_reservations.owner_id")?;
        let id = run_id(&row, 1, "budget_reservations.run_id")?;
        settled += usize::from(settle_one(client, owner, id, None, now).await?);
    }
    Ok(settled)
}

async fn clear(
    client: &ClientWrapper,
    ended_before: Timestamp,
    most: usize,
) -> Result<usize, Error> {
    let before = ended_before.as_millisecond();
    let sql = "DELETE FROM budget_reservations WHERE (owner_id, run_id) IN (SELECT owner_id, run_id FROM budget_reservations \
         WHERE settled_at IS NOT NULL AND ends_at < $1 ORDER BY ends_at LIMIT $2 FOR UPDATE SKIP LOCKED)";
    let reservations = size(execute(client, sql, &[&before, &limit(most)?]).await?);
    // Nobody reserves for a period that is over; a standing that somebody settles at this moment is passed over.
    let sql = "DELETE FROM budget_standings WHERE (owner_id, starts_at, ends_at) IN (SELECT standing.owner_id, standing.starts_at, \
         standing.ends_at FROM budget_standings AS standing WHERE standing.ends_at < $1 AND NOT EXISTS (SELECT 1 \
         FROM budget_reservations AS held WHERE held.owner_id = standing.owner_id AND held.starts_at = standing.starts_at \
         AND held.ends_at = standing.ends_at) ORDER BY standing.ends_at LIMIT $2 FOR UPDATE OF standing SKIP LOCKED)";
    let rest = limit(most.saturating_sub(reservations))?;
    let standings = size(execute(client, sql, &[&before, &rest]).await?);
    Ok(reservations + standings)
}

#[async_trait]
impl BudgetRepository for PostgresStore {
    async fn reserve(
        &self,
        owner: UserId,
        request: ReservationRequest,
        now: Timestamp,
    ) -> Result<ReservationDecision, StoreError> {
        self.unit(|client| Box::pin(async move { reserve(client, owner, &request, now).await }))
            .await
    }

    async fn settle(
        &self,
        owner: UserId,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let used = Some(settlement.used);
        self.unit(|client| Box::pin(settle_one(client, owner, settlement.id, used, now)))
            .await
    }

    async fn standing(
        &self,
        owner: UserId,
        period: BudgetPeriod,
    ) -> Result<BudgetStanding, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| Box::pin(standing(client, owner, period, "")))
            .await
    }

    async fn settle_abandoned(
        &self,
        made_before: Timestamp,
        limit: usize,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.unit(|client| Box::pin(settle_abandoned(client, made_before, limit, now)))
            .await
    }

    async fn clear(&self, ended_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.unit(|client| Box::pin(clear(client, ended_before, limit)))
            .await
    }
}
