//! Rows of accounts as records, for moving them from one store to another. Sessions do not move: people sign in again.
//!
//! Invariant: [`AccountRecord::read`] gives back what [`AccountRecord::record`] wrote, and the same row is always written the same way.

mod rows;
#[cfg(test)]
mod tests;

use manent_domain::transfer::{RecordKind, TransferRecord};
use manent_types::UserId;

use crate::account::Account;
use crate::api_key::ApiKey;
use crate::audit::AuditEntry;
use crate::limits::{BudgetPeriod, BudgetStanding, Reservation};
use crate::one_time_link::OneTimeLink;
use crate::ports::StoredRole;
use crate::provider_key::ProviderKey;

/// The record is none that this program wrote. Says nothing of what is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a record of the kind {kind} cannot be read: {reason}")]
pub struct UnreadableRecord {
    /// The name of its kind.
    kind: &'static str,
    /// What is wrong with it.
    reason: &'static str,
}

/// A row of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountRecord {
    /// An account; by id.
    Account(Box<Account>),
    /// What was changed about a role; by name.
    Role(StoredRole),
    /// A one-time link; by digest.
    Link(OneTimeLink),
    /// An API key; by id.
    ApiKey(ApiKey),
    /// A person's key for a provider; by owner and endpoint.
    ProviderKey(ProviderKey),
    /// An entry of the audit log; by number.
    Audit(AuditEntry),
    /// What an owner spent in a period; by owner and period.
    Standing {
        /// Whose.
        owner: UserId,
        /// When.
        period: BudgetPeriod,
        /// How much.
        standing: BudgetStanding,
    },
    /// A reservation; by owner and run.
    Reservation {
        /// Whose.
        owner: UserId,
        /// It.
        reservation: Reservation,
    },
}

impl AccountRecord {
    /// Its kind.
    pub const fn kind(&self) -> RecordKind {
        match self {
            Self::Account(_) => RecordKind::Account,
            Self::Role(_) => RecordKind::Role,
            Self::Link(_) => RecordKind::OneTimeLink,
            Self::ApiKey(_) => RecordKind::ApiKey,
            Self::ProviderKey(_) => RecordKind::ProviderKey,
            Self::Audit(_) => RecordKind::Audit,
            Self::Standing { .. } => RecordKind::Budget,
            Self::Reservation { .. } => RecordKind::Reservation,
        }
    }

    /// Its place among the records of its kind, which go by the bytes of this.
    pub fn key(&self) -> String {
        match self {
            Self::Account(account) => account.id.to_string(),
            Self::Role(role) => role.name.to_string(),
            Self::Link(link) => link.digest.to_hex(),
            Self::ApiKey(key) => key.id.to_string(),
            Self::ProviderKey(key) => format!("{} {}", key.owner, key.endpoint),
            Self::Audit(entry) => format!("{:020}", entry.number),
            Self::Standing { owner, period, .. } => {
                let starts_at = period.starts_at.as_millisecond();
                let ends_at = period.ends_at.as_millisecond();
                format!("{owner} {starts_at:020} {ends_at:020}")
            }
            Self::Reservation { owner, reservation } => format!("{owner} {}", reservation.id),
        }
    }

    /// The record.
    pub fn record(&self) -> TransferRecord {
        TransferRecord::AccountRow {
            kind: self.kind(),
            key: self.key(),
            row: rows::write(self),
        }
    }

    /// The row that a record is; absent when it is none of accounts.
    ///
    /// # Errors
    /// When [`Self::record`] did not write it.
    pub fn read(record: &TransferRecord) -> Result<Option<Self>, UnreadableRecord> {
        let TransferRecord::AccountRow { kind, key, row } = record else {
            return Ok(None);
        };
        let unreadable = |reason| UnreadableRecord {
            kind: kind.name(),
            reason,
        };
        let read = rows::read(*kind, row).map_err(unreadable)?;
        if read.key() == *key {
            Ok(Some(read))
        } else {
            Err(unreadable("its key is another one's"))
        }
    }
}
