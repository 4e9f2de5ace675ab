//! Clearing what nobody needs any more.

use std::sync::Arc;
use std::time::Duration;

use manent_domain::ports::StoreError;

use super::context::{AccountPorts, Context};
use crate::policy::AccountPolicy;
use crate::time::earlier;

/// Rows that one statement clears.
const BATCH: usize = 500;

/// How long links and sessions stay after their end: an old token of theirs is still known as such.
const KEPT_AFTER_END: Duration = Duration::from_hours(24 * 30);

/// How long a budget's period is kept after its end.
const KEPT_AFTER_PERIOD: Duration = Duration::from_hours(24 * 7);

/// After how long a reservation that nobody settled counts as used: its server died.
const ABANDONED_AFTER: Duration = Duration::from_hours(6);

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Sessions that ended long ago.
    pub sessions: usize,
    /// Links that expired long ago.
    pub links: usize,
    /// Reservations whose server died.
    pub abandoned: usize,
    /// Rows of budgets of former periods.
    pub budgets: usize,
}

impl Tidied {
    /// Whether there may be more of something.
    pub const fn is_full(&self) -> bool {
        self.sessions >= BATCH
            || self.links >= BATCH
            || self.abandoned >= BATCH
            || self.budgets >= BATCH
    }
}

/// Clears what nobody needs any more, a bounded number of rows at a time. Any number of servers may do so at once.
#[derive(Clone)]
pub struct HousekeepingService {
    context: Context,
}

impl HousekeepingService {
    /// A service over these ports.
    pub const fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        Self {
            context: Context::new(ports, policy),
        }
    }

    /// Clears a batch of each. Safe to repeat.
    ///
    /// # Errors
    /// When the store fails; what was cleared until then stays cleared.
    pub async fn tidy(&self) -> Result<Tidied, StoreError> {
        let ports = &self.context.ports;
        let now = self.context.now();
        let ended_before = earlier(now, KEPT_AFTER_END);
        let abandoned_before = earlier(now, ABANDONED_AFTER);
        let budgets = &ports.budgets;
        Ok(Tidied {
            sessions: ports.sessions.clear(ended_before, BATCH).await?,
            links: ports.links.clear(ended_before, BATCH).await?,
            abandoned: budgets
                .settle_abandoned(abandoned_before, BATCH, now)
                .await?,
            budgets: budgets
                .clear(earlier(now, KEPT_AFTER_PERIOD), BATCH)
                .await?,
        })
    }
}

#[cfg(test)]
mod tests {
    use manent_types::RunId;
    use uuid::Uuid;

    use super::*;
    use crate::limits::{Amounts, BudgetLimits};
    use crate::policy::Budget;
    use crate::testing::{World, account, run};

    #[test]
    fn what_ended_long_ago_is_cleared_and_what_a_dead_server_held_is_used() {
        let mut world = World::with_account(account("ada@example.org"));
        world.policy.budget = Some(Budget {
            period: Duration::from_hours(24 * 10),
            limits: BudgetLimits {
                runs: Some(5),
                ..BudgetLimits::default()
            },
        });
        world.signed_in("ada@example.org");
        let owner = account("ada@example.org").id;
        let amounts = Amounts {
            runs: 1,
            ..Amounts::default()
        };
        let id = RunId::new(Uuid::from_u128(1));
        run(world.budgets().reserve(owner, id, amounts)).unwrap();
        let tidy = || run(world.housekeeping().tidy()).unwrap();
        assert_eq!(tidy(), Tidied::default());
        world.wait(Duration::from_hours(7));
        let abandoned = Tidied {
            abandoned: 1,
            ..Tidied::default()
        };
        assert_eq!(tidy(), abandoned);
        let standing = run(world.budgets().standing(owner)).unwrap();
        let (_, _, standing) = standing.unwrap();
        assert_eq!((standing.used.runs, standing.reserved.runs), (1, 0));
        world.wait(Duration::from_hours(24 * 50));
        let ended = tidy();
        assert_eq!((ended.sessions, ended.budgets > 0), (1, true));
        assert_eq!(tidy(), Tidied::default());
    }
}
