//! Moving accounts from one store to another. The other store is always [`MemoryStore`].

use manent_accounts::account::{AccountProvider, NewAccount, OpenIdIdentity};
use manent_accounts::account_change::AccountChange;
use manent_accounts::audit::AuditKind;
use manent_accounts::ports::{AuditRepository, KeyCreated, RoleRepository};
use manent_accounts::role::{Permission, PermissionGroup, Permissions, RoleName};
use manent_accounts::two_factor::TwoFactorChange;
use manent_accounts::username::Username;
use manent_domain::ports::{StoreError, TransferRepository};
use manent_domain::transfer::{RecordKind, TransferRecord};

use super::desk::{Desk, digest, draft, invitation, new_account, new_session, sealed, user};
use super::{AccountStore, api_keys, budgets, deletion};
use crate::MemoryStore;
use crate::conformance::person::at;
use crate::conformance::transfer::export;

/// Two accounts with something of everything.
async fn fill(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    let second = NewAccount {
        username: Some(Username::parse("zoë").unwrap()),
        provider: AccountProvider::OpenId,
        openid: Some(OpenIdIdentity {
            issuer: "https://id.example.org".to_owned(),
            subject: "s \"2\"".to_owned(),
        }),
        password: None,
        ..new_account(2)
    };
    desk.create(second, None, at(1)).await.unwrap();
    for number in [2, 1] {
        deletion::fill(desk, number).await;
    }
    let begin = TwoFactorChange::Begin {
        secret: sealed(2, "totp"),
        backup_codes: vec![digest("one")],
    };
    let change = AccountChange::TwoFactor(vec![begin]);
    desk.change(1, change, 3).await.unwrap();
    desk.change(2, AccountChange::AcceptTerms, 3).await.unwrap();
    for (secret, email) in [("open", None), ("named", Some(new_account(7).email))] {
        assert!(desk.link(invitation(secret, email, 4)).await);
    }
    for name in ["user", "guest"] {
        let mut overrides = Permissions::default();
        overrides
            .set(PermissionGroup::Prompts, Permission::Share, true)
            .unwrap();
        let name = RoleName::parse(name).unwrap();
        let audit = draft(AuditKind::RolePermissionsChanged);
        RoleRepository::change(store, &name, overrides, at(5), audit)
            .await
            .unwrap();
    }
    // Enough for the numbers of the audit log to have two digits.
    for _ in 0..5 {
        let refused = draft(AuditKind::SignInRefused);
        AuditRepository::append(store, refused, at(6))
            .await
            .unwrap();
    }
}

/// All but sessions, however small the pages are.
pub async fn what_is_imported_of_accounts_is_exported_again(store: &dyn AccountStore) {
    let other = MemoryStore::new();
    fill(&other).await;
    let records = export(&other, 1_000).await;
    for kind in RecordKind::ALL {
        let count = records.iter().filter(|record| record.kind() == kind);
        assert!(count.count() >= 2, "{} are moved", kind.name());
    }
    for piece in records.chunks(7) {
        store.import(piece.to_vec()).await.unwrap();
    }
    assert!(export(store, 1).await == records, "one at a time");
    store.import(records.clone()).await.unwrap();
    assert!(export(store, 1_000).await == records, "a second time");
}

/// Everybody signs in again, and everything else is as it was.
pub async fn imported_accounts_go_on(store: &dyn AccountStore) {
    let other = MemoryStore::new();
    fill(&other).await;
    store.import(export(&other, 1_000).await).await.unwrap();
    let (before, desk) = (Desk::new(&other), Desk::new(store));
    for number in [1, 2] {
        assert_eq!(desk.account(number).await, before.account(number).await);
        assert_eq!(desk.live_sessions(number, 5).await, []);
    }
    assert_eq!(desk.audit().await, before.audit().await);
    let count = desk.audit().await.len();
    assert!(desk.begin(new_session(7, user(2), 9)).await);
    assert_eq!(desk.told(count).await, [AuditKind::SignedIn]);
    let key = api_keys::new_key(50, user(1), 9);
    assert_eq!(api_keys::create(store, key).await, KeyCreated::Stored);
    assert!(budgets::settle(store, user(1), 2, 40).await);
    let made = desk
        .create(new_account(7), Some(digest("named")), at(10))
        .await;
    assert!(!made.unwrap().role.is_admin(), "not the first one");
}

/// Nothing of the piece is written.
pub async fn a_damaged_row_is_refused(store: &dyn AccountStore) {
    let other = MemoryStore::new();
    Desk::with_accounts(&other, 2).await;
    let mut records = export(&other, 1_000).await;
    for record in &mut records {
        if let TransferRecord::AccountRow { key, row, .. } = record
            && *key == user(2).to_string()
        {
            row.truncate(9);
        }
    }
    let refused = TransferRepository::import(store, records).await;
    assert!(
        matches!(refused, Err(StoreError::Corrupt { .. })),
        "{refused:?}"
    );
    assert_eq!(Desk::new(store).find(1).await, None);
}
