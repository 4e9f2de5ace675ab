//! One-time links.

use futures_util::future::join_all;
use manent_accounts::account::AccountStatus;
use manent_accounts::account_change::AccountChange;
use manent_accounts::audit::AuditKind;
use manent_accounts::one_time_link::{LinkPurpose, LinkSubject, OneTimeLink};
use manent_accounts::ports::OneTimeLinkRepository;
use manent_accounts::role::RoleName;

use super::AccountStore;
use super::desk::{Desk, address, digest, draft, email, invitation, link_for, new_account, user};
use crate::conformance::person::at;

/// For an account, and for somebody who has none.
pub async fn a_link_reads_as_it_was_made(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    let account = desk.account(1).await;
    let to_nobody = OneTimeLink {
        subject: LinkSubject::Invited {
            email: None,
            role: RoleName::user(),
            by: None,
        },
        ..invitation("nobody", None, 5)
    };
    let links = [
        (
            "reset",
            link_for(LinkPurpose::PasswordReset, "reset", &account, 1),
        ),
        (
            "somebody",
            invitation("somebody", Some(address("z@example.org")), 3),
        ),
        ("nobody", to_nobody),
    ];
    for (secret, link) in links {
        assert!(desk.link(link.clone()).await);
        assert_eq!(desk.find_link(secret).await, Some(link));
    }
    assert_eq!(desk.find_link("unknown").await, None);
    assert_eq!(desk.told(1).await, [AuditKind::PasswordResetRequested; 3]);
}

/// Of the account, for the same purpose.
pub async fn a_new_link_takes_the_place_of_unused_ones(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let (one, other) = (desk.account(1).await, desk.account(2).await);
    let verify = LinkPurpose::EmailVerification;
    assert!(desk.link(link_for(verify, "used", &one, 1)).await);
    let verifying = AccountChange::VerifyEmail;
    desk.change_by(1, verifying, Some("used"), 2).await.unwrap();
    for link in [
        link_for(verify, "first", &one, 3),
        link_for(LinkPurpose::PasswordReset, "reset", &one, 3),
        link_for(verify, "others", &other, 3),
        invitation("invitation", None, 3),
        link_for(verify, "second", &one, 4),
    ] {
        assert!(desk.link(link).await);
    }
    assert_eq!(desk.find_link("first").await, None);
    for stays in ["used", "reset", "others", "invitation", "second"] {
        assert!(desk.find_link(stays).await.is_some(), "{stays}");
    }
}

/// Each takes the place of the one before.
pub async fn of_many_links_made_at_once_one_is_left(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    let account = &desk.account(1).await;
    let make = |number: u128| async move {
        let secret = format!("reset-{number}");
        desk.link(link_for(LinkPurpose::PasswordReset, &secret, account, 1))
            .await
    };
    let stored = join_all((0..10).map(make)).await;
    assert_eq!(stored, [true; 10]);
    let open = OneTimeLinkRepository::list(store, LinkPurpose::PasswordReset, at(2), 100).await;
    assert_eq!(open.unwrap().len(), 1);
}

/// Gone, disabled, or with another address.
pub async fn a_link_for_an_account_that_changed_is_not_made(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let before = desk.account(2).await;
    let reset = |secret: &str| link_for(LinkPurpose::PasswordReset, secret, &before, 1);
    assert!(desk.link(reset("first")).await);
    let change = AccountChange::Email {
        email: address("new@example.org"),
        is_verified: false,
    };
    desk.change(2, change, 2).await.unwrap();
    let told = desk.audit().await.len();
    assert!(!desk.link(reset("second")).await);
    let disabling = AccountChange::Status(AccountStatus::Disabled);
    let account = desk.change(2, disabling, 3).await.unwrap().account;
    assert!(
        !desk
            .link(link_for(LinkPurpose::PasswordReset, "third", &account, 3))
            .await
    );
    desk.delete(2, 4).await;
    assert!(!desk.link(reset("fourth")).await);
    for secret in ["second", "third", "fourth"] {
        assert_eq!(desk.find_link(secret).await, None, "{secret}");
    }
    assert_eq!(
        desk.audit().await.len(),
        told + 2,
        "nothing was told of them"
    );
}

/// Neither used nor expired ones, nor those of other purposes.
pub async fn open_links_are_listed_the_newest_first(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    for (secret, seconds) in [("a", 10), ("b", 30), ("c", 20), ("d", -990), ("e", 15)] {
        assert!(desk.link(invitation(secret, None, seconds)).await);
    }
    let reset = link_for(
        LinkPurpose::PasswordReset,
        "reset",
        &desk.account(1).await,
        40,
    );
    assert!(desk.link(reset).await);
    let welcome = Some(digest("e"));
    desk.create(new_account(2), welcome, at(16)).await.unwrap();
    let list = async |limit| {
        let links = OneTimeLinkRepository::list(store, LinkPurpose::Invitation, at(41), limit);
        let links = links.await.unwrap();
        links.iter().map(|link| link.digest).collect::<Vec<_>>()
    };
    assert_eq!(list(10).await, ["b", "c", "a"].map(digest));
    assert_eq!(list(2).await, ["b", "c"].map(digest));
}

/// Then it invites nobody.
pub async fn a_link_is_revoked_once_and_not_when_it_was_used(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    for secret in ["one", "other"] {
        assert!(desk.link(invitation(secret, Some(email(2)), 1)).await);
    }
    let revoke = async |secret| {
        let audit = draft(AuditKind::InvitationRevoked);
        let revoked = OneTimeLinkRepository::revoke(store, digest(secret), at(2), audit).await;
        revoked.unwrap()
    };
    assert!(revoke("one").await);
    assert!(!revoke("one").await);
    let refused = desk
        .create(new_account(2), Some(digest("one")), at(3))
        .await;
    assert!(refused.is_err());
    let made = desk
        .create(new_account(2), Some(digest("other")), at(3))
        .await;
    assert_eq!(made.unwrap().id, user(2));
    assert!(!revoke("other").await);
    assert!(desk.find_link("other").await.is_some());
    let kinds = desk.told(3).await;
    let expected = [
        AuditKind::InvitationRevoked,
        AuditKind::SignUpRefused,
        AuditKind::AccountCreated,
    ];
    assert_eq!(kinds, expected);
}

/// Used ones too, and no others.
pub async fn expired_links_are_cleared_in_pieces(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    for (secret, seconds) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
        assert!(desk.link(invitation(secret, None, seconds)).await);
    }
    let clear = async |limit| {
        let cleared = OneTimeLinkRepository::clear(store, at(1_004), limit).await;
        cleared.unwrap()
    };
    assert_eq!(clear(2).await, 2);
    assert_eq!(clear(2).await, 1);
    assert_eq!(clear(2).await, 0);
    assert!(desk.find_link("d").await.is_some());
}
