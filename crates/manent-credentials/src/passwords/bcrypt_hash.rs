//! Hashes of bcrypt, as the npm package `bcryptjs` makes them. Only read: what is stored from now on is Argon2id.

use super::PasswordError;

/// The highest cost whose hashes are checked, about a second of a core. Each step doubles the time; common are 10 to 12.
const HIGHEST_COST: u32 = 14;

/// Whether a stored hash is of a kind of bcrypt that is known here. `$2x$` is not: it marks hashes of a faulty implementation.
pub(super) fn is_one(stored: &str) -> bool {
    ["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|prefix| stored.starts_with(prefix))
}

/// The cost of a stored hash that does not cost too much to check.
pub(super) fn read(stored: &str) -> Result<u32, PasswordError> {
    let parts: bcrypt::HashParts = stored
        .parse()
        .map_err(|_| PasswordError::UnusableHash("it is no hash of bcrypt"))?;
    if parts.get_cost() > HIGHEST_COST {
        return Err(PasswordError::UnusableHash("it would cost too much"));
    }
    Ok(parts.get_cost())
}

/// Whether it is the password. Like every bcrypt it looks at the first 72 bytes of UTF-8 alone.
pub(super) fn verify(password: &str, stored: &str) -> Result<bool, PasswordError> {
    read(stored)?;
    bcrypt::verify(password, stored)
        .map_err(|_| PasswordError::UnusableHash("it is no hash of bcrypt"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Made with bcryptjs 3.0.3: `hashSync(password, "$2b$04$abcdefghijklmnopqrstuu")`.
    fn made_by_bcryptjs() -> Vec<(String, &'static str)> {
        [
            (
                "correct horse".to_owned(),
                "jydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
            ),
            ("pässwörd 🔑".to_owned(), "I9bZCuY3iL1D8aa7mpGEju3kdgOOzj6"),
            ("x".repeat(71), ".gc7UY/21CSNJGJg21jJzx9QiOpJ9bO"),
            ("x".repeat(72), "bzadhGtS2zEF.gu0yd0opP6cVzb.e0i"),
            ("x".repeat(128), "bzadhGtS2zEF.gu0yd0opP6cVzb.e0i"),
            // Only the first half of the last letter counts.
            (
                format!("{}é", "x".repeat(71)),
                "BQHqZaO/dlDRZ.TvJ67we2MtFVZUvA2",
            ),
            (
                format!("{}è", "x".repeat(71)),
                "BQHqZaO/dlDRZ.TvJ67we2MtFVZUvA2",
            ),
            ("a\0b".to_owned(), "sjHI0zQHpOe3SFDK1IriYv6N79Gzr32"),
            ("a".to_owned(), "MFdJu9yVgmagVAIC24fOZkaFqd3s9JC"),
            (String::new(), "byCG3zY1GIXMyxfivm.ClDiInHzxjiq"),
        ]
        .into()
    }

    fn stored(kind: &str, hash: &str) -> String {
        format!("${kind}$04$abcdefghijklmnopqrstuu{hash}")
    }

    #[test]
    fn verifies_what_bcryptjs_made_whatever_the_length_and_the_letters() {
        for (password, hash) in made_by_bcryptjs() {
            for kind in ["2a", "2b", "2y"] {
                assert_eq!(
                    verify(&password, &stored(kind, hash)),
                    Ok(true),
                    "{password}"
                );
            }
            let other = format!("z{password}");
            assert_eq!(verify(&other, &stored("2b", hash)), Ok(false), "{other}");
        }
        assert_eq!(
            verify("x", &stored("2b", made_by_bcryptjs()[3].1)),
            Ok(false)
        );
    }

    #[test]
    fn verifies_at_the_cost_that_is_common() {
        let stored = "$2b$10$6XAA23fCDrW5g6OuLq.MDOOikn1hiKDeoz4rlb2kSCEqymItNHtO6";
        assert_eq!(verify("correct horse", stored), Ok(true));
        assert_eq!(verify("correct house", stored), Ok(false));
    }

    #[test]
    fn knows_its_kinds() {
        for (stored, expected) in [
            ("$2a$10$", true),
            ("$2b$10$", true),
            ("$2y$10$", true),
            ("$2x$10$", false),
            ("$2$10$", false),
            ("$argon2id$", false),
            ("", false),
        ] {
            assert_eq!(is_one(stored), expected, "{stored}");
        }
    }

    #[test]
    fn refuses_hashes_that_are_damaged_or_would_cost_too_much() {
        let salt_and_hash = "abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
        for cost in ["15", "31", "99", "00", "03", "-4", "é"] {
            let refused = verify("correct horse", &format!("$2b${cost}${salt_and_hash}"));
            assert!(
                matches!(refused, Err(PasswordError::UnusableHash(_))),
                "{cost}: {refused:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn takes_any_text_without_panic(rest in "[$./A-Za-z0-9é]{0,60}") {
            // Costs above 05 are left out, for their time alone.
            let _ = verify("password", &format!("$2b$04${rest}"));
            let _ = verify("password", &rest);
        }
    }
}
