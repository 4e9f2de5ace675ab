//! Keys for programs.

use std::fmt;
use std::time::Duration;

use manent_types::{ApiKeyId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::secret::SecretDigest;
use crate::time::since;

/// How often the time of a key's last use is written at most.
pub const LAST_USE_RESOLUTION: Duration = Duration::from_mins(1);

coded! {
    /// What a caller may do.
    Scope {
        /// Read what is kept.
        Read = "read",
        /// Add to it and change it.
        Write = "write",
        /// Ask models for answers.
        Generate = "generate",
        /// Administer the server; only for keys of administrators.
        Admin = "admin",
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Scope>", into = "Vec<Scope>")]
pub struct Scopes(u8);

impl Scopes {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// Everything but administration.
    pub fn of_user() -> Self {
        [Scope::Read, Scope::Write, Scope::Generate]
            .into_iter()
            .collect()
    }

    /// Everything.
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    const fn bit(scope: Scope) -> u8 {
        1 << scope as u8
    }

    /// Whether the scope is in the set.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & Self::bit(scope) != 0
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes, in the order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .iter()
            .copied()
            .filter(move |scope| self.contains(*scope))
    }

    /// Names with a space between them, for stores that keep text.
    pub fn to_text(self) -> String {
        let names: Vec<_> = self.iter().map(Scope::as_str).collect();
        names.join(" ")
    }

    /// Reads what [`Self::to_text`] wrote.
    ///
    /// # Errors
    /// When a name is none of a scope.
    pub fn from_text(text: &str) -> Result<Self, crate::UnknownCode> {
        text.split_ascii_whitespace().map(str::parse).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(
            scopes
                .into_iter()
                .fold(0, |bits, scope| bits | Self::bit(scope)),
        )
    }
}

impl From<Vec<Scope>> for Scopes {
    fn from(scopes: Vec<Scope>) -> Self {
        scopes.into_iter().collect()
    }
}

impl From<Scopes> for Vec<Scope> {
    fn from(scopes: Scopes) -> Self {
        scopes.iter().collect()
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

/// A key as it is stored. The key itself was shown once and is nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Which; a part of the key that its owner holds.
    pub id: ApiKeyId,
    /// Whose.
    pub owner: UserId,
    /// What its owner calls it; 1 to 100 characters.
    pub name: String,
    /// Of the secret part.
    pub digest: SecretDigest,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute; absent: never.
    pub last_used_at: Option<Timestamp>,
    /// From when it is refused; absent: never.
    pub expires_at: Option<Timestamp>,
    /// When its owner revoked it.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it may be used at this time, by whoever knows its secret.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    /// Whether its last use is to be written again.
    pub fn wants_touch(&self, now: Timestamp) -> bool {
        self.last_used_at
            .is_none_or(|last_used_at| since(now, last_used_at) >= LAST_USE_RESOLUTION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_as_they_are_written() {
        for bits in 0..16 {
            let scopes = Scopes(bits);
            assert_eq!(Scopes::from_text(&scopes.to_text()), Ok(scopes));
            assert_eq!(Scopes::from(Vec::from(scopes)), scopes);
        }
        assert_eq!(Scopes::of_user().to_text(), "read write generate");
        assert!(Scopes::from_text("read fly").is_err());
    }

    #[test]
    fn a_set_has_what_was_put_in() {
        let read = Scopes::from_iter([Scope::Read]);
        assert!(read.contains(Scope::Read) && !read.contains(Scope::Admin));
        assert_eq!(Scopes::all().and(read), read);
        assert!(Scopes::NONE.is_empty());
        assert!(!Scopes::of_user().contains(Scope::Admin));
    }
}
