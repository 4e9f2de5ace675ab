//! Buckets by who and what.

use std::collections::HashMap;
use std::net::IpAddr;

use manent_types::{Timestamp, UserId};
use uuid::Uuid;

use super::bucket::{Bucket, LimitDecision, Rate};

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitKind {
    /// Sign-ins.
    SignIn,
    /// Second factors at sign-in or to prove oneself.
    SecondFactor,
    /// Sign-ups.
    SignUp,
    /// Requests for links by mail: resets and verifications.
    Mail,
    /// Uses of links.
    Link,
    /// Refreshes of sessions.
    Refresh,
    /// Presented passwords of people who are signed in.
    PasswordCheck,
    /// Messages appended.
    Message,
    /// Generations begun.
    Generation,
    /// Uploads.
    Upload,
}

/// Who is limited in what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LimitKey {
    /// One address; for IPv6 the shell gives the network (/64), since one machine has many.
    Address(LimitKind, IpAddr),
    /// One account.
    Account(LimitKind, UserId),
    /// A device on which somebody signed in before, with its mark.
    Device(LimitKind, Uuid),
    /// What was typed as an e-mail address, whether or not an account has it.
    Email(LimitKind, String),
}

/// Buckets by key, bounded in number. Without a lock of its own: a shell puts one around it.
#[derive(Debug)]
pub struct LimitTable {
    buckets: HashMap<LimitKey, Bucket>,
    capacity: usize,
}

impl LimitTable {
    /// A table of at most so many keys that are not full.
    pub fn new(capacity: usize) -> Self {
        Self {
            buckets: HashMap::new(),
            capacity: capacity.max(1),
        }
    }

    /// Takes one out of the key's bucket. Where the table has no room for another key after the full buckets went, buckets are dropped:
    /// under a flood of addresses limits get softer, and memory stays bounded.
    pub fn take(&mut self, key: LimitKey, rate: Rate, now: Timestamp) -> LimitDecision {
        self.take_many(key, 1, rate, now)
    }

    /// Takes so many at once, as [`Bucket::take_many`] does.
    pub fn take_many(
        &mut self,
        key: LimitKey,
        count: u32,
        rate: Rate,
        now: Timestamp,
    ) -> LimitDecision {
        if !self.buckets.contains_key(&key) && self.buckets.len() >= self.capacity {
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
            // Half of them, so that a flood pays for this seldom.
            if self.buckets.len() >= self.capacity {
                let mut keep = false;
                self.buckets.retain(|_, _| {
                    keep = !keep;
                    keep
                });
            }
        }
        let bucket = self.buckets.entry(key).or_default();
        bucket.take_many(count, rate, now)
    }

    /// Puts one back into the key's bucket.
    pub fn put_back(&mut self, key: &LimitKey, rate: Rate) {
        self.put_back_many(key, 1, rate);
    }

    /// Puts so many back into the key's bucket.
    pub fn put_back_many(&mut self, key: &LimitKey, count: u32, rate: Rate) {
        if let Some(bucket) = self.buckets.get_mut(key) {
            bucket.put_back_many(count, rate);
        }
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    const RATE: Rate = Rate::new(1, Duration::from_mins(1));

    fn key(number: u32) -> LimitKey {
        LimitKey::Address(LimitKind::SignIn, Ipv4Addr::from_bits(number).into())
    }

    #[test]
    fn keys_do_not_share_a_bucket() {
        let now = Timestamp::from_millisecond(0).unwrap();
        let mut table = LimitTable::new(10);
        assert_eq!(table.take(key(1), RATE, now), LimitDecision::Allowed);
        assert_eq!(table.take(key(2), RATE, now), LimitDecision::Allowed);
        assert_ne!(table.take(key(1), RATE, now), LimitDecision::Allowed);
        table.put_back(&key(1), RATE);
        assert_eq!(table.take(key(1), RATE, now), LimitDecision::Allowed);
    }

    #[test]
    fn a_flood_of_keys_stays_bounded() {
        let now = Timestamp::from_millisecond(0).unwrap();
        let mut table = LimitTable::new(100);
        for number in 0..10_000 {
            table.take(key(number), RATE, now);
            assert!(table.len() <= 100);
        }
    }
}
