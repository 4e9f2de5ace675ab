//! Deleting accounts.

use futures_util::future::join_all;
use manent_accounts::account::NewAccount;
use manent_accounts::account_change::{AccountChange, AccountRefusal};
use manent_accounts::limits::BudgetStanding;
use manent_accounts::one_time_link::LinkPurpose;
use manent_accounts::ports::{
    ApiKeyRepository, Deleted, KeyCreated, ProviderKeyRepository, SessionRepository,
};
use manent_accounts::role::RoleName;
use manent_domain::run::RunEvent;
use manent_domain::transfer::TransferRecord;
use manent_types::UserId;
use uuid::Uuid;

use super::desk::{Desk, link_for, new_account, new_session, session_id, user};
use super::{AccountStore, api_keys, budgets, provider_keys};
use crate::conformance::person::{Person, at, conversation, message, plain, said};
use crate::conformance::runner::{Runner, completed, logged, run, snapshot};
use crate::conformance::transfer;

/// Something of everything for an account.
pub(super) async fn fill(desk: Desk<'_>, number: u128) {
    let store = desk.store;
    transfer::fill_person(store, number).await;
    let account = desk.account(number).await;
    let owner = account.id;
    assert!(desk.begin(new_session(number, owner, 1)).await);
    let secret = format!("reset-{number}");
    let reset = link_for(LinkPurpose::PasswordReset, &secret, &account, 1);
    assert!(desk.link(reset).await);
    let key = api_keys::new_key(number, owner, 1);
    assert_eq!(api_keys::create(store, key).await, KeyCreated::Stored);
    assert!(provider_keys::put(store, provider_keys::new_key(owner, "a", 1)).await);
    budgets::reserve(store, owner, 1, 0).await;
    budgets::reserve(store, owner, 2, 0).await;
    assert!(budgets::settle(store, owner, 1, 40).await);
}

/// How much of what accounts have is there.
async fn count(desk: Desk<'_>, number: u128) -> [usize; 6] {
    let (store, owner) = (desk.store, user(number));
    let sessions = SessionRepository::find(store, owner, session_id(number)).await;
    let keys = ApiKeyRepository::list(store, owner).await.unwrap();
    let provider_keys = ProviderKeyRepository::list(store, owner).await.unwrap();
    let stands = budgets::standing(store, owner, 0).await != BudgetStanding::default();
    [
        usize::from(desk.find(number).await.is_some()),
        usize::from(sessions.unwrap().is_some()),
        usize::from(desk.find_link(&format!("reset-{number}")).await.is_some()),
        keys.len(),
        provider_keys.len(),
        usize::from(stands),
    ]
}

/// Whose a record is; absent for rows of accounts, which are counted.
const fn owner_of(record: &TransferRecord) -> Option<UserId> {
    match record {
        TransferRecord::User { id, .. } => Some(*id),
        TransferRecord::Conversation { owner, .. }
        | TransferRecord::Message { owner, .. }
        | TransferRecord::Lane { owner, .. }
        | TransferRecord::Refusal { owner, .. }
        | TransferRecord::Change { owner, .. }
        | TransferRecord::Run { owner, .. }
        | TransferRecord::RunEvents { owner, .. }
        | TransferRecord::Feed { owner, .. }
        | TransferRecord::Document { owner, .. } => Some(*owner),
        TransferRecord::AccountRow { .. } => None,
    }
}

/// Everything of others is left as it was; the account's entries in the audit log stay.
pub async fn everything_of_the_account_goes_and_nothing_of_others(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    for number in [1, 2] {
        fill(desk, number).await;
    }
    let told = desk.audit().await;
    let before = transfer::export(store, 100).await;
    let account = desk.account(2).await;
    let deleted = desk.delete(2, 100).await;
    assert_eq!(deleted, Deleted::Gone(Box::new(account)));

    let of_others =
        |record: &TransferRecord| owner_of(record).is_some_and(|owner| owner != user(2));
    let mut expected = before;
    expected.retain(of_others);
    assert!(!expected.is_empty());
    let mut left = transfer::export(store, 100).await;
    left.retain(|record| owner_of(record).is_some());
    assert_eq!(left, expected);
    assert_eq!(count(desk, 2).await, [0; 6]);
    assert_eq!(count(desk, 1).await, [1; 6]);
    assert_eq!(desk.audit().await[..told.len()], told);
    assert!(!budgets::settle(store, user(2), 2, 1).await);
    assert_eq!(store.count().await, Ok(1));
}

/// Neither a run's progress nor anything else brings a row back; a new account finds nothing of the old one.
pub async fn what_arrives_late_is_not_stored(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    desk.make(2).await;
    fill(desk, 2).await;
    let runner = Runner::new(store).of(2);
    runner.begin_new(run(50), None).await;
    desk.delete(2, 100).await;
    let before = transfer::export(store, 100).await;
    let told = desk.audit().await.len();

    let end = logged(1, [RunEvent::Ended(completed())]);
    let progress = runner.progress(run(50), end, Some(snapshot("late", 1)));
    assert_eq!(runner.record(vec![progress], 101).await, [None]);
    assert_eq!(
        store.request_stop(user(2), run(50), at(101)).await,
        Ok(None)
    );
    let found = runner.on(9).interrupt_dead(1_000, 100, 101).await;
    assert_eq!(found, []);
    let key = api_keys::key_id(2);
    assert_eq!(store.touch(user(2), key, at(101)).await, Ok(()));
    let refreshed = SessionRepository::refresh(
        store,
        session_id(2),
        1,
        std::time::Duration::from_mins(1),
        at(101),
        None,
    );
    assert_eq!(refreshed.await, Ok(None));
    assert!(!desk.begin(new_session(9, user(2), 101)).await);
    assert!(!provider_keys::put(store, provider_keys::new_key(user(2), "a", 1)).await);
    assert_eq!(transfer::export(store, 100).await, before);
    assert_eq!(desk.audit().await.len(), told);

    // New rows may stand where the old ones stood.
    let new = NewAccount {
        id: user(3),
        ..new_account(2)
    };
    desk.create(new, None, at(102)).await.unwrap();
    let person = Person::new(store, 3);
    person.create(conversation(1), Some("Garden"), 103).await;
    person
        .append(vec![plain(
            conversation(1),
            said(message(1), "white whale"),
        )])
        .await;
    assert_eq!(person.search(&["whale"]).await.len(), 1);
    assert_eq!(person.search(&["fox"]).await, []);
    assert_eq!(Person::new(store, 2).search(&["whale"]).await, []);
}

/// Somebody has to be left who can sign in.
pub async fn the_last_administrator_stays(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let refused = Deleted::Refused(AccountRefusal::LastAdministrator);
    assert_eq!(desk.delete(1, 1).await, refused);
    assert_eq!(desk.audit().await.len(), 2);
    let promotion = AccountChange::Role(RoleName::admin());
    desk.change(2, promotion, 2).await.unwrap();
    assert!(matches!(desk.delete(1, 3).await, Deleted::Gone(_)));
    assert_eq!(desk.delete(2, 4).await, refused);
}

/// Nor an owner without an account.
pub async fn an_unknown_account_is_not_deleted(store: &dyn AccountStore) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let desk = Desk::with_accounts(store, 0).await;
    assert_eq!(person.owner, user(1));
    assert_eq!(desk.delete(1, 1).await, Deleted::Unknown);
    person.conversation(conversation(1)).await;
    assert_eq!(desk.audit().await, []);
    let nobody = UserId::new(Uuid::nil());
    assert_eq!(
        SessionRepository::list(store, nobody, at(1)).await,
        Ok(vec![])
    );
}

/// However they interleave.
pub async fn administrators_who_delete_each_other_at_once_leave_one(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 4).await;
    for number in 2..=4 {
        let promotion = AccountChange::Role(RoleName::admin());
        desk.change(number, promotion, 1).await.unwrap();
    }
    let done = join_all((1..=4).map(|number| desk.delete(number, 2))).await;
    let refused = Deleted::Refused(AccountRefusal::LastAdministrator);
    assert_eq!(done.iter().filter(|done| **done == refused).count(), 1);
    assert_eq!(store.count().await, Ok(1));
}
