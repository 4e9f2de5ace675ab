//! The second factor of an account.

use std::sync::Arc;

use manent_types::UserId;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::context::{AccountPorts, Context};
use crate::AccountError;
use crate::account::Account;
use crate::account_change::AccountChange;
use crate::audit::{AuditDraft, AuditKind};
use crate::caller::Caller;
use crate::limits::{LimitKey, LimitKind};
use crate::policy::AccountPolicy;
use crate::ports::VaultUse;
use crate::secret::{SealedSecret, SecretDigest};
use crate::two_factor::{
    ActiveTwoFactor, BACKUP_CODES, BackupCode, TotpSecret, TwoFactorChange, otpauth_url,
};

/// What somebody presents as a second factor.
#[derive(Debug, Clone)]
pub enum SecondFactor {
    /// A code of the authenticator.
    Code(SecretString),
    /// A backup code.
    BackupCode(SecretString),
}

/// A second factor that was begun: shown once.
#[derive(Debug, Clone)]
pub struct BegunTwoFactor {
    /// The address that an authenticator reads.
    pub otpauth_url: SecretString,
    /// The shared secret in base32, to be typed.
    pub secret: SecretString,
    /// The backup codes.
    pub backup_codes: Vec<SecretString>,
}

/// Begins, confirms, checks and switches off second factors.
#[derive(Clone)]
pub struct TwoFactorService {
    context: Context,
}

impl TwoFactorService {
    /// A service over these ports.
    pub const fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        Self {
            context: Context::new(ports, policy),
        }
    }

    pub(super) const fn over(context: Context) -> Self {
        Self { context }
    }

    /// Makes a new secret and new backup codes, which wait to be confirmed with a code. What is active stays until then.
    ///
    /// # Errors
    /// [`AccountError::SecondFactorNeeded`] when one is active and no proof came along; a wrong proof; the caller is no person; a port fails.
    pub async fn begin(
        &self,
        caller: &Caller,
        proof: Option<SecondFactor>,
    ) -> Result<BegunTwoFactor, AccountError> {
        let account = self.person(caller).await?;
        let mut changes = Vec::new();
        if account.two_factor.is_enabled() {
            let proof = proof.ok_or(AccountError::SecondFactorNeeded)?;
            changes.push(self.proven(&account, proof, caller).await?);
        }
        let secret = self.context.ports.secrets.totp_secret();
        let text = secret.to_base32();
        let purpose = VaultUse::TwoFactor { owner: account.id };
        let sealed = self.context.ports.vault.seal(&purpose, &text)?;
        let codes = self.context.ports.secrets.backup_codes(BACKUP_CODES);
        changes.push(TwoFactorChange::Begin {
            secret: sealed,
            backup_codes: codes.iter().map(|code| code.digest).collect(),
        });
        self.apply(&account, changes, caller.audit(AuditKind::TwoFactorBegun))
            .await?;
        Ok(BegunTwoFactor {
            otpauth_url: otpauth_url(&self.context.policy.application, &account.email, &secret),
            secret: text,
            backup_codes: codes.into_iter().map(|code| code.secret).collect(),
        })
    }

    /// Checks a second factor without switching anything: a code of what waits stays usable for [`Self::confirm`]; a code or backup code of what
    /// is active is used up.
    ///
    /// # Errors
    /// [`AccountError::TwoFactorNotBegun`], [`AccountError::SecondFactorWrong`], the caller is no person, or a port fails.
    pub async fn check(&self, caller: &Caller, factor: SecondFactor) -> Result<(), AccountError> {
        let account = self.person(caller).await?;
        if let (Some(pending), SecondFactor::Code(code)) = (&account.two_factor.pending, &factor) {
            self.take_attempt(account.id)?;
            if self.step(account.id, &pending.secret, code)?.is_some() {
                return Ok(());
            }
        }
        if !account.two_factor.is_enabled() {
            return Err(match account.two_factor.pending {
                Some(_) => AccountError::SecondFactorWrong,
                None => AccountError::TwoFactorNotBegun,
            });
        }
        let audit = caller.audit(AuditKind::TwoFactorAccepted);
        self.accept(&account, factor, None, audit).await?;
        Ok(())
    }

    /// Makes what waits active, with its first code.
    ///
    /// # Errors
    /// [`AccountError::TwoFactorNotBegun`], [`AccountError::SecondFactorWrong`], the caller is no person, or a port fails.
    pub async fn confirm(&self, caller: &Caller, code: SecretString) -> Result<(), AccountError> {
        let account = self.person(caller).await?;
        let pending = account.two_factor.pending.as_ref();
        let secret = pending
            .ok_or(AccountError::TwoFactorNotBegun)?
            .secret
            .clone();
        self.take_attempt(account.id)?;
        let Some(step) = self.step(account.id, &secret, &code)? else {
            return Err(self
                .refused(&account, caller.audit(AuditKind::TwoFactorRefused))
                .await);
        };
        let changes = vec![TwoFactorChange::Confirm { secret, step }];
        self.apply(&account, changes, caller.audit(AuditKind::TwoFactorEnabled))
            .await?;
        Ok(())
    }

    /// Switches the second factor off.
    ///
    /// # Errors
    /// [`AccountError::TwoFactorNotBegun`], [`AccountError::SecondFactorWrong`], the caller is no person, or a port fails.
    pub async fn disable(&self, caller: &Caller, proof: SecondFactor) -> Result<(), AccountError> {
        let account = self.person(caller).await?;
        let changes = vec![
            self.proven(&account, proof, caller).await?,
            TwoFactorChange::Disable,
        ];
        self.apply(
            &account,
            changes,
            caller.audit(AuditKind::TwoFactorDisabled),
        )
        .await?;
        Ok(())
    }

    /// Replaces the backup codes; answers the new ones, which are shown once, and how they are stored.
    ///
    /// # Errors
    /// [`AccountError::TwoFactorNotBegun`], [`AccountError::SecondFactorWrong`], the caller is no person, or a port fails.
    pub async fn replace_backup_codes(
        &self,
        caller: &Caller,
        proof: SecondFactor,
    ) -> Result<(Vec<SecretString>, Vec<BackupCode>), AccountError> {
        let account = self.person(caller).await?;
        let codes = self.context.ports.secrets.backup_codes(BACKUP_CODES);
        let changes = vec![
            self.proven(&account, proof, caller).await?,
            TwoFactorChange::ReplaceBackupCodes {
                backup_codes: codes.iter().map(|code| code.digest).collect(),
            },
        ];
        let audit = caller.audit(AuditKind::BackupCodesReplaced);
        let account = self.apply(&account, changes, audit).await?;
        let stored = account.two_factor.active.map(|active| active.backup_codes);
        let codes = codes.into_iter().map(|code| code.secret).collect();
        Ok((codes, stored.unwrap_or_default()))
    }

    /// Switches somebody's second factor off without a proof, as an administrator: for who lost the device and the backup codes.
    ///
    /// # Errors
    /// When the caller may not administer, there is no such account, or the store fails.
    pub async fn disable_for(&self, caller: &Caller, id: UserId) -> Result<(), AccountError> {
        caller.require_admin_in_person()?;
        let change = AccountChange::TwoFactor(vec![TwoFactorChange::Disable]);
        let audit = caller.audit(AuditKind::TwoFactorDisabled);
        self.context.change(id, change, None, audit).await?;
        Ok(())
    }

    /// Accepts a second factor of an account, once; answers the account afterwards. `audit` is written if it was a code, and with the kind
    /// [`AuditKind::BackupCodeUsed`] if it was a backup code. With a sign-in, that one is finished by it.
    pub(super) async fn accept(
        &self,
        account: &Account,
        factor: SecondFactor,
        sign_in: Option<Uuid>,
        mut audit: AuditDraft,
    ) -> Result<Account, AccountError> {
        if matches!(factor, SecondFactor::BackupCode(_)) {
            audit.kind = AuditKind::BackupCodeUsed;
        }
        let mut changes = vec![self.checked(account, factor, &audit).await?];
        changes.extend(sign_in.map(|id| TwoFactorChange::FinishSignIn { id }));
        self.apply(account, changes, audit).await
    }

    /// The account of a caller who is a person.
    async fn person(&self, caller: &Caller) -> Result<Account, AccountError> {
        let (owner, _) = caller.require_session()?;
        self.context.active_account(owner).await
    }

    async fn proven(
        &self,
        account: &Account,
        proof: SecondFactor,
        caller: &Caller,
    ) -> Result<TwoFactorChange, AccountError> {
        let audit = caller.audit(AuditKind::TwoFactorRefused);
        self.checked(account, proof, &audit).await
    }

    /// The change that uses the factor up. Whether it was used before is decided where the change is applied.
    async fn checked(
        &self,
        account: &Account,
        factor: SecondFactor,
        audit: &AuditDraft,
    ) -> Result<TwoFactorChange, AccountError> {
        let active = account.two_factor.active.as_ref();
        let active = active.ok_or(AccountError::TwoFactorNotBegun)?;
        self.take_attempt(account.id)?;
        let change = match factor {
            SecondFactor::Code(code) => self.code(account.id, active, &code)?,
            SecondFactor::BackupCode(code) => backup_code(active, &code),
        };
        match change {
            Some(change) => Ok(change),
            None => Err(self.refused(account, audit.clone()).await),
        }
    }

    fn code(
        &self,
        owner: UserId,
        active: &ActiveTwoFactor,
        code: &SecretString,
    ) -> Result<Option<TwoFactorChange>, AccountError> {
        let step = self.step(owner, &active.secret, code)?;
        Ok(step.map(|step| TwoFactorChange::AcceptStep {
            secret: active.secret.clone(),
            step,
        }))
    }

    /// The step that a code is of.
    fn step(
        &self,
        owner: UserId,
        sealed: &SealedSecret,
        code: &SecretString,
    ) -> Result<Option<u64>, AccountError> {
        let vault = &self.context.ports.vault;
        let unreadable = |_| AccountError::SecondFactorUnreadable;
        let purpose = VaultUse::TwoFactor { owner };
        let text = vault.open(&purpose, sealed).map_err(unreadable)?;
        let secret = TotpSecret::from_base32(text.expose_secret());
        let secret = secret.map_err(|_| AccountError::SecondFactorUnreadable)?;
        Ok(secret.matching_step(code.expose_secret().trim(), self.context.now()))
    }

    async fn refused(&self, account: &Account, mut audit: AuditDraft) -> AccountError {
        audit.kind = AuditKind::TwoFactorRefused;
        let audit = audit.on(account.id);
        match self
            .context
            .ports
            .audit
            .append(audit, self.context.now())
            .await
        {
            Ok(_) => AccountError::SecondFactorWrong,
            Err(error) => AccountError::Store(error),
        }
    }

    fn take_attempt(&self, account: UserId) -> Result<(), AccountError> {
        let key = LimitKey::Account(LimitKind::SecondFactor, account);
        self.context
            .take(key, self.context.policy.rates.second_factor)
    }

    /// Applies changes. A code that turns out to be used already is a refused one like any other.
    async fn apply(
        &self,
        account: &Account,
        changes: Vec<TwoFactorChange>,
        audit: AuditDraft,
    ) -> Result<Account, AccountError> {
        let change = AccountChange::TwoFactor(changes);
        let refused = audit.clone();
        match self.context.change(account.id, change, None, audit).await {
            Ok(after) => Ok(after.account),
            Err(AccountError::SecondFactorWrong) => Err(self.refused(account, refused).await),
            Err(error) => Err(error),
        }
    }
}

/// The change that uses up a backup code that is there and unused.
fn backup_code(active: &ActiveTwoFactor, code: &SecretString) -> Option<TwoFactorChange> {
    let code = code.expose_secret().trim().to_ascii_lowercase();
    let digest = SecretDigest::of(code.as_bytes());
    let mut codes = active.backup_codes.iter();
    let is_unused = codes.any(|code| code.used_at.is_none() && code.digest == digest);
    is_unused.then_some(TwoFactorChange::UseBackupCode { digest })
}

#[cfg(test)]
mod tests;
