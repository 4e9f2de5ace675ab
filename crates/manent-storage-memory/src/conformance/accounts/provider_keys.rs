//! People's own keys for providers.

use manent_accounts::audit::AuditKind;
use manent_accounts::ports::ProviderKeyRepository;
use manent_accounts::provider_key::{EndpointName, ProviderKey};
use manent_types::UserId;

use super::AccountStore;
use super::desk::{Desk, draft, sealed, user};
use crate::conformance::person::at;

fn endpoint(name: &str) -> EndpointName {
    EndpointName::parse(name).unwrap()
}

/// A key that is encrypted with this version of the vault's key.
pub fn new_key(owner: UserId, name: &str, key_version: u32) -> ProviderKey {
    ProviderKey {
        owner,
        endpoint: endpoint(name),
        sealed: sealed(key_version, name),
        created_at: at(5),
        expires_at: None,
    }
}

/// Stores a key unless there would be more than three.
pub async fn put(store: &dyn AccountStore, key: ProviderKey) -> bool {
    let audit = draft(AuditKind::ProviderKeyStored);
    ProviderKeyRepository::put(store, key, 3, audit)
        .await
        .unwrap()
}

async fn find(store: &dyn AccountStore, owner: UserId, name: &str) -> Option<ProviderKey> {
    let found = ProviderKeyRepository::find(store, owner, &endpoint(name)).await;
    found.unwrap()
}

async fn list(store: &dyn AccountStore, owner: UserId) -> Vec<ProviderKey> {
    ProviderKeyRepository::list(store, owner).await.unwrap()
}

async fn delete(store: &dyn AccountStore, owner: UserId, name: Option<&str>) -> u64 {
    let audit = draft(AuditKind::ProviderKeyDeleted);
    let name = name.map(endpoint);
    let deleted = ProviderKeyRepository::delete(store, owner, name.as_ref(), at(9), audit).await;
    deleted.unwrap()
}

/// Names of endpoints differ by case too.
pub async fn a_key_is_replaced_for_its_endpoint(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    let first = new_key(user(1), "openAI", 1);
    assert!(put(store, first.clone()).await);
    assert_eq!(find(store, user(1), "openAI").await, Some(first));
    assert_eq!(find(store, user(1), "openai").await, None);
    let second = ProviderKey {
        sealed: sealed(2, "another"),
        created_at: at(7),
        expires_at: Some(at(50)),
        ..new_key(user(1), "openAI", 2)
    };
    assert!(put(store, second.clone()).await);
    let other = new_key(user(1), "Anthropic", 1);
    assert!(put(store, other.clone()).await);
    assert_eq!(list(store, user(1)).await, [other, second]);
    assert_eq!(desk.told(1).await, [AuditKind::ProviderKeyStored; 3]);
}

/// A key that takes the place of another one is no more than before.
pub async fn only_so_many_keys_are_stored(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    for name in ["a", "b", "c"] {
        assert!(put(store, new_key(user(1), name, 1)).await);
    }
    assert!(!put(store, new_key(user(1), "d", 1)).await);
    assert!(put(store, new_key(user(1), "c", 2)).await);
    assert!(!put(store, new_key(user(9), "a", 1)).await, "nobody's");
    assert_eq!(list(store, user(1)).await.len(), 3);
    assert_eq!(desk.audit().await.len(), 5);
}

/// Told when there was one.
pub async fn keys_are_deleted_by_endpoint_or_all(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let of_another = new_key(user(2), "a", 1);
    assert!(put(store, of_another.clone()).await);
    for name in ["a", "b", "c"] {
        assert!(put(store, new_key(user(1), name, 1)).await);
    }
    assert_eq!(delete(store, user(1), Some("b")).await, 1);
    assert_eq!(delete(store, user(1), Some("b")).await, 0);
    assert_eq!(delete(store, user(1), None).await, 2);
    assert_eq!(delete(store, user(1), None).await, 0);
    assert_eq!(list(store, user(1)).await, []);
    assert_eq!(list(store, user(2)).await, [of_another]);
    assert_eq!(desk.told(6).await, [AuditKind::ProviderKeyDeleted; 2]);
}

/// For the rotation of the vault's keys.
pub async fn a_key_is_resealed_only_from_what_it_was(store: &dyn AccountStore) {
    Desk::with_accounts(store, 2).await;
    for (owner, name, version) in [(1, "a", 1), (1, "b", 2), (2, "a", 1), (2, "b", 3)] {
        assert!(put(store, new_key(user(owner), name, version)).await);
    }
    let old = async |version, limit| {
        let keys = store.list_sealed_before(version, limit).await.unwrap();
        let mut keys: Vec<_> = keys
            .into_iter()
            .map(|key| (key.owner, key.endpoint))
            .collect();
        keys.sort();
        keys
    };
    assert_eq!(old(1, 10).await, []);
    let expected = [(user(1), endpoint("a")), (user(2), endpoint("a"))];
    assert_eq!(old(2, 10).await, expected);
    assert_eq!(old(3, 2).await.len(), 2);
    let reseal = async |owner, name: &str, from, to| {
        let resealed = store.reseal(user(owner), &endpoint(name), &from, to).await;
        resealed.unwrap()
    };
    assert!(!reseal(1, "a", sealed(1, "other"), sealed(4, "a")).await);
    assert!(!reseal(1, "a", sealed(2, "a"), sealed(4, "a")).await);
    assert!(!reseal(1, "c", sealed(1, "a"), sealed(4, "a")).await);
    assert!(reseal(1, "a", sealed(1, "a"), sealed(4, "anew")).await);
    let expected = ProviderKey {
        sealed: sealed(4, "anew"),
        ..new_key(user(1), "a", 1)
    };
    assert_eq!(find(store, user(1), "a").await, Some(expected));
    let untouched = new_key(user(2), "a", 1);
    assert_eq!(find(store, user(2), "a").await, Some(untouched));
}

/// No call reaches another owner's.
pub async fn another_owners_provider_keys_do_not_exist(store: &dyn AccountStore) {
    Desk::with_accounts(store, 2).await;
    let key = new_key(user(1), "a", 1);
    assert!(put(store, key.clone()).await);
    assert_eq!(find(store, user(2), "a").await, None);
    assert_eq!(list(store, user(2)).await, []);
    assert_eq!(delete(store, user(2), Some("a")).await, 0);
    assert_eq!(delete(store, user(2), None).await, 0);
    let resealed = store
        .reseal(user(2), &endpoint("a"), &key.sealed, sealed(2, "a"))
        .await;
    assert_eq!(resealed, Ok(false));
    assert_eq!(find(store, user(1), "a").await, Some(key));
}
