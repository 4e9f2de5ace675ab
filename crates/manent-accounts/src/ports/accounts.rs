//! Stores of accounts.

use async_trait::async_trait;
use manent_domain::conversation::Page;
use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};

use crate::account::{Account, NewAccount, OpenIdIdentity};
use crate::account_change::{AccountChange, AccountRefusal, CreationRefusal};
use crate::audit::AuditDraft;
use crate::email::EmailAddress;
use crate::secret::SecretDigest;

/// A changed account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// As it stands afterwards.
    pub account: Account,
    /// How many sessions ended with it.
    pub ended_sessions: u64,
}

/// What became of a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deleted {
    /// The account, as it was, and everything that it owned are gone.
    Gone(Box<Account>),
    /// There is no such account.
    Unknown,
    /// It must stay.
    Refused(AccountRefusal),
}

/// Accounts.
///
/// Making, changing roles and states, and deleting count other accounts: such units exclude each other (in a store with several writers by
/// one lock that all of them take first).
#[async_trait]
pub trait AccountRepository: Send + Sync {
    /// Makes an account as [`crate::account_change::plan_creation`] decides, and writes the plan's links; `invitation` is the digest of the
    /// invitation that it must come with, `audit` is written with the new account as its account (and as its actor where it has none). `refused` is written instead when
    /// it is refused, so that both ways cost the same.
    async fn create(
        &self,
        new: NewAccount,
        invitation: Option<SecretDigest>,
        now: Timestamp,
        audit: AuditDraft,
        refused: AuditDraft,
    ) -> Result<Result<Account, CreationRefusal>, StoreError>;

    /// One account.
    async fn find(&self, id: UserId) -> Result<Option<Account>, StoreError>;

    /// The account with this e-mail address, in whichever of its forms ([`EmailAddress::forms`]) it was stored; of two the one in ASCII.
    async fn find_by_email(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError>;

    /// The account that is this person at an OpenID provider.
    async fn find_by_openid(
        &self,
        identity: &OpenIdIdentity,
    ) -> Result<Option<Account>, StoreError>;

    /// At most `limit` accounts by the bytes of their e-mail addresses, after the given one.
    async fn list(
        &self,
        after: Option<EmailAddress>,
        limit: usize,
    ) -> Result<Page<Account, EmailAddress>, StoreError>;

    /// How many accounts there are.
    async fn count(&self) -> Result<u64, StoreError>;

    /// Changes an account as [`crate::account_change::plan_change`] decides: its row, its live sessions, its links. `link` is the digest of the
    /// link that the change needs. `None` when there is no such account.
    async fn change(
        &self,
        id: UserId,
        change: AccountChange,
        link: Option<SecretDigest>,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Option<Result<Changed, AccountRefusal>>, StoreError>;

    /// Deletes an account if [`crate::account_change::plan_removal`] lets it, with everything that it owns: conversations, messages, changes,
    /// lanes, refusals, runs and their logs, feed, search index, sessions, API keys, links, provider keys, budgets and reservations. Entries
    /// of the audit log stay. What arrives for it afterwards (a run's progress) is not stored and does not bring its row back.
    async fn delete(
        &self,
        id: UserId,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Deleted, StoreError>;
}
