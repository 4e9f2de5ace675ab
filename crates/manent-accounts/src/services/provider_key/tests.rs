use std::time::Duration;

use super::*;
use crate::testing::{World, account, run};
use crate::time::later;

fn world() -> (World, Caller) {
    let world = World::with_account(account("ada@example.org"));
    let caller = world.caller(&world.signed_in("ada@example.org"));
    (world, caller)
}

fn opened(world: &World, owner: UserId, endpoint: &str) -> String {
    match run(world.provider_keys().open(owner, endpoint)).unwrap() {
        OpenedKey::Key(key) => key.expose_secret().to_owned(),
        OpenedKey::Expired => "expired".to_owned(),
        OpenedKey::Missing => "missing".to_owned(),
    }
}

#[test]
fn a_key_opens_for_its_owner_and_endpoint_until_its_end() {
    let (world, ada) = world();
    let keys = world.provider_keys();
    let owner = ada.owner().unwrap();
    let end = later(world.now(), Duration::from_mins(1));
    run(keys.put(&ada, "openAI", &"sk-1".into(), Some(end))).unwrap();
    run(keys.put(&ada, "anthropic", &"sk-2".into(), None)).unwrap();
    assert_eq!(opened(&world, owner, "openAI"), "sk-1");
    assert_eq!(opened(&world, owner, "google"), "missing");
    let root = world.caller(&world.signed_in("root@example.org"));
    assert_eq!(opened(&world, root.owner().unwrap(), "openAI"), "missing");
    assert_eq!(run(keys.expiry(&ada, "openAI")), Ok(Some(Some(end))));
    assert_eq!(run(keys.expiry(&ada, "anthropic")), Ok(Some(None)));
    assert_eq!(run(keys.expiry(&root, "anthropic")), Ok(None));
    world.wait(Duration::from_mins(1));
    assert_eq!(opened(&world, owner, "openAI"), "expired");
    run(keys.put(&ada, "openAI", &"sk-3".into(), None)).unwrap();
    assert_eq!(opened(&world, owner, "openAI"), "sk-3");
    assert_eq!(run(keys.list(&ada)).unwrap().len(), 2);
}

#[test]
fn a_stored_key_moved_to_another_endpoint_or_owner_does_not_open() {
    let (world, ada) = world();
    let owner = ada.owner().unwrap();
    run(world
        .provider_keys()
        .put(&ada, "openAI", &"sk-1".into(), None))
    .unwrap();
    let mut state = world.store.state();
    let stored = state.provider_keys.values().next().unwrap().clone();
    let other = EndpointName::parse("evil").unwrap();
    let moved = ProviderKey {
        endpoint: other.clone(),
        ..stored
    };
    state.provider_keys.insert((owner, other), moved);
    drop(state);
    let opened = run(world.provider_keys().open(owner, "evil"));
    assert!(matches!(opened, Err(AccountError::Vault(_))));
}

#[test]
fn keys_are_deleted_one_by_one_or_all_at_once() {
    let (world, ada) = world();
    let keys = world.provider_keys();
    for endpoint in ["a", "b", "c"] {
        run(keys.put(&ada, endpoint, &"sk".into(), None)).unwrap();
    }
    assert_eq!(run(keys.delete(&ada, "a")), Ok(true));
    assert_eq!(run(keys.delete(&ada, "a")), Ok(false));
    assert_eq!(run(keys.delete_all(&ada)), Ok(2));
    assert_eq!(run(keys.list(&ada)), Ok(Vec::new()));
}

#[test]
fn keys_are_bounded_and_never_written_into_the_audit_log() {
    let (mut world, ada) = world();
    world.policy.provider_keys = 1;
    let keys = world.provider_keys();
    let put = |endpoint: &str, key: &str| run(keys.put(&ada, endpoint, &key.into(), None));
    assert!(matches!(
        put("", "sk"),
        Err(AccountError::Invalid { field: "name", .. })
    ));
    assert!(matches!(
        put("a", ""),
        Err(AccountError::Invalid { field: "value", .. })
    ));
    let large = "k".repeat(KEY_BYTES + 1);
    assert!(matches!(
        put("a", &large),
        Err(AccountError::Invalid { field: "value", .. })
    ));
    assert_eq!(put("a", "sk-hidden"), Ok(()));
    assert_eq!(
        put("b", "sk-hidden"),
        Err(AccountError::TooMany { limit: 1 })
    );
    let printed = format!("{:?}", world.store.state().audit);
    assert!(printed.contains("endpoint") && !printed.contains("hidden"));
}
