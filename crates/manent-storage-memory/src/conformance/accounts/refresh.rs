//! Refreshing sessions: one decision for one token at a time.

use std::time::Duration;

use futures_util::future::join_all;
use manent_accounts::account::AccountStatus;
use manent_accounts::account_change::AccountChange;
use manent_accounts::audit::{AuditDraft, AuditKind};
use manent_accounts::ports::{Refreshed, SessionRepository};
use manent_accounts::session::{Refresh, RefreshRefusal, Session, SessionEnd};

use super::AccountStore;
use super::desk::{Desk, new_session, session_id, user};
use crate::conformance::person::at;

const GRACE: Duration = Duration::from_mins(1);

async fn refresh(desk: Desk<'_>, generation: u64, seconds: i64) -> Refreshed {
    let address = "192.0.2.9".parse().ok();
    let id = session_id(1);
    let refreshed =
        SessionRepository::refresh(desk.store, id, generation, GRACE, at(seconds), address).await;
    let refreshed = refreshed.unwrap().unwrap();
    assert_eq!(
        refreshed.session,
        desk.session(2, 1).await,
        "what is told is stored"
    );
    refreshed
}

async fn with_session(store: &dyn AccountStore) -> Desk<'_> {
    let desk = Desk::with_accounts(store, 2).await;
    assert!(desk.begin(new_session(1, user(2), 0)).await);
    desk
}

const fn granted(generation: u64) -> Refresh {
    Refresh::Granted { generation }
}

/// The account comes with it.
pub async fn a_session_goes_on_from_generation_to_generation(store: &dyn AccountStore) {
    let desk = with_session(store).await;
    for generation in 1..=5 {
        let seconds = i64::try_from(generation * 100).unwrap();
        let refreshed = refresh(desk, generation, seconds).await;
        assert_eq!(refreshed.refresh, granted(generation + 1));
        assert_eq!(refreshed.account, desk.account(2).await);
        assert_eq!(refreshed.session.generation, generation + 1);
        assert_eq!(refreshed.session.presentations.confirmed(), generation);
        assert_eq!(refreshed.session.last_used_at, at(seconds));
    }
    let unknown = SessionRepository::refresh(store, session_id(9), 1, GRACE, at(1), None).await;
    assert_eq!(unknown, Ok(None));
    assert_eq!(desk.audit().await.len(), 3, "a refresh is not told");
}

/// Whenever the client comes back.
pub async fn an_answer_that_was_lost_is_given_again(store: &dyn AccountStore) {
    let desk = with_session(store).await;
    refresh(desk, 1, 10).await;
    assert_eq!(refresh(desk, 1, 900).await.refresh, granted(2));
    assert_eq!(refresh(desk, 2, 901).await.refresh, granted(3));
}

/// As the tabs of a browser with one cookie.
pub async fn many_refreshes_of_one_generation_get_the_same_successor(store: &dyn AccountStore) {
    let desk = with_session(store).await;
    refresh(desk, 1, 10).await;
    let tab = |_| async move {
        let id = session_id(1);
        let refreshed = SessionRepository::refresh(store, id, 2, GRACE, at(20), None).await;
        refreshed.unwrap().unwrap().refresh
    };
    let refreshed = join_all((0..50).map(tab)).await;
    assert_eq!(refreshed, [granted(3); 50]);
    let session = desk.session(2, 1).await;
    assert_eq!((session.generation, session.ended), (3, None));
}

/// A tab that is late.
pub async fn an_old_token_within_the_grace_gets_the_newest(store: &dyn AccountStore) {
    let desk = with_session(store).await;
    refresh(desk, 1, 100).await;
    refresh(desk, 2, 110).await;
    assert_eq!(refresh(desk, 1, 150).await.refresh, granted(3));
}

/// It is told, with the session and the generation, and nobody goes on with the session.
pub async fn an_old_token_after_the_grace_ends_the_session(store: &dyn AccountStore) {
    let desk = with_session(store).await;
    refresh(desk, 1, 100).await;
    refresh(desk, 2, 110).await;
    let told = desk.audit().await;
    let thief = refresh(desk, 1, 300).await;
    assert_eq!(thief.refresh, Refresh::Refused(RefreshRefusal::TokenReused));
    let ended = Some((at(300), SessionEnd::TokenReused));
    assert_eq!(thief.session.ended, ended);
    let refused = Refresh::Refused(RefreshRefusal::Ended(SessionEnd::TokenReused));
    assert_eq!(refresh(desk, 3, 301).await.refresh, refused);
    assert_eq!(refresh(desk, 1, 302).await.refresh, refused);
    assert_eq!(desk.live_sessions(2, 302).await, []);
    let draft = AuditDraft::new(AuditKind::RefreshTokenReused)
        .by(None, "192.0.2.9".parse().ok())
        .on(user(2))
        .with("session", session_id(1))
        .with("generation", 1);
    let expected = told[2].head().next(draft, at(300));
    assert_eq!(desk.audit().await[3..], [expected], "told once");
}

/// Expired, ended, or of an account that is disabled.
pub async fn a_session_that_does_not_live_is_refused(store: &dyn AccountStore) {
    let desk = with_session(store).await;
    let before: Session = desk.session(2, 1).await;
    let expired = refresh(desk, 1, 1_000).await;
    let refused = Refresh::Refused(RefreshRefusal::Expired);
    assert_eq!((expired.refresh, expired.session), (refused, before));
    let disabling = AccountChange::Status(AccountStatus::Disabled);
    desk.change(2, disabling, 5).await.unwrap();
    let refused = Refresh::Refused(RefreshRefusal::Ended(SessionEnd::AccountDisabled));
    assert_eq!(refresh(desk, 1, 6).await.refresh, refused);
}
