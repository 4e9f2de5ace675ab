//! Sessions: opened by a sign-in, kept alive by refreshes, ended by their person.

use std::net::IpAddr;
use std::sync::Arc;

use manent_types::{SessionId, Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};

use super::context::{AccountPorts, Context};
use crate::AccountError;
use crate::account::Account;
use crate::account_change::{AccountChange, EndedSessions};
use crate::audit::{AuditDraft, AuditKind};
use crate::caller::{Caller, Origin};
use crate::policy::AccountPolicy;
use crate::ports::{AccessClaims, RefreshClaims, TokenError};
use crate::session::{Refresh, RefreshRefusal, Session, SessionEnd};
use crate::time::later;

/// What a client gets at sign-in and at each refresh.
#[derive(Debug, Clone)]
pub struct OpenedSession {
    /// Whose.
    pub account: Account,
    /// The session; `expires_at` is also the end of the refresh token's cookie.
    pub session: Session,
    /// For the next refresh; a cookie and nothing else.
    pub refresh_token: SecretString,
    /// For requests.
    pub access_token: SecretString,
    /// When the access token ends.
    pub access_expires_at: Timestamp,
}

/// So many refresh tokens of one request are looked at.
pub const MAX_REFRESH_TOKENS: usize = 5;

/// Opens, refreshes, lists and ends sessions.
#[derive(Clone)]
pub struct SessionService {
    context: Context,
}

impl SessionService {
    /// A service over these ports.
    pub const fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        Self {
            context: Context::new(ports, policy),
        }
    }

    pub(super) const fn over(context: Context) -> Self {
        Self { context }
    }

    /// Opens a session for somebody who has just shown who they are; `method` (`password`, `openid` and so on) goes into the audit log.
    ///
    /// # Errors
    /// When the account is disabled or gone meanwhile, or a port fails.
    pub async fn open(
        &self,
        account: Account,
        origin: &Origin,
        method: &'static str,
    ) -> Result<OpenedSession, AccountError> {
        let Context { ports, policy } = &self.context;
        let now = self.context.now();
        let session = Session::new(
            SessionId::new(ports.ids.next()),
            account.id,
            origin.label.as_deref(),
            now,
            later(now, policy.session_lifetime),
        );
        let audit = AuditDraft::new(AuditKind::SignedIn)
            .by(Some(account.id), origin.address)
            .on(account.id)
            .with("session", session.id)
            .with("method", method);
        if !ports.sessions.begin(session.clone(), audit).await? {
            return Err(AccountError::AccountDisabled);
        }
        let generation = session.generation;
        self.opened(account, session, generation, now)
    }

    /// Takes a refresh token and answers the next one. Safe to repeat: a client that lost the answer asks again with the token it has.
    ///
    /// # Errors
    /// When the token is not genuine or its session does not go on, or a port fails (then asking again later helps).
    pub async fn refresh(
        &self,
        token: &str,
        origin: &Origin,
    ) -> Result<OpenedSession, AccountError> {
        let Context { ports, policy } = &self.context;
        let claims = ports.reader.read_refresh_token(token);
        let claims = claims.map_err(|_| AccountError::NotSignedIn)?;
        let now = self.context.now();
        let refreshed = ports
            .sessions
            .refresh(
                claims.session,
                claims.generation,
                policy.refresh_grace,
                now,
                origin.address,
            )
            .await?
            .ok_or(AccountError::NotSignedIn)?;
        match refreshed.refresh {
            Refresh::Granted { generation } => {
                self.opened(refreshed.account, refreshed.session, generation, now)
            }
            Refresh::Refused(refusal) => {
                if refusal == RefreshRefusal::TokenReused {
                    ports.standings.changed(refreshed.account.id);
                }
                Err(AccountError::SessionEnded(refusal))
            }
        }
    }

    /// Takes the first of these refresh tokens that goes on: a browser may carry several of one name, for instance one that a neighbouring
    /// subdomain set. No more than [`MAX_REFRESH_TOKENS`] are looked at.
    ///
    /// # Errors
    /// When none of them goes on; of several reasons that of a token that was made here. When a port fails.
    pub async fn refresh_one_of(
        &self,
        tokens: &[SecretString],
        origin: &Origin,
    ) -> Result<OpenedSession, AccountError> {
        let mut refused = AccountError::NotSignedIn;
        for token in tokens.iter().take(MAX_REFRESH_TOKENS) {
            match self.refresh(token.expose_secret(), origin).await {
                Err(AccountError::NotSignedIn) => {}
                Err(ended @ AccountError::SessionEnded(_)) => refused = ended,
                done => return done,
            }
        }
        Err(refused)
    }

    /// Whether the text is a refresh token that was made here, whatever became of its session since.
    pub fn is_refresh_token(&self, token: &str) -> bool {
        self.context.ports.reader.read_refresh_token(token).is_ok()
    }

    /// Reads an access token, without the store.
    ///
    /// # Errors
    /// When it is not genuine or has expired.
    pub fn read_access_token(&self, token: &str) -> Result<AccessClaims, AccountError> {
        let claims = self
            .context
            .ports
            .reader
            .read_access_token(token, self.context.now());
        claims.map_err(|_| AccountError::NotSignedIn)
    }

    /// Who presented these claims, as the store says now. Whoever asks for every request remembers the answer for some seconds; when the store
    /// fails, [`Caller::of_claims`] stands in.
    ///
    /// # Errors
    /// When the session ended or the account is disabled or gone, or the store fails.
    pub async fn caller(
        &self,
        claims: &AccessClaims,
        address: Option<IpAddr>,
    ) -> Result<Caller, AccountError> {
        let sessions = &self.context.ports.sessions;
        match sessions.find(claims.account, claims.session).await? {
            Some((session, account)) if session.is_live(self.context.now()) => {
                if account.is_active() {
                    Ok(Caller::of_session(&account, &session, address))
                } else {
                    Err(AccountError::AccountDisabled)
                }
            }
            _ => Err(AccountError::NotSignedIn),
        }
    }

    /// Ends the caller's own session.
    ///
    /// # Errors
    /// When the caller has none, or the store fails.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), AccountError> {
        let (owner, session) = caller.require_session()?;
        self.end_session(caller, owner, session, SessionEnd::SignedOut)
            .await?;
        Ok(())
    }

    /// Ends the caller's sessions, the own one too unless `keeps_own`; answers how many.
    ///
    /// # Errors
    /// When the caller is no person, or the store fails.
    pub async fn sign_out_everywhere(
        &self,
        caller: &Caller,
        keeps_own: bool,
    ) -> Result<u64, AccountError> {
        let (owner, session) = caller.require_session()?;
        let ends = EndedSessions {
            except: keeps_own.then_some(session),
            end: SessionEnd::SignedOutElsewhere,
        };
        self.end_all(caller, owner, ends).await
    }

    /// The caller's live sessions, the newest first.
    ///
    /// # Errors
    /// When the caller is no person, or the store fails.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Session>, AccountError> {
        let (owner, _) = caller.require_session()?;
        Ok(self
            .context
            .ports
            .sessions
            .list(owner, self.context.now())
            .await?)
    }

    /// Ends one of the caller's sessions.
    ///
    /// # Errors
    /// When the caller is no person or has no such live session, or the store fails.
    pub async fn end(&self, caller: &Caller, id: SessionId) -> Result<(), AccountError> {
        let (owner, own) = caller.require_session()?;
        let end = if id == own {
            SessionEnd::SignedOut
        } else {
            SessionEnd::SignedOutElsewhere
        };
        if self.end_session(caller, owner, id, end).await? {
            Ok(())
        } else {
            Err(AccountError::NotFound)
        }
    }

    /// Ends all sessions of somebody, as an administrator; answers how many.
    ///
    /// # Errors
    /// When the caller may not administer, there is no such account, or the store fails.
    pub async fn end_all_of(&self, caller: &Caller, account: UserId) -> Result<u64, AccountError> {
        caller.require_admin()?;
        let ends = EndedSessions {
            except: None,
            end: SessionEnd::EndedByAdministrator,
        };
        self.end_all(caller, account, ends).await
    }

    /// A change of the account, so that sign-ins that wait for their second factor end too.
    async fn end_all(
        &self,
        caller: &Caller,
        account: UserId,
        ends: EndedSessions,
    ) -> Result<u64, AccountError> {
        let audit = caller.audit(AuditKind::SignedOutEverywhere);
        let change = AccountChange::EndSessions(ends);
        let changed = self.context.change(account, change, None, audit).await?;
        Ok(changed.ended_sessions)
    }

    async fn end_session(
        &self,
        caller: &Caller,
        owner: UserId,
        id: SessionId,
        end: SessionEnd,
    ) -> Result<bool, AccountError> {
        let ports = &self.context.ports;
        let audit = caller
            .audit(AuditKind::SignedOut)
            .on(owner)
            .with("session", id);
        let is_ended = ports
            .sessions
            .end(owner, id, end, self.context.now(), audit)
            .await?;
        ports.standings.changed(owner);
        Ok(is_ended)
    }

    fn opened(
        &self,
        account: Account,
        session: Session,
        generation: u64,
        now: Timestamp,
    ) -> Result<OpenedSession, AccountError> {
        let Context { ports, policy } = &self.context;
        let access_expires_at = later(now, policy.access_token_lifetime).min(session.expires_at);
        let username = account.username.as_ref();
        let claims = AccessClaims {
            account: account.id,
            session: session.id,
            username: username
                .map_or(account.name.as_str(), |name| name.as_str())
                .to_owned(),
            provider: account.provider,
            email: account.email.clone(),
            issued_at: now,
            expires_at: access_expires_at,
        };
        let refresh = RefreshClaims {
            session: session.id,
            generation,
        };
        Ok(OpenedSession {
            refresh_token: ports.minter.refresh_token(refresh).map_err(failed)?,
            access_token: ports.minter.access_token(&claims).map_err(failed)?,
            access_expires_at,
            account,
            session,
        })
    }
}

fn failed(error: TokenError) -> AccountError {
    AccountError::Token(error)
}

#[cfg(test)]
mod tests;
