//! Passwords: Argon2id for what is stored from now on, bcrypt for what came from elsewhere.
//!
//! # Invariants
//!
//! - Hashing never runs on an async thread, never more often at once than [`PasswordLimits::at_once`], and never keeps a line of more than
//!   [`PasswordLimits::waiting`]; whoever does not get a turn hears [`PasswordError::Overloaded`] and nothing of any account.
//! - An unknown account costs as much as a wrong password: a hash that nothing matches is verified ([`Passwords::verify_unknown`]), and no
//!   verification answers earlier than [`PasswordLimits::least_time`], which is longer than either kind of hash takes.
//! - What a stored hash may cost is bounded, so that a row that somebody wrote cannot stop the server.

mod argon2id;
mod bcrypt_hash;
mod hasher;
mod limits;
mod work;

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, sleep_until};

pub use self::argon2id::{Argon2Parameters, InvalidParameters};
pub use self::limits::PasswordLimits;
use self::work::Work;
use crate::entropy::{Entropy, EntropyError};

/// Characters that a password may have. What is longer matches nothing and is never hashed.
pub const LONGEST_PASSWORD: usize = 128;

/// Why a password could not be hashed or checked. None of these says anything about the password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many passwords are being checked; the same again in a few seconds may succeed.
    #[error("too many passwords are being checked at the moment")]
    Overloaded,
    /// More characters than [`LONGEST_PASSWORD`].
    #[error("a password has at most {LONGEST_PASSWORD} characters")]
    TooLong,
    /// The stored hash is of no kind that is known here, damaged, or would cost more than is allowed.
    #[error("the stored hash of a password cannot be used: {0}")]
    UnusableHash(&'static str),
    /// No random bytes for a salt.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// Hashing failed, such as for want of memory.
    #[error("hashing a password failed: {0}")]
    Failed(String),
}

/// What checking a password showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verification {
    /// It is the password.
    pub matches: bool,
    /// It is the password, and its hash is of an older kind or weaker than today's: hash it again and store that.
    pub needs_upgrade: bool,
}

impl Verification {
    const MISMATCH: Self = Self {
        matches: false,
        needs_upgrade: false,
    };
}

/// Hashes passwords and checks them.
pub struct Passwords {
    parameters: Argon2Parameters,
    limits: PasswordLimits,
    work: Work,
    entropy: Arc<dyn Entropy>,
    /// A hash with today's parameters that no password has.
    nobodys: SecretString,
}

impl Passwords {
    /// Prepares hashing with these parameters.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn new(
        parameters: Argon2Parameters,
        limits: PasswordLimits,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, EntropyError> {
        Ok(Self {
            nobodys: argon2id::nobodys_hash(parameters, entropy.as_ref())?,
            work: Work::new(limits),
            parameters,
            limits,
            entropy,
        })
    }

    /// The hash to store for a password: a PHC string of Argon2id with a salt of its own.
    ///
    /// # Errors
    /// When the password is too long, the server has too much to do, or hashing fails.
    pub async fn hash(&self, password: &SecretString) -> Result<SecretString, PasswordError> {
        if is_too_long(password) {
            return Err(PasswordError::TooLong);
        }
        let mut salt = [0; argon2id::SALT_LENGTH];
        self.entropy.fill(&mut salt)?;
        let (parameters, password) = (self.parameters, password.clone());
        self.work
            .run(move || argon2id::hash(parameters, &salt, password.expose_secret()))
            .await?
    }

    /// Checks a password against a stored hash.
    ///
    /// # Errors
    /// When the server has too much to do, or the hash is of no use.
    pub async fn verify(
        &self,
        password: &SecretString,
        stored: &SecretString,
    ) -> Result<Verification, PasswordError> {
        let not_before = Instant::now() + self.limits.least_time;
        let outcome = if is_too_long(password) {
            self.check(&SecretString::default(), &self.nobodys)
                .await
                .map(|_| Verification::MISMATCH)
        } else {
            self.check(password, stored).await
        };
        sleep_until(not_before).await;
        outcome
    }

    /// Does for an account that does not exist what [`Self::verify`] does for one that does. No password matches.
    ///
    /// # Errors
    /// When the server has too much to do.
    pub async fn verify_unknown(
        &self,
        password: &SecretString,
    ) -> Result<Verification, PasswordError> {
        self.verify(password, &self.nobodys)
            .await
            .map(|_| Verification::MISMATCH)
    }

    async fn check(
        &self,
        password: &SecretString,
        stored: &SecretString,
    ) -> Result<Verification, PasswordError> {
        let (parameters, password, stored) = (self.parameters, password.clone(), stored.clone());
        self.work
            .run(move || check(parameters, password.expose_secret(), stored.expose_secret()))
            .await?
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Passwords")
            .field("parameters", &self.parameters)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Reads a stored hash, and checks a password against it where that costs little. For fuzzing.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_and_check(stored: &str) {
    const LITTLE_WORK: u64 = 1_024;
    const LITTLE_COST: u32 = 4;
    let is_cheap = if stored.starts_with("$argon2") {
        argon2id::read(stored).is_ok_and(|(_, _, params)| {
            u64::from(params.m_cost()) * u64::from(params.t_cost()) <= LITTLE_WORK
        })
    } else {
        bcrypt_hash::is_one(stored)
            && bcrypt_hash::read(stored).is_ok_and(|cost| cost <= LITTLE_COST)
    };
    if is_cheap {
        let _ = check(Argon2Parameters::default(), "password", stored);
    }
}

fn is_too_long(password: &SecretString) -> bool {
    password
        .expose_secret()
        .chars()
        .nth(LONGEST_PASSWORD)
        .is_some()
}

fn check(
    parameters: Argon2Parameters,
    password: &str,
    stored: &str,
) -> Result<Verification, PasswordError> {
    let (matches, outdated) = if stored.starts_with("$argon2") {
        argon2id::verify(parameters, password, stored)?
    } else if bcrypt_hash::is_one(stored) {
        (bcrypt_hash::verify(password, stored)?, true)
    } else {
        return Err(PasswordError::UnusableHash(
            "it is neither of Argon2 nor of bcrypt",
        ));
    };
    Ok(Verification {
        matches,
        needs_upgrade: matches && outdated,
    })
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::entropy::testing::NoEntropy;

    const BCRYPT: &str = "$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

    fn passwords_within(limits: PasswordLimits) -> Passwords {
        Passwords::new(Argon2Parameters::default(), limits, Arc::new(SystemEntropy)).unwrap()
    }

    fn passwords() -> Passwords {
        passwords_within(PasswordLimits {
            least_time: Duration::ZERO,
            ..PasswordLimits::default()
        })
    }

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    const MATCH: Verification = Verification {
        matches: true,
        needs_upgrade: false,
    };

    #[tokio::test]
    async fn verifies_what_it_hashed_and_nothing_else() {
        let passwords = passwords();
        let stored = passwords.hash(&secret("pässwörd")).await.unwrap();
        for (attempt, expected) in [
            ("pässwörd", MATCH),
            ("pässwör", Verification::MISMATCH),
            ("pässwörd ", Verification::MISMATCH),
            ("", Verification::MISMATCH),
        ] {
            let outcome = passwords.verify(&secret(attempt), &stored).await;
            assert_eq!(outcome, Ok(expected), "{attempt}");
        }
    }

    #[tokio::test]
    async fn the_same_password_has_another_hash_each_time() {
        let passwords = passwords();
        let first = passwords.hash(&secret("secret")).await.unwrap();
        let second = passwords.hash(&secret("secret")).await.unwrap();
        assert_ne!(first.expose_secret(), second.expose_secret());
    }

    #[tokio::test]
    async fn a_hash_of_bcrypt_is_to_be_upgraded_once_the_password_is_known() {
        let passwords = passwords();
        let right = passwords
            .verify(&secret("correct horse"), &secret(BCRYPT))
            .await;
        let expected = Verification {
            matches: true,
            needs_upgrade: true,
        };
        assert_eq!(right, Ok(expected));
        let wrong = passwords
            .verify(&secret("wrong horse"), &secret(BCRYPT))
            .await;
        assert_eq!(wrong, Ok(Verification::MISMATCH));
    }

    #[tokio::test]
    async fn a_hash_weaker_than_todays_is_to_be_upgraded() {
        let stored = passwords().hash(&secret("secret")).await.unwrap();
        let stronger = Passwords::new(
            Argon2Parameters::new(20_000, 2, 1).unwrap(),
            passwords().limits,
            Arc::new(SystemEntropy),
        )
        .unwrap();
        let outcome = stronger.verify(&secret("secret"), &stored).await.unwrap();
        assert!(outcome.matches && outcome.needs_upgrade);
        let renewed = stronger.hash(&secret("secret")).await.unwrap();
        assert_eq!(
            stronger.verify(&secret("secret"), &renewed).await,
            Ok(MATCH)
        );
    }

    #[tokio::test]
    async fn no_password_matches_an_unknown_account() {
        let passwords = passwords();
        for attempt in ["", "secret", &"x".repeat(200)] {
            let outcome = passwords.verify_unknown(&secret(attempt)).await;
            assert_eq!(outcome, Ok(Verification::MISMATCH));
        }
    }

    #[tokio::test]
    async fn a_password_that_is_too_long_is_not_hashed_and_matches_nothing() {
        let passwords = passwords();
        let long = secret(&"é".repeat(LONGEST_PASSWORD + 1));
        assert_eq!(
            passwords.hash(&long).await.map(|_| ()),
            Err(PasswordError::TooLong)
        );
        let longest = secret(&"é".repeat(LONGEST_PASSWORD));
        let stored = passwords.hash(&longest).await.unwrap();
        assert_eq!(passwords.verify(&longest, &stored).await, Ok(MATCH));
        assert_eq!(
            passwords.verify(&long, &stored).await,
            Ok(Verification::MISMATCH)
        );
    }

    #[tokio::test]
    async fn a_hash_of_no_known_kind_is_an_error() {
        for stored in ["", "secret", "$2x$04$abc", "$scrypt$ln=16$abc$def"] {
            let outcome = passwords().verify(&secret("secret"), &secret(stored)).await;
            assert!(matches!(outcome, Err(PasswordError::UnusableHash(_))));
        }
    }

    #[tokio::test]
    async fn no_check_answers_before_the_least_time_whatever_it_found() {
        let least_time = Duration::from_millis(300);
        let passwords = passwords_within(PasswordLimits {
            least_time,
            ..PasswordLimits::default()
        });
        let stored = passwords.hash(&secret("correct horse")).await.unwrap();
        for (attempt, stored) in [
            ("correct horse", stored.expose_secret()),
            ("wrong", stored.expose_secret()),
            ("wrong", BCRYPT),
            ("wrong", "no hash at all"),
        ] {
            let begun = Instant::now();
            let _ = passwords.verify(&secret(attempt), &secret(stored)).await;
            assert!(begun.elapsed() >= least_time, "{stored}");
        }
        let begun = Instant::now();
        let _ = passwords.verify_unknown(&secret("wrong")).await;
        assert!(begun.elapsed() >= least_time);
    }

    #[tokio::test]
    async fn many_at_once_are_all_answered_or_told_that_it_is_too_much() {
        let passwords = Arc::new(passwords_within(PasswordLimits {
            at_once: NonZero::new(2).unwrap(),
            waiting: 6,
            patience: Duration::from_mins(1),
            least_time: Duration::ZERO,
        }));
        let attempts: Vec<_> = (0..40)
            .map(|_| {
                let passwords = Arc::clone(&passwords);
                tokio::spawn(async move { passwords.verify_unknown(&secret("secret")).await })
            })
            .collect();
        let mut answered = 0;
        for attempt in attempts {
            match attempt.await.unwrap() {
                Ok(verification) => {
                    assert_eq!(verification, Verification::MISMATCH);
                    answered += 1;
                }
                Err(error) => assert_eq!(error, PasswordError::Overloaded),
            }
        }
        assert!((8..40).contains(&answered), "{answered}");
    }

    #[tokio::test]
    async fn needs_randomness() {
        let entropy = Arc::new(NoEntropy);
        let refused = Passwords::new(
            Argon2Parameters::default(),
            PasswordLimits::default(),
            entropy,
        );
        assert!(refused.is_err());
    }

    #[test]
    fn debug_does_not_print_the_hash_of_nobody() {
        let printed = format!("{:?}", passwords());
        assert!(
            printed.starts_with("Passwords { parameters: ") && !printed.contains('$'),
            "{printed}"
        );
    }

    proptest! {
        #[test]
        fn takes_any_stored_text_without_panic(
            prefix in prop_oneof![Just("$argon2id$v=19$m=8,t=1,p=1$"), Just("$argon2"), Just("$2b$04$"), Just("")],
            rest in any::<String>(),
        ) {
            let _ = check(Argon2Parameters::default(), "password", &format!("{prefix}{rest}"));
        }
    }
}
