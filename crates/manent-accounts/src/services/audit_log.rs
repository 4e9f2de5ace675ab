//! Reading and verifying the audit log, and telling it what is decided elsewhere.

use std::sync::Arc;

use super::context::{AccountPorts, Context};
use crate::AccountError;
use crate::audit::{AuditBreak, AuditDraft, AuditEntry, AuditHead, AuditVerifier};
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
    /// When the caller may not administer, or the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, AccountError> {
        caller.require_admin()?;
        let limit = limit.clamp(1, 200);
        Ok(self.context.ports.audit.list(filter, before, limit).await?)
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
        while verifier.head().number < head.number {
            let after = verifier.head().number;
            let entries = audit.read(after, BATCH).await?;
            if entries.is_empty() {
                break;
            }
            let wanted = entries
                .iter()
                .take_while(|entry| entry.number <= head.number);
            for entry in wanted {
                if let Err(found) = verifier.take(entry) {
                    return Ok(AuditVerdict::Broken(found));
                }
            }
            if verifier.head().number == after {
                break;
            }
        }
        Ok(match verifier.finish(head) {
            Ok(head) => AuditVerdict::Whole(head),
            Err(found) => AuditVerdict::Broken(found),
        })
    }
}

#[cfg(test)]
mod tests;
