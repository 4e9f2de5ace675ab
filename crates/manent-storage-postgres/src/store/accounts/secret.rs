//! Which server secret the accounts of a database belong to.
//!
//! Invariant: all servers that were let in know the registered secret; the newest one that any of them uses is the registered one.

use deadpool_postgres::ClientWrapper;
use manent_domain::ports::StoreError;
use manent_types::Timestamp;

use super::rows::{execute, one};
use crate::error::{Error, to_integer};
use crate::rows::{count, get};
use crate::store::PostgresStore;

/// A secret as a server may show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMark {
    /// Its number among the server's secrets.
    pub number: u32,
    /// What tells it from others and gives nothing of it away.
    pub fingerprint: String,
}

/// What a database says of a server's secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretStanding {
    /// The one in use is the registered one; now, if it was not before.
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

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Leave(SecretStanding),
    Register,
}

/// Decides about a server's secrets, the one in use first.
fn decide(registered: Option<&SecretMark>, offered: &[SecretMark]) -> Decision {
    let Some(registered) = registered else {
        return Decision::Register;
    };
    let same = |mark: &SecretMark| mark.fingerprint == registered.fingerprint;
    match offered.iter().position(same) {
        None => Decision::Leave(SecretStanding::Foreign {
            registered: registered.number,
        }),
        Some(place) if offered[place].number != registered.number => {
            Decision::Leave(SecretStanding::Misnumbered {
                registered: registered.number,
            })
        }
        Some(0) => Decision::Leave(SecretStanding::Registered),
        Some(_) => Decision::Register,
    }
}

impl PostgresStore {
    /// Registers the first of a server's secrets (the others are older ones) as that of the accounts of this database, if it follows the
    /// registered one or there is none yet.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn register_secret(
        &self,
        offered: Vec<SecretMark>,
        now: Timestamp,
    ) -> Result<SecretStanding, StoreError> {
        self.unit(|client| {
            let offered = offered.clone();
            Box::pin(async move { register(client, &offered, now).await })
        })
        .await
    }
}

async fn register(
    client: &ClientWrapper,
    offered: &[SecretMark],
    now: Timestamp,
) -> Result<SecretStanding, Error> {
    // Also where there is no row yet, of several servers that start at once one is first.
    let sql = "SELECT id FROM accounts_lock WHERE id = 1 FOR UPDATE";
    one(client, sql, &[]).await?;
    let sql = "SELECT number, fingerprint FROM server_secret WHERE id = 1";
    let registered = match one(client, sql, &[]).await? {
        Some(row) => Some(SecretMark {
            number: u32::try_from(count(&row, 0, "server_secret.number")?).unwrap_or(u32::MAX),
            fingerprint: get(&row, 1, "server_secret.fingerprint")?,
        }),
        None => None,
    };
    if let Decision::Leave(standing) = decide(registered.as_ref(), offered) {
        return Ok(standing);
    }
    let Some(newest) = offered.first() else {
        return Ok(SecretStanding::Registered);
    };
    let sql = "INSERT INTO server_secret (id, number, fingerprint, registered_at) VALUES (1, $1, $2, $3) \
         ON CONFLICT (id) DO UPDATE SET number = EXCLUDED.number, fingerprint = EXCLUDED.fingerprint, \
         registered_at = EXCLUDED.registered_at";
    let number = to_integer(u64::from(newest.number), "server_secret.number")?;
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&number, &newest.fingerprint, &now.as_millisecond()];
    execute(client, sql, &values).await?;
    Ok(SecretStanding::Registered)
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
        assert_eq!(decide(None, &[mark(1, "a")]), Decision::Register);
        let registered = mark(1, "a");
        let decided = |offered: &[SecretMark]| decide(Some(&registered), offered);
        let known = Decision::Leave(SecretStanding::Registered);
        assert_eq!(decided(&[mark(1, "a")]), known);
        assert_eq!(decided(&[mark(2, "b"), mark(1, "a")]), Decision::Register);
    }

    #[test]
    fn another_secret_and_an_older_one_are_refused() {
        let registered = mark(2, "b");
        let decided = |offered: &[SecretMark]| decide(Some(&registered), offered);
        let foreign = || Decision::Leave(SecretStanding::Foreign { registered: 2 });
        assert_eq!(decided(&[mark(1, "a")]), foreign());
        assert_eq!(decided(&[mark(2, "x"), mark(1, "a")]), foreign());
        let misnumbered = Decision::Leave(SecretStanding::Misnumbered { registered: 2 });
        assert_eq!(decided(&[mark(1, "b")]), misnumbered);
    }
}
