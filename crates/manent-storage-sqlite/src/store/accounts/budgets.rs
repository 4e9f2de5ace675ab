//! The port of budgets.

use async_trait::async_trait;
use manent_accounts::limits::{
    Amounts, BudgetPeriod, BudgetStanding, Reservation, ReservationDecision, ReservationRequest,
    decide_reservation, settle,
};
use manent_accounts::ports::{BudgetRepository, Settlement};
use manent_domain::ports::StoreError;
use manent_types::{RunId, Timestamp, UserId};
use rusqlite::{Connection, Row, params};

use super::rows::{execute, limit, many, one};
use crate::error::{Error, to_count, to_integer};
use crate::rows::{parsed, timestamp, timestamp_option};
use crate::store::SqliteStore;

fn amounts(row: &Row<'_>, at: usize, column: &'static str) -> Result<Amounts, Error> {
    Ok(Amounts {
        runs: to_count(row.get(at)?, column)?,
        tokens: to_count(row.get(at + 1)?, column)?,
        cost: to_count(row.get(at + 2)?, column)?,
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

/// The columns that [`reservation`] reads, in its order.
pub(super) const RESERVATION_COLUMNS: &str =
    "run_id, starts_at, ends_at, runs, tokens, cost, created_at, settled_at";

pub(super) fn period(row: &Row<'_>, at: usize) -> Result<BudgetPeriod, Error> {
    Ok(BudgetPeriod {
        starts_at: timestamp(row, at, "a budget's starts_at")?,
        ends_at: timestamp(row, at + 1, "a budget's ends_at")?,
    })
}

pub(super) fn reservation(row: &Row<'_>) -> Result<Reservation, Error> {
    Ok(Reservation {
        id: parsed(row, 0, "budget_reservations.run_id")?,
        period: period(row, 1)?,
        amounts: amounts(row, 3, "budget_reservations.tokens")?,
        created_at: timestamp(row, 6, "budget_reservations.created_at")?,
        settled_at: timestamp_option(row, 7, "budget_reservations.settled_at")?,
    })
}

fn find(connection: &Connection, owner: UserId, id: RunId) -> Result<Option<Reservation>, Error> {
    let sql = format!(
        "SELECT {RESERVATION_COLUMNS} FROM budget_reservations WHERE owner_id = ?1 AND run_id = ?2"
    );
    let values = [owner.to_string(), id.to_string()];
    one(connection, &sql, values, reservation)
}

/// The columns that [`read_standing`] reads, in its order.
pub(super) const STANDING_COLUMNS: &str =
    "used_runs, used_tokens, used_cost, reserved_runs, reserved_tokens, reserved_cost";

pub(super) fn read_standing(row: &Row<'_>) -> Result<BudgetStanding, Error> {
    Ok(BudgetStanding {
        used: amounts(row, 0, "budget_standings.used_tokens")?,
        reserved: amounts(row, 3, "budget_standings.reserved_tokens")?,
    })
}

fn standing(
    connection: &Connection,
    owner: UserId,
    period: BudgetPeriod,
) -> Result<BudgetStanding, Error> {
    let sql = format!(
        "SELECT {STANDING_COLUMNS} FROM budget_standings WHERE owner_id = ?1 AND starts_at = ?2 AND ends_at = ?3"
    );
    let values = params![
        owner.to_string(),
        period.starts_at.as_millisecond(),
        period.ends_at.as_millisecond()
    ];
    let found = one(connection, &sql, values, read_standing)?;
    Ok(found.unwrap_or_default())
}

/// Writes a reservation and the standing of its period.
fn write(
    connection: &Connection,
    owner: UserId,
    reservation: &Reservation,
    standing: &BudgetStanding,
) -> Result<(), Error> {
    write_reservation(connection, owner, reservation)?;
    write_standing(connection, owner, reservation.period, standing)
}

pub(super) fn write_reservation(
    connection: &Connection,
    owner: UserId,
    reservation: &Reservation,
) -> Result<(), Error> {
    let period = reservation.period;
    let [runs, tokens, cost] = columns(&reservation.amounts)?;
    execute(
        connection,
        "INSERT OR REPLACE INTO budget_reservations (owner_id, run_id, starts_at, ends_at, runs, tokens, cost, created_at, settled_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            owner.to_string(),
            reservation.id.to_string(),
            period.starts_at.as_millisecond(),
            period.ends_at.as_millisecond(),
            runs,
            tokens,
            cost,
            reservation.created_at.as_millisecond(),
            reservation.settled_at.map(Timestamp::as_millisecond),
        ],
    )?;
    Ok(())
}

pub(super) fn write_standing(
    connection: &Connection,
    owner: UserId,
    period: BudgetPeriod,
    standing: &BudgetStanding,
) -> Result<(), Error> {
    let used = columns(&standing.used)?;
    let reserved = columns(&standing.reserved)?;
    execute(
        connection,
        "INSERT OR REPLACE INTO budget_standings (owner_id, starts_at, ends_at, used_runs, used_tokens, used_cost, reserved_runs, \
         reserved_tokens, reserved_cost) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            owner.to_string(),
            period.starts_at.as_millisecond(),
            period.ends_at.as_millisecond(),
            used[0],
            used[1],
            used[2],
            reserved[0],
            reserved[1],
            reserved[2],
        ],
    )?;
    Ok(())
}

fn reserve(
    connection: &Connection,
    owner: UserId,
    request: &ReservationRequest,
    now: Timestamp,
) -> Result<ReservationDecision, Error> {
    let existing = find(connection, owner, request.id)?;
    let before = standing(connection, owner, request.period)?;
    let decision = decide_reservation(existing.as_ref(), &before, request, now);
    if let ReservationDecision::Reserve {
        reservation,
        standing,
    } = &decision
    {
        write(connection, owner, reservation, standing)?;
    }
    Ok(decision)
}

/// Settles a reservation with what was used; absent: with what it held.
fn settle_one(
    connection: &Connection,
    owner: UserId,
    id: RunId,
    used: Option<Amounts>,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(reservation) = find(connection, owner, id)? else {
        return Ok(false);
    };
    let before = standing(connection, owner, reservation.period)?;
    let used = used.unwrap_or(reservation.amounts);
    let Some((settled, after)) = settle(&reservation, &before, used, now) else {
        return Ok(false);
    };
    write(connection, owner, &settled, &after)?;
    Ok(true)
}

fn settle_abandoned(
    connection: &Connection,
    made_before: Timestamp,
    most: usize,
    now: Timestamp,
) -> Result<usize, Error> {
    let sql = "SELECT owner_id, run_id FROM budget_reservations WHERE settled_at IS NULL AND created_at < ?1 \
         ORDER BY created_at LIMIT ?2";
    let values = params![made_before.as_millisecond(), limit(most)?];
    let open = many(connection, sql, values, |row| {
        Ok((
            parsed(row, 0, "budget_reservations.owner_id")?,
            parsed(row, 1, "budget_reservations.run_id")?,
        ))
    })?;
    for (owner, id) in &open {
        settle_one(connection, *owner, *id, None, now)?;
    }
    Ok(open.len())
}

fn clear(connection: &Connection, ended_before: Timestamp, most: usize) -> Result<usize, Error> {
    let ended_before = ended_before.as_millisecond();
    let reservations = execute(
        connection,
        "DELETE FROM budget_reservations WHERE (owner_id, run_id) IN \
         (SELECT owner_id, run_id FROM budget_reservations WHERE settled_at IS NOT NULL AND ends_at < ?1 LIMIT ?2)",
        params![ended_before, limit(most)?],
    )?;
    let standings = execute(
        connection,
        "DELETE FROM budget_standings WHERE (owner_id, starts_at, ends_at) IN \
         (SELECT standing.owner_id, standing.starts_at, standing.ends_at FROM budget_standings AS standing \
         WHERE standing.ends_at < ?1 AND NOT EXISTS (SELECT 1 FROM budget_reservations AS held WHERE held.owner_id = standing.owner_id \
         AND held.starts_at = standing.starts_at AND held.ends_at = standing.ends_at) LIMIT ?2)",
        params![ended_before, limit(most - reservations)?],
    )?;
    Ok(reservations + standings)
}

#[async_trait]
impl BudgetRepository for SqliteStore {
    async fn reserve(
        &self,
        owner: UserId,
        request: ReservationRequest,
        now: Timestamp,
    ) -> Result<ReservationDecision, StoreError> {
        self.write(move |unit| reserve(unit.connection, owner, &request, now))
            .await
    }

    async fn settle(
        &self,
        owner: UserId,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let used = Some(settlement.used);
        self.write(move |unit| settle_one(unit.connection, owner, settlement.id, used, now))
            .await
    }

    async fn standing(
        &self,
        owner: UserId,
        period: BudgetPeriod,
    ) -> Result<BudgetStanding, StoreError> {
        self.read(move |connection| standing(connection, owner, period))
            .await
    }

    async fn settle_abandoned(
        &self,
        made_before: Timestamp,
        limit: usize,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.write(move |unit| settle_abandoned(unit.connection, made_before, limit, now))
            .await
    }

    async fn clear(&self, ended_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.write(move |unit| clear(unit.connection, ended_before, limit))
            .await
    }
}
