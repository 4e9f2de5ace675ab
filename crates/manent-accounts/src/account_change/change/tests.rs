use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::account::AccountProvider;
use crate::secret::{SealedSecret, SecretDigest};
use crate::two_factor::TwoFactor;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}

fn user(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(number))
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(text.to_owned())
}

fn account(number: u128, role: RoleName) -> Account {
    Account {
        id: user(number),
        email: EmailAddress::parse(&format!("a{number}@example.org")).unwrap(),
        email_verified: false,
        username: None,
        name: DisplayName::parse("Ada").unwrap(),
        role,
        status: AccountStatus::Active,
        provider: AccountProvider::Local,
        openid: None,
        password: Some(hash("old")),
        two_factor: TwoFactor::default(),
        terms_accepted_at: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

fn link(purpose: LinkPurpose, of: &Account) -> OneTimeLink {
    OneTimeLink {
        digest: SecretDigest::of(b"secret"),
        purpose,
        subject: LinkSubject::Account {
            account: of.id,
            email: of.email.clone(),
        },
        created_at: at(0),
        expires_at: at(100),
        used_at: None,
    }
}

fn by_link() -> AccountChange {
    AccountChange::Password {
        hash: hash("new"),
        source: PasswordSource::Link,
    }
}

#[test]
fn a_link_resets_the_password_once_and_ends_all_sessions() {
    let before = account(1, RoleName::user());
    let facts = |link| ChangeFacts {
        link: Some(link),
        ..ChangeFacts::default()
    };
    let reset = link(LinkPurpose::PasswordReset, &before);
    let plan = plan_change(&before, facts(reset.clone()), by_link(), at(5)).unwrap();
    assert_eq!(
        plan,
        ChangePlan {
            account: Account {
                password: Some(hash("new")),
                email_verified: true,
                updated_at: at(5),
                ..before.clone()
            },
            is_changed: true,
            ends_sessions: Some(EndedSessions {
                except: None,
                end: SessionEnd::PasswordChanged
            }),
            used_link: Some(OneTimeLink {
                used_at: Some(at(5)),
                ..reset.clone()
            }),
            drops_links: Some(LinkPurpose::PasswordReset),
        }
    );
    let moved = Account {
        email: EmailAddress::parse("other@example.org").unwrap(),
        ..before.clone()
    };
    for (account, link, now) in [
        (&before, plan.used_link.unwrap(), 6),
        (&before, reset.clone(), 100),
        (&before, link(LinkPurpose::EmailVerification, &before), 5),
        (
            &before,
            link(LinkPurpose::PasswordReset, &account(2, RoleName::user())),
            5,
        ),
        (&moved, reset, 5),
    ] {
        assert_eq!(
            plan_change(account, facts(link), by_link(), at(now)),
            Err(AccountRefusal::LinkInvalid)
        );
    }
    assert_eq!(
        plan_change(&before, ChangeFacts::default(), by_link(), at(5)),
        Err(AccountRefusal::LinkInvalid)
    );
}

#[test]
fn a_person_who_changes_the_password_keeps_the_session_that_asked() {
    let before = account(1, RoleName::user());
    let session = SessionId::new(Uuid::from_u128(7));
    let change = |old| AccountChange::Password {
        hash: hash("new"),
        source: PasswordSource::Owner {
            old,
            session: Some(session),
        },
    };
    let plan = plan_change(&before, ChangeFacts::default(), change(hash("old")), at(5)).unwrap();
    assert_eq!(plan.ends_sessions.unwrap().except, Some(session));
    assert_eq!(
        plan_change(
            &before,
            ChangeFacts::default(),
            change(hash("older")),
            at(5)
        ),
        Err(AccountRefusal::PasswordChangedMeanwhile)
    );
}

#[test]
fn a_hash_is_upgraded_only_while_it_is_the_stored_one() {
    let before = account(1, RoleName::user());
    let upgrade = |from| AccountChange::UpgradePasswordHash {
        from,
        to: hash("better"),
    };
    let plan = plan_change(&before, ChangeFacts::default(), upgrade(hash("old")), at(5)).unwrap();
    assert_eq!((plan.is_changed, plan.account.updated_at), (true, at(0)));
    assert_eq!(plan.account.password, Some(hash("better")));
    let plan = plan_change(&before, ChangeFacts::default(), upgrade(hash("x")), at(5)).unwrap();
    assert_eq!((plan.is_changed, plan.account), (false, before));
}

#[test]
fn an_address_or_a_person_at_a_provider_belongs_to_one_account() {
    let before = account(1, RoleName::user());
    let email = AccountChange::Email {
        email: EmailAddress::parse("a2@example.org").unwrap(),
        is_verified: true,
    };
    let identity = |subject: &str| OpenIdIdentity {
        issuer: "https://idp.example.org".to_owned(),
        subject: subject.to_owned(),
    };
    let openid = AccountChange::LinkOpenId(identity("ada"));
    let facts = ChangeFacts {
        same_email: Some(user(2)),
        same_openid: Some(user(2)),
        ..ChangeFacts::default()
    };
    assert_eq!(
        plan_change(&before, facts.clone(), email, at(5)),
        Err(AccountRefusal::EmailTaken)
    );
    assert_eq!(
        plan_change(&before, facts, openid.clone(), at(5)),
        Err(AccountRefusal::OpenIdTaken)
    );
    let linked = plan_change(&before, ChangeFacts::default(), openid.clone(), at(5)).unwrap();
    let again = plan_change(&linked.account, ChangeFacts::default(), openid, at(6)).unwrap();
    assert!(!again.is_changed);
    let other = AccountChange::LinkOpenId(identity("eve"));
    assert_eq!(
        plan_change(&linked.account, ChangeFacts::default(), other, at(6)),
        Err(AccountRefusal::OpenIdTaken)
    );
}

#[test]
fn the_second_factor_changes_through_its_own_rules() {
    let before = account(1, RoleName::user());
    let accept = AccountChange::TwoFactor(vec![TwoFactorChange::AcceptStep {
        secret: SealedSecret {
            key_version: 1,
            blob: Vec::new(),
        },
        step: 1,
    }]);
    assert_eq!(
        plan_change(&before, ChangeFacts::default(), accept, at(5)),
        Err(AccountRefusal::TwoFactor(TwoFactorRefusal::NotBegun))
    );
}

#[derive(Debug, Clone)]
enum Deed {
    Demote,
    Promote,
    Disable,
    Enable,
    Delete,
}

proptest! {
    /// Whatever is done to accounts one after the other, somebody can administer the server.
    #[test]
    fn there_is_always_an_administrator(
        deeds in prop::collection::vec(
            (0_usize..4, prop_oneof![
                Just(Deed::Demote), Just(Deed::Promote), Just(Deed::Disable), Just(Deed::Enable), Just(Deed::Delete),
            ]),
            1..60,
        ),
    ) {
        let mut accounts: Vec<_> = (0..4).map(|number| account(number, RoleName::user())).collect();
        accounts[0].role = RoleName::admin();
        for (index, deed) in deeds {
            if accounts.is_empty() {
                break;
            }
            let index = index % accounts.len();
            let others = accounts.iter().enumerate();
            let others = others.filter(|(other, account)| *other != index && account.is_active_administrator());
            let facts = ChangeFacts {
                other_active_administrators: u64::try_from(others.count()).unwrap(),
                ..ChangeFacts::default()
            };
            let change = match deed {
                Deed::Demote => AccountChange::Role(RoleName::user()),
                Deed::Promote => AccountChange::Role(RoleName::admin()),
                Deed::Disable => AccountChange::Status(AccountStatus::Disabled),
                Deed::Enable => AccountChange::Status(AccountStatus::Active),
                Deed::Delete => {
                    if plan_removal(&accounts[index], facts.other_active_administrators).is_ok() {
                        accounts.remove(index);
                    }
                    continue;
                }
            };
            if let Ok(plan) = plan_change(&accounts[index], facts, change, at(1)) {
                prop_assert_eq!(
                    plan.ends_sessions.is_some(),
                    matches!(deed, Deed::Disable)
                );
                accounts[index] = plan.account;
            }
            prop_assert!(accounts.iter().any(Account::is_active_administrator));
        }
    }
}
