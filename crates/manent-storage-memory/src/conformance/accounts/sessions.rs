//! Sessions.

use manent_accounts::account_change::{AccountChange, EndedSessions};
use manent_accounts::audit::AuditKind;
use manent_accounts::ports::SessionRepository;
use manent_accounts::session::{Session, SessionEnd};

use super::AccountStore;
use super::desk::{Desk, draft, new_session, session_id, user};
use crate::conformance::person::at;

/// With its account.
pub async fn a_session_reads_as_it_was_begun(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    let session = new_session(1, user(2), 5);
    assert!(desk.begin(session.clone()).await);
    let found = SessionRepository::find(store, user(2), session_id(1)).await;
    assert_eq!(found, Ok(Some((session, desk.account(2).await))));
    let without_label = Session {
        label: None,
        ..new_session(2, user(2), 6)
    };
    assert!(desk.begin(without_label.clone()).await);
    assert_eq!(desk.session(2, 2).await, without_label);
    assert!(!desk.begin(new_session(3, user(9), 7)).await, "nobody's");
    let unknown = SessionRepository::find(store, user(2), session_id(3)).await;
    assert_eq!(unknown, Ok(None));
    let expected = [AuditKind::SignedIn, AuditKind::SignedIn];
    assert_eq!(desk.told(2).await, expected);
}

/// Neither those that were ended nor those that expired.
pub async fn live_sessions_are_listed_the_newest_first(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    for (number, seconds) in [(1, 10), (2, 30), (3, 20), (4, 30), (5, -990)] {
        assert!(desk.begin(new_session(number, user(2), seconds)).await);
    }
    assert_eq!(
        desk.live_sessions(2, 9).await,
        [4, 2, 3, 1, 5].map(session_id)
    );
    assert_eq!(
        desk.live_sessions(2, 10).await,
        [4, 2, 3, 1].map(session_id)
    );
    let (owner, end) = (user(2), SessionEnd::SignedOut);
    let audit = draft(AuditKind::SignedOut);
    let ended = SessionRepository::end(store, owner, session_id(2), end, at(40), audit).await;
    assert_eq!(ended, Ok(true));
    assert_eq!(desk.live_sessions(2, 40).await, [4, 3, 1].map(session_id));
    assert_eq!(desk.live_sessions(1, 40).await, []);
}

/// The first end counts.
pub async fn a_session_is_ended_once(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    let before = new_session(1, user(1), 1);
    assert!(desk.begin(before.clone()).await);
    let end = async |number, end, seconds| {
        let audit = draft(AuditKind::SignedOut);
        let id = session_id(number);
        let ended = SessionRepository::end(store, user(1), id, end, at(seconds), audit).await;
        ended.unwrap()
    };
    assert!(end(1, SessionEnd::SignedOutElsewhere, 5).await);
    assert!(!end(1, SessionEnd::SignedOut, 6).await);
    assert!(!end(2, SessionEnd::SignedOut, 6).await);
    let expected = Session {
        ended: Some((at(5), SessionEnd::SignedOutElsewhere)),
        ..before
    };
    assert_eq!(desk.session(1, 1).await, expected);
    assert!(desk.begin(new_session(3, user(1), 1)).await);
    assert!(!end(3, SessionEnd::SignedOut, 1_001).await, "expired");
    let expected = [
        AuditKind::SignedIn,
        AuditKind::SignedOut,
        AuditKind::SignedIn,
    ];
    assert_eq!(desk.told(1).await, expected);
}

/// Told even when there were none; each time the account has another `updated_at`, by which what waits for a second factor is known to be void.
pub async fn all_sessions_but_one_are_ended(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 1).await;
    for number in 1..=4 {
        assert!(desk.begin(new_session(number, user(1), 1)).await);
    }
    let end_all = async |except, seconds| {
        let end = SessionEnd::SignedOutElsewhere;
        let change = AccountChange::EndSessions(EndedSessions { except, end });
        let before = desk.account(1).await.updated_at;
        let changed = desk.change(1, change, seconds).await.unwrap();
        assert_eq!(desk.account(1).await, changed.account);
        assert!(changed.account.updated_at > before);
        changed.ended_sessions
    };
    assert_eq!(end_all(Some(session_id(3)), 5).await, 3);
    assert_eq!(desk.live_sessions(1, 5).await, [session_id(3)]);
    assert_eq!(end_all(None, 6).await, 1);
    assert_eq!(end_all(None, 6).await, 0);
    let first = desk.session(1, 1).await.ended;
    assert_eq!(first, Some((at(5), SessionEnd::SignedOutElsewhere)));
    assert_eq!(desk.told(5).await, [AuditKind::ProfileChanged; 3]);
}

/// No call with an owner reaches another one's.
pub async fn another_owners_sessions_do_not_exist(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    assert!(desk.begin(new_session(1, user(1), 1)).await);
    let found = SessionRepository::find(store, user(2), session_id(1)).await;
    assert_eq!(found, Ok(None));
    assert_eq!(desk.live_sessions(2, 2).await, []);
    let end = SessionEnd::SignedOut;
    let audit = draft(AuditKind::SignedOut);
    let ended = SessionRepository::end(store, user(2), session_id(1), end, at(2), audit).await;
    assert_eq!(ended, Ok(false));
    let ends = EndedSessions { except: None, end };
    let changed = desk.change(2, AccountChange::EndSessions(ends), 2).await;
    assert_eq!(changed.unwrap().ended_sessions, 0);
    assert_eq!(desk.live_sessions(1, 2).await, [session_id(1)]);
}

/// Ended ones too, and no others.
pub async fn expired_sessions_are_cleared_in_pieces(store: &dyn AccountStore) {
    let desk = Desk::with_accounts(store, 2).await;
    for number in 1..=5 {
        let seconds = i64::try_from(number).unwrap();
        let owner = user(number % 2 + 1);
        assert!(desk.begin(new_session(number, owner, seconds)).await);
    }
    let clear = async |seconds, limit| {
        let cleared = SessionRepository::clear(store, at(seconds), limit).await;
        cleared.unwrap()
    };
    assert_eq!(clear(1_001, 10).await, 0);
    assert_eq!(clear(1_004, 2).await, 2);
    assert_eq!(clear(1_004, 2).await, 1);
    assert_eq!(clear(1_004, 2).await, 0);
    assert_eq!(desk.live_sessions(1, 900).await, [session_id(4)]);
    assert_eq!(desk.live_sessions(2, 900).await, [session_id(5)]);
}
