//! The promises of the documents, each broken on purpose.
//!
//! `MANENT_PROOF_SCALE` (default 1) says how much of it, `MANENT_PROOF_SEED` replays the chance of a run; the seed is printed.

/// Makes each proof a test on every store.
#[cfg(test)]
macro_rules! on_every_store {
    ($($proof:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $proof() {
                super::$proof(manent_proofs::Store::Sqlite).await.unwrap();
            })+
        }

        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $proof() {
                super::$proof(manent_proofs::Store::Postgres).await.unwrap();
            })+
        }
    };
}

#[cfg(test)]
mod exactly_once;
#[cfg(test)]
mod graceful_stop;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod provider_fails;
#[cfg(test)]
mod reader_leaves;
#[cfg(test)]
mod resend;
#[cfg(test)]
mod several_processes;
#[cfg(test)]
mod slow_store;
#[cfg(test)]
mod statistics;
