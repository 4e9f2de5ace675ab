//! API keys.

use futures_util::future::join_all;
use manent_accounts::account::AccountStatus;
use manent_accounts::account_change::AccountChange;
use manent_accounts::api_key::{ApiKey, Scope, Scopes};
use manent_accounts::audit::AuditKind;
use manent_accounts::ports::{ApiKeyRepository, KeyCreated};
use manent_types::{ApiKeyId, UserId};
use uuid::Uuid;

use super::AccountStore;
use super::desk::{Desk, digest, draft, user};
use crate::conformance::person::at;

/// A key's id.
pub fn key_id(number: u128) -> ApiKeyId {
    ApiKeyId::new(Uuid::from_u128(0xae << 120 | number))
}

/// A key without an end.
pub fn new_key(number: u128, owner: UserId, seconds: i64) -> ApiKey {
    ApiKey {
        id: key_id(number),
        owner,
        name: format!("Zoë's \"script\" {number}"),
        digest: digest(&format!("key-{number}")),
        scopes: [Scope::Read, Scope::Generate].into_iter().collect(),
        created_at: at(seconds),
        last_used_at: None,
        expires_at: None,
        revoked_at: None,
    }
}

/// Stores a key unless there are ten.
pub async fn create(store: &dyn AccountStore, key: ApiKey) -> KeyCreated {
    let audit = draft(AuditKind::ApiKeyCreated);
    let created = ApiKeyRepository::create(store, key, 10, audit).await;
    created.unwrap()
}

async fn revoke(
    store: &dyn AccountStore,
    owner: UserId,
    number: u128,
    seconds: i64,
) -> Option<ApiKey> {
    let audit = draft(AuditKind::ApiKeyRevoked);
    let revoked = ApiKeyRepository::revoke(store, owner, key_id(number), at(seconds), audit).await;
    revoked.unwrap()
}

async fn find(store: &dyn AccountStore, number: u128) -> Option<ApiKey> {
    let found = ApiKeyRepository::find(store, key_id(number)).await.unwrap();
    found.map(|(key, _)| key)
}

async fn list(store: &dyn AccountStore, owner: UserId) -> Vec<ApiKeyId> {
    let keys = ApiKeyRepository::list(store, owner).await.unwrap();
    keys.iter().map(|key| key.id).collect()
}

/// With its owner's account.
pub async fn a_key_reads_as_it_was_made(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let key = ApiKey {
        scopes: Scopes::all(),
        expires_at: Some(at(100)),
        ..new_key(1, user(2), 5)
    };
    assert_eq!(create(store, key.clone()).await, KeyCreated::Stored);
    let found = ApiKeyRepository::find(store, key_id(1)).await;
    assert_eq!(found, Ok(Some((key, desk.account(2).await))));
    for (number, seconds) in [(2, 7), (3, 6), (4, 7)] {
        let key = new_key(number, user(2), seconds);
        assert_eq!(create(store, key.clone()).await, KeyCreated::Stored);
        assert_eq!(find(store, number).await, Some(key));
    }
    assert_eq!(list(store, user(2)).await, [4, 2, 3, 1].map(key_id));
    assert_eq!(find(store, 9).await, None);
    assert_eq!(desk.told(2).await, [AuditKind::ApiKeyCreated; 4]);
}

/// A disabled one's keys are found all the same, with the account that says so.
pub async fn a_disabled_or_unknown_owner_gets_no_key(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    assert_eq!(
        create(store, new_key(1, user(2), 1)).await,
        KeyCreated::Stored
    );
    let disabling = AccountChange::Status(AccountStatus::Disabled);
    desk.change(2, disabling, 2).await.unwrap();
    for owner in [user(2), user(9)] {
        let created = create(store, new_key(2, owner, 3)).await;
        assert_eq!(created, KeyCreated::OwnerUnknown);
    }
    assert_eq!(find(store, 2).await, None);
    let found = ApiKeyRepository::find(store, key_id(1)).await.unwrap();
    let status = found.map(|(_, account)| account.status);
    assert_eq!(status, Some(AccountStatus::Disabled));
}

/// Neither revoked nor expired ones count, nor those of others.
pub async fn only_so_many_live_keys_are_made(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    create(store, new_key(100, user(1), 1)).await;
    let expiring = ApiKey {
        expires_at: Some(at(50)),
        ..new_key(1, user(2), 1)
    };
    assert_eq!(create(store, expiring).await, KeyCreated::Stored);
    for number in 2..=10 {
        let created = create(store, new_key(number, user(2), 2)).await;
        assert_eq!(created, KeyCreated::Stored);
    }
    let told = desk.audit().await.len();
    let too_many = create(store, new_key(11, user(2), 49)).await;
    assert_eq!(too_many, KeyCreated::TooMany);
    assert_eq!(desk.audit().await.len(), told);
    let after_the_end = create(store, new_key(11, user(2), 50)).await;
    assert_eq!(after_the_end, KeyCreated::Stored);
    let too_many = create(store, new_key(12, user(2), 51)).await;
    assert_eq!(too_many, KeyCreated::TooMany);
    revoke(store, user(2), 5, 52).await.unwrap();
    let created = create(store, new_key(12, user(2), 53)).await;
    assert_eq!(created, KeyCreated::Stored);
}

/// However they interleave.
pub async fn many_keys_made_at_once_stay_within_the_limit(store: &dyn AccountStore) {
    Desk::with_accounts(store, 1).await;
    let made = (1..=20).map(|number| create(store, new_key(number, user(1), 1)));
    let made = join_all(made).await;
    let stored = made.iter().filter(|made| **made == KeyCreated::Stored);
    assert_eq!(stored.count(), 10);
    assert_eq!(list(store, user(1)).await.len(), 10);
}

/// The first time counts; it is found and not listed.
pub async fn a_key_is_revoked_once(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    let key = new_key(1, user(1), 1);
    create(store, key.clone()).await;
    let revoked = ApiKey {
        revoked_at: Some(at(5)),
        ..key
    };
    for seconds in [5, 6] {
        let answer = revoke(store, user(1), 1, seconds).await;
        assert_eq!(answer, Some(revoked.clone()));
    }
    assert_eq!(find(store, 1).await, Some(revoked));
    assert_eq!(list(store, user(1)).await, []);
    assert_eq!(revoke(store, user(1), 2, 7).await, None);
    assert_eq!(desk.told(2).await, [AuditKind::ApiKeyRevoked]);
}

/// A later time stays.
pub async fn the_last_use_goes_forward_alone(store: &dyn AccountStore) {
    Desk::with_accounts(store, 1).await;
    create(store, new_key(1, user(1), 1)).await;
    for (seconds, last) in [(5, 5), (9, 9), (7, 9)] {
        store.touch(user(1), key_id(1), at(seconds)).await.unwrap();
        let used = find(store, 1).await.unwrap().last_used_at;
        assert_eq!(used, Some(at(last)));
    }
    assert_eq!(store.touch(user(1), key_id(2), at(9)).await, Ok(()));
}

/// No call with an owner reaches another one's.
pub async fn another_owners_keys_do_not_exist(store: &dyn AccountStore) {
    Desk::with_accounts(store, 2).await;
    let key = new_key(1, user(1), 1);
    create(store, key.clone()).await;
    assert_eq!(list(store, user(2)).await, []);
    assert_eq!(revoke(store, user(2), 1, 5).await, None);
    store.touch(user(2), key_id(1), at(5)).await.unwrap();
    assert_eq!(find(store, 1).await, Some(key));
}
