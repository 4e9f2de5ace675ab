//! Which of the server's secrets the accounts of a store belong to.
//!
//! Invariant: the registered secret is the newest one that any server which was let in uses, and each of them knows it. Of a secret a store
//! knows its number and its fingerprint, never the secret.

/// A secret as a server may show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMark {
    /// Its number among the server's secrets.
    pub number: u32,
    /// What tells it from others and gives nothing of it away.
    pub fingerprint: String,
}

/// What a store says of a server's secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretStanding {
    /// The one in use is the registered one.
    Registered,
    /// The registered one is none of them; it has this number.
    Foreign {
        /// The number of the registered one.
        registered: u32,
    },
    /// The registered one is among them, but under another number.
    Misnumbered {
        /// The number of the registered one.
        registered: u32,
    },
}

/// What a store does about a server's secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretDecision {
    /// Nothing.
    Leave(SecretStanding),
    /// It registers the one in use.
    Register,
}

/// Decides about a server's secrets, the one in use first.
pub fn decide_secret(registered: Option<&SecretMark>, offered: &[SecretMark]) -> SecretDecision {
    let Some(registered) = registered else {
        return SecretDecision::Register;
    };
    let same = |mark: &SecretMark| mark.fingerprint == registered.fingerprint;
    let registered = registered.number;
    match offered.iter().position(same) {
        None => SecretDecision::Leave(SecretStanding::Foreign { registered }),
        Some(place) if offered[place].number != registered => {
            SecretDecision::Leave(SecretStanding::Misnumbered { registered })
        }
        Some(0) => SecretDecision::Leave(SecretStanding::Registered),
        Some(_) => SecretDecision::Register,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(number: u32, fingerprint: &str) -> SecretMark {
        SecretMark {
            number,
            fingerprint: fingerprint.to_owned(),
        }
    }

    #[test]
    fn a_secret_is_taken_when_it_is_the_first_the_same_or_the_next() {
        assert_eq!(
            decide_secret(None, &[mark(1, "a")]),
            SecretDecision::Register
        );
        let registered = mark(1, "a");
        let decided = |offered: &[SecretMark]| decide_secret(Some(&registered), offered);
        let known = SecretDecision::Leave(SecretStanding::Registered);
        assert_eq!(decided(&[mark(1, "a")]), known);
        assert_eq!(
            decided(&[mark(2, "b"), mark(1, "a")]),
            SecretDecision::Register
        );
    }

    #[test]
    fn another_secret_and_an_older_one_are_refused() {
        let registered = mark(2, "b");
        let decided = |offered: &[SecretMark]| decide_secret(Some(&registered), offered);
        let foreign = SecretDecision::Leave(SecretStanding::Foreign { registered: 2 });
        assert_eq!(decided(&[mark(1, "a")]), foreign);
        assert_eq!(decided(&[mark(2, "x"), mark(1, "a")]), foreign);
        let misnumbered = SecretDecision::Leave(SecretStanding::Misnumbered { registered: 2 });
        assert_eq!(decided(&[mark(1, "b")]), misnumbered);
    }
}
