use std::time::Duration;

use secrecy::ExposeSecret;

use super::*;
use crate::account::AccountStatus;
use crate::caller::Caller;
use crate::limits::Rate;
use crate::password::PasswordHash;
use crate::ports::StoreError;
use crate::testing::{World, account, run};

fn sign_in(world: &World, email: &str, password: &str) -> Result<SignedIn, AccountError> {
    run(world
        .sign_in()
        .sign_in(email, password.into(), None, &Origin::default()))
}

fn error(world: &World, email: &str, password: &str) -> AccountError {
    sign_in(world, email, password).unwrap_err()
}

#[test]
fn a_right_password_opens_a_session() {
    let world = World::with_account(account("ada@example.org"));
    let opened = world.signed_in(" Ada@Example.org");
    assert_eq!(opened.account, account("ada@example.org"));
    assert_eq!(opened.session.generation, 1);
    let lifetime = opened.session.expires_at.as_millisecond() - world.now().as_millisecond();
    assert_eq!(lifetime, 7 * 24 * 60 * 60 * 1000);
    let caller = world.caller(&opened);
    assert_eq!(
        caller.require_session(),
        Ok((opened.account.id, opened.session.id))
    );
    assert_eq!(world.audited(), [AuditKind::SignedIn]);
}

#[test]
fn an_unknown_address_takes_the_path_of_a_wrong_password() {
    let mut without = account("none@example.org");
    without.id = manent_types::UserId::new(uuid::Uuid::from_u128(77));
    without.password = None;
    let world = World::with_account(account("ada@example.org"));
    world.store.state().accounts.insert(without.id, without);
    let mut paths = Vec::new();
    for email in ["ada@example.org", "nobody@example.org", "none@example.org"] {
        let error = error(&world, email, "wrong password");
        paths.push((world.trace(), error));
    }
    assert_eq!(paths[0].0, ["find_by_email", "verify", "append_audit"]);
    assert_eq!(paths[0].1, AccountError::WrongCredentials);
    assert_eq!((&paths[1], &paths[2]), (&paths[0], &paths[0]));
}

#[test]
fn what_an_account_is_like_is_told_only_to_who_knows_its_password() {
    let disabled = Account {
        status: AccountStatus::Disabled,
        ..account("ada@example.org")
    };
    let world = World::with_account(disabled);
    assert_eq!(
        error(&world, "ada@example.org", "wrong"),
        AccountError::WrongCredentials
    );
    assert_eq!(
        error(&world, "ada@example.org", "correct horse"),
        AccountError::AccountDisabled
    );
    assert_eq!(
        world.audited(),
        [AuditKind::SignInRefused, AuditKind::SignInRefused]
    );
    assert!(world.store.state().sessions.is_empty());
}

#[test]
fn a_weak_hash_is_made_anew_at_sign_in() {
    let old = Account {
        password: Some(PasswordHash::new("weak:correct horse".to_owned())),
        ..account("ada@example.org")
    };
    let world = World::with_account(old);
    let opened = world.signed_in("ada@example.org");
    let stored = world.store.state().accounts[&opened.account.id].clone();
    assert_eq!(stored, account("ada@example.org"));
    assert_eq!(
        world.audited(),
        [AuditKind::PasswordHashUpgraded, AuditKind::SignedIn]
    );
}

#[test]
fn failed_attempts_are_limited_by_address_and_by_account_and_right_ones_do_not_count() {
    let mut world = World::with_account(account("ada@example.org"));
    world.policy.rates.sign_in_by_address = Rate::new(3, Duration::from_mins(1));
    world.policy.rates.sign_in_by_email = Rate::new(5, Duration::from_mins(1));
    let from = |last: u8, password: &str| {
        let origin = Origin {
            address: Some([192, 0, 2, last].into()),
            label: None,
        };
        let password = password.into();
        run(world
            .sign_in()
            .sign_in(" ADA@example.org", password, None, &origin))
        .map(|_| ())
    };
    let wrong = Err(AccountError::WrongCredentials);
    for _ in 0..20 {
        assert_eq!(from(1, "correct horse"), Ok(()));
    }
    for _ in 0..3 {
        assert_eq!(from(1, "wrong"), wrong);
    }
    // This address waits, even with the right password; others do not.
    let retry_after = Duration::from_secs(20);
    let limited = Err(AccountError::TooManyAttempts { retry_after });
    assert_eq!(from(1, "correct horse"), limited);
    assert_eq!(from(2, "wrong"), wrong);
    assert_eq!(from(2, "wrong"), wrong);
    assert!(matches!(
        from(3, "wrong"),
        Err(AccountError::TooManyAttempts { .. })
    ));
    world.wait(Duration::from_mins(1));
    assert_eq!(from(3, "correct horse"), Ok(()));
}

/// Otherwise each way to write a domain would have attempts of its own.
#[test]
fn failed_attempts_count_for_the_address_in_whichever_form_it_was_typed() {
    let mut world = World::with_account(account("ada@x.example"));
    world.policy.rates.sign_in_by_email = Rate::new(2, Duration::from_mins(1));
    let wrong = AccountError::WrongCredentials;
    assert_eq!(error(&world, "ada@\u{ff58}.example", "wrong"), wrong);
    assert_eq!(error(&world, "ada@x\u{3002}example", "wrong"), wrong);
    assert!(matches!(
        error(&world, "ada@x.example", "wrong"),
        AccountError::TooManyAttempts { .. }
    ));
}

/// Who registered before domains had one form is not locked out.
#[test]
fn an_account_from_before_is_signed_in_by_either_form() {
    let mut older = account("two@example.org");
    older.email = "two@b\u{fc}cher.example".parse().unwrap();
    let world = World::with_account(older.clone());
    for typed in ["two@B\u{fc}cher.example", "two@xn--bcher-kva.example"] {
        assert_eq!(world.signed_in(typed).account, older);
    }
}

#[test]
fn no_password_is_ever_taken_for_a_right_one() {
    let world = World::with_account(account("ada@example.org"));
    for password in ["", "correct hors", "correct horse ", &"a".repeat(1_000_000)] {
        assert_eq!(
            error(&world, "ada@example.org", password),
            AccountError::WrongCredentials
        );
    }
    assert_eq!(
        error(&world, "not an address", "correct horse"),
        AccountError::WrongCredentials
    );
}

#[test]
fn a_store_that_is_down_is_told_and_nobody_is_signed_in() {
    let world = World::with_account(account("ada@example.org"));
    world.store.state().is_down = true;
    assert!(matches!(
        error(&world, "ada@example.org", "correct horse"),
        AccountError::Store(StoreError::Unavailable { .. })
    ));
}

/// An account with a second factor, and what its person has of it.
fn with_second_factor(world: &World) -> (Vec<SecretString>, crate::two_factor::TotpSecret) {
    let caller = world.caller(&world.signed_in("ada@example.org"));
    let two_factor = world.two_factor();
    let begun = run(two_factor.begin(&caller, None)).unwrap();
    let secret = begun.secret.expose_secret();
    let secret = crate::two_factor::TotpSecret::from_base32(secret).unwrap();
    run(two_factor.confirm(&caller, secret.code_at(world.now()).into())).unwrap();
    (begun.backup_codes, secret)
}

fn token(world: &World) -> String {
    match sign_in(world, "ada@example.org", "correct horse").unwrap() {
        SignedIn::SecondFactorNeeded { token, .. } => token.expose_secret().to_owned(),
        SignedIn::Session(_) => panic!("no second factor was asked for"),
    }
}

#[test]
fn a_second_factor_is_asked_for_and_each_code_is_taken_once() {
    let world = World::with_account(account("ada@example.org"));
    let (codes, secret) = with_second_factor(&world);
    world.wait(Duration::from_secs(30));
    let first = token(&world);
    let second = token(&world);
    let third = token(&world);
    let finish = |token: &str, factor| {
        let sign_in = world.sign_in();
        run(sign_in.second_factor(token, factor, &Origin::default())).map(|_| ())
    };
    let code = || SecondFactor::Code(secret.code_at(world.now()).into());
    let backup = |code: &SecretString| SecondFactor::BackupCode(code.clone());
    let wrong = Err(AccountError::SecondFactorWrong);
    assert_eq!(finish(&first, SecondFactor::Code("000000".into())), wrong);
    assert_eq!(finish(&first, code()), Ok(()));
    assert_eq!(finish(&second, code()), wrong);
    assert_eq!(finish(&second, backup(&codes[3])), Ok(()));
    assert_eq!(finish(&third, backup(&codes[3])), wrong);
    let audited = world.audited();
    assert_eq!(
        audited[3..],
        [
            AuditKind::TwoFactorRefused,
            AuditKind::TwoFactorAccepted,
            AuditKind::SignedIn,
            AuditKind::TwoFactorRefused,
            AuditKind::BackupCodeUsed,
            AuditKind::SignedIn,
            AuditKind::TwoFactorRefused,
        ]
    );
}

#[test]
fn second_factors_cannot_be_guessed_through() {
    let mut world = World::with_account(account("ada@example.org"));
    let (_, secret) = with_second_factor(&world);
    world.policy.rates.second_factor = Rate::new(3, Duration::from_mins(5));
    world.wait(Duration::from_mins(5));
    let token = token(&world);
    let finish = |code: &str| {
        let factor = SecondFactor::Code(code.into());
        run(world
            .sign_in()
            .second_factor(&token, factor, &Origin::default()))
        .map(|_| ())
    };
    for _ in 0..3 {
        assert_eq!(finish("000000"), Err(AccountError::SecondFactorWrong));
    }
    let right = secret.code_at(world.now());
    assert!(matches!(
        finish(&right),
        Err(AccountError::TooManyAttempts { .. })
    ));
}

#[test]
fn the_token_between_password_and_code_ends() {
    let world = World::with_account(account("ada@example.org"));
    let (_, secret) = with_second_factor(&world);
    let token = token(&world);
    world.wait(Duration::from_mins(5));
    for token in [token.as_str(), "", "refresh x 1"] {
        let factor = SecondFactor::Code(secret.code_at(world.now()).into());
        let finished = run(world
            .sign_in()
            .second_factor(token, factor, &Origin::default()));
        assert_eq!(finished.unwrap_err(), AccountError::SignInExpired);
    }
}

#[test]
fn the_token_between_password_and_code_is_void_when_the_password_was_changed_meanwhile() {
    let world = World::with_account(account("ada@example.org"));
    let (codes, _) = with_second_factor(&world);
    let token = token(&world);
    world.wait(Duration::from_secs(30));
    let caller = Caller::command_line();
    let id = account("ada@example.org").id;
    run(world
        .accounts()
        .set_password(&caller, id, "another long password".into()))
    .unwrap();
    let factor = SecondFactor::BackupCode(codes[0].clone());
    let finished = run(world
        .sign_in()
        .second_factor(&token, factor, &Origin::default()));
    assert_eq!(finished.unwrap_err(), AccountError::SignInExpired);
}

#[test]
fn the_token_between_password_and_code_is_void_when_everybody_was_signed_out_meanwhile() {
    let world = World::with_account(account("ada@example.org"));
    let (codes, _) = with_second_factor(&world);
    let finish = |token: &str, code: &SecretString| {
        let factor = SecondFactor::BackupCode(code.clone());
        let sign_in = world.sign_in();
        run(sign_in.second_factor(token, factor, &Origin::default())).map(|_| ())
    };
    let id = account("ada@example.org").id;
    // Within the same millisecond, and also when no session was there to be ended.
    for code in &codes[..2] {
        let begun = token(&world);
        run(world.sessions().end_all_of(&Caller::command_line(), id)).unwrap();
        assert_eq!(finish(&begun, code), Err(AccountError::SignInExpired));
    }
    let begun = token(&world);
    assert_eq!(finish(&begun, &codes[0]), Ok(()));
}

#[test]
fn the_token_between_password_and_code_is_used_once() {
    let world = World::with_account(account("ada@example.org"));
    let (codes, _) = with_second_factor(&world);
    let token = token(&world);
    let finish = |code: &SecretString| {
        let factor = SecondFactor::BackupCode(code.clone());
        let sign_in = world.sign_in();
        run(sign_in.second_factor(&token, factor, &Origin::default())).map(|_| ())
    };
    assert_eq!(
        finish(&"no such code".into()),
        Err(AccountError::SecondFactorWrong)
    );
    assert_eq!(finish(&codes[0]), Ok(()));
    assert_eq!(finish(&codes[1]), Err(AccountError::SignInExpired));
    let audited = world.audited();
    assert_eq!(audited.last(), Some(&AuditKind::SignedIn));
}

#[test]
fn a_password_alone_opens_nothing_while_a_second_factor_is_on() {
    let world = World::with_account(account("ada@example.org"));
    with_second_factor(&world);
    let before = world.store.state().sessions.len();
    let token = token(&world);
    assert_eq!(world.store.state().sessions.len(), before);
    assert!(world.sessions().read_access_token(&token).is_err());
    let refreshed = run(world.sessions().refresh(&token, &Origin::default()));
    assert_eq!(refreshed.unwrap_err(), AccountError::NotSignedIn);
}

#[test]
fn strangers_who_guess_do_not_lock_out_a_device_that_signed_in_before() {
    let world = World::with_account(account("ada@example.org"));
    let ada = EmailAddress::parse("ada@example.org").unwrap();
    let service = world.sign_in();
    let mark = service.device_mark(&ada, None);
    let mark = mark.expose_secret();
    assert_eq!(service.device_mark(&ada, Some(mark)).expose_secret(), mark);
    let attempt = |password: &str, device: Option<&str>, address: u8| {
        let origin = Origin {
            address: Some(std::net::Ipv4Addr::new(192, 0, 2, address).into()),
            ..Origin::default()
        };
        let email = " Ada@example.org";
        let attempt = service.sign_in(email, password.into(), device, &origin);
        run(attempt).map(|_| ()).map_err(|error| match error {
            AccountError::TooManyAttempts { .. } => "too many",
            AccountError::WrongCredentials => "wrong",
            other => panic!("{other}"),
        })
    };
    for address in 1..=20 {
        assert_eq!(attempt("wrong password", None, address), Err("wrong"));
    }
    assert_eq!(attempt("correct horse", None, 99), Err("too many"));
    // A mark for another address, and one that nobody made, are none.
    let other = service.device_mark(&EmailAddress::parse("eve@example.org").unwrap(), None);
    for none in [other.expose_secret(), "", "device"] {
        assert_eq!(attempt("correct horse", Some(none), 99), Err("too many"));
    }
    for _ in 0..3 {
        assert_eq!(attempt("correct horse", Some(mark), 1), Ok(()));
    }
    // It is no way to guess more often than others.
    for _ in 0..7 {
        assert_eq!(attempt("wrong password", Some(mark), 1), Err("wrong"));
    }
    assert_eq!(attempt("correct horse", Some(mark), 1), Err("too many"));
}
