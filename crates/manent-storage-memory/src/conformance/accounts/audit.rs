//! The audit log.

use futures_util::future::join_all;
use manent_accounts::account_change::AccountChange;
use manent_accounts::audit::{AuditDraft, AuditHead, AuditKind};
use manent_accounts::ports::{
    AccountRepository, ApiKeyRepository, AuditFilter, AuditRepository, OneTimeLinkRepository,
    SessionRepository,
};
use manent_accounts::session::SessionEnd;

use super::desk::{Desk, address, draft, invitation, new_account, new_session, session_id, user};
use super::{AccountStore, api_keys, provider_keys};
use crate::conformance::person::at;

/// With everything and with nothing.
pub async fn entries_read_as_they_were_appended(store: &dyn AccountStore) {
    let desk = Desk::new(store);
    assert_eq!(store.head().await, Ok(Some(AuditHead::EMPTY)));
    assert_eq!(desk.audit().await, []);
    let whole = draft(AuditKind::SignInRefused)
        .on(user(2))
        .with("a", "b\n\u{0}c");
    let from_afar = AuditDraft::new(AuditKind::SignedIn).by(None, "2001:db8::1".parse().ok());
    let drafts = [whole, AuditDraft::new(AuditKind::SignedIn), from_afar];
    let mut head = AuditHead::EMPTY;
    let mut expected = Vec::new();
    for draft in drafts {
        let entry = head.next(draft.clone(), at(3));
        assert_eq!(
            AuditRepository::append(store, draft, at(3)).await,
            Ok(entry.clone())
        );
        head = entry.head();
        assert_eq!(store.head().await, Ok(Some(head)));
        expected.push(entry);
    }
    assert_eq!(desk.audit().await, expected);
    assert_eq!(store.read(2, 10).await, Ok(vec![Ok(expected[2].clone())]));
    assert_eq!(store.read(3, 10).await, Ok(vec![]));
}

/// As the one it happened to, and the one who did it; the newest first.
pub async fn entries_are_found_by_account_and_kind(store: &dyn AccountStore) {
    let by = |kind, actor: Option<u128>, account: Option<u128>| AuditDraft {
        account: account.map(user),
        ..AuditDraft::new(kind).by(actor.map(user), None)
    };
    for draft in [
        by(AuditKind::SignedIn, Some(1), Some(1)),
        by(AuditKind::SignedIn, Some(2), Some(2)),
        by(AuditKind::AccountDisabled, Some(1), Some(2)),
        by(AuditKind::SignInRefused, None, Some(2)),
        by(AuditKind::SignInRefused, None, None),
    ] {
        AuditRepository::append(store, draft, at(1)).await.unwrap();
    }
    let list = async |account: Option<u128>, kind, before, limit| {
        let filter = AuditFilter {
            account: account.map(user),
            kind,
        };
        let entries = AuditRepository::list(store, filter, before, limit).await;
        let entries = entries.unwrap();
        let numbers = entries.into_iter().map(|entry| entry.unwrap().number);
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(list(None, None, None, 10).await, [5, 4, 3, 2, 1]);
    assert_eq!(list(None, None, Some(4), 2).await, [3, 2]);
    assert_eq!(list(Some(1), None, None, 10).await, [3, 1]);
    assert_eq!(list(Some(2), None, None, 10).await, [4, 3, 2]);
    assert_eq!(list(Some(2), None, Some(4), 1).await, [3]);
    let refused = Some(AuditKind::SignInRefused);
    assert_eq!(list(None, refused, None, 10).await, [5, 4]);
    assert_eq!(list(Some(2), refused, None, 10).await, [4]);
    assert!(list(Some(1), refused, None, 10).await.is_empty());
}

/// Numbers without holes, each with the hash of the one before.
pub async fn entries_appended_at_once_make_one_chain(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let append = |number: u128| async move {
        let draft = draft(AuditKind::SignInRefused).with("attempt", number);
        AuditRepository::append(store, draft, at(1)).await.unwrap();
        let session = new_session(number, user(number % 2 + 1), 1);
        assert!(desk.begin(session).await);
    };
    join_all((1..=20).map(append)).await;
    assert_eq!(desk.audit().await.len(), 42);
}

/// With the one who did it and whom it happened to, as it was given.
pub async fn every_unit_writes_its_entry(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    assert!(desk.link(invitation("welcome", None, 1)).await);
    assert!(desk.begin(new_session(1, user(2), 1)).await);
    let audit = draft(AuditKind::SignedOut);
    let end = SessionEnd::SignedOut;
    let ended = SessionRepository::end(store, user(2), session_id(1), end, at(2), audit);
    assert!(ended.await.unwrap());
    api_keys::create(store, api_keys::new_key(1, user(2), 3)).await;
    let audit = draft(AuditKind::ApiKeyRevoked);
    let id = api_keys::key_id(1);
    ApiKeyRepository::revoke(store, user(2), id, at(4), audit)
        .await
        .unwrap();
    assert!(provider_keys::put(store, provider_keys::new_key(user(2), "a", 1)).await);
    let change = AccountChange::Email {
        email: address("z@example.org"),
        is_verified: false,
    };
    let audit = draft(AuditKind::EmailChanged).on(user(2));
    AccountRepository::change(store, user(2), change, None, at(6), audit)
        .await
        .unwrap();
    let audit = draft(AuditKind::InvitationRevoked);
    let welcome = super::desk::digest("welcome");
    OneTimeLinkRepository::revoke(store, welcome, at(7), audit)
        .await
        .unwrap();
    desk.create(new_account(1), None, at(8)).await.unwrap_err();
    desk.delete(2, 9).await;
    let entries = desk.audit().await;
    let told: Vec<_> = entries
        .iter()
        .skip(2)
        .map(|entry| (entry.kind, entry.at))
        .collect();
    let expected = [
        (AuditKind::PasswordResetRequested, at(1)),
        (AuditKind::SignedIn, at(1)),
        (AuditKind::SignedOut, at(2)),
        (AuditKind::ApiKeyCreated, at(3)),
        (AuditKind::ApiKeyRevoked, at(4)),
        (AuditKind::ProviderKeyStored, at(5)),
        (AuditKind::EmailChanged, at(6)),
        (AuditKind::InvitationRevoked, at(7)),
        (AuditKind::SignUpRefused, at(8)),
        (AuditKind::AccountDeleted, at(9)),
    ];
    assert_eq!(told, expected);
    let last = entries.last().unwrap();
    assert_eq!((last.actor, last.account), (Some(user(1)), Some(user(2))));
}
