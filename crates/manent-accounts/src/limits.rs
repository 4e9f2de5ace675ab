//! Limits: how often something may be done ([`Bucket`], kept in memory by each node), and how much may be spent ([`decide_reservation`], kept
//! in the store, so that many sends at once and many nodes cannot spend more together than one could).

mod bucket;
mod budget;
mod table;

pub use bucket::{Bucket, LimitDecision, Rate};
pub use budget::{
    Amounts, BudgetExceeded, BudgetLimits, BudgetPeriod, BudgetStanding, Measure, Reservation,
    ReservationDecision, ReservationRequest, decide_reservation, settle,
};
pub use table::{LimitKey, LimitKind, LimitTable};
