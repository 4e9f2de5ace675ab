use std::time::Duration;

use secrecy::ExposeSecret;

use super::*;
use crate::account::AccountStatus;
use crate::testing::{World, account, run};
use crate::time::later;

fn world() -> World {
    World::with_account(account("ada@example.org"))
}

fn ada(world: &World) -> Caller {
    world.caller(&world.signed_in("ada@example.org"))
}

fn authenticate(world: &World, key: &str) -> Result<Caller, AccountError> {
    run(world.keys().authenticate(key, None))
}

#[test]
fn a_key_is_its_owner_with_its_scopes() {
    let world = world();
    let ada = ada(&world);
    let scopes = Scopes::from_iter([Scope::Read]);
    let made = run(world.keys().create(&ada, " laptop ", scopes, None)).unwrap();
    assert_eq!(made.key.name, "laptop");
    let caller = authenticate(&world, made.secret.expose_secret()).unwrap();
    assert_eq!((caller.account(), caller.scopes()), (ada.account(), scopes));
    assert_eq!(caller.require_session(), Err(AccountError::Forbidden));
    let again = run(world.keys().create(&caller, "more", scopes, None));
    assert_eq!(again.unwrap_err(), AccountError::Forbidden);
    assert_eq!(run(world.keys().list(&ada)).unwrap().len(), 1);
}

#[test]
fn a_wrong_revoked_or_expired_key_is_nobody() {
    let world = world();
    let ada = ada(&world);
    let scopes = Scopes::of_user();
    let end = later(world.now(), Duration::from_mins(1));
    let made = run(world.keys().create(&ada, "key", scopes, Some(end))).unwrap();
    let text = made.secret.expose_secret().to_owned();
    assert!(authenticate(&world, &text).is_ok());
    for wrong in ["", "mnt_", &format!("{text}x"), &text[..text.len() - 1]] {
        assert_eq!(
            authenticate(&world, wrong).unwrap_err(),
            AccountError::NotSignedIn,
            "{wrong}"
        );
    }
    world.wait(Duration::from_mins(1));
    assert_eq!(
        authenticate(&world, &text).unwrap_err(),
        AccountError::NotSignedIn
    );
    let made = run(world.keys().create(&ada, "key", scopes, None)).unwrap();
    run(world.keys().revoke(&ada, made.key.id)).unwrap();
    let text = made.secret.expose_secret();
    assert_eq!(
        authenticate(&world, text).unwrap_err(),
        AccountError::NotSignedIn
    );
    assert_eq!(
        world.told.0.lock().unwrap().as_slice(),
        [ada.owner().unwrap()]
    );
}

#[test]
fn a_key_of_a_disabled_account_is_refused_until_it_is_enabled() {
    let world = world();
    let ada = ada(&world);
    let made = run(world.keys().create(&ada, "key", Scopes::of_user(), None)).unwrap();
    let text = made.secret.expose_secret();
    let set = |status| {
        let id = ada.owner().unwrap();
        run(world
            .accounts()
            .set_status(&Caller::command_line(), id, status))
        .unwrap()
    };
    set(AccountStatus::Disabled);
    assert_eq!(
        authenticate(&world, text).unwrap_err(),
        AccountError::AccountDisabled
    );
    set(AccountStatus::Active);
    assert!(authenticate(&world, text).is_ok());
}

#[test]
fn nobody_gives_a_key_what_they_do_not_have() {
    let world = world();
    let ada = ada(&world);
    let admin = Scopes::from_iter([Scope::Admin]);
    let made = run(world.keys().create(&ada, "key", admin, None));
    assert_eq!(made.unwrap_err(), AccountError::ScopeMissing(Scope::Admin));
    let owner = ada.owner().unwrap();
    let made = run(world
        .keys()
        .create_for(&Caller::command_line(), owner, "key", admin, None));
    assert!(matches!(
        made,
        Err(AccountError::Invalid {
            field: "scopes",
            ..
        })
    ));
    let made = run(world
        .keys()
        .create_for(&ada, owner, "key", Scopes::of_user(), None));
    assert_eq!(made.unwrap_err(), AccountError::Forbidden);
}

#[test]
fn anothers_key_does_not_exist() {
    let world = world();
    let made = run(world
        .keys()
        .create(&ada(&world), "key", Scopes::of_user(), None))
    .unwrap();
    let root = world.caller(&world.signed_in("root@example.org"));
    assert_eq!(
        run(world.keys().revoke(&root, made.key.id)).unwrap_err(),
        AccountError::NotFound
    );
    assert_eq!(run(world.keys().list(&root)).unwrap(), []);
    assert!(authenticate(&world, made.secret.expose_secret()).is_ok());
}

#[test]
fn the_last_use_is_written_once_a_minute() {
    let world = world();
    let made = run(world
        .keys()
        .create(&ada(&world), "key", Scopes::of_user(), None))
    .unwrap();
    let touches = |seconds| {
        world.wait(Duration::from_secs(seconds));
        world.trace();
        authenticate(&world, made.secret.expose_secret()).unwrap();
        world
            .trace()
            .iter()
            .filter(|asked| **asked == "touch_key")
            .count()
    };
    assert_eq!((touches(0), touches(59), touches(1)), (1, 0, 1));
}

#[test]
fn fields_and_numbers_are_bounded() {
    let mut world = world();
    world.policy.api_keys = 2;
    let ada = ada(&world);
    let create =
        |name: &str, scopes, end| run(world.keys().create(&ada, name, scopes, end)).map(|_| ());
    let user = Scopes::of_user();
    for (name, scopes, end, field) in [
        ("", user, None, "name"),
        (&*"a".repeat(101), user, None, "name"),
        ("key", Scopes::NONE, None, "scopes"),
        ("key", user, Some(world.now()), "expiresAt"),
    ] {
        match create(name, scopes, end) {
            Err(AccountError::Invalid { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(create("one", user, None), Ok(()));
    assert_eq!(create("two", user, None), Ok(()));
    assert_eq!(
        create("three", user, None),
        Err(AccountError::TooMany { limit: 2 })
    );
}
