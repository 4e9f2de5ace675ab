//! Budgets.

use std::time::Duration;

use futures_util::future::join_all;
use manent_accounts::limits::{
    Amounts, BudgetExceeded, BudgetLimits, BudgetPeriod, BudgetStanding, Measure, Reservation,
    ReservationDecision, ReservationRequest,
};
use manent_accounts::ports::{BudgetRepository, Settlement};
use manent_types::UserId;

use super::AccountStore;
use super::desk::user;
use crate::conformance::person::at;
use crate::conformance::runner::run;

const HOUR: Duration = Duration::from_hours(1);

const fn amounts(runs: u64, tokens: u64) -> Amounts {
    Amounts {
        runs,
        tokens,
        cost: 3,
    }
}

fn period(seconds: i64) -> BudgetPeriod {
    BudgetPeriod::containing(at(seconds), HOUR)
}

/// A run of a hundred tokens with a budget for ten.
fn request(number: u128, seconds: i64) -> ReservationRequest {
    ReservationRequest {
        id: run(number),
        period: period(seconds),
        amounts: amounts(1, 100),
        limits: BudgetLimits {
            runs: Some(10),
            tokens: None,
            cost: None,
        },
    }
}

/// Reserves for a run at a time.
pub async fn reserve(
    store: &dyn AccountStore,
    owner: UserId,
    number: u128,
    seconds: i64,
) -> ReservationDecision {
    let request = request(number, seconds);
    let decision = BudgetRepository::reserve(store, owner, request, at(seconds)).await;
    decision.unwrap()
}

/// Settles a run with so many tokens.
pub async fn settle(store: &dyn AccountStore, owner: UserId, number: u128, tokens: u64) -> bool {
    let settlement = Settlement {
        id: run(number),
        used: amounts(1, tokens),
    };
    let settled = BudgetRepository::settle(store, owner, settlement, at(9)).await;
    settled.unwrap()
}

/// How an owner stands in the period of a time.
pub async fn standing(store: &dyn AccountStore, owner: UserId, seconds: i64) -> BudgetStanding {
    let standing = BudgetRepository::standing(store, owner, period(seconds)).await;
    standing.unwrap()
}

fn stands(used: Amounts, reserved: Amounts) -> BudgetStanding {
    BudgetStanding { used, reserved }
}

/// The others are told of the budget.
pub async fn of_a_hundred_at_once_exactly_ten_are_granted(store: &dyn AccountStore) {
    let decisions = (1..=100).map(|number| reserve(store, user(1), number, 0));
    let decisions = join_all(decisions).await;
    let exceeded = ReservationDecision::Exceeded(BudgetExceeded {
        measure: Measure::Runs,
        limit: 10,
        renews_at: period(0).ends_at,
    });
    let refused = decisions.iter().filter(|decision| **decision == exceeded);
    assert_eq!(refused.count(), 90);
    let granted =
        |decision: &&ReservationDecision| matches!(decision, ReservationDecision::Reserve { .. });
    assert_eq!(decisions.iter().filter(granted).count(), 10);
    let held = Amounts {
        runs: 10,
        tokens: 1_000,
        cost: 30,
    };
    assert_eq!(
        standing(store, user(1), 0).await,
        stands(Amounts::default(), held)
    );
}

/// While it is held, and after it was settled.
pub async fn asking_again_counts_once(store: &dyn AccountStore) {
    let expected = ReservationDecision::Reserve {
        reservation: Reservation {
            id: run(1),
            period: period(5),
            amounts: amounts(1, 100),
            created_at: at(5),
            settled_at: None,
        },
        standing: stands(Amounts::default(), amounts(1, 100)),
    };
    assert_eq!(reserve(store, user(1), 1, 5).await, expected);
    let again = (0..10).map(|_| reserve(store, user(1), 1, 6));
    assert_eq!(join_all(again).await, [ReservationDecision::Held; 10]);
    assert!(settle(store, user(1), 1, 40).await);
    let later = reserve(store, user(1), 1, 7).await;
    assert_eq!(later, ReservationDecision::Held);
    assert_eq!(
        standing(store, user(1), 0).await,
        stands(amounts(1, 40), Amounts::default())
    );
}

/// Of the period that it was made for.
pub async fn what_was_used_takes_the_place_of_what_was_reserved(store: &dyn AccountStore) {
    reserve(store, user(1), 1, 0).await;
    reserve(store, user(1), 2, 0).await;
    reserve(store, user(1), 3, 4_000).await;
    assert!(settle(store, user(1), 1, 250).await);
    assert_eq!(
        standing(store, user(1), 0).await,
        stands(amounts(1, 250), amounts(1, 100))
    );
    assert_eq!(
        standing(store, user(1), 4_000).await,
        stands(Amounts::default(), amounts(1, 100))
    );
    assert!(!settle(store, user(1), 9, 1).await, "none of this id");
    let nowhere = standing(store, user(1), 9_000).await;
    assert_eq!(nowhere, BudgetStanding::default());
}

/// It counts once.
pub async fn a_reservation_is_settled_once_by_many_at_once(store: &dyn AccountStore) {
    reserve(store, user(1), 1, 0).await;
    let settled = join_all((1..=10).map(|_| settle(store, user(1), 1, 40))).await;
    assert_eq!(settled.iter().filter(|settled| **settled).count(), 1);
    assert_eq!(
        standing(store, user(1), 0).await,
        stands(amounts(1, 40), Amounts::default())
    );
}

/// With what they held, whoever's they are.
pub async fn abandoned_reservations_are_settled_in_pieces(store: &dyn AccountStore) {
    reserve(store, user(1), 1, 0).await;
    reserve(store, user(2), 1, 1).await;
    reserve(store, user(1), 2, 2).await;
    reserve(store, user(1), 3, 3).await;
    assert!(settle(store, user(1), 2, 40).await);
    let abandoned = async |limit| {
        let settled = store.settle_abandoned(at(3), limit, at(50)).await;
        settled.unwrap()
    };
    assert_eq!(abandoned(1).await, 1);
    assert_eq!(abandoned(9).await, 1);
    assert_eq!(abandoned(9).await, 0);
    let used = Amounts {
        runs: 2,
        tokens: 140,
        cost: 6,
    };
    assert_eq!(
        standing(store, user(1), 0).await,
        stands(used, amounts(1, 100))
    );
    assert_eq!(
        standing(store, user(2), 0).await,
        stands(amounts(1, 100), Amounts::default())
    );
    assert!(!settle(store, user(2), 1, 1).await);
}

/// What is not settled stays, with its standing.
pub async fn periods_that_are_over_are_cleared_in_pieces(store: &dyn AccountStore) {
    for (number, seconds) in [(1, 0), (2, 0), (3, 4_000), (4, 8_000)] {
        reserve(store, user(1), number, seconds).await;
    }
    for number in [1, 2, 4] {
        assert!(settle(store, user(1), number, 40).await);
    }
    let clear = async |before, limit| {
        let cleared = BudgetRepository::clear(store, before, limit).await;
        cleared.unwrap()
    };
    assert_eq!(
        clear(period(0).ends_at, 10).await,
        0,
        "not before that time"
    );
    let before = period(8_000).ends_at;
    for _ in 0..2 {
        assert_eq!(clear(before, 1).await, 1);
    }
    assert_eq!(
        clear(before, 10).await,
        1,
        "the standing of the first period"
    );
    assert_eq!(clear(before, 10).await, 0);
    assert_eq!(standing(store, user(1), 0).await, BudgetStanding::default());
    assert_eq!(
        standing(store, user(1), 4_000).await,
        stands(Amounts::default(), amounts(1, 100))
    );
    assert_eq!(
        standing(store, user(1), 8_000).await,
        stands(amounts(1, 40), Amounts::default())
    );
}

/// The same run of two owners is two.
pub async fn budgets_of_two_owners_are_apart(store: &dyn AccountStore) {
    for owner in [user(1), user(2)] {
        let decision = reserve(store, owner, 1, 0).await;
        assert!(matches!(decision, ReservationDecision::Reserve { .. }));
    }
    assert!(settle(store, user(1), 1, 40).await);
    assert_eq!(
        standing(store, user(2), 0).await,
        stands(Amounts::default(), amounts(1, 100))
    );
    reserve(store, user(1), 2, 0).await;
    assert!(!settle(store, user(2), 2, 1).await);
}
