//! The port of sessions.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use manent_accounts::account::Account;
use manent_accounts::audit::{AuditDraft, AuditKind};
use manent_accounts::ports::{Refreshed, SessionRepository};
use manent_accounts::session::{Session, SessionEnd, decide_refresh};
use manent_domain::ports::StoreError;
use manent_types::{SessionId, Timestamp, UserId};
use tokio_postgres::Row;

use super::audit::tell;
use super::repository::lock;
use super::rows::{ACCOUNT_COLUMNS, account, execute, limit, many, one, parsed_option, size};
use crate::error::{Error, to_integer};
use crate::rows::{count, get, parsed, timestamp, timestamp_option, user_id};
use crate::store::PostgresStore;

const COLUMNS: &str = "sessions.id, sessions.account_id, sessions.generation, sessions.presentations, sessions.created_at, \
     sessions.expires_at, sessions.last_used_at, sessions.ended_at, sessions.ended_as, sessions.label";

/// How many columns there are.
const WIDTH: usize = 10;

fn session(row: &Row) -> Result<Session, Error> {
    let ended_at = timestamp_option(row, 7, "sessions.ended_at")?;
    let reason = parsed_option(row, 8, "sessions.ended_as")?;
    Ok(Session {
        id: SessionId::new(get(row, 0, "sessions.id")?),
        account: user_id(row, 1, "sessions.account_id")?,
        generation: count(row, 2, "sessions.generation")?,
        presentations: parsed(row, 3, "sessions.presentations")?,
        created_at: timestamp(row, 4, "sessions.created_at")?,
        expires_at: timestamp(row, 5, "sessions.expires_at")?,
        last_used_at: timestamp(row, 6, "sessions.last_used_at")?,
        ended: ended_at.zip(reason),
        label: get(row, 9, "sessions.label")?,
    })
}

/// The session with its account; with `FOR UPDATE OF sessions` behind it nobody else decides over the session meanwhile.
async fn find(
    client: &ClientWrapper,
    id: SessionId,
    lock: &str,
) -> Result<Option<(Session, Account)>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}, {ACCOUNT_COLUMNS} FROM sessions JOIN accounts ON accounts.id = sessions.account_id \
         WHERE sessions.id = $1 {lock}"
    );
    let row = one(client, &sql, &[&id.as_uuid()]).await?;
    row.map(|row| Ok((session(&row)?, account(&row, WIDTH)?)))
        .transpose()
}

async fn begin(
    client: &ClientWrapper,
    session: &Session,
    audit: AuditDraft,
) -> Result<bool, Error> {
    let account = lock(client, session.account).await?;
    if !account.is_some_and(|account| account.is_active()) {
        return Ok(false);
    }
    let (ended_at, reason) = session.ended.unzip();
    execute(
        client,
        "INSERT INTO sessions (id, account_id, generation, presentations, created_at, expires_at, last_used_at, ended_at, ended_as, label) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &session.id.as_uuid(),
            &session.account.as_uuid(),
            &to_integer(session.generation, "a session's generation")?,
            &session.presentations.to_string(),
            &session.created_at.as_millisecond(),
            &session.expires_at.as_millisecond(),
            &session.last_used_at.as_millisecond(),
            &ended_at.map(Timestamp::as_millisecond),
            &reason.map(SessionEnd::as_str),
            &session.label,
        ],
    )
    .await?;
    tell(client, audit, session.created_at).await?;
    Ok(true)
}

async fn update(client: &ClientWrapper, session: &Session) -> Result<(), Error> {
    let (ended_at, reason) = session.ended.unzip();
    execute(
        client,
        "UPDATE sessions SET generation = $2, presentations = $3, last_used_at = $4, ended_at = $5, ended_as = $6 WHERE id = $1",
        &[
            &session.id.as_uuid(),
            &to_integer(session.generation, "a session's generation")?,
            &session.presentations.to_string(),
            &session.last_used_at.as_millisecond(),
            &ended_at.map(Timestamp::as_millisecond),
            &reason.map(SessionEnd::as_str),
        ],
    )
    .await?;
    Ok(())
}

/// Ends the live sessions of an account, all but one; answers how many.
pub(super) async fn end_all(
    client: &ClientWrapper,
    owner: UserId,
    except: Option<SessionId>,
    end: SessionEnd,
    now: Timestamp,
) -> Result<u64, Error> {
    // Locked in one order, so that two who end them do not wait for each other.
    let sql = "WITH live AS (SELECT id FROM sessions WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2 \
         AND id IS DISTINCT FROM $4 ORDER BY id FOR UPDATE) \
         UPDATE sessions SET ended_at = $2, ended_as = $3 FROM live WHERE sessions.id = live.id";
    let except = except.map(|id| id.as_uuid());
    let (owner, now) = (owner.as_uuid(), now.as_millisecond());
    execute(client, sql, &[&owner, &now, &end.as_str(), &except]).await
}

async fn refresh(
    client: &ClientWrapper,
    id: SessionId,
    generation: u64,
    grace: Duration,
    now: Timestamp,
    address: Option<IpAddr>,
) -> Result<Option<Refreshed>, Error> {
    let Some((mut session, account)) = find(client, id, "FOR UPDATE OF sessions").await? else {
        return Ok(None);
    };
    let plan = decide_refresh(&session, account.status, generation, now, grace);
    if let Some(after) = plan.write {
        update(client, &after).await?;
        session = after;
    }
    if plan.is_theft {
        let draft = AuditDraft::new(AuditKind::RefreshTokenReused)
            .by(None, address)
            .on(session.account)
            .with("session", id)
            .with("generation", generation);
        tell(client, draft, now).await?;
    }
    Ok(Some(Refreshed {
        refresh: plan.refresh,
        session,
        account,
    }))
}

#[async_trait]
impl SessionRepository for PostgresStore {
    async fn begin(&self, session: Session, audit: AuditDraft) -> Result<bool, StoreError> {
        self.unit(|client| {
            let (session, audit) = (session.clone(), audit.clone());
            Box::pin(async move { begin(client, &session, audit).await })
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
        self.unit(|client| Box::pin(refresh(client, id, generation, grace, now, address)))
            .await
    }

    async fn find(
        &self,
        owner: UserId,
        id: SessionId,
    ) -> Result<Option<(Session, Account)>, StoreError> {
        let connections = &self.opened.connections;
        let found = connections.read(|client| Box::pin(find(client, id, "")));
        let found = found.await?;
        Ok(found.filter(|(session, _)| session.account == owner))
    }

    async fn list(&self, owner: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| {
                Box::pin(async move {
                    let sql = format!(
                        "SELECT {COLUMNS} FROM sessions WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2 \
                         ORDER BY created_at DESC, id DESC"
                    );
                    let (owner, now) = (owner.as_uuid(), now.as_millisecond());
                    let rows = many(client, &sql, &[&owner, &now]).await?;
                    rows.iter().map(session).collect()
                })
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
        self.unit(|client| {
            let audit = audit.clone();
            Box::pin(async move {
                let sql = "UPDATE sessions SET ended_at = $3, ended_as = $4 \
                     WHERE id = $2 AND account_id = $1 AND ended_at IS NULL AND expires_at > $3";
                let (owner, id, at) = (owner.as_uuid(), id.as_uuid(), now.as_millisecond());
                let ended = execute(client, sql, &[&owner, &id, &at, &end.as_str()]).await?;
                if ended > 0 {
                    tell(client, audit, now).await?;
                }
                Ok(ended > 0)
            })
        })
        .await
    }

    async fn clear(&self, expired_before: Timestamp, most: usize) -> Result<usize, StoreError> {
        self.unit(|client| {
            Box::pin(async move {
                let sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 \
                     ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)";
                let before = expired_before.as_millisecond();
                Ok(size(execute(client, sql, &[&before, &limit(most)?]).await?))
            })
        })
        .await
    }
}
