//! How often: buckets of this server, by person and by address.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use manent_accounts::limits::{LimitDecision, LimitKey, LimitKind, LimitTable, Rate};
use manent_config::ResolvedLimits;
use manent_domain::error::DomainError;
use manent_domain::ports::Clock;
use manent_types::UserId;

/// The most people and addresses that are counted.
const COUNTED: usize = 100_000;

const MINUTE: Duration = Duration::from_mins(1);

/// Counts messages and generations. Clones share one.
#[derive(Clone)]
pub(crate) struct Rates(Arc<Counted>);

struct Counted {
    table: Mutex<LimitTable>,
    clock: Arc<dyn Clock>,
    messages: PerMinute,
    generations: PerMinute,
}

/// A kind of thing, with what there is of it in a minute.
#[derive(Debug, Clone, Copy)]
struct PerMinute {
    kind: LimitKind,
    by_person: Option<Rate>,
    by_address: Option<Rate>,
}

impl PerMinute {
    /// The largest batch that there is ever room for.
    fn most_at_once(&self, address: Option<IpAddr>) -> Option<u32> {
        let by_address = address.and(self.by_address);
        let rates = self.by_person.into_iter().chain(by_address);
        rates.map(|rate| rate.count).min()
    }
}

/// What was counted, for putting it back.
#[derive(Debug, Default)]
struct Taken(Vec<(LimitKey, Rate)>);

/// Messages that were counted before it is known which of them are new.
pub(crate) struct TakenMessages {
    rates: Rates,
    taken: Taken,
}

/// A generation that was counted.
pub(super) struct TakenGeneration {
    rates: Rates,
    taken: Taken,
}

impl Rates {
    pub(crate) fn new(limits: &ResolvedLimits, clock: Arc<dyn Clock>) -> Self {
        let rate = |count: Option<u32>| count.map(|count| Rate::new(count, MINUTE));
        Self(Arc::new(Counted {
            table: Mutex::new(LimitTable::new(COUNTED)),
            clock,
            messages: PerMinute {
                kind: LimitKind::Message,
                by_person: rate(limits.messages_per_minute),
                by_address: rate(limits.messages_per_minute_by_address),
            },
            generations: PerMinute {
                kind: LimitKind::Generation,
                by_person: rate(limits.generations_per_minute),
                by_address: rate(limits.generations_per_minute_by_address),
            },
        }))
    }

    /// Counts messages or changes that are to be stored: all of them, or none.
    ///
    /// # Errors
    /// [`DomainError::LimitReached`] where there are fewer left; [`DomainError::BatchTooLarge`] where there are never as many, so that waiting
    /// would not help.
    pub(crate) fn messages(
        &self,
        owner: UserId,
        address: Option<IpAddr>,
        count: usize,
    ) -> Result<TakenMessages, DomainError> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let most = self.0.messages.most_at_once(address);
        if let Some(most) = most.filter(|most| count > *most) {
            let limit = usize::try_from(most).unwrap_or(usize::MAX);
            return Err(DomainError::BatchTooLarge { limit });
        }
        let taken = self
            .take(&self.0.messages, owner, address, count)
            .map_err(|retry_after| DomainError::LimitReached {
                code: "too_many_messages",
                detail: "more was sent in a minute than this server takes; what was refused can be sent again in a moment".to_owned(),
                retry_after,
            })?;
        Ok(TakenMessages {
            rates: self.clone(),
            taken,
        })
    }

    /// Counts a generation.
    pub(super) fn generation(
        &self,
        owner: UserId,
        address: Option<IpAddr>,
    ) -> Result<TakenGeneration, DomainError> {
        let taken = self
            .take(&self.0.generations, owner, address, 1)
            .map_err(|retry_after| DomainError::LimitReached {
                code: "too_many_generations",
                detail: "more answers were asked for in a minute than this server makes; try again in a moment".to_owned(),
                retry_after,
            })?;
        Ok(TakenGeneration {
            rates: self.clone(),
            taken,
        })
    }

    fn table(&self) -> MutexGuard<'_, LimitTable> {
        let table = &self.0.table;
        table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes from both buckets or from none.
    fn take(
        &self,
        what: &PerMinute,
        owner: UserId,
        address: Option<IpAddr>,
        count: u32,
    ) -> Result<Taken, Duration> {
        let person = what
            .by_person
            .map(|rate| (LimitKey::Account(what.kind, owner), rate));
        let address = address.zip(what.by_address);
        let address = address.map(|(address, rate)| (LimitKey::Address(what.kind, address), rate));
        let mut taken = Taken::default();
        if count == 0 {
            return Ok(taken);
        }
        let now = self.0.clock.now();
        let mut table = self.table();
        for (key, rate) in person.into_iter().chain(address) {
            match table.take_many(key.clone(), count, rate, now) {
                LimitDecision::Allowed => taken.0.push((key, rate)),
                LimitDecision::Refused { retry_after } => {
                    for (key, rate) in &taken.0 {
                        table.put_back_many(key, count, *rate);
                    }
                    return Err(retry_after);
                }
            }
        }
        Ok(taken)
    }

    fn put_back(&self, taken: &Taken, count: u32) {
        let mut table = self.table();
        for (key, rate) in &taken.0 {
            table.put_back_many(key, count, *rate);
        }
    }
}

impl TakenMessages {
    /// So many of them turned out not to count.
    pub(crate) fn put_back(self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.rates.put_back(&self.taken, count);
    }
}

impl TakenGeneration {
    /// It turned out not to count.
    pub(super) fn put_back(self) {
        self.rates.put_back(&self.taken, 1);
    }
}

#[cfg(test)]
mod tests {
    use manent_types::Timestamp;
    use uuid::Uuid;

    use super::*;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::from_millisecond(0).unwrap()
        }
    }

    fn rates(by_person: u32, by_address: u32) -> Rates {
        let limits = ResolvedLimits {
            messages_per_minute: Some(by_person),
            messages_per_minute_by_address: Some(by_address),
            ..unlimited()
        };
        Rates::new(&limits, Arc::new(Still))
    }

    fn unlimited() -> ResolvedLimits {
        ResolvedLimits {
            messages_per_minute: None,
            messages_per_minute_by_address: None,
            generations_per_minute: None,
            generations_per_minute_by_address: None,
            concurrent_generations: None,
            connections_by_address: None,
            budget_period: MINUTE,
            budget_generations: None,
            budget_tokens: None,
            budget_cost: None,
        }
    }

    fn person(number: u128) -> UserId {
        UserId::new(Uuid::from_u128(number))
    }

    const ADDRESS: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));

    #[test]
    fn people_do_not_share_what_they_may_and_an_address_is_shared() {
        let rates = rates(2, 3);
        for _ in 0..2 {
            assert!(rates.messages(person(1), ADDRESS, 1).is_ok());
        }
        assert!(rates.messages(person(1), ADDRESS, 1).is_err());
        assert!(rates.messages(person(2), ADDRESS, 1).is_ok());
        // The address has had its three; this costs the second person nothing.
        assert!(rates.messages(person(2), ADDRESS, 1).is_err());
        assert!(rates.messages(person(2), None, 1).is_ok());
        assert!(rates.messages(person(2), None, 1).is_err());
    }

    #[test]
    fn a_batch_is_counted_whole_and_one_that_never_fits_is_told_so() {
        let rates = rates(4, 3);
        let told = |count, address| match rates.messages(person(1), address, count) {
            Ok(_) => Ok(()),
            Err(DomainError::LimitReached { code, .. }) => Err(code.to_owned()),
            Err(other) => Err(other.to_string()),
        };
        assert_eq!(
            told(4, ADDRESS),
            Err("a batch has at most 3 messages".to_owned())
        );
        assert_eq!(
            told(5, None),
            Err("a batch has at most 4 messages".to_owned())
        );
        assert_eq!(told(3, ADDRESS), Ok(()));
        assert_eq!(told(2, None), Err("too_many_messages".to_owned()));
        assert_eq!(told(1, None), Ok(()));
    }

    #[test]
    fn what_is_put_back_did_not_count() {
        let rates = rates(2, 100);
        for _ in 0..10 {
            rates.messages(person(1), ADDRESS, 2).unwrap().put_back(2);
        }
        assert!(rates.messages(person(1), ADDRESS, 2).is_ok());
        assert!(rates.messages(person(1), ADDRESS, 1).is_err());
        assert!(rates.messages(person(1), ADDRESS, 0).is_ok());
    }

    #[test]
    fn without_limits_nothing_is_refused() {
        let limits = unlimited();
        let rates = Rates::new(&limits, Arc::new(Still));
        for _ in 0..10_000 {
            assert!(rates.messages(person(1), ADDRESS, 100).is_ok());
            assert!(rates.generation(person(1), ADDRESS).is_ok());
        }
    }
}
