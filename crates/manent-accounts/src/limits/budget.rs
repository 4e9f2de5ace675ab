//! Budgets: what an account may spend in a period.
//!
//! A run reserves before it starts what it may cost at most, and settles what it did cost when it ends. Invariants, for every interleaving:
//! - used and reserved together never exceed the limit at the moment of a grant;
//! - asking again with the same id is the same reservation, and counts once;
//! - what was settled counts once, whatever was reserved.

use std::time::Duration;

use manent_types::{RunId, Timestamp};

coded! {
    /// What is counted.
    Measure {
        /// Generations.
        Runs = "runs",
        /// Tokens, in and out.
        Tokens = "tokens",
        /// Cost, in millionths of the currency's unit.
        Cost = "cost",
    }
}

/// An amount of each measure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Generations.
    pub runs: u64,
    /// Tokens, in and out.
    pub tokens: u64,
    /// Cost, in millionths of the currency's unit.
    pub cost: u64,
}

impl Amounts {
    /// The amount of a measure.
    pub const fn get(&self, measure: Measure) -> u64 {
        match measure {
            Measure::Runs => self.runs,
            Measure::Tokens => self.tokens,
            Measure::Cost => self.cost,
        }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(&self, other: &Self) -> Self {
        Self {
            runs: self.runs.saturating_add(other.runs),
            tokens: self.tokens.saturating_add(other.tokens),
            cost: self.cost.saturating_add(other.cost),
        }
    }

    /// What is left without the other; never below nothing.
    #[must_use]
    pub const fn minus(&self, other: &Self) -> Self {
        Self {
            runs: self.runs.saturating_sub(other.runs),
            tokens: self.tokens.saturating_sub(other.tokens),
            cost: self.cost.saturating_sub(other.cost),
        }
    }
}

/// The most that may be spent in a period; absent: without limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BudgetLimits {
    /// Generations.
    pub runs: Option<u64>,
    /// Tokens, in and out.
    pub tokens: Option<u64>,
    /// Cost, in millionths of the currency's unit.
    pub cost: Option<u64>,
}

impl BudgetLimits {
    /// The limit of a measure.
    pub const fn get(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Runs => self.runs,
            Measure::Tokens => self.tokens,
            Measure::Cost => self.cost,
        }
    }

    /// Whether nothing is limited.
    pub const fn is_unlimited(&self) -> bool {
        self.runs.is_none() && self.tokens.is_none() && self.cost.is_none()
    }
}

/// A span of time that a budget is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BudgetPeriod {
    /// Its first millisecond; names the period.
    pub starts_at: Timestamp,
    /// The first millisecond of the next one.
    pub ends_at: Timestamp,
}

impl BudgetPeriod {
    /// The period of this length that a time lies in. Periods are counted from 1970 in UTC, so a day begins at midnight; at least a second.
    pub fn containing(now: Timestamp, length: Duration) -> Self {
        let length = i64::try_from(length.as_millis())
            .unwrap_or(i64::MAX)
            .max(1000);
        let starts_at = now.as_millisecond() - now.as_millisecond() % length;
        let starts_at = Timestamp::from_millisecond(starts_at).unwrap_or(now);
        let length = Duration::from_millis(u64::try_from(length).unwrap_or(u64::MAX));
        Self {
            starts_at,
            ends_at: crate::time::later(starts_at, length),
        }
    }
}

/// What an account spent in a period: a store's row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BudgetStanding {
    /// Settled.
    pub used: Amounts,
    /// Held by reservations that are not settled.
    pub reserved: Amounts,
}

/// A reservation as it is stored, until it is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// The run that it is for; unique for its owner.
    pub id: RunId,
    /// The period that it counts for.
    pub period: BudgetPeriod,
    /// What is held; what was used, once it is settled.
    pub amounts: Amounts,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was settled. A settled reservation stays until its period is over, so that asking again for its run does not count.
    pub settled_at: Option<Timestamp>,
}

/// What a run asks for before it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReservationRequest {
    /// The run.
    pub id: RunId,
    /// The period of now.
    pub period: BudgetPeriod,
    /// What it may cost at most.
    pub amounts: Amounts,
    /// The budget.
    pub limits: BudgetLimits,
}

/// A budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the budget of {limit} {measure} is used up")]
pub struct BudgetExceeded {
    /// Of which measure.
    pub measure: Measure,
    /// How much there is in a period.
    pub limit: u64,
    /// When the next period begins.
    pub renews_at: Timestamp,
}

/// What a store does about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationDecision {
    /// Write the reservation and the standing.
    Reserve {
        /// The new row.
        reservation: Reservation,
        /// The account's standing in the period afterwards.
        standing: BudgetStanding,
    },
    /// The run has its reservation already; write nothing.
    Held,
    /// Write nothing; the run must not start.
    Exceeded(BudgetExceeded),
}

/// Decides about a request. `existing` is the owner's reservation with the request's id, `standing` the owner's in the request's period.
pub fn decide_reservation(
    existing: Option<&Reservation>,
    standing: &BudgetStanding,
    request: &ReservationRequest,
    now: Timestamp,
) -> ReservationDecision {
    if existing.is_some() {
        return ReservationDecision::Held;
    }
    let reserved = standing.reserved.plus(&request.amounts);
    let total = standing.used.plus(&reserved);
    for measure in Measure::ALL {
        if let Some(limit) = request.limits.get(*measure)
            && total.get(*measure) > limit
            && request.amounts.get(*measure) > 0
        {
            return ReservationDecision::Exceeded(BudgetExceeded {
                measure: *measure,
                limit,
                renews_at: request.period.ends_at,
            });
        }
    }
    ReservationDecision::Reserve {
        reservation: Reservation {
            id: request.id,
            period: request.period,
            amounts: request.amounts,
            created_at: now,
            settled_at: None,
        },
        standing: BudgetStanding {
            used: standing.used,
            reserved,
        },
    }
}

/// Settles a reservation with what was really used; the reservation and the standing of its period afterwards. Absent when it was settled
/// before: nothing is to be written.
pub fn settle(
    reservation: &Reservation,
    standing: &BudgetStanding,
    used: Amounts,
    now: Timestamp,
) -> Option<(Reservation, BudgetStanding)> {
    if reservation.settled_at.is_some() {
        return None;
    }
    let standing = BudgetStanding {
        used: standing.used.plus(&used),
        reserved: standing.reserved.minus(&reservation.amounts),
    };
    let settled = Reservation {
        amounts: used,
        settled_at: Some(now),
        ..*reservation
    };
    Some((settled, standing))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    fn request(id: u128, tokens: u64) -> ReservationRequest {
        ReservationRequest {
            id: RunId::new(Uuid::from_u128(id)),
            period: BudgetPeriod::containing(at(5_000), Duration::from_mins(1)),
            amounts: Amounts {
                runs: 1,
                tokens,
                cost: 0,
            },
            limits: BudgetLimits {
                runs: Some(10),
                tokens: Some(1_000),
                cost: None,
            },
        }
    }

    #[test]
    fn a_period_begins_at_a_multiple_of_its_length() {
        let day = Duration::from_hours(24);
        let period = BudgetPeriod::containing("2026-11-21T13:14:15Z".parse().unwrap(), day);
        assert_eq!(period.starts_at.to_string(), "2026-11-21T00:00:00.000Z");
        assert_eq!(period.ends_at.to_string(), "2026-11-22T00:00:00.000Z");
    }

    #[test]
    fn of_a_hundred_exactly_ten_start() {
        let mut standing = BudgetStanding::default();
        let mut started = 0;
        for id in 0..100 {
            match decide_reservation(None, &standing, &request(id, 1), at(0)) {
                ReservationDecision::Reserve {
                    standing: after, ..
                } => {
                    standing = after;
                    started += 1;
                }
                ReservationDecision::Exceeded(exceeded) => assert_eq!(
                    exceeded,
                    BudgetExceeded {
                        measure: Measure::Runs,
                        limit: 10,
                        renews_at: at(60_000)
                    }
                ),
                ReservationDecision::Held => panic!("no request came twice"),
            }
        }
        assert_eq!(started, 10);
    }

    proptest! {
        #[test]
        fn nothing_is_spent_beyond_the_budget_and_nothing_counts_twice(
            steps in prop::collection::vec((0_u128..8, any::<bool>(), 1_u64..400, 0_u64..=100), 1..80),
        ) {
            let mut standing = BudgetStanding::default();
            let mut rows: HashMap<u128, Reservation> = HashMap::new();
            for (id, asks, tokens, percent) in steps {
                if asks {
                    let request = request(id, tokens);
                    match decide_reservation(rows.get(&id), &standing, &request, at(0)) {
                        ReservationDecision::Reserve { reservation, standing: after } => {
                            prop_assert!(rows.insert(id, reservation).is_none());
                            standing = after;
                        }
                        ReservationDecision::Held => prop_assert!(rows.contains_key(&id)),
                        ReservationDecision::Exceeded(_) => prop_assert!(!rows.contains_key(&id)),
                    }
                } else if let Some(row) = rows.get(&id) {
                    let used = Amounts {
                        runs: 1,
                        tokens: row.amounts.tokens * percent / 100,
                        cost: 0,
                    };
                    if let Some((settled, after)) = settle(row, &standing, used, at(1)) {
                        rows.insert(id, settled);
                        standing = after;
                    }
                }
                let sum = rows.values().fold(Amounts::default(), |sum, row| sum.plus(&row.amounts));
                prop_assert_eq!(standing.used.plus(&standing.reserved), sum);
                prop_assert!(sum.runs <= 10 && sum.tokens <= 1_000);
            }
        }
    }
}
