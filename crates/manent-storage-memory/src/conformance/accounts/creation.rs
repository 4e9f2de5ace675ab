//! Making accounts.

use futures_util::future::join_all;
use manent_accounts::account::{
    Account, AccountProvider, AccountStatus, NewAccount, OpenIdIdentity,
};
use manent_accounts::account_change::CreationRefusal;
use manent_accounts::audit::AuditKind;
use manent_accounts::email::EmailAddress;
use manent_accounts::one_time_link::{LinkPurpose, LinkSubject, OneTimeLink};
use manent_accounts::ports::AccountRepository;
use manent_accounts::role::RoleName;
use manent_accounts::two_factor::TwoFactor;
use manent_accounts::username::Username;

use super::AccountStore;
use super::desk::{
    Desk, address, digest, email, hash, invitation, new_account, user, verification,
};
use crate::conformance::person::{Person, at, conversation};

fn identity(subject: &str) -> OpenIdIdentity {
    OpenIdIdentity {
        issuer: "https://id.example.org".to_owned(),
        subject: subject.to_owned(),
    }
}

/// By its id, its address and who its person is elsewhere.
pub async fn an_account_reads_as_it_was_made(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    let new = NewAccount {
        email_verified: true,
        username: Some(Username::parse("zoë_2").unwrap()),
        provider: AccountProvider::OpenId,
        openid: Some(identity("s-2")),
        password: None,
        ..new_account(2)
    };
    let expected = Account {
        id: user(2),
        email: email(2),
        email_verified: true,
        username: new.username.clone(),
        name: new.name.clone(),
        role: RoleName::user(),
        status: AccountStatus::Active,
        provider: AccountProvider::OpenId,
        openid: Some(identity("s-2")),
        password: None,
        two_factor: TwoFactor::default(),
        terms_accepted_at: None,
        created_at: at(5),
        updated_at: at(5),
    };
    assert_eq!(desk.create(new, None, at(5)).await, Ok(expected.clone()));
    assert_eq!(desk.find(2).await, Some(expected.clone()));
    let by_email = store.find_by_email(&email(2)).await;
    assert_eq!(by_email, Ok(Some(expected.clone())));
    let by_openid = store.find_by_openid(&identity("s-2")).await;
    assert_eq!(by_openid, Ok(Some(expected)));
    assert_eq!(desk.account(1).await.password, Some(hash("old")));
    assert_eq!(desk.find(3).await, None);
    assert_eq!(store.find_by_email(&email(3)).await, Ok(None));
    assert_eq!(store.find_by_openid(&identity("s-3")).await, Ok(None));
    assert_eq!(store.count().await, Ok(2));
}

/// What the owner of mode `local` kept becomes the administrator's.
pub async fn the_first_account_is_an_administrator_and_takes_over_what_was_there(
    store: &dyn AccountStore,
) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let desk = Desk::new(store);
    let first = NewAccount {
        id_if_first: Some(person.owner),
        ..new_account(7)
    };
    let first = desk.create(first, None, at(1)).await.unwrap();
    assert_eq!((first.id, first.role), (person.owner, RoleName::admin()));
    let second = NewAccount {
        id_if_first: Some(person.owner),
        ..new_account(8)
    };
    let second = desk.create(second, None, at(2)).await.unwrap();
    assert_eq!((second.id, second.role), (user(8), RoleName::user()));
    person.conversation(conversation(1)).await;
    let told = desk.audit().await;
    let expected = [
        (Some(person.owner), Some(person.owner)),
        (Some(user(8)), Some(user(8))),
    ];
    let told: Vec<_> = told
        .iter()
        .map(|entry| (entry.actor, entry.account))
        .collect();
    assert_eq!(told, expected);
}

/// However many come first.
pub async fn of_many_made_at_once_one_is_the_administrator(store: &dyn AccountStore) {
    let desk = Desk::new(store);
    let made = join_all((1..=10).map(|number| async move { desk.make(number).await })).await;
    let administrators = made.iter().filter(|account| account.role.is_admin());
    assert_eq!(administrators.count(), 1);
    assert_eq!(store.count().await, Ok(10));
    assert_eq!(desk.audit().await.len(), 10);
}

/// However it is written.
pub async fn an_address_has_one_account(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    let again = NewAccount {
        email: address(" P1@Example.org"),
        ..new_account(2)
    };
    let refused = desk.create(again, None, at(1)).await;
    assert_eq!(refused, Err(CreationRefusal::EmailTaken(user(1))));
    assert_eq!(desk.find(2).await, None);
    let expected = [AuditKind::AccountCreated, AuditKind::SignUpRefused];
    assert_eq!(desk.told(0).await, expected);
}

/// Also where the account is from before addresses had one form: its owner is found, and nobody makes a second one.
pub async fn an_address_is_found_in_the_form_of_former_times(store: &dyn AccountStore) {
    let desk = Desk::new(store);
    let older: EmailAddress = "two@b\u{fc}cher.example".parse().unwrap();
    let new = NewAccount {
        email: older.clone(),
        ..new_account(1)
    };
    desk.create(new, None, at(1)).await.unwrap();
    let typed = address("Two@B\u{dc}cher.example");
    assert_ne!(typed, older);
    for asked in [typed.clone(), older] {
        let found = store.find_by_email(&asked).await;
        assert_eq!(found, Ok(desk.find(1).await), "{asked}");
    }
    let again = NewAccount {
        email: typed,
        ..new_account(2)
    };
    let refused = desk.create(again, None, at(2)).await;
    assert_eq!(refused, Err(CreationRefusal::EmailTaken(user(1))));
    let other = store.find_by_email(&address("two@bucher.example")).await;
    assert_eq!(other, Ok(None));
}

/// The others are told who has it.
pub async fn of_many_with_one_address_at_once_one_is_made(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    let attempt = |number| async move {
        let new = NewAccount {
            email: address("same@example.org"),
            ..new_account(number)
        };
        desk.create(new, None, at(1)).await
    };
    let made = join_all((11..=20).map(attempt)).await;
    let winners: Vec<_> = made.iter().filter_map(|made| made.as_ref().ok()).collect();
    let [winner] = winners[..] else {
        panic!("one is made: {made:?}");
    };
    let taken = Err(CreationRefusal::EmailTaken(winner.id));
    assert_eq!(made.iter().filter(|made| **made == taken).count(), 9);
    assert_eq!(store.count().await, Ok(2));
}

/// Under another address too.
pub async fn a_person_at_a_provider_has_one_account(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    let new = |number| NewAccount {
        openid: Some(identity("s-1")),
        ..new_account(number)
    };
    desk.create(new(2), None, at(1)).await.unwrap();
    let refused = desk.create(new(3), None, at(2)).await;
    assert_eq!(refused, Err(CreationRefusal::OpenIdTaken(user(2))));
}

/// With its role, and the address verified.
pub async fn an_invitation_makes_one_account(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    let open = invitation("welcome", Some(email(2)), 1);
    assert!(desk.link(open.clone()).await);
    let welcome = Some(digest("welcome"));
    let refused = desk.create(new_account(3), welcome, at(2)).await;
    assert_eq!(refused, Err(CreationRefusal::InvitationInvalid));
    assert_eq!(desk.find_link("welcome").await, Some(open.clone()));
    let made = desk.create(new_account(2), welcome, at(2)).await.unwrap();
    assert_eq!(
        (made.role.as_str(), made.email_verified, made.id),
        ("GUEST", true, user(2))
    );
    let used = OneTimeLink {
        used_at: Some(at(2)),
        ..open
    };
    assert_eq!(desk.find_link("welcome").await, Some(used));
    for secret in ["welcome", "unknown"] {
        let refused = desk.create(new_account(4), Some(digest(secret)), at(3));
        assert_eq!(refused.await, Err(CreationRefusal::InvitationInvalid));
    }
    assert_eq!(desk.account(2).await, made);
}

/// One account, whoever comes with it.
pub async fn an_invitation_used_by_many_at_once_makes_one_account(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    assert!(desk.link(invitation("welcome", None, 1)).await);
    let attempt = |number| desk.create(new_account(number), Some(digest("welcome")), at(2));
    let made = join_all((11..=20).map(attempt)).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    let refused = Err(CreationRefusal::InvitationInvalid);
    assert_eq!(made.iter().filter(|made| **made == refused).count(), 9);
    assert_eq!(store.count().await, Ok(2));
}

/// Unless the address needs no verification.
pub async fn the_link_that_verifies_the_address_is_made_with_the_account(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    let new = NewAccount {
        verification: Some(verification("verify", 50)),
        ..new_account(2)
    };
    desk.create(new, None, at(5)).await.unwrap();
    let expected = OneTimeLink {
        digest: digest("verify"),
        purpose: LinkPurpose::EmailVerification,
        subject: LinkSubject::Account {
            account: user(2),
            email: email(2),
        },
        created_at: at(5),
        expires_at: at(50),
        used_at: None,
    };
    assert_eq!(desk.find_link("verify").await, Some(expected));
    let verified = NewAccount {
        email_verified: true,
        verification: Some(verification("needless", 50)),
        ..new_account(3)
    };
    desk.create(verified, None, at(5)).await.unwrap();
    assert_eq!(desk.find_link("needless").await, None);
}

/// By the bytes of the addresses, without gap or overlap.
pub async fn accounts_are_listed_by_address_in_pages(store: &dyn AccountStore) {
    let desk = Desk::new(store);
    let addresses = [
        "b@example.org",
        "a_a@example.org",
        "a.b@example.org",
        "é@example.org",
        "c@example.org",
    ];
    for (number, text) in (1..).zip(addresses) {
        let new = NewAccount {
            email: address(text),
            ..new_account(number)
        };
        desk.create(new, None, at(0)).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut after = None;
    let mut pages = 0;
    loop {
        let page = AccountRepository::list(store, after, 2).await.unwrap();
        pages += 1;
        seen.extend(page.items.into_iter().map(|account| account.email));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let mut expected = addresses.map(address);
    expected.sort();
    assert_eq!((seen, pages), (expected.to_vec(), 3));
    let full = AccountRepository::list(store, None, 5).await.unwrap();
    assert_eq!((full.items.len(), full.next), (5, None));
}
