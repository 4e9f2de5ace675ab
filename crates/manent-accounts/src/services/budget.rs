//! Budgets: reserved before a run starts, settled when it ended.

use std::sync::Arc;

use manent_types::{RunId, UserId};

use super::context::{AccountPorts, Context};
use crate::AccountError;
use crate::limits::{
    Amounts, BudgetPeriod, BudgetStanding, ReservationDecision, ReservationRequest,
};
use crate::policy::{AccountPolicy, Budget};
use crate::ports::Settlement;

/// What became of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// It was made now, or nothing is limited: whoever asked settles it.
    New,
    /// The run had it already.
    Held,
}

/// Looks after what accounts spend.
#[derive(Clone)]
pub struct BudgetService {
    context: Context,
}

impl BudgetService {
    /// A service over these ports.
    pub const fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        Self {
            context: Context::new(ports, policy),
        }
    }

    /// Whether there are budgets. Where there are none, nothing here asks the store.
    pub fn is_limited(&self) -> bool {
        self.budget().is_some()
    }

    /// Whether money is limited.
    pub fn limits_cost(&self) -> bool {
        self.budget()
            .is_some_and(|budget| budget.limits.cost.is_some())
    }

    /// Reserves for a run, before it starts, what it may cost at most. Asking again for the same run counts once.
    ///
    /// # Errors
    /// [`AccountError::Budget`] when the budget is used up: the run must not start. When the store fails, whether it starts is the caller's
    /// decision.
    pub async fn reserve(
        &self,
        owner: UserId,
        run: RunId,
        estimate: Amounts,
    ) -> Result<Reserved, AccountError> {
        let Some(budget) = self.budget() else {
            return Ok(Reserved::New);
        };
        let now = self.context.now();
        let request = ReservationRequest {
            id: run,
            period: BudgetPeriod::containing(now, budget.period),
            amounts: estimate,
            limits: budget.limits,
        };
        match self
            .context
            .ports
            .budgets
            .reserve(owner, request, now)
            .await?
        {
            ReservationDecision::Reserve { .. } => Ok(Reserved::New),
            ReservationDecision::Held => Ok(Reserved::Held),
            ReservationDecision::Exceeded(exceeded) => Err(AccountError::Budget(exceeded)),
        }
    }

    /// Notes what a run really used. Safe to repeat.
    ///
    /// # Errors
    /// When the store fails; what was reserved stays reserved until it is settled as abandoned.
    pub async fn settle(
        &self,
        owner: UserId,
        run: RunId,
        used: Amounts,
    ) -> Result<(), AccountError> {
        if self.is_limited() {
            let settlement = Settlement { id: run, used };
            let budgets = &self.context.ports.budgets;
            budgets
                .settle(owner, settlement, self.context.now())
                .await?;
        }
        Ok(())
    }

    /// The budget and what the owner spent of it in the present period; absent where there are no budgets.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn standing(
        &self,
        owner: UserId,
    ) -> Result<Option<(Budget, BudgetPeriod, BudgetStanding)>, AccountError> {
        let Some(budget) = self.budget() else {
            return Ok(None);
        };
        let period = BudgetPeriod::containing(self.context.now(), budget.period);
        let standing = self.context.ports.budgets.standing(owner, period).await?;
        Ok(Some((budget, period, standing)))
    }

    fn budget(&self) -> Option<Budget> {
        let budget = self.context.policy.budget;
        budget.filter(|budget| !budget.limits.is_unlimited())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::limits::{BudgetLimits, Measure};
    use crate::testing::{World, account, run};

    fn run_id(number: u128) -> RunId {
        RunId::new(Uuid::from_u128(number))
    }

    fn tokens(tokens: u64) -> Amounts {
        Amounts {
            runs: 1,
            tokens,
            cost: 0,
        }
    }

    fn world() -> World {
        let mut world = World::new();
        world.policy.budget = Some(Budget {
            period: Duration::from_hours(1),
            limits: BudgetLimits {
                runs: None,
                tokens: Some(100),
                cost: None,
            },
        });
        world
    }

    #[test]
    fn what_was_not_used_is_there_for_the_next_run() {
        let world = world();
        let owner = account("ada@example.org").id;
        let reserve = |number, amount| {
            let answer = run(world
                .budgets()
                .reserve(owner, run_id(number), tokens(amount)));
            answer.map_err(|error| match error {
                AccountError::Budget(exceeded) => exceeded.measure,
                other => panic!("{other}"),
            })
        };
        assert_eq!(reserve(1, 80), Ok(Reserved::New));
        assert_eq!(reserve(2, 80), Err(Measure::Tokens));
        // A retry that attaches to its running answer.
        assert_eq!(reserve(1, 80), Ok(Reserved::Held));
        run(world.budgets().settle(owner, run_id(1), tokens(10))).unwrap();
        run(world.budgets().settle(owner, run_id(1), tokens(90))).unwrap();
        assert_eq!(reserve(2, 80), Ok(Reserved::New));
        assert_eq!(reserve(3, 11), Err(Measure::Tokens));
        let (_, _, standing) = run(world.budgets().standing(owner)).unwrap().unwrap();
        assert_eq!((standing.used.tokens, standing.reserved.tokens), (10, 80));
        world.wait(Duration::from_hours(1));
        assert_eq!(reserve(4, 100), Ok(Reserved::New));
    }

    #[test]
    fn without_budgets_the_store_is_not_asked() {
        let world = World::new();
        let owner = account("ada@example.org").id;
        run(world.budgets().reserve(owner, run_id(1), tokens(u64::MAX))).unwrap();
        run(world.budgets().settle(owner, run_id(1), tokens(u64::MAX))).unwrap();
        assert_eq!(run(world.budgets().standing(owner)).unwrap(), None);
        assert_eq!(world.trace(), Vec::<&str>::new());
    }
}
