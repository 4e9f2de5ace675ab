//! Changing accounts.

use futures_util::future::join_all;
use manent_accounts::account::{Account, AccountStatus, OpenIdIdentity};
use manent_accounts::account_change::{AccountChange, AccountRefusal, PasswordSource};
use manent_accounts::audit::{AuditEntry, AuditKind};
use manent_accounts::name::DisplayName;
use manent_accounts::one_time_link::{LinkPurpose, OneTimeLink};
use manent_accounts::ports::{AccountRepository, Changed};
use manent_accounts::role::RoleName;
use manent_accounts::session::SessionEnd;
use manent_accounts::username::Username;

use super::AccountStore;
use super::desk::{Desk, address, draft, email, hash, link_for, new_session, session_id, user};
use crate::conformance::person::at;

fn profile(name: &str) -> AccountChange {
    AccountChange::Profile {
        name: DisplayName::parse(name).unwrap(),
        username: Some(Username::parse("ada").unwrap()),
    }
}

fn new_email(text: &str) -> AccountChange {
    AccountChange::Email {
        email: address(text),
        is_verified: true,
    }
}

fn password(source: PasswordSource) -> AccountChange {
    AccountChange::Password {
        hash: hash("new"),
        source,
    }
}

/// Both or none.
pub async fn a_change_is_stored_with_its_entry(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let before = desk.account(2).await;
    let changed = desk.change(2, profile("Ada Lovelace"), 5).await;
    let after = Account {
        name: DisplayName::parse("Ada Lovelace").unwrap(),
        username: Some(Username::parse("ada").unwrap()),
        updated_at: at(5),
        ..before
    };
    let expected = Changed {
        account: after.clone(),
        ended_sessions: 0,
    };
    assert_eq!(changed, Ok(expected));
    assert_eq!(desk.account(2).await, after);
    let told = desk.audit().await;
    let before = told[1].head();
    let expected: AuditEntry = before.next(draft(AuditKind::ProfileChanged).on(user(2)), at(5));
    assert_eq!(told[2..], [expected]);
    for change in [
        new_email("ada@example.org"),
        AccountChange::AcceptTerms,
        AccountChange::Role(RoleName::parse("guest").unwrap()),
        AccountChange::Status(AccountStatus::Disabled),
        AccountChange::UpgradePasswordHash {
            from: hash("old"),
            to: hash("stronger"),
        },
    ] {
        let changed = desk.change(2, change.clone(), 9).await.unwrap();
        assert_eq!(desk.account(2).await, changed.account, "{change:?}");
    }
    let after = Account {
        email: address("ada@example.org"),
        email_verified: true,
        terms_accepted_at: Some(at(9)),
        role: RoleName::parse("guest").unwrap(),
        status: AccountStatus::Disabled,
        password: Some(hash("stronger")),
        updated_at: at(9),
        ..after
    };
    assert_eq!(desk.account(2).await, after);
    assert_eq!(desk.audit().await.len(), 8);
}

/// Not in the audit log, nor about an account that is not there.
pub async fn what_changes_nothing_is_not_told(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    let before = desk.account(1).await;
    let role = AccountChange::Role(RoleName::admin());
    let changed = desk.change(1, role, 5).await.unwrap();
    assert_eq!((changed.account, changed.ended_sessions), (before, 0));
    let audit = draft(AuditKind::ProfileChanged);
    let nobody =
        AccountRepository::change(store, user(9), profile("Nobody"), None, at(5), audit).await;
    assert_eq!(nobody, Ok(None));
    assert_eq!(desk.audit().await.len(), 1);
}

/// Nothing half-written.
pub async fn a_refused_change_leaves_everything_as_it_was(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let before = desk.account(2).await;
    assert!(desk.begin(new_session(1, user(2), 1)).await);
    let source = PasswordSource::Owner {
        old: hash("another"),
        session: None,
    };
    let refused = desk.change(2, password(source), 5).await;
    assert_eq!(refused, Err(AccountRefusal::PasswordChangedMeanwhile));
    assert_eq!(desk.account(2).await, before);
    assert_eq!(desk.live_sessions(2, 5).await, [session_id(1)]);
    assert_eq!(desk.audit().await.len(), 3);
}

/// One that can sign in.
pub async fn there_is_always_an_administrator(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let last = Err(AccountRefusal::LastAdministrator);
    let demotion = || AccountChange::Role(RoleName::user());
    let disabling = || AccountChange::Status(AccountStatus::Disabled);
    assert_eq!(desk.change(1, demotion(), 1).await, last);
    assert_eq!(desk.change(1, disabling(), 1).await, last);
    let promotion = AccountChange::Role(RoleName::admin());
    desk.change(2, promotion, 2).await.unwrap();
    desk.change(2, disabling(), 3).await.unwrap();
    assert_eq!(desk.change(1, demotion(), 4).await, last);
    let enabling = AccountChange::Status(AccountStatus::Active);
    desk.change(2, enabling, 5).await.unwrap();
    desk.change(1, demotion(), 6).await.unwrap();
    assert_eq!(desk.change(2, disabling(), 7).await, last);
}

/// However they interleave.
pub async fn administrators_who_demote_each_other_at_once_leave_one(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 6).await;
    for number in 2..=6 {
        let promotion = AccountChange::Role(RoleName::admin());
        desk.change(number, promotion, 1).await.unwrap();
    }
    let demotion = |number: u128| {
        let change = if number.is_multiple_of(2) {
            AccountChange::Role(RoleName::user())
        } else {
            AccountChange::Status(AccountStatus::Disabled)
        };
        desk.change(number, change, 2)
    };
    let done = join_all((1..=6).map(demotion)).await;
    let refused: Vec<_> = done.iter().filter(|done| done.is_err()).collect();
    assert_eq!(refused, [&Err(AccountRefusal::LastAdministrator)]);
    let mut left = 0;
    for number in 1..=6 {
        left += usize::from(desk.account(number).await.is_active_administrator());
    }
    assert_eq!(left, 1);
}

/// Nor told whose it is.
pub async fn an_address_is_not_changed_to_that_of_another(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let refused = desk.change(2, new_email("p1@example.org"), 1).await;
    assert_eq!(refused, Err(AccountRefusal::EmailTaken));
    assert_eq!(desk.account(2).await.email, email(2));
    desk.change(2, new_email("p2@example.org"), 2)
        .await
        .unwrap();
    assert!(desk.account(2).await.email_verified);
}

/// The others keep theirs.
pub async fn of_many_who_take_one_address_at_once_one_has_it(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 6).await;
    let taking = |number| desk.change(number, new_email("same@example.org"), 1);
    let done = join_all((1..=6).map(taking)).await;
    let taken = Err(AccountRefusal::EmailTaken);
    assert_eq!(done.iter().filter(|done| **done == taken).count(), 5);
    let found = store.find_by_email(&address("same@example.org")).await;
    assert!(found.unwrap().is_some());
}

/// To one account, and the account to one person.
pub async fn a_person_at_a_provider_is_linked_once(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let identity = |subject: &str| OpenIdIdentity {
        issuer: "https://id.example.org".to_owned(),
        subject: subject.to_owned(),
    };
    let linking = |subject: &str| AccountChange::LinkOpenId(identity(subject));
    desk.change(1, linking("s-1"), 1).await.unwrap();
    let taken = Err(AccountRefusal::OpenIdTaken);
    assert_eq!(desk.change(2, linking("s-1"), 2).await, taken);
    assert_eq!(desk.change(1, linking("s-2"), 3).await, taken);
    let found = store.find_by_openid(&identity("s-1")).await.unwrap();
    assert_eq!(found, desk.find(1).await);
    assert_eq!(desk.account(2).await.openid, None);
}

/// The session that asked stays, and sessions of others.
pub async fn a_new_password_ends_the_other_sessions_and_drops_links(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let account = desk.account(2).await;
    for number in 1..=3 {
        assert!(desk.begin(new_session(number, user(2), 1)).await);
    }
    assert!(desk.begin(new_session(4, user(1), 1)).await);
    let reset = link_for(LinkPurpose::PasswordReset, "reset", &account, 1);
    let verify = link_for(LinkPurpose::EmailVerification, "verify", &account, 1);
    assert!(desk.link(reset).await && desk.link(verify.clone()).await);
    let source = PasswordSource::Owner {
        old: hash("old"),
        session: Some(session_id(2)),
    };
    let changed = desk.change(2, password(source), 5).await.unwrap();
    assert_eq!(changed.ended_sessions, 2);
    assert_eq!(desk.live_sessions(2, 5).await, [session_id(2)]);
    assert_eq!(desk.live_sessions(1, 5).await, [session_id(4)]);
    let ended = desk.session(2, 1).await.ended;
    assert_eq!(ended, Some((at(5), SessionEnd::PasswordChanged)));
    assert_eq!(desk.find_link("reset").await, None);
    assert_eq!(desk.find_link("verify").await, Some(verify));
    assert_eq!(desk.account(2).await.password, Some(hash("new")));
}

/// The others are told that it does nothing.
pub async fn a_link_that_resets_a_password_is_used_once_by_many_at_once(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let account = desk.account(2).await;
    assert!(desk.begin(new_session(1, user(2), 1)).await);
    let reset = link_for(LinkPurpose::PasswordReset, "reset", &account, 1);
    assert!(desk.link(reset.clone()).await);
    let refused = Err(AccountRefusal::LinkInvalid);
    let unknown = desk
        .change_by(2, password(PasswordSource::Link), Some("unknown"), 2)
        .await;
    assert_eq!(unknown, refused);
    let of_another = desk
        .change_by(1, password(PasswordSource::Link), Some("reset"), 2)
        .await;
    assert_eq!(of_another, refused);
    let told = desk.audit().await.len();
    let using = |_| desk.change_by(2, password(PasswordSource::Link), Some("reset"), 2);
    let done = join_all((0..10).map(using)).await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
    assert_eq!(done.iter().filter(|done| **done == refused).count(), 9);
    assert_eq!(desk.audit().await.len(), told + 1);
    let used = OneTimeLink {
        used_at: Some(at(2)),
        ..reset
    };
    assert_eq!(desk.find_link("reset").await, Some(used));
    assert_eq!(desk.live_sessions(2, 2).await, []);
}

/// And others for the same drop out.
pub async fn a_link_that_verifies_an_address_is_used_up(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let account = desk.account(2).await;
    let verify = link_for(LinkPurpose::EmailVerification, "verify", &account, 1);
    assert!(desk.link(verify).await);
    let change = || AccountChange::VerifyEmail;
    let changed = desk
        .change_by(2, change(), Some("verify"), 2)
        .await
        .unwrap();
    assert!(changed.account.email_verified);
    let again = desk.change_by(2, change(), Some("verify"), 3).await;
    assert_eq!(again, Err(AccountRefusal::LinkInvalid));
}

/// Until it is enabled again.
pub async fn disabling_ends_all_sessions_and_refuses_new_ones(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    for number in 1..=2 {
        assert!(desk.begin(new_session(number, user(2), 1)).await);
    }
    let disabling = AccountChange::Status(AccountStatus::Disabled);
    let changed = desk.change(2, disabling, 5).await.unwrap();
    assert_eq!(changed.ended_sessions, 2);
    let ended = desk.session(2, 1).await.ended;
    assert_eq!(ended, Some((at(5), SessionEnd::AccountDisabled)));
    assert!(!desk.begin(new_session(3, user(2), 6)).await);
    let enabling = AccountChange::Status(AccountStatus::Active);
    desk.change(2, enabling, 7).await.unwrap();
    assert!(desk.begin(new_session(3, user(2), 8)).await);
    assert_eq!(desk.live_sessions(2, 8).await, [session_id(3)]);
}
