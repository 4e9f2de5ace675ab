use uuid::Uuid;

use super::*;
use crate::account::AccountStatus;
use crate::testing::{World, account, run};

fn identity(subject: &str) -> OpenIdIdentity {
    OpenIdIdentity {
        issuer: "https://login.example.org".to_owned(),
        subject: subject.to_owned(),
    }
}

fn person(subject: &str, email: &str) -> OpenIdPerson {
    OpenIdPerson {
        identity: identity(subject),
        email: EmailAddress::parse(email).ok(),
        is_email_verified: true,
        username: Some("ada".to_owned()),
        name: Some(" Ada\u{7} Lovelace ".to_owned()),
        is_administrator: None,
    }
}

fn ada() -> Account {
    Account {
        password: None,
        ..account("ada@example.org")
    }
}

fn sign_in(
    world: &World,
    policy: OpenIdPolicy,
    person: &OpenIdPerson,
) -> Result<OpenedSession, OpenIdError> {
    run(world.open_id(policy).sign_in(person, &Origin::default()))
}

fn refusal(
    world: &World,
    policy: OpenIdPolicy,
    person: &OpenIdPerson,
) -> Result<UserId, OpenIdRefusal> {
    match sign_in(world, policy, person) {
        Ok(opened) => Ok(opened.account.id),
        Err(OpenIdError::Refused(refusal)) => Err(refusal),
        Err(OpenIdError::Account(error)) => panic!("{error}"),
    }
}

#[test]
fn somebody_new_gets_an_account_and_the_same_one_the_next_time() {
    let world = World::new();
    let local = UserId::new(Uuid::from_u128(77));
    let mut world = world;
    world.policy.first_account = Some(local);
    let first = sign_in(
        &world,
        OpenIdPolicy::default(),
        &person("1", "ada@example.org"),
    )
    .unwrap();
    assert_eq!(first.account.id, local, "what was kept before is theirs");
    assert!(first.account.role.is_admin(), "the first one");
    assert_eq!(first.account.provider, AccountProvider::OpenId);
    assert_eq!(first.account.name.as_str(), "Ada Lovelace");
    assert!(first.account.email_verified);
    // Another address at the provider, and one that is not verified: it is the same person.
    let moved = OpenIdPerson {
        is_email_verified: false,
        ..person("1", "other@example.org")
    };
    let again = sign_in(&world, OpenIdPolicy::default(), &moved).unwrap();
    assert_eq!(again.account, first.account);
    let second = sign_in(
        &world,
        OpenIdPolicy::default(),
        &person("2", "bob@example.org"),
    )
    .unwrap();
    assert!(!second.account.role.is_admin());
    assert_eq!(
        world.audited(),
        [
            AuditKind::AccountCreated,
            AuditKind::SignedIn,
            AuditKind::SignedIn,
            AuditKind::AccountCreated,
            AuditKind::SignedIn
        ]
    );
}

#[test]
fn an_account_without_a_password_is_linked_by_its_verified_address() {
    let world = World::with_account(ada());
    let closed = || OpenIdPolicy {
        creates_accounts: false,
        ..OpenIdPolicy::default()
    };
    let linked = sign_in(&world, closed(), &person("1", "ada@example.org")).unwrap();
    assert_eq!(linked.account.id, ada().id);
    assert_eq!(linked.account.openid, Some(identity("1")));
    assert_eq!(
        refusal(&world, closed(), &person("2", "ada@example.org")),
        Err(OpenIdRefusal::AccountExists),
        "another subject"
    );
    assert_eq!(
        refusal(&world, closed(), &person("2", "bob@example.org")),
        Err(OpenIdRefusal::RegistrationClosed)
    );
    assert_eq!(
        world.audited(),
        [
            AuditKind::OpenIdLinked,
            AuditKind::SignedIn,
            AuditKind::SignInRefused,
            AuditKind::SignInRefused
        ]
    );
}

#[test]
fn an_account_with_a_password_is_linked_only_where_that_is_allowed() {
    let with_password = account("ada@example.org");
    assert!(with_password.password.is_some());
    let world = World::with_account(with_password.clone());
    let ada = person("1", "ada@example.org");
    assert_eq!(
        refusal(&world, OpenIdPolicy::default(), &ada),
        Err(OpenIdRefusal::AccountExists)
    );
    let links = OpenIdPolicy {
        links_passwords: true,
        ..OpenIdPolicy::default()
    };
    assert_eq!(refusal(&world, links, &ada), Ok(with_password.id));
}

#[test]
fn an_address_that_nobody_vouches_for_counts_for_nothing() {
    let world = World::with_account(ada());
    let policy = || OpenIdPolicy {
        domains: vec!["example.org".to_owned()],
        ..OpenIdPolicy::default()
    };
    let unverified = OpenIdPerson {
        is_email_verified: false,
        ..person("1", "ada@example.org")
    };
    let without = OpenIdPerson {
        email: None,
        ..person("1", "ada@example.org")
    };
    for (person, expected) in [
        (unverified, OpenIdRefusal::EmailNotVerified),
        (without, OpenIdRefusal::EmailMissing),
        (
            person("1", "ada@example.com"),
            OpenIdRefusal::DomainNotAllowed,
        ),
    ] {
        assert_eq!(refusal(&world, policy(), &person), Err(expected));
    }
}

#[test]
fn a_disabled_account_stays_closed() {
    let disabled = Account {
        status: AccountStatus::Disabled,
        openid: Some(identity("1")),
        ..ada()
    };
    let world = World::with_account(disabled);
    assert_eq!(
        refusal(
            &world,
            OpenIdPolicy::default(),
            &person("1", "ada@example.org")
        ),
        Err(OpenIdRefusal::AccountDisabled)
    );
}

#[test]
fn the_provider_makes_administrators_and_takes_that_back_but_from_the_last() {
    let world = World::with_account(Account {
        openid: Some(identity("1")),
        ..ada()
    });
    let as_admin = |is_administrator| OpenIdPerson {
        is_administrator,
        ..person("1", "ada@example.org")
    };
    let role = |is_administrator| {
        let opened = sign_in(&world, OpenIdPolicy::default(), &as_admin(is_administrator));
        opened.unwrap().account.role.is_admin()
    };
    assert!(role(Some(true)));
    assert!(role(None), "not decided by the provider");
    assert!(!role(Some(false)));
    assert!(role(Some(true)));
    let root = UserId::new(Uuid::from_u128(1));
    world.store.state().accounts.remove(&root);
    assert!(role(Some(false)), "nobody else is left");
}

#[test]
fn a_name_is_found_for_everybody() {
    let email = EmailAddress::parse("ada@example.org").unwrap();
    let name = |name: Option<&str>, short: Option<&str>| {
        let short = short.and_then(username);
        display_name(name, short.as_ref(), &email)
            .unwrap()
            .as_str()
            .to_owned()
    };
    assert_eq!(name(Some("Ada"), Some("al")), "Ada");
    assert_eq!(name(Some(" \n"), Some("al")), "al");
    assert_eq!(name(None, Some("<>")), "ada");
    assert_eq!(name(Some(&"x".repeat(100)), None), "x".repeat(80));
}
