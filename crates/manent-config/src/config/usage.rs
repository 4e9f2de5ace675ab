//! How much one person or address may do.

use std::time::Duration;

use super::Mode;

/// How much one person or address may do. Absent: nobody said; see [`UsageLimits::resolved`]. 0: without limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageLimits {
    /// Messages and changes that one person may have stored in a minute.
    pub messages_per_minute: Option<u64>,
    /// The same for one address.
    pub messages_per_minute_by_address: Option<u64>,
    /// Generations that one person may begin in a minute.
    pub generations_per_minute: Option<u64>,
    /// The same for one address.
    pub generations_per_minute_by_address: Option<u64>,
    /// Generations of one person at the same time.
    pub concurrent_generations: Option<u64>,
    /// Open connections from one address.
    pub connections_by_address: Option<u64>,
    /// How long a period of the budgets is.
    pub budget_period: Duration,
    /// Generations of one person in a period.
    pub budget_generations: Option<u64>,
    /// Tokens of one person in a period, in and out.
    pub budget_tokens: Option<u64>,
    /// What one person's answers may cost in a period, in micro-dollars.
    pub budget_cost: Option<u64>,
}

/// The limits as they hold in a mode; absent: without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolvedLimits {
    /// Messages and changes that one person may have stored in a minute.
    pub messages_per_minute: Option<u32>,
    /// The same for one address.
    pub messages_per_minute_by_address: Option<u32>,
    /// Generations that one person may begin in a minute.
    pub generations_per_minute: Option<u32>,
    /// The same for one address.
    pub generations_per_minute_by_address: Option<u32>,
    /// Generations of one person at the same time.
    pub concurrent_generations: Option<u32>,
    /// Open connections from one address.
    pub connections_by_address: Option<u32>,
    /// How long a period of the budgets is.
    pub budget_period: Duration,
    /// Generations of one person in a period.
    pub budget_generations: Option<u64>,
    /// Tokens of one person in a period, in and out.
    pub budget_tokens: Option<u64>,
    /// What one person's answers may cost in a period, in micro-dollars.
    pub budget_cost: Option<u64>,
}

impl UsageLimits {
    /// Nothing, to be overwritten by the defaults of the table of settings.
    pub(crate) const fn blank() -> Self {
        Self {
            messages_per_minute: None,
            messages_per_minute_by_address: None,
            generations_per_minute: None,
            generations_per_minute_by_address: None,
            concurrent_generations: None,
            connections_by_address: None,
            budget_period: Duration::ZERO,
            budget_generations: None,
            budget_tokens: None,
            budget_cost: None,
        }
    }

    /// What holds in this mode: in the mode local only what was set, where people sign in also what is sensible among strangers.
    pub fn resolved(&self, mode: Mode) -> ResolvedLimits {
        let among_strangers = |configured: Option<u64>, usual: u32| match (configured, mode) {
            (Some(0), _) | (None, Mode::Local) => None,
            (Some(number), _) => Some(u32::try_from(number).unwrap_or(u32::MAX)),
            (None, _) => Some(usual),
        };
        let budget = |configured: Option<u64>| configured.filter(|number| *number > 0);
        ResolvedLimits {
            messages_per_minute: among_strangers(self.messages_per_minute, 600),
            messages_per_minute_by_address: among_strangers(
                self.messages_per_minute_by_address,
                3_000,
            ),
            generations_per_minute: among_strangers(self.generations_per_minute, 60),
            generations_per_minute_by_address: among_strangers(
                self.generations_per_minute_by_address,
                300,
            ),
            concurrent_generations: among_strangers(self.concurrent_generations, 20),
            connections_by_address: among_strangers(self.connections_by_address, 256),
            budget_period: self.budget_period,
            budget_generations: budget(self.budget_generations),
            budget_tokens: budget(self.budget_tokens),
            budget_cost: budget(self.budget_cost),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_has_the_limits_that_were_set_and_strangers_have_more() {
        let mut limits = UsageLimits::blank();
        let local = limits.resolved(Mode::Local);
        assert_eq!(local.messages_per_minute, None);
        assert_eq!(local.connections_by_address, None);
        let accounts = limits.resolved(Mode::Accounts);
        assert_eq!(accounts.messages_per_minute, Some(600));
        assert_eq!(accounts.budget_tokens, None);
        limits.messages_per_minute = Some(0);
        limits.concurrent_generations = Some(3);
        limits.budget_tokens = Some(0);
        for mode in [Mode::Local, Mode::Accounts] {
            let resolved = limits.resolved(mode);
            assert_eq!(resolved.messages_per_minute, None);
            assert_eq!(resolved.concurrent_generations, Some(3));
            assert_eq!(resolved.budget_tokens, None);
        }
    }
}
