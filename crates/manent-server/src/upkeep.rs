//! What is looked after beside requests: who is still welcome, what was spent, what nobody needs any more.

use std::sync::Arc;

use manent_accounts::policy::AccountPolicy;
use manent_accounts::services::{
    AccountPorts, BudgetService, HousekeepingService, StandingService,
};

/// The services behind work that no request asks for.
#[derive(Clone)]
pub(crate) struct Upkeep {
    /// Who is still welcome.
    pub(crate) standing: StandingService,
    /// What may be spent.
    pub(crate) budgets: BudgetService,
    /// What is cleared.
    pub(crate) housekeeping: HousekeepingService,
}

impl Upkeep {
    pub(crate) fn new(ports: &AccountPorts, policy: &Arc<AccountPolicy>) -> Self {
        Self {
            standing: StandingService::new(ports.clone(), Arc::clone(policy)),
            budgets: BudgetService::new(ports.clone(), Arc::clone(policy)),
            housekeeping: HousekeepingService::new(ports.clone(), Arc::clone(policy)),
        }
    }
}
