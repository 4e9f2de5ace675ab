use secrecy::ExposeSecret;

use super::*;
use crate::account::AccountStatus;
use crate::account_change::AccountRefusal;
use crate::caller::Origin;
use crate::ports::MailContent;
use crate::role::RoleName;
use crate::session::SessionEnd;
use crate::testing::{World, account, run};

fn world() -> World {
    let world = World::with_account(account("ada@example.org"));
    world
        .mails
        .is_configured
        .store(true, std::sync::atomic::Ordering::SeqCst);
    world
}

fn root(world: &World) -> Caller {
    world.caller(&world.signed_in("root@example.org"))
}

fn password_works(world: &World, password: &str) -> bool {
    let origin = Origin::default();
    run(world
        .sign_in()
        .sign_in("ada@example.org", password.into(), None, &origin))
    .is_ok()
}

#[test]
fn changing_the_password_needs_the_old_one_and_ends_the_other_sessions() {
    let world = world();
    let here = world.signed_in("ada@example.org");
    let there = world.signed_in("ada@example.org");
    let caller = world.caller(&here);
    let change = |old: &str, new: &str| {
        run(world
            .accounts()
            .change_password(&caller, old.into(), new.into()))
        .map(|_| ())
    };
    assert_eq!(
        change("wrong", "better horse"),
        Err(AccountError::WrongPassword)
    );
    assert!(matches!(
        change("correct horse", "x"),
        Err(AccountError::Invalid { .. })
    ));
    assert_eq!(change("correct horse", "better horse"), Ok(()));
    let state = world.store.state();
    let end = |opened: &crate::services::OpenedSession| {
        state.sessions[&opened.session.id].ended.map(|(_, end)| end)
    };
    assert_eq!(
        (end(&here), end(&there)),
        (None, Some(SessionEnd::PasswordChanged))
    );
    drop(state);
    assert!(password_works(&world, "better horse") && !password_works(&world, "correct horse"));
    assert!(matches!(
        world.mails()[0].content,
        MailContent::PasswordChanged
    ));
}

#[test]
fn a_reset_link_works_once_within_its_time_and_ends_all_sessions() {
    let world = world();
    let opened = world.signed_in("ada@example.org");
    let request = || {
        run(world
            .accounts()
            .request_reset("ada@example.org", &Origin::default()))
        .unwrap();
        match world.mails().remove(0).content {
            MailContent::PasswordReset { account, secret } => {
                assert_eq!(account, opened.account.id);
                secret
            }
            other => panic!("{other:?}"),
        }
    };
    let reset = |secret: &SecretString, new: &str| {
        run(world
            .accounts()
            .reset_password(secret, new.into(), &Origin::default()))
        .map(|_| ())
    };
    let superseded = request();
    let link = request();
    let invalid = Err(AccountError::LinkInvalid);
    assert_eq!(reset(&superseded, "better horse"), invalid);
    assert!(matches!(
        reset(&link, "short"),
        Err(AccountError::Invalid { .. })
    ));
    assert_eq!(reset(&link, "better horse"), Ok(()));
    assert_eq!(reset(&link, "other horse"), invalid);
    assert!(password_works(&world, "better horse"));
    assert!(
        world.store.state().sessions[&opened.session.id]
            .ended
            .is_some()
    );
    world.mails();
    let late = request();
    world.wait(std::time::Duration::from_mins(15));
    assert_eq!(reset(&late, "other horse"), invalid);
    assert_eq!(reset(&"guessed".into(), "other horse"), invalid);
}

#[test]
fn a_reset_by_a_link_revokes_the_api_keys_and_a_changed_password_does_not() {
    let world = world();
    let opened = world.signed_in("ada@example.org");
    let caller = world.caller(&opened);
    let scopes = crate::api_key::Scopes::of_user();
    let key = run(world.keys().create(&caller, "key", scopes, None)).unwrap();
    let presented = || run(world.keys().authenticate(key.secret.expose_secret(), None)).map(|_| ());
    run(world
        .accounts()
        .change_password(&caller, "correct horse".into(), "better horse".into()))
    .unwrap();
    assert_eq!(presented(), Ok(()));
    let accounts = world.accounts();
    let link = run(accounts.reset_link(&Caller::command_line(), opened.account.id)).unwrap();
    run(accounts.reset_password(&link.secret, "third horse".into(), &Origin::default())).unwrap();
    assert_eq!(presented(), Err(AccountError::NotSignedIn));
    let state = world.store.state();
    let told = state.audit.last().unwrap();
    assert_eq!(told.kind, AuditKind::ApiKeyRevoked);
    assert_eq!(told.detail["reason"], "password reset");
}

#[test]
fn asking_for_a_reset_answers_the_same_whoever_is_asked_for() {
    let world = world();
    for email in ["ada@example.org", "nobody@example.org", "not an address"] {
        assert_eq!(
            run(world.accounts().request_reset(email, &Origin::default())),
            Ok(())
        );
        assert_eq!(
            run(world
                .accounts()
                .resend_verification(email, &Origin::default())),
            Ok(())
        );
    }
    assert_eq!(world.mails().len(), 1);
    let origin = Origin::default();
    let mut asked = (0..5).map(|_| {
        run(world
            .accounts()
            .request_reset("nobody@example.org", &origin))
    });
    assert!(asked.any(|answer| matches!(answer, Err(AccountError::TooManyAttempts { .. }))));
}

#[test]
fn without_mail_an_administrator_hands_the_link_over() {
    let world = World::with_account(account("ada@example.org"));
    run(world
        .accounts()
        .request_reset("ada@example.org", &Origin::default()))
    .unwrap();
    assert!(world.store.state().links.is_empty());
    let accounts = world.accounts();
    let ada = world.signed_in("ada@example.org").account.id;
    let link = run(accounts.reset_link(&Caller::command_line(), ada)).unwrap();
    let new = "better horse".into();
    run(accounts.reset_password(&link.secret, new, &Origin::default())).unwrap();
    assert!(password_works(&world, "better horse"));
}

#[test]
fn deleting_an_account_takes_everything_along_and_leaves_the_audit_log() {
    let world = world();
    let opened = world.signed_in("ada@example.org");
    let caller = world.caller(&opened);
    let scopes = crate::api_key::Scopes::of_user();
    let key = run(world.keys().create(&caller, "key", scopes, None)).unwrap();
    let secret = SecretString::from("sk-1");
    run(world.provider_keys().put(&caller, "openAI", &secret, None)).unwrap();
    let wrong = run(world
        .accounts()
        .delete_own(&caller, Some("wrong".into()), None));
    assert_eq!(wrong, Err(AccountError::WrongPassword));
    run(world
        .accounts()
        .delete_own(&caller, Some("correct horse".into()), None))
    .unwrap();
    let state = world.store.state();
    assert!(state.sessions.is_empty() && state.keys.is_empty() && state.provider_keys.is_empty());
    let entry = state.audit.last().unwrap();
    assert_eq!(entry.kind, AuditKind::AccountDeleted);
    assert_eq!(entry.account, Some(opened.account.id));
    drop(state);
    let presented = run(world.keys().authenticate(key.secret.expose_secret(), None));
    assert_eq!(presented.unwrap_err(), AccountError::NotSignedIn);
    let refreshed = world.sessions();
    let token = opened.refresh_token.expose_secret();
    let refreshed = run(refreshed.refresh(token, &Origin::default()));
    assert_eq!(refreshed.unwrap_err(), AccountError::NotSignedIn);
}

#[test]
fn where_deletion_is_off_only_administrators_may() {
    let mut world = world();
    world.policy.allows_deletion = false;
    let ada = world.caller(&world.signed_in("ada@example.org"));
    let delete = |caller: &Caller| run(world.accounts().delete_own(caller, None, None));
    assert_eq!(delete(&ada), Err(AccountError::Forbidden));
    // The last administrator stays all the same.
    let last = Err(AccountError::Refused(AccountRefusal::LastAdministrator));
    let root = root(&world);
    assert_eq!(delete(&root), last);
    let id = ada.owner().unwrap();
    run(world.accounts().set_role(&root, id, RoleName::admin())).unwrap();
    assert_eq!(delete(&root), Ok(()));
}

#[test]
fn the_last_administrator_cannot_be_disabled_or_demoted() {
    let world = world();
    let root = root(&world);
    let id = root.owner().unwrap();
    let accounts = world.accounts();
    let last = Err(AccountError::Refused(AccountRefusal::LastAdministrator));
    let disable = || run(accounts.set_status(&root, id, AccountStatus::Disabled)).map(|_| ());
    assert_eq!(disable(), last);
    assert_eq!(
        run(accounts.set_role(&root, id, RoleName::user())).map(|_| ()),
        last
    );
    assert_eq!(run(accounts.delete_account(&root, id)), last);
    assert_eq!(world.audited(), [AuditKind::SignedIn]);
}

#[test]
fn nobody_gets_a_role_that_is_not_there() {
    let world = world();
    let ada = world.signed_in("ada@example.org").account.id;
    let role = RoleName::parse("admn").unwrap();
    let set = run(world
        .accounts()
        .set_role(&Caller::command_line(), ada, role));
    assert!(matches!(
        set,
        Err(AccountError::Invalid { field: "role", .. })
    ));
}

#[test]
fn administration_is_for_administrators() {
    let world = world();
    let ada = world.caller(&world.signed_in("ada@example.org"));
    let id = root(&world).owner().unwrap();
    let accounts = world.accounts();
    let before = world.store.state().accounts.clone();
    let forbidden = AccountError::Forbidden;
    let person = NewPerson {
        name: "Eve".to_owned(),
        username: None,
        email: "eve@example.org".to_owned(),
        password: None,
        role: RoleName::admin(),
    };
    assert_eq!(run(accounts.add(&ada, person)).unwrap_err(), forbidden);
    assert_eq!(run(accounts.list(&ada, None, 10)).unwrap_err(), forbidden);
    assert_eq!(
        run(accounts.find_by_email(&ada, "root@example.org")).unwrap_err(),
        forbidden
    );
    assert_eq!(
        run(accounts.set_role(&ada, id, RoleName::user())).unwrap_err(),
        forbidden
    );
    let disabled = AccountStatus::Disabled;
    assert_eq!(
        run(accounts.set_status(&ada, id, disabled)).unwrap_err(),
        forbidden
    );
    let password = "better horse".into();
    assert_eq!(
        run(accounts.set_password(&ada, id, password)).unwrap_err(),
        forbidden
    );
    assert_eq!(run(accounts.reset_link(&ada, id)).unwrap_err(), forbidden);
    assert_eq!(
        run(accounts.delete_account(&ada, id)).unwrap_err(),
        forbidden
    );
    assert_eq!(
        run(world.invitations().invite(&ada, None, RoleName::admin())).unwrap_err(),
        forbidden
    );
    assert_eq!(run(world.rotation().run(&ada)).unwrap_err(), forbidden);
    assert_eq!(world.store.state().accounts, before);
}

#[test]
fn an_administrator_makes_accounts_and_is_told_of_a_taken_address() {
    let world = world();
    let root = root(&world);
    let person = |email: &str| NewPerson {
        name: "Eve".to_owned(),
        username: Some("eve".to_owned()),
        email: email.to_owned(),
        password: Some("correct horse".into()),
        role: RoleName::user(),
    };
    let add = |email| run(world.accounts().add(&root, person(email)));
    let made = add("Eve@example.org").unwrap();
    assert_eq!(
        (made.email.as_str(), made.email_verified),
        ("eve@example.org", true)
    );
    world.signed_in("eve@example.org");
    let taken = AccountError::Refused(AccountRefusal::EmailTaken);
    assert_eq!(add("ada@example.org").unwrap_err(), taken);
    let page = run(world.accounts().list(&root, None, 2)).unwrap();
    assert_eq!(page.items.len(), 2);
    let rest = run(world.accounts().list(&root, page.next, 2)).unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
}

#[test]
fn people_change_their_names_and_programs_do_not() {
    let world = world();
    let opened = world.signed_in("ada@example.org");
    let caller = world.caller(&opened);
    let change = |caller: &Caller, name: &str| {
        run(world
            .accounts()
            .change_profile(caller, name, Some("countess")))
    };
    let changed = change(&caller, "Ada L.").unwrap();
    assert_eq!(changed.name.as_str(), "Ada L.");
    assert_eq!(run(world.accounts().own(&caller)).unwrap(), changed);
    assert!(matches!(
        change(&caller, ""),
        Err(AccountError::Invalid { field: "name", .. })
    ));
    let scopes = crate::api_key::Scopes::all();
    let key = run(world.keys().create_for(
        &root(&world),
        opened.account.id,
        "key",
        crate::api_key::Scopes::of_user(),
        None,
    ));
    let program = run(world
        .keys()
        .authenticate(key.unwrap().secret.expose_secret(), None))
    .unwrap();
    assert_eq!(
        change(&program, "Eve").unwrap_err(),
        AccountError::Forbidden
    );
    assert_eq!(
        program.scopes().and(scopes),
        crate::api_key::Scopes::of_user()
    );
    let terms = run(world.accounts().accept_terms(&caller)).unwrap();
    assert_eq!(terms.terms_accepted_at, Some(world.now()));
}
