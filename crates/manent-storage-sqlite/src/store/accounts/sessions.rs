//! The port of sessions.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use manent_accounts::account::Account;
use manent_accounts::audit::{AuditDraft, AuditKind};
use manent_accounts::ports::{Refreshed, SessionRepository};
use manent_accounts::session::{Session, SessionEnd, decide_refresh};
use manent_domain::ports::StoreError;
use manent_types::{SessionId, Timestamp, UserId};
use rusqlite::{Connection, Row, params};

use super::audit::tell;
use super::repository;
use super::rows::{ACCOUNT_COLUMNS, account, execute, limit, many, one};
use crate::error::{Error, to_count, to_integer};
use crate::rows::{parsed, parsed_option, timestamp, timestamp_option};
use crate::store::SqliteStore;

const COLUMNS: &str = "sessions.id, sessions.account_id, sessions.generation, sessions.presentations, sessions.created_at, \
     sessions.expires_at, sessions.last_used_at, sessions.ended_at, sessions.ended_as, sessions.label";

/// How many columns there are.
const WIDTH: usize = 10;

fn session(row: &Row<'_>) -> Result<Session, Error> {
    let ended_at = timestamp_option(row, 7, "sessions.ended_at")?;
    let reason = parsed_option(row, 8, "sessions.ended_as")?;
    Ok(Session {
        id: parsed(row, 0, "sessions.id")?,
        account: parsed(row, 1, "sessions.account_id")?,
        generation: to_count(row.get(2)?, "sessions.generation")?,
        presentations: parsed(row, 3, "sessions.presentations")?,
        created_at: timestamp(row, 4, "sessions.created_at")?,
        expires_at: timestamp(row, 5, "sessions.expires_at")?,
        last_used_at: timestamp(row, 6, "sessions.last_used_at")?,
        ended: ended_at.zip(reason),
        label: row.get(9)?,
    })
}

fn find(connection: &Connection, id: SessionId) -> Result<Option<(Session, Account)>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}, {ACCOUNT_COLUMNS} FROM sessions JOIN accounts ON accounts.id = sessions.account_id WHERE sessions.id = ?1"
    );
    one(connection, &sql, [id.to_string()], |row| {
        Ok((session(row)?, account(row, WIDTH)?))
    })
}

fn insert(connection: &Connection, session: &Session) -> Result<(), Error> {
    let (ended_at, reason) = session.ended.unzip();
    execute(
        connection,
        "INSERT INTO sessions (id, account_id, generation, presentations, created_at, expires_at, last_used_at, ended_at, ended_as, label) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            session.id.to_string(),
            session.account.to_string(),
            to_integer(session.generation, "a session's generation")?,
            session.presentations.to_string(),
            session.created_at.as_millisecond(),
            session.expires_at.as_millisecond(),
            session.last_used_at.as_millisecond(),
            ended_at.map(Timestamp::as_millisecond),
            reason.map(SessionEnd::as_str),
            session.label,
        ],
    )?;
    Ok(())
}

fn update(connection: &Connection, session: &Session) -> Result<(), Error> {
    let (ended_at, reason) = session.ended.unzip();
    execute(
        connection,
        "UPDATE sessions SET generation = ?2, presentations = ?3, last_used_at = ?4, ended_at = ?5, ended_as = ?6 WHERE id = ?1",
        params![
            session.id.to_string(),
            to_integer(session.generation, "a session's generation")?,
            session.presentations.to_string(),
            session.last_used_at.as_millisecond(),
            ended_at.map(Timestamp::as_millisecond),
            reason.map(SessionEnd::as_str),
        ],
    )?;
    Ok(())
}

/// Ends the live sessions of an account, all but one; answers how many.
pub(super) fn end_all(
    connection: &Connection,
    owner: UserId,
    except: Option<SessionId>,
    end: SessionEnd,
    now: Timestamp,
) -> Result<u64, Error> {
    let ended = execute(
        connection,
        "UPDATE sessions SET ended_at = ?2, ended_as = ?3 \
         WHERE account_id = ?1 AND ended_at IS NULL AND expires_at > ?2 AND id IS NOT ?4",
        params![
            owner.to_string(),
            now.as_millisecond(),
            end.as_str(),
            except.map(|id| id.to_string()),
        ],
    )?;
    Ok(ended as u64)
}

fn refresh(
    connection: &Connection,
    id: SessionId,
    generation: u64,
    grace: Duration,
    now: Timestamp,
    address: Option<IpAddr>,
) -> Result<Option<Refreshed>, Error> {
    let Some((mut session, account)) = find(connection, id)? else {
        return Ok(None);
    };
    let plan = decide_refresh(&session, account.status, generation, now, grace);
    if let Some(after) = plan.write {
        update(connection, &after)?;
        session = after;
    }
    if plan.is_theft {
        let draft = AuditDraft::new(AuditKind::RefreshTokenReused)
            .by(None, address)
            .on(session.account)
            .with("session", id)
            .with("generation", generation);
        tell(connection, draft, now)?;
    }
    Ok(Some(Refreshed {
        refresh: plan.refresh,
        session,
        account,
    }))
}

#[async_trait]
impl SessionRepository for SqliteStore {
    async fn begin(&self, session: Session, audit: AuditDraft) -> Result<bool, StoreError> {
        self.write(move |unit| {
            let account = repository::find(unit.connection, session.account)?;
            if !account.is_some_and(|account| account.is_active()) {
                return Ok(false);
            }
            insert(unit.connection, &session)?;
            tell(unit.connection, audit.clone(), session.created_at)?;
            Ok(true)
        })
        .await
    }

    async fn refresh(
        &self,
        id: SessionId,
        generation: u64,
        grace: Duration,
        now: Timestamp,
        address: Option<IpAddr>,
    ) -> Result<Option<Refreshed>, StoreError> {
        self.write(move |unit| refresh(unit.connection, id, generation, grace, now, address))
            .await
    }

    async fn find(
        &self,
        owner: UserId,
        id: SessionId,
    ) -> Result<Option<(Session, Account)>, StoreError> {
        self.read(move |connection| {
            let found = find(connection, id)?;
            Ok(found.filter(|(session, _)| session.account == owner))
        })
        .await
    }

    async fn list(&self, owner: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        self.read(move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM sessions WHERE account_id = ?1 AND ended_at IS NULL AND expires_at > ?2 \
                 ORDER BY created_at DESC, id DESC"
            );
            let values = params![owner.to_string(), now.as_millisecond()];
            many(connection, &sql, values, session)
        })
        .await
    }

    async fn end(
        &self,
        owner: UserId,
        id: SessionId,
        end: SessionEnd,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<bool, StoreError> {
        self.write(move |unit| {
            let ended = execute(
                unit.connection,
                "UPDATE sessions SET ended_at = ?3, ended_as = ?4 \
                 WHERE id = ?2 AND account_id = ?1 AND ended_at IS NULL AND expires_at > ?3",
                params![
                    owner.to_string(),
                    id.to_string(),
                    now.as_millisecond(),
                    end.as_str()
                ],
            )?;
            if ended > 0 {
                tell(unit.connection, audit.clone(), now)?;
            }
            Ok(ended > 0)
        })
        .await
    }

    async fn clear(&self, expired_before: Timestamp, most: usize) -> Result<usize, StoreError> {
        self.write(move |unit| {
            let sql = "DELETE FROM sessions WHERE id IN \
                 (SELECT id FROM sessions WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";
            let values = params![expired_before.as_millisecond(), limit(most)?];
            execute(unit.connection, sql, values)
        })
        .await
    }
}
