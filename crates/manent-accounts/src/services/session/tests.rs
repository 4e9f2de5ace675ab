use std::time::Duration;

use secrecy::ExposeSecret;

use super::*;
use crate::account::AccountStatus;
use crate::testing::{World, account, run};

fn world() -> World {
    World::with_account(account("ada@example.org"))
}

fn refresh(world: &World, token: &SecretString) -> Result<OpenedSession, AccountError> {
    let token = token.expose_secret();
    run(world.sessions().refresh(token, &Origin::default()))
}

#[test]
fn fifty_refreshes_with_one_cookie_get_one_successor_and_nobody_is_signed_out() {
    let world = world();
    let opened = world.signed_in("ada@example.org");
    let mut successors: Vec<_> = (0..50)
        .map(|_| refresh(&world, &opened.refresh_token).unwrap())
        .map(|opened| opened.refresh_token.expose_secret().to_owned())
        .collect();
    successors.dedup();
    assert_eq!(successors.len(), 1);
    refresh(&world, &successors[0].as_str().into()).unwrap();
}

#[test]
fn a_stolen_old_token_ends_the_family_and_the_audit_log_says_so() {
    let world = world();
    let opened = world.signed_in("ada@example.org");
    let second = refresh(&world, &opened.refresh_token).unwrap();
    let third = refresh(&world, &second.refresh_token).unwrap();
    world.wait(Duration::from_secs(61));
    let address = Some([192, 0, 2, 66].into());
    let origin = Origin {
        address,
        label: None,
    };
    let stolen = opened.refresh_token.expose_secret();
    let reused = run(world.sessions().refresh(stolen, &origin));
    let ended = |refusal| AccountError::SessionEnded(refusal);
    assert_eq!(reused.unwrap_err(), ended(RefreshRefusal::TokenReused));
    let family = refresh(&world, &third.refresh_token).unwrap_err();
    assert_eq!(
        family,
        ended(RefreshRefusal::Ended(SessionEnd::TokenReused))
    );
    let state = world.store.state();
    let entry = state.audit.last().unwrap();
    assert_eq!(entry.kind, AuditKind::RefreshTokenReused);
    assert_eq!(
        (entry.account, entry.address),
        (Some(opened.account.id), address)
    );
    assert_eq!(entry.detail["session"], opened.session.id.to_string());
    drop(state);
    assert_eq!(*world.told.0.lock().unwrap(), [opened.account.id]);
    let claims = world
        .sessions()
        .read_access_token(third.access_token.expose_secret())
        .unwrap();
    let caller = run(world.sessions().caller(&claims, None));
    assert_eq!(caller.unwrap_err(), AccountError::NotSignedIn);
}

#[test]
fn an_access_token_ends_by_itself_and_never_after_its_session() {
    let mut world = world();
    world.policy.access_token_lifetime = Duration::from_secs(10);
    world.policy.session_lifetime = Duration::from_secs(15);
    let opened = world.signed_in("ada@example.org");
    world.wait(Duration::from_secs(9));
    let read = |opened: &OpenedSession| {
        let token = opened.access_token.expose_secret();
        world.sessions().read_access_token(token).map(|_| ())
    };
    assert_eq!(read(&opened), Ok(()));
    world.wait(Duration::from_secs(1));
    assert_eq!(read(&opened), Err(AccountError::NotSignedIn));
    let refreshed = refresh(&world, &opened.refresh_token).unwrap();
    assert_eq!(refreshed.access_expires_at, opened.session.expires_at);
    assert_eq!(refreshed.session.expires_at, opened.session.expires_at);
    world.wait(Duration::from_secs(5));
    assert_eq!(
        refresh(&world, &refreshed.refresh_token).unwrap_err(),
        AccountError::SessionEnded(RefreshRefusal::Expired)
    );
}

#[test]
fn sign_out_ends_the_own_session_alone() {
    let world = world();
    let here = world.signed_in("ada@example.org");
    let there = world.signed_in("ada@example.org");
    let caller = world.caller(&here);
    let sessions = world.sessions();
    assert_eq!(run(sessions.list(&caller)).unwrap().len(), 2);
    run(sessions.sign_out(&caller)).unwrap();
    assert_eq!(
        refresh(&world, &here.refresh_token).unwrap_err(),
        AccountError::SessionEnded(RefreshRefusal::Ended(SessionEnd::SignedOut))
    );
    refresh(&world, &there.refresh_token).unwrap();
}

#[test]
fn sign_out_everywhere_may_keep_the_own_session() {
    let world = world();
    let here = world.signed_in("ada@example.org");
    let there = world.signed_in("ada@example.org");
    let caller = world.caller(&here);
    assert_eq!(
        run(world.sessions().sign_out_everywhere(&caller, true)),
        Ok(1)
    );
    refresh(&world, &there.refresh_token).unwrap_err();
    assert_eq!(
        run(world.sessions().sign_out_everywhere(&caller, false)),
        Ok(1)
    );
    refresh(&world, &here.refresh_token).unwrap_err();
}

#[test]
fn nobody_ends_or_sees_anothers_sessions() {
    let world = world();
    let ada = world.signed_in("ada@example.org");
    let root = world.signed_in("root@example.org");
    let sessions = world.sessions();
    let caller = world.caller(&root);
    assert_eq!(
        run(sessions.end(&caller, ada.session.id)),
        Err(AccountError::NotFound)
    );
    let listed = run(sessions.list(&caller)).unwrap();
    assert_eq!(listed, [root.session]);
    refresh(&world, &ada.refresh_token).unwrap();
    // As an administrator, and audited as such.
    assert_eq!(run(sessions.end_all_of(&caller, ada.account.id)), Ok(1));
    let ada_again = world.signed_in("ada@example.org");
    let not_admin = world.caller(&ada_again);
    let refused = run(sessions.end_all_of(&not_admin, root.account.id));
    assert_eq!(refused, Err(AccountError::Forbidden));
}

#[test]
fn a_disabled_account_has_no_sessions_and_opens_none() {
    let world = world();
    let opened = world.signed_in("ada@example.org");
    let admin = Caller::command_line();
    let set = |status| {
        run(world
            .accounts()
            .set_status(&admin, opened.account.id, status))
    };
    set(AccountStatus::Disabled).unwrap();
    assert_eq!(
        refresh(&world, &opened.refresh_token).unwrap_err(),
        AccountError::SessionEnded(RefreshRefusal::Ended(SessionEnd::AccountDisabled))
    );
    let open = world.sessions();
    let account = opened.account.clone();
    let reopened = run(open.open(account, &Origin::default(), "password"));
    assert_eq!(reopened.unwrap_err(), AccountError::AccountDisabled);
    set(AccountStatus::Active).unwrap();
    refresh(&world, &opened.refresh_token).unwrap_err();
    world.signed_in("ada@example.org");
}

#[test]
fn forged_and_foreign_tokens_are_no_sessions() {
    let world = world();
    let opened = world.signed_in("ada@example.org");
    let access = opened.access_token.expose_secret().to_owned();
    let unknown = "refresh 00000000-0000-0000-0000-000000000000 1";
    for token in ["", "nonsense", unknown, access.as_str()] {
        let refused = refresh(&world, &token.into()).unwrap_err();
        assert_eq!(refused, AccountError::NotSignedIn, "{token}");
    }
}

#[test]
fn a_store_that_is_down_signs_nobody_out() {
    let world = world();
    let opened = world.signed_in("ada@example.org");
    world.store.state().is_down = true;
    assert!(matches!(
        refresh(&world, &opened.refresh_token),
        Err(AccountError::Store(_))
    ));
    world.store.state().is_down = false;
    refresh(&world, &opened.refresh_token).unwrap();
}
