//! Argon2id in PHC strings.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use secrecy::SecretString;

use super::PasswordError;
use crate::entropy::{Entropy, EntropyError};

/// Bytes of a salt.
pub(super) const SALT_LENGTH: usize = 16;

/// Bytes of a hash.
const OUTPUT_LENGTH: usize = 32;

/// The least memory, in KiB, of what OWASP recommends with two passes.
const LEAST_MEMORY_KIB: u32 = 19 * 1024;
const LEAST_ITERATIONS: u32 = 2;

const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_PARALLELISM: u32 = 16;

/// Passes over a KiB of memory: a few seconds of a core.
const MOST_WORK: u64 = 4 * 1024 * 1024;

/// The parameters of Argon2 are too weak, or too much for any server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidParameters {
    /// Weaker than what is recommended today.
    #[error(
        "Argon2 needs at least {LEAST_MEMORY_KIB} KiB of memory and {LEAST_ITERATIONS} iterations"
    )]
    TooWeak,
    /// More than a server should spend on a password.
    #[error(
        "Argon2 may use at most {MOST_MEMORY_KIB} KiB of memory and {MOST_PARALLELISM} lanes, and memory times iterations at most {MOST_WORK}"
    )]
    TooMuch,
}

/// What a password costs to hash, and so what each guess costs somebody who stole the hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Parameters {
    memory_kib: u32,
    iterations: u32,
    parallelism: u32,
}

impl Argon2Parameters {
    /// Parameters of one's own: memory in KiB for each password that is being hashed, passes over it, and lanes.
    ///
    /// # Errors
    /// When they are weaker than OWASP's recommendation (19 MiB, 2 passes, 1 lane), or beyond 1 GiB, 16 lanes or a few seconds.
    pub fn new(
        memory_kib: u32,
        iterations: u32,
        parallelism: u32,
    ) -> Result<Self, InvalidParameters> {
        if memory_kib < LEAST_MEMORY_KIB || iterations < LEAST_ITERATIONS || parallelism == 0 {
            return Err(InvalidParameters::TooWeak);
        }
        if is_too_much(memory_kib, iterations, parallelism) {
            return Err(InvalidParameters::TooMuch);
        }
        Ok(Self {
            memory_kib,
            iterations,
            parallelism,
        })
    }

    /// Memory for each password that is being hashed, in KiB.
    pub const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Lanes.
    pub const fn parallelism(&self) -> u32 {
        self.parallelism
    }

    fn to_params(self) -> Result<Params, argon2::Error> {
        Params::new(
            self.memory_kib,
            self.iterations,
            self.parallelism,
            Some(OUTPUT_LENGTH),
        )
    }
}

impl Default for Argon2Parameters {
    /// OWASP's recommendation: 19 MiB, 2 passes, 1 lane.
    fn default() -> Self {
        Self {
            memory_kib: LEAST_MEMORY_KIB,
            iterations: LEAST_ITERATIONS,
            parallelism: 1,
        }
    }
}

fn is_too_much(memory_kib: u32, iterations: u32, parallelism: u32) -> bool {
    memory_kib > MOST_MEMORY_KIB
        || parallelism > MOST_PARALLELISM
        || u64::from(memory_kib) * u64::from(iterations) > MOST_WORK
}

pub(super) fn hash(
    parameters: Argon2Parameters,
    salt: &[u8; SALT_LENGTH],
    password: &str,
) -> Result<SecretString, PasswordError> {
    let params = parameters.to_params().map_err(failed)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(password.as_bytes(), salt)
        .map(|hash| SecretString::from(hash.to_string()))
        .map_err(failed)
}

/// A stored hash that does not cost too much to check, with its kind and what it costs.
pub(super) fn read(stored: &str) -> Result<(PasswordHash, Algorithm, Params), PasswordError> {
    let unusable = |_| PasswordError::UnusableHash("it is no PHC string of Argon2");
    let stored = PasswordHash::new(stored).map_err(unusable)?;
    let algorithm = Algorithm::new(stored.algorithm.as_str())
        .map_err(|_| PasswordError::UnusableHash("its kind of Argon2 is unknown"))?;
    let params = Params::try_from(&stored)
        .map_err(|_| PasswordError::UnusableHash("its parameters cannot be read"))?;
    if is_too_much(params.m_cost(), params.t_cost(), params.p_cost()) {
        return Err(PasswordError::UnusableHash("it would cost too much"));
    }
    Ok((stored, algorithm, params))
}

/// Whether it is the password, and whether its hash is weaker than these parameters.
pub(super) fn verify(
    today: Argon2Parameters,
    password: &str,
    stored: &str,
) -> Result<(bool, bool), PasswordError> {
    let (stored, algorithm, params) = read(stored)?;
    let (Some(salt), Some(output)) = (stored.salt, stored.hash) else {
        return Err(PasswordError::UnusableHash("it has no salt or no hash"));
    };
    let outdated = algorithm != Algorithm::Argon2id
        || stored.version != Some(Version::V0x13.into())
        || params.m_cost() < today.memory_kib
        || params.t_cost() < today.iterations
        || salt.len() < SALT_LENGTH
        || output.len() < OUTPUT_LENGTH;
    match Argon2::default().verify_password(password.as_bytes(), &stored) {
        Ok(()) => Ok((true, outdated)),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok((false, outdated)),
        Err(error) => Err(failed(error)),
    }
}

/// A hash that is as costly to check as any made today, and that no password is known to have.
pub(super) fn nobodys_hash(
    parameters: Argon2Parameters,
    entropy: &dyn Entropy,
) -> Result<SecretString, EntropyError> {
    let mut bytes = [0; SALT_LENGTH + OUTPUT_LENGTH];
    entropy.fill(&mut bytes)?;
    let (salt, output) = bytes.split_at(SALT_LENGTH);
    let encode = |bytes| data_encoding::BASE64_NOPAD.encode(bytes);
    Ok(SecretString::from(format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        parameters.memory_kib,
        parameters.iterations,
        parameters.parallelism,
        encode(salt),
        encode(output)
    )))
}

fn failed(error: impl std::fmt::Display) -> PasswordError {
    PasswordError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::entropy::testing::CountingEntropy;

    const TODAY: Argon2Parameters = Argon2Parameters {
        memory_kib: 64,
        iterations: 2,
        parallelism: 1,
    };

    fn hash_of(parameters: Argon2Parameters, password: &str) -> String {
        hash(parameters, &[7; SALT_LENGTH], password)
            .unwrap()
            .expose_secret()
            .to_owned()
    }

    #[test]
    fn writes_the_phc_string_that_everybody_reads() {
        let hash = hash_of(Argon2Parameters::default(), "correct horse");
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"),
            "{hash}"
        );
    }

    #[test]
    fn computes_the_hash_of_the_reference_implementation() {
        // From the tests of the reference implementation in C: hashtest(version, 2, 16, 1, "password", "somesalt", …, Argon2_id).
        let stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert_eq!(verify(TODAY, "password", stored), Ok((true, true)));
        assert_eq!(verify(TODAY, "Password", stored), Ok((false, true)));
    }

    #[test]
    fn is_outdated_when_weaker_than_today_and_not_when_stronger() {
        let weaker = Argon2Parameters {
            memory_kib: 32,
            ..TODAY
        };
        let quicker = Argon2Parameters {
            iterations: 1,
            ..TODAY
        };
        let stronger = Argon2Parameters {
            memory_kib: 128,
            iterations: 3,
            parallelism: 2,
        };
        for (parameters, outdated) in [
            (TODAY, false),
            (weaker, true),
            (quicker, true),
            (stronger, false),
        ] {
            let stored = hash_of(parameters, "secret");
            assert_eq!(verify(TODAY, "secret", &stored), Ok((true, outdated)));
        }
    }

    #[test]
    fn refuses_hashes_that_are_damaged_or_would_cost_too_much() {
        for stored in [
            "$argon2id$",
            "$argon2id$v=19$m=64,t=2,p=1",
            "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ",
            "$argon2x$v=19$m=64,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=64,t=4294967295,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=640,t=1,p=64$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ] {
            let refused = verify(TODAY, "password", stored);
            assert!(
                matches!(refused, Err(PasswordError::UnusableHash(_))),
                "{stored}: {refused:?}"
            );
        }
    }

    #[test]
    fn nobodys_hash_is_of_todays_kind_and_nobodys() {
        let stored = nobodys_hash(TODAY, &CountingEntropy::default()).unwrap();
        assert_eq!(
            verify(TODAY, "", stored.expose_secret()),
            Ok((false, false))
        );
    }

    #[test]
    fn parameters_have_a_floor_and_a_ceiling() {
        assert_eq!(
            Argon2Parameters::new(19_456, 2, 1),
            Ok(Argon2Parameters::default())
        );
        for (memory, iterations, parallelism) in [(19_455, 2, 1), (19_456, 1, 1), (19_456, 2, 0)] {
            let refused = Argon2Parameters::new(memory, iterations, parallelism);
            assert_eq!(refused, Err(InvalidParameters::TooWeak));
        }
        for (memory, iterations, parallelism) in
            [(u32::MAX, 2, 1), (19_456, u32::MAX, 1), (19_456, 2, 17)]
        {
            let refused = Argon2Parameters::new(memory, iterations, parallelism);
            assert_eq!(refused, Err(InvalidParameters::TooMuch));
        }
    }
}
