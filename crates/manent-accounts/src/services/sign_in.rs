//! Signing in with a password, and with a second factor after it.
//!
//! Invariant: an unknown address, an account without a password and a wrong password take the same path: one look-up, one check of a hash, one
//! entry in the audit log, one answer. What an account is like (disabled, not verified, with a second factor) is told only to who knows its
//! password.
//!
//! Whoever guesses from many places uses up what there is for an address, and would lock its owner out. So a device that somebody signed in
//! on gets a mark for that address, and attempts with the mark have a count of their own, which strangers cannot use up; nor can a thief of the
//! mark do more than guess as often as from one device.

use std::sync::Arc;

use manent_types::Timestamp;
use secrecy::SecretString;

use super::context::{AccountPorts, Context};
use super::session::{OpenedSession, SessionService};
use super::two_factor::{SecondFactor, TwoFactorService};
use crate::AccountError;
use crate::account::Account;
use crate::account_change::AccountChange;
use crate::audit::{AuditDraft, AuditKind};
use crate::caller::Origin;
use crate::email::EmailAddress;
use crate::limits::{LimitKey, LimitKind};
use crate::password::Password;
use crate::policy::AccountPolicy;
use crate::ports::{PasswordMatch, TwoFactorClaims};
use crate::time::later;

/// What a right password gets.
#[derive(Debug, Clone)]
pub enum SignedIn {
    /// A session.
    Session(Box<OpenedSession>),
    /// A second factor is needed too.
    SecondFactorNeeded {
        /// To be presented with the second factor.
        token: SecretString,
        /// When it ends.
        expires_at: Timestamp,
    },
}

/// Signs people in.
#[derive(Clone)]
pub struct SignInService {
    context: Context,
    sessions: SessionService,
    two_factor: TwoFactorService,
}

impl SignInService {
    /// A service over these ports.
    pub fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        let context = Context::new(ports, policy);
        Self {
            sessions: SessionService::over(context.clone()),
            two_factor: TwoFactorService::over(context.clone()),
            context,
        }
    }

    /// Signs in with a password. `device` is what the client presents as its mark.
    ///
    /// # Errors
    /// [`AccountError::WrongCredentials`] and [`AccountError::TooManyAttempts`] to anybody; [`AccountError::AccountDisabled`] and
    /// [`AccountError::EmailNotVerified`] to who knows the password; or a port fails.
    pub async fn sign_in(
        &self,
        email: &str,
        password: SecretString,
        device: Option<&str>,
        origin: &Origin,
    ) -> Result<SignedIn, AccountError> {
        let Context { ports, policy } = &self.context;
        if !policy.passwords {
            return Err(AccountError::PasswordsOff);
        }
        let attempt = self.take_attempt(email, device, origin)?;
        let Ok(password) = Password::presented(password) else {
            return Err(self.refused(None, origin, "password").await);
        };
        let account = match EmailAddress::parse(email) {
            Ok(email) => ports.accounts.find_by_email(&email).await?,
            Err(_) => None,
        };
        let with_hash = |account: Account| account.password.clone().map(|hash| (account, hash));
        let Some((account, hash)) = account.and_then(with_hash) else {
            ports.hasher.verify_dummy(&password).await?;
            return Err(self.refused(None, origin, "password").await);
        };
        let needs_upgrade = match ports.hasher.verify(&password, &hash).await? {
            PasswordMatch::Match { needs_upgrade } => needs_upgrade,
            PasswordMatch::NoMatch => {
                return Err(self.refused(Some(&account), origin, "password").await);
            }
        };
        self.put_back(&attempt);
        if !account.is_active() {
            self.refused(Some(&account), origin, "disabled").await;
            return Err(AccountError::AccountDisabled);
        }
        let is_verification_due = policy.requires_verified_email && ports.mailer.is_configured();
        if is_verification_due && !account.email_verified {
            self.refused(Some(&account), origin, "not verified").await;
            return Err(AccountError::EmailNotVerified);
        }
        if needs_upgrade {
            self.upgrade(&account, &password, origin).await;
        }
        if account.two_factor.is_enabled() {
            let expires_at = later(self.context.now(), policy.two_factor_lifetime);
            let claims = TwoFactorClaims {
                account: account.id,
                id: ports.ids.next(),
                account_updated_at: account.updated_at,
                expires_at,
            };
            let token = ports.minter.two_factor_token(claims);
            return Ok(SignedIn::SecondFactorNeeded {
                token: token.map_err(AccountError::Token)?,
                expires_at,
            });
        }
        let opened = self.sessions.open(account, origin, "password").await?;
        Ok(SignedIn::Session(Box::new(opened)))
    }

    /// Finishes a sign-in with the second factor.
    ///
    /// # Errors
    /// [`AccountError::SignInExpired`] when the token is not genuine, too old, used already, or older than the account's last change, [`AccountError::SecondFactorWrong`], too often, the account is
    /// disabled meanwhile, or a port fails.
    pub async fn second_factor(
        &self,
        token: &str,
        factor: SecondFactor,
        origin: &Origin,
    ) -> Result<OpenedSession, AccountError> {
        let reader = &self.context.ports.reader;
        let claims = reader.read_two_factor_token(token, self.context.now());
        let claims = claims.map_err(|_| AccountError::SignInExpired)?;
        let account = match self.context.active_account(claims.account).await {
            Err(AccountError::NotSignedIn) => return Err(AccountError::SignInExpired),
            account => account?,
        };
        if !account.two_factor.is_enabled() {
            // Switched off between password and code: the password has to be shown again.
            return Err(AccountError::SignInExpired);
        }
        // The password may be another one since, or everybody was to be signed out.
        let is_void = |account: &Account| account.updated_at != claims.account_updated_at;
        let is_finished = |account: &Account| {
            let mut finished = account.two_factor.finished.iter();
            finished.any(|finished| finished.id == claims.id)
        };
        if is_void(&account) || is_finished(&account) {
            return Err(AccountError::SignInExpired);
        }
        let audit =
            AuditDraft::new(AuditKind::TwoFactorAccepted).by(Some(account.id), origin.address);
        let accepted = self
            .two_factor
            .accept(&account, factor, Some(claims.id), audit);
        let account = accepted.await?;
        if is_void(&account) {
            return Err(AccountError::SignInExpired);
        }
        self.sessions
            .open(account, origin, "password and second factor")
            .await
    }

    /// The mark for the device on which somebody signed in; the same, where the client presents one already.
    pub fn device_mark(&self, email: &EmailAddress, presented: Option<&str>) -> SecretString {
        let ports = &self.context.ports;
        let known = presented.and_then(|mark| ports.devices.read(mark, email));
        let device = known.unwrap_or_else(|| ports.ids.next());
        ports.devices.mark(device, email)
    }

    /// Counts an attempt of the device, if it is known; else one of the address and one with what was typed as e-mail address.
    fn take_attempt(
        &self,
        email: &str,
        device: Option<&str>,
        origin: &Origin,
    ) -> Result<Vec<LimitKey>, AccountError> {
        let rates = &self.context.policy.rates;
        let known = device
            .zip(EmailAddress::parse(email).ok())
            .and_then(|(mark, email)| self.context.ports.devices.read(mark, &email));
        if let Some(device) = known {
            let key = LimitKey::Device(LimitKind::SignIn, device);
            self.context.take(key.clone(), rates.sign_in_by_device)?;
            return Ok(vec![key]);
        }
        let mut taken = Vec::new();
        if let Some(address) = origin.address {
            let key = LimitKey::Address(LimitKind::SignIn, address);
            self.context.take(key.clone(), rates.sign_in_by_address)?;
            taken.push(key);
        }
        let key = LimitKey::Email(LimitKind::SignIn, limited_text(email));
        self.context.take(key.clone(), rates.sign_in_by_email)?;
        taken.push(key);
        Ok(taken)
    }

    /// A right password does not count.
    fn put_back(&self, taken: &[LimitKey]) {
        let rates = &self.context.policy.rates;
        for key in taken {
            let rate = match key {
                LimitKey::Email(..) => rates.sign_in_by_email,
                LimitKey::Device(..) => rates.sign_in_by_device,
                _ => rates.sign_in_by_address,
            };
            self.context.ports.limiter.put_back(key, rate);
        }
    }

    /// Writes the refusal into the audit log and answers what to tell. That the log cannot be written is told in its place.
    async fn refused(
        &self,
        account: Option<&Account>,
        origin: &Origin,
        reason: &'static str,
    ) -> AccountError {
        let mut draft = AuditDraft::new(AuditKind::SignInRefused)
            .by(None, origin.address)
            .with("reason", reason);
        draft.account = account.map(|account| account.id);
        match self
            .context
            .ports
            .audit
            .append(draft, self.context.now())
            .await
        {
            Ok(_) => AccountError::WrongCredentials,
            Err(error) => AccountError::Store(error),
        }
    }

    /// Hashes the password anew and stores that. The sign-in does not depend on it: the next one tries again.
    async fn upgrade(&self, account: &Account, password: &Password, origin: &Origin) {
        let Some(from) = account.password.clone() else {
            return;
        };
        if let Ok(to) = self.context.ports.hasher.hash(password).await {
            let audit = AuditDraft::new(AuditKind::PasswordHashUpgraded)
                .by(Some(account.id), origin.address);
            let change = AccountChange::UpgradePasswordHash { from, to };
            let _ = self.context.change(account.id, change, None, audit).await;
        }
    }
}

/// What was typed, as a key of a limit: however it was written, and bounded. All forms of an address are one key, or each would have a count
/// of its own.
pub(super) fn limited_text(text: &str) -> String {
    if let Ok(email) = EmailAddress::parse(text) {
        return email.into();
    }
    text.trim().to_lowercase().chars().take(254).collect()
}

#[cfg(test)]
mod tests;
