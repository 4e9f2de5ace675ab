//! Passwords and their hashes.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// The most characters that a password may have.
pub const MAX_PASSWORD_CHARACTERS: usize = 128;

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// It is shorter than the policy wants.
    #[error("must have at least {minimum} characters")]
    TooShort {
        /// In characters.
        minimum: usize,
    },
    /// It is longer than anybody's may be.
    #[error("must have at most {MAX_PASSWORD_CHARACTERS} characters")]
    TooLong,
    /// There is nothing but white space in it.
    #[error("must not be white space alone")]
    OnlyWhiteSpace,
}

/// What a new password must be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The fewest characters; between 1 and 128.
    pub minimum_characters: usize,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            minimum_characters: 8,
        }
    }
}

impl PasswordPolicy {
    /// A policy that wants so many characters, held between 1 and [`MAX_PASSWORD_CHARACTERS`].
    pub fn new(minimum_characters: usize) -> Self {
        Self {
            minimum_characters: minimum_characters.clamp(1, MAX_PASSWORD_CHARACTERS),
        }
    }

    /// Checks a new password. It is taken as it is typed, white space at its ends included.
    ///
    /// # Errors
    /// When it is too short, too long or nothing but white space.
    pub fn check(&self, password: SecretString) -> Result<Password, InvalidPassword> {
        let text = password.expose_secret();
        let characters = text.chars().count();
        if characters > MAX_PASSWORD_CHARACTERS {
            return Err(InvalidPassword::TooLong);
        }
        let minimum = self.minimum_characters.max(1);
        if characters < minimum {
            return Err(InvalidPassword::TooShort { minimum });
        }
        if text.chars().all(char::is_whitespace) {
            return Err(InvalidPassword::OnlyWhiteSpace);
        }
        Ok(Password(password))
    }
}

/// A password in the clear: 1 to 128 characters. Never printed, wiped from memory when it goes.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// A password that somebody presents at sign-in. The policy for new ones does not matter here: it may have changed since.
    ///
    /// # Errors
    /// When it is empty or longer than any password is.
    pub fn presented(password: SecretString) -> Result<Self, InvalidPassword> {
        let characters = password.expose_secret().chars().count();
        match characters {
            0 => Err(InvalidPassword::TooShort { minimum: 1 }),
            1..=MAX_PASSWORD_CHARACTERS => Ok(Self(password)),
            _ => Err(InvalidPassword::TooLong),
        }
    }

    /// The password, for the hasher alone.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(..)")
    }
}

/// A hash of a password as it is stored: a PHC string, or a bcrypt hash that came from elsewhere. Never printed.
#[derive(Clone)]
pub struct PasswordHash(SecretString);

impl PasswordHash {
    /// Wraps a hash.
    pub fn new(hash: String) -> Self {
        Self(hash.into())
    }

    /// The hash, for the hasher and the stores alone.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Equality of stored hashes (the same password hashed twice gives two hashes); says nothing about passwords.
impl PartialEq for PasswordHash {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for PasswordHash {}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), InvalidPassword> {
        PasswordPolicy::default().check(text.into()).map(|_| ())
    }

    #[test]
    fn counts_characters_not_bytes() {
        assert_eq!(check("pässwörd"), Ok(()));
        assert_eq!(
            check("1234567"),
            Err(InvalidPassword::TooShort { minimum: 8 })
        );
        assert_eq!(check(&"é".repeat(128)), Ok(()));
        assert_eq!(check(&"é".repeat(129)), Err(InvalidPassword::TooLong));
    }

    #[test]
    fn refuses_white_space_alone() {
        assert_eq!(
            check("        \t\u{3000}"),
            Err(InvalidPassword::OnlyWhiteSpace)
        );
        assert_eq!(check("  secret  "), Ok(()));
    }

    #[test]
    fn a_presented_password_may_be_short_but_not_endless() {
        assert!(Password::presented("abc".into()).is_ok());
        assert!(Password::presented("".into()).is_err());
        assert!(Password::presented("a".repeat(129).into()).is_err());
    }

    #[test]
    fn is_never_printed() {
        let password = Password::presented("hunter2".into()).unwrap();
        let hash = PasswordHash::new("$argon2id$v=19$abc".to_owned());
        let printed = format!("{password:?} {hash:?}");
        assert!(
            !printed.contains("hunter2") && !printed.contains("argon2"),
            "{printed}"
        );
    }
}
