//! Reading and verifying the audit log, and telling it what is decided elsewhere.

use std::sync::Arc;

use super::context::{AccountPorts, Context};
use crate::AccountError;
use crate::audit::{AuditBreak, AuditDraft, AuditEntry, AuditHead, AuditRow, AuditVerifier};
use crate::caller::Caller;
use crate::policy::AccountPolicy;
use crate::ports::AuditFilter;

/// How many entries are read in one go.
const BATCH: usize = 500;

/// What a verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditVerdict {
    /// The log is whole, up to here. Whoever notes this elsewhere can tell later whether the log was made anew as a whole.
    Whole(AuditHead),
    /// It was changed, here first.
    Broken(AuditBreak),
}

/// The audit log.
#[derive(Clone)]
pub struct AuditLog {
    context: Context,
}

impl AuditLog {
    /// The log behind these ports.
    pub const fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        Self {
            context: Context::new(ports, policy),
        }
    }

    /// Appends an entry about something that no service of this crate decides.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn record(&self, draft: AuditDraft) -> Result<AuditEntry, AccountError> {
        Ok(self
            .context
            .ports
            .audit
            .append(draft, self.context.now())
            .await?)
    }

    /// At most `limit` (held between 1 and 200) entries, the newest first, with numbers below `before`.
    ///
    /// # Errors
    /// When the caller may not administer, one of these entries was changed so that it cannot be read, or the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, AccountError> {
        caller.require_admin()?;
        let limit = limit.clamp(1, 200);
        let rows = self.context.ports.audit.list(filter, before, limit).await?;
        let entries = rows.into_iter().collect::<Result<_, _>>();
        entries.map_err(AccountError::AuditUnreadable)
    }

    /// Reads the whole log and finds the first broken entry.
    ///
    /// # Errors
    /// When the caller may not administer, or the store fails.
    pub async fn verify(&self, caller: &Caller) -> Result<AuditVerdict, AccountError> {
        caller.require_admin()?;
        let audit = &self.context.ports.audit;
        // The head first: what is appended meanwhile lies behind it.
        let head = audit.head().await?;
        let mut verifier = AuditVerifier::default();
        let last = head.map_or(u64::MAX, |head| head.number);
        while verifier.head().number < last {
            let after = verifier.head().number;
            let rows = audit.read(after, BATCH).await?;
            let is_wanted = |row: &&AuditRow| number(row) <= last;
            for row in rows.iter().take_while(is_wanted) {
                if let Err(found) = verifier.take_row(row) {
                    return Ok(AuditVerdict::Broken(found));
                }
            }
            if verifier.head().number == after {
                break;
            }
        }
        let Some(head) = head else {
            return Ok(AuditVerdict::Broken(verifier.without_head()));
        };
        Ok(match verifier.finish(head) {
            Ok(head) => AuditVerdict::Whole(head),
            Err(found) => AuditVerdict::Broken(found),
        })
    }
}

fn number(row: &AuditRow) -> u64 {
    match row {
        Ok(entry) => entry.number,
        Err(unreadable) => unreadable.number,
    }
}

#[cfg(test)]
mod tests;
