//! The port of accounts.

use async_trait::async_trait;
use manent_accounts::password::{Password, PasswordHash};
use manent_accounts::ports::{HashError, PasswordHasher, PasswordMatch};
use secrecy::{ExposeSecret, SecretString};

use super::{PasswordError, Passwords, Verification};

#[async_trait]
impl PasswordHasher for Passwords {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        let hash = Self::hash(self, &secret(password)).await;
        hash.map(|hash| PasswordHash::new(hash.expose_secret().to_owned()))
            .map_err(refusal)
    }

    async fn verify(
        &self,
        password: &Password,
        hash: &PasswordHash,
    ) -> Result<PasswordMatch, HashError> {
        let stored = SecretString::from(hash.expose());
        match Self::verify(self, &secret(password), &stored).await {
            Ok(Verification {
                matches: true,
                needs_upgrade,
            }) => Ok(PasswordMatch::Match { needs_upgrade }),
            Ok(_) => Ok(PasswordMatch::NoMatch),
            Err(PasswordError::UnusableHash(reason)) => {
                tracing::warn!(
                    reason,
                    "a stored hash of a password cannot be used; nobody can sign in with it until the password is reset"
                );
                Ok(PasswordMatch::NoMatch)
            }
            Err(error) => Err(refusal(error)),
        }
    }

    async fn verify_dummy(&self, password: &Password) -> Result<(), HashError> {
        let outcome = self.verify_unknown(&secret(password)).await;
        outcome.map(|_| ()).map_err(refusal)
    }
}

fn secret(password: &Password) -> SecretString {
    SecretString::from(password.expose())
}

fn refusal(error: PasswordError) -> HashError {
    match error {
        PasswordError::Overloaded => HashError::Overloaded,
        other => HashError::Failed {
            detail: other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::passwords::{Argon2Parameters, PasswordLimits};

    fn hasher_within(limits: PasswordLimits) -> Arc<dyn PasswordHasher> {
        let passwords = Passwords::new(
            Argon2Parameters::default(),
            PasswordLimits {
                least_time: Duration::ZERO,
                ..limits
            },
            Arc::new(SystemEntropy),
        );
        Arc::new(passwords.unwrap())
    }

    fn hasher() -> Arc<dyn PasswordHasher> {
        hasher_within(PasswordLimits::default())
    }

    fn password(text: &str) -> Password {
        Password::presented(text.into()).unwrap()
    }

    #[tokio::test]
    async fn hashes_and_verifies() {
        let hash = hasher().hash(&password("secret")).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let right = hasher().verify(&password("secret"), &hash).await;
        let expected = PasswordMatch::Match {
            needs_upgrade: false,
        };
        assert_eq!(right, Ok(expected));
        let wrong = hasher().verify(&password("Secret"), &hash).await;
        assert_eq!(wrong, Ok(PasswordMatch::NoMatch));
        assert_eq!(hasher().verify_dummy(&password("secret")).await, Ok(()));
    }

    #[tokio::test]
    async fn a_hash_of_bcrypt_matches_and_is_to_be_upgraded() {
        let hash = "$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e".to_owned();
        let outcome = hasher()
            .verify(&password("correct horse"), &PasswordHash::new(hash))
            .await;
        let expected = PasswordMatch::Match {
            needs_upgrade: true,
        };
        assert_eq!(outcome, Ok(expected));
    }

    #[tokio::test]
    async fn nothing_matches_a_hash_that_cannot_be_used() {
        for hash in [
            "",
            "!",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$AAAA",
        ] {
            let hash = PasswordHash::new(hash.to_owned());
            let outcome = hasher().verify(&password("secret"), &hash).await;
            assert_eq!(outcome, Ok(PasswordMatch::NoMatch));
        }
    }

    #[tokio::test]
    async fn too_much_at_once_is_told_as_such() {
        let hasher = hasher_within(PasswordLimits {
            at_once: NonZero::<usize>::MIN,
            waiting: 0,
            ..PasswordLimits::default()
        });
        let attempts: Vec<_> = (0..8)
            .map(|_| {
                let hasher = Arc::clone(&hasher);
                tokio::spawn(async move { hasher.verify_dummy(&password("secret")).await })
            })
            .collect();
        let mut refused = 0;
        for attempt in attempts {
            match attempt.await.unwrap() {
                Ok(()) => {}
                Err(error) => {
                    assert_eq!(error, HashError::Overloaded);
                    refused += 1;
                }
            }
        }
        assert!((1..8).contains(&refused), "{refused}");
    }
}
