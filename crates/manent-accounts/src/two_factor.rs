//! The second factor: one-time codes by time (TOTP) and backup codes.
//!
//! Invariants ([`TwoFactor::apply`], which a store calls inside its transaction):
//! - each step of time is accepted once, and none before one that was accepted;
//! - each backup code is used once;
//! - each sign-in is finished once;
//! - a new secret takes the place of the old one only when it was confirmed with a code of its own.

mod stored;
mod totp;

use std::time::Duration;

use manent_types::Timestamp;
use uuid::Uuid;

use crate::secret::{SealedSecret, SecretDigest};
use crate::time::later;

pub use stored::UnreadableTwoFactor;
pub use totp::{InvalidTotpSecret, TotpSecret, otpauth_url};

/// How many backup codes there are.
pub const BACKUP_CODES: usize = 10;

/// How long it is remembered that a sign-in was finished: longer than its token may live.
pub const FINISHED_KEPT: Duration = Duration::from_hours(1);

/// A sign-in that was finished with its second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinishedSignIn {
    /// The id in its token.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
}

/// A backup code as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupCode {
    /// Of the code.
    pub digest: SecretDigest,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// A second factor that is asked for at sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveTwoFactor {
    /// The shared secret, encrypted for this account.
    pub secret: SealedSecret,
    /// The newest step of time that was accepted.
    pub last_step: u64,
    /// For when the device is lost.
    pub backup_codes: Vec<BackupCode>,
    /// Since when.
    pub since: Timestamp,
}

/// A second factor that waits for its first code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingTwoFactor {
    /// The shared secret, encrypted for this account.
    pub secret: SealedSecret,
    /// For when the device is lost.
    pub backup_codes: Vec<SecretDigest>,
    /// Since when it waits.
    pub since: Timestamp,
}

/// The second factor of an account. Stores keep it as the text of [`Self::encode`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TwoFactor {
    /// What is asked for at sign-in; absent: nothing.
    pub active: Option<ActiveTwoFactor>,
    /// What waits to be confirmed.
    pub pending: Option<PendingTwoFactor>,
    /// Sign-ins that were finished within [`FINISHED_KEPT`], so that none is finished twice.
    pub finished: Vec<FinishedSignIn>,
}

/// A change of an account's second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TwoFactorChange {
    /// Begins, or begins anew: what waited is forgotten, what is active stays.
    Begin {
        /// The new shared secret.
        secret: SealedSecret,
        /// Of the new backup codes.
        backup_codes: Vec<SecretDigest>,
    },
    /// Makes what waits active; refused unless this secret is what waits.
    Confirm {
        /// The secret that the code was checked with.
        secret: SealedSecret,
        /// The step that the code is of.
        step: u64,
    },
    /// Accepts a step; refused unless this secret is active and the step is newer than all accepted ones.
    AcceptStep {
        /// The secret that the code was checked with.
        secret: SealedSecret,
        /// The step that the code is of.
        step: u64,
    },
    /// Finishes a sign-in; refused when that was done before.
    FinishSignIn {
        /// The id in its token.
        id: Uuid,
    },
    /// Uses up a backup code; refused when there is none like it.
    UseBackupCode {
        /// Of the code.
        digest: SecretDigest,
    },
    /// Replaces the backup codes.
    ReplaceBackupCodes {
        /// Of the new ones.
        backup_codes: Vec<SecretDigest>,
    },
    /// Switches the second factor off and forgets what waits.
    Disable,
    /// Replaces the encryption of a secret by one with a newer key, wherever it stands.
    Reseal {
        /// The secret as it was read.
        from: SealedSecret,
        /// The same one, encrypted anew.
        to: SealedSecret,
    },
}

/// Why a second factor was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TwoFactorRefusal {
    /// There is no second factor, or nothing that waits, or it was replaced meanwhile.
    #[error("two-factor authentication was not begun, or was begun anew meanwhile")]
    NotBegun,
    /// The code was used already, or is older than one that was.
    #[error("this code was used already")]
    StepUsed,
    /// The sign-in was finished already.
    #[error("this sign-in was finished already")]
    SignInFinished,
    /// There is no such backup code, or it was used already.
    #[error("the backup code is wrong, or was used already")]
    BackupCodeUnknown,
}

impl TwoFactor {
    /// Whether a second factor is asked for at sign-in.
    pub const fn is_enabled(&self) -> bool {
        self.active.is_some()
    }

    /// The second factor after these changes, one after the other; all of them or none.
    ///
    /// # Errors
    /// When one of them is refused.
    pub fn apply(
        &self,
        changes: &[TwoFactorChange],
        now: Timestamp,
    ) -> Result<Self, TwoFactorRefusal> {
        let mut after = self.clone();
        for change in changes {
            after.apply_one(change, now)?;
        }
        Ok(after)
    }

    fn apply_one(
        &mut self,
        change: &TwoFactorChange,
        now: Timestamp,
    ) -> Result<(), TwoFactorRefusal> {
        match change {
            TwoFactorChange::Begin {
                secret,
                backup_codes,
            } => {
                self.pending = Some(PendingTwoFactor {
                    secret: secret.clone(),
                    backup_codes: backup_codes.clone(),
                    since: now,
                });
            }
            TwoFactorChange::Confirm { secret, step } => self.confirm(secret, *step, now)?,
            TwoFactorChange::AcceptStep { secret, step } => {
                let active = self.active.as_mut().ok_or(TwoFactorRefusal::NotBegun)?;
                if active.secret != *secret {
                    return Err(TwoFactorRefusal::NotBegun);
                }
                if *step <= active.last_step {
                    return Err(TwoFactorRefusal::StepUsed);
                }
                active.last_step = *step;
            }
            TwoFactorChange::FinishSignIn { id } => {
                if self.finished.iter().any(|finished| finished.id == *id) {
                    return Err(TwoFactorRefusal::SignInFinished);
                }
                self.finished
                    .retain(|finished| later(finished.at, FINISHED_KEPT) > now);
                self.finished.push(FinishedSignIn { id: *id, at: now });
            }
            TwoFactorChange::UseBackupCode { digest } => {
                let active = self.active.as_mut().ok_or(TwoFactorRefusal::NotBegun)?;
                let mut codes = active.backup_codes.iter_mut();
                let code = codes
                    .find(|code| code.used_at.is_none() && code.digest == *digest)
                    .ok_or(TwoFactorRefusal::BackupCodeUnknown)?;
                code.used_at = Some(now);
            }
            TwoFactorChange::ReplaceBackupCodes { backup_codes } => {
                let active = self.active.as_mut().ok_or(TwoFactorRefusal::NotBegun)?;
                active.backup_codes = unused(backup_codes);
            }
            TwoFactorChange::Disable => *self = Self::default(),
            TwoFactorChange::Reseal { from, to } => self.reseal(from, to),
        }
        Ok(())
    }

    fn confirm(
        &mut self,
        secret: &SealedSecret,
        step: u64,
        now: Timestamp,
    ) -> Result<(), TwoFactorRefusal> {
        let pending = self.pending.take().ok_or(TwoFactorRefusal::NotBegun)?;
        if pending.secret != *secret {
            return Err(TwoFactorRefusal::NotBegun);
        }
        self.active = Some(ActiveTwoFactor {
            secret: pending.secret,
            last_step: step,
            backup_codes: unused(&pending.backup_codes),
            since: now,
        });
        Ok(())
    }

    fn reseal(&mut self, from: &SealedSecret, to: &SealedSecret) {
        let active = self.active.as_mut().map(|active| &mut active.secret);
        let pending = self.pending.as_mut().map(|pending| &mut pending.secret);
        for secret in active.into_iter().chain(pending) {
            if secret == from {
                *secret = to.clone();
            }
        }
    }
}

fn unused(digests: &[SecretDigest]) -> Vec<BackupCode> {
    let code = |digest: &SecretDigest| BackupCode {
        digest: *digest,
        used_at: None,
    };
    digests.iter().map(code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    fn sealed(blob: &str) -> SealedSecret {
        SealedSecret {
            key_version: 1,
            blob: blob.into(),
        }
    }

    fn begin(blob: &str) -> TwoFactorChange {
        TwoFactorChange::Begin {
            secret: sealed(blob),
            backup_codes: vec![SecretDigest::of(b"one"), SecretDigest::of(b"two")],
        }
    }

    fn confirm(blob: &str, step: u64) -> TwoFactorChange {
        TwoFactorChange::Confirm {
            secret: sealed(blob),
            step,
        }
    }

    fn accept(blob: &str, step: u64) -> TwoFactorChange {
        TwoFactorChange::AcceptStep {
            secret: sealed(blob),
            step,
        }
    }

    fn use_code(code: &[u8]) -> TwoFactorChange {
        TwoFactorChange::UseBackupCode {
            digest: SecretDigest::of(code),
        }
    }

    fn active() -> TwoFactor {
        let changes = [begin("a"), confirm("a", 100)];
        TwoFactor::default().apply(&changes, at(1)).unwrap()
    }

    #[test]
    fn is_asked_for_only_when_it_was_confirmed() {
        let begun = TwoFactor::default().apply(&[begin("a")], at(1)).unwrap();
        assert!(!begun.is_enabled());
        assert!(active().is_enabled());
        assert_eq!(active().pending, None);
    }

    #[test]
    fn a_step_is_accepted_once_and_none_before_it() {
        let active = active();
        for step in [99, 100] {
            assert_eq!(
                active.apply(&[accept("a", step)], at(2)),
                Err(TwoFactorRefusal::StepUsed)
            );
        }
        let after = active.apply(&[accept("a", 101)], at(2)).unwrap();
        assert_eq!(
            after.apply(&[accept("a", 101)], at(2)),
            Err(TwoFactorRefusal::StepUsed)
        );
    }

    #[test]
    fn a_backup_code_is_used_once() {
        let after = active().apply(&[use_code(b"one")], at(2)).unwrap();
        assert_eq!(
            after.apply(&[use_code(b"one")], at(3)),
            Err(TwoFactorRefusal::BackupCodeUnknown)
        );
        assert!(after.apply(&[use_code(b"two")], at(3)).is_ok());
        assert_eq!(
            after.apply(&[use_code(b"three")], at(3)),
            Err(TwoFactorRefusal::BackupCodeUnknown)
        );
    }

    #[test]
    fn a_sign_in_is_finished_once_and_forgotten_when_its_token_is_long_over() {
        let finish = |id| TwoFactorChange::FinishSignIn {
            id: Uuid::from_u128(id),
        };
        let once = active().apply(&[finish(1)], at(2)).unwrap();
        assert_eq!(
            once.apply(&[finish(1)], at(3)),
            Err(TwoFactorRefusal::SignInFinished)
        );
        let kept = |after: &TwoFactor| after.finished.len();
        let twice = once.apply(&[finish(2)], at(3)).unwrap();
        assert_eq!(kept(&twice), 2);
        let hour_later = later(at(3), FINISHED_KEPT);
        assert_eq!(kept(&twice.apply(&[finish(3)], hour_later).unwrap()), 1);
    }

    #[test]
    fn a_new_secret_replaces_the_old_one_only_when_confirmed() {
        let begun = active().apply(&[begin("b")], at(2)).unwrap();
        assert!(begun.apply(&[accept("a", 101)], at(3)).is_ok());
        assert_eq!(
            begun.apply(&[confirm("a", 101)], at(3)),
            Err(TwoFactorRefusal::NotBegun)
        );
        let replaced = begun.apply(&[confirm("b", 101)], at(3)).unwrap();
        assert_eq!(
            replaced.apply(&[accept("a", 102)], at(4)),
            Err(TwoFactorRefusal::NotBegun)
        );
    }

    #[test]
    fn changes_are_applied_together_or_not_at_all() {
        let changes = [accept("a", 100), TwoFactorChange::Disable];
        assert_eq!(
            active().apply(&changes, at(2)),
            Err(TwoFactorRefusal::StepUsed)
        );
        let changes = [accept("a", 101), TwoFactorChange::Disable];
        assert_eq!(active().apply(&changes, at(2)), Ok(TwoFactor::default()));
    }

    #[test]
    fn a_secret_is_encrypted_anew_wherever_it_stands() {
        let change = TwoFactorChange::Reseal {
            from: sealed("a"),
            to: sealed("c"),
        };
        let after = active().apply(&[change], at(2)).unwrap();
        assert!(after.apply(&[accept("c", 101)], at(3)).is_ok());
    }
}
