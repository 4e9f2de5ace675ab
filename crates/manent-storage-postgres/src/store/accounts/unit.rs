//! One transaction, done again when others were in its way.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use futures_util::future::BoxFuture;
use manent_domain::ports::StoreError;

use crate::error::Error;
use crate::pool::Lease;
use crate::store::PostgresStore;

/// How often a unit is done again because others were in its way.
const CONFLICTS: u32 = 8;

/// How much longer it waits each time.
const PAUSE: Duration = Duration::from_millis(5);

impl PostgresStore {
    /// One unit of work in a transaction. Each statement sees what was committed before it; whatever is decided over is locked first.
    pub(in crate::store) async fn unit<T>(
        &self,
        work: impl for<'client> Fn(&'client ClientWrapper) -> BoxFuture<'client, Result<T, Error>>
        + Send
        + Sync,
    ) -> Result<T, StoreError> {
        self.long_unit(None, work).await
    }

    /// The same, with more time than a statement has: for all of it, and for each of its statements.
    pub(super) async fn long_unit<T>(
        &self,
        time: Option<Duration>,
        work: impl for<'client> Fn(&'client ClientWrapper) -> BoxFuture<'client, Result<T, Error>>
        + Send
        + Sync,
    ) -> Result<T, StoreError> {
        let mut conflicts = 0;
        loop {
            let lease = self.begin(time).await?;
            let client = lease.client();
            let whole = async {
                let done = match work(client).await {
                    Ok(done) => done,
                    Err(error) => {
                        if !error.is_broken_connection() {
                            client.batch_execute("ROLLBACK").await?;
                        }
                        return Err(error);
                    }
                };
                client.batch_execute("COMMIT").await?;
                Ok(done)
            };
            let done = match time {
                Some(time) => lease.run_for(time, whole).await,
                None => lease.run(whole).await,
            };
            match done {
                Err(error) if error.is_conflict() && conflicts < CONFLICTS => {
                    conflicts += 1;
                    drop(lease);
                    tokio::time::sleep(PAUSE * conflicts).await;
                }
                done => return Ok(done?),
            }
        }
    }

    /// A connection with a transaction. Another one when the first breaks: it may have broken long before.
    async fn begin(&self, time: Option<Duration>) -> Result<Lease, StoreError> {
        let sql = time.map_or_else(
            || "BEGIN".to_owned(),
            |time| format!("BEGIN; SET LOCAL statement_timeout = {}", time.as_millis()),
        );
        let mut is_second = false;
        loop {
            let lease = self.opened.connections.lease().await?;
            let begun = lease.run(async { Ok(lease.client().batch_execute(&sql).await?) });
            match begun.await {
                Ok(()) => return Ok(lease),
                Err(error) if !is_second && !lease.is_sound() => {
                    tracing::debug!(error = %error, "a unit of work begins again");
                    is_second = true;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}
