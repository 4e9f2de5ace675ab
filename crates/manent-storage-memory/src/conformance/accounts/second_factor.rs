//! The second factor of an account.

use futures_util::future::join_all;
use manent_accounts::account_change::{AccountChange, AccountRefusal};
use manent_accounts::two_factor::{
    ActiveTwoFactor, BackupCode, FinishedSignIn, PendingTwoFactor, TwoFactor, TwoFactorChange,
    TwoFactorRefusal,
};
use uuid::Uuid;

use super::AccountStore;
use super::desk::{Desk, digest, sealed};
use crate::conformance::person::at;

fn begin(secret: &str) -> TwoFactorChange {
    TwoFactorChange::Begin {
        secret: sealed(1, secret),
        backup_codes: vec![digest("one"), digest("two")],
    }
}

fn confirm(secret: &str, step: u64) -> TwoFactorChange {
    TwoFactorChange::Confirm {
        secret: sealed(1, secret),
        step,
    }
}

async fn with_second_factor(store: &dyn AccountStore) -> Desk<'_> {
    let desk = Desk::with_accounts(store, 1).await;
    let changes = vec![begin("a"), confirm("a", 100)];
    let after = desk.change(1, AccountChange::TwoFactor(changes), 1).await;
    assert!(after.unwrap().account.two_factor.is_enabled());
    desk
}

/// What is active and what waits.
pub async fn a_second_factor_reads_as_it_was_stored(store: &dyn AccountStore) {
    let desk = with_second_factor(store).await;
    let code = TwoFactorChange::UseBackupCode {
        digest: digest("one"),
    };
    let sign_in = TwoFactorChange::FinishSignIn {
        id: Uuid::from_u128(9),
    };
    let changes = AccountChange::TwoFactor(vec![code, sign_in, begin("b")]);
    desk.change(1, changes, 2).await.unwrap();
    let expected = TwoFactor {
        active: Some(ActiveTwoFactor {
            secret: sealed(1, "a"),
            last_step: 100,
            backup_codes: vec![
                BackupCode {
                    digest: digest("one"),
                    used_at: Some(at(2)),
                },
                BackupCode {
                    digest: digest("two"),
                    used_at: None,
                },
            ],
            since: at(1),
        }),
        pending: Some(PendingTwoFactor {
            secret: sealed(1, "b"),
            backup_codes: vec![digest("one"), digest("two")],
            since: at(2),
        }),
        finished: vec![FinishedSignIn {
            id: Uuid::from_u128(9),
            at: at(2),
        }],
    };
    let account = desk.account(1).await;
    assert_eq!((account.two_factor, account.updated_at), (expected, at(0)));
}

async fn use_at_once(desk: Desk<'_>, change: TwoFactorChange, refusal: TwoFactorRefusal) {
    let told = desk.audit().await.len();
    let using = |_| desk.change(1, AccountChange::TwoFactor(vec![change.clone()]), 2);
    let done = join_all((0..10).map(using)).await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
    let refused = Err(AccountRefusal::TwoFactor(refusal));
    assert_eq!(done.iter().filter(|done| **done == refused).count(), 9);
    assert_eq!(desk.audit().await.len(), told + 1);
}

/// Each step of time once.
pub async fn a_step_is_accepted_once_by_many_at_once(store: &dyn AccountStore) {
    let desk = with_second_factor(store).await;
    let accept = TwoFactorChange::AcceptStep {
        secret: sealed(1, "a"),
        step: 101,
    };
    use_at_once(desk, accept, TwoFactorRefusal::StepUsed).await;
}

/// Each code once.
pub async fn a_backup_code_is_used_once_by_many_at_once(store: &dyn AccountStore) {
    let desk = with_second_factor(store).await;
    let code = TwoFactorChange::UseBackupCode {
        digest: digest("one"),
    };
    use_at_once(desk, code, TwoFactorRefusal::BackupCodeUnknown).await;
}

/// Each sign-in once.
pub async fn a_sign_in_is_finished_once_by_many_at_once(store: &dyn AccountStore) {
    let desk = with_second_factor(store).await;
    let sign_in = TwoFactorChange::FinishSignIn {
        id: Uuid::from_u128(9),
    };
    use_at_once(desk, sign_in, TwoFactorRefusal::SignInFinished).await;
}
