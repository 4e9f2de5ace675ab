//! Connections that are shared.
//!
//! Invariant: a connection on which a statement failed for reasons of the connection, or was given up before its answer came, is never used
//! again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
};
use futures_util::future::BoxFuture;
use manent_domain::ports::StoreError;
use tokio_postgres::NoTls;

use crate::config::PostgresConfig;
use crate::connector::Connector;
use crate::error::Error;
use crate::metrics::{Counters, PostgresMetrics};
use crate::open_error::OpenError;

/// The pool of connections that serve reads and writes.
#[derive(Clone)]
pub(crate) struct Connections {
    pool: Pool,
    /// After which silence a connection is given up.
    patience: Duration,
    counters: Arc<Counters>,
}

/// What is set on every connection. All statements find their rows by keys that come in arrays: with plans that are made once and read no
/// more than those rows, however wrong the planner's guess about an array may be, and however small a table was when the plan was made.
fn session(config: &PostgresConfig) -> String {
    let timeout = config.statement_timeout.as_millis();
    // An owner's lock is held for milliseconds. Whoever holds it and does nothing is frozen or cut off; others of a group must not wait long.
    let lock = (timeout / 5).max(100);
    let idle = (timeout / 2).max(1_000);
    format!(
        "SET statement_timeout = {timeout}; SET lock_timeout = {lock}; SET idle_in_transaction_session_timeout = {idle}; SET client_min_messages = warning; \
         SET default_transaction_isolation = 'read committed'; SET jit = off; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
         SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
}

/// After which silence a connection is given up, where the server itself ends a statement after this time.
fn patience(statement_timeout: Duration) -> Duration {
    statement_timeout.saturating_add(statement_timeout.min(Duration::from_secs(2)))
}

impl Connections {
    pub(crate) fn new(
        connector: &Connector,
        config: &PostgresConfig,
        counters: Arc<Counters>,
    ) -> Result<Self, OpenError> {
        let settings = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = match &connector.tls {
            None => Manager::from_config(connector.config.clone(), NoTls, settings),
            Some(tls) => Manager::from_config(connector.config.clone(), tls.clone(), settings),
        };
        let session: Arc<str> = session(config).into();
        let pool = Pool::builder(manager)
            // One more listens.
            .max_size(config.pool_size.max(3) - 1)
            .wait_timeout(Some(config.acquire_timeout))
            .create_timeout(Some(config.acquire_timeout))
            .recycle_timeout(Some(config.acquire_timeout))
            .runtime(Runtime::Tokio1)
            .post_create(Hook::async_fn(move |client: &mut ClientWrapper, _| {
                let session = Arc::clone(&session);
                Box::pin(async move {
                    client
                        .batch_execute(&session)
                        .await
                        .map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(|error| OpenError::Refused {
                place: connector.place.clone(),
                detail: error.to_string(),
            })?;
        Ok(Self {
            pool,
            patience: patience(config.statement_timeout),
            counters,
        })
    }

    /// A connection for a while.
    pub(crate) async fn lease(&self) -> Result<Lease, Error> {
        Ok(Lease {
            object: Some(self.pool.get().await?),
            is_sound: AtomicBool::new(true),
            patience: self.patience,
            counters: Arc::clone(&self.counters),
        })
    }

    /// Reads. Done a second time, on another connection, when the first one breaks: it may have broken long before.
    pub(crate) async fn read<T>(
        &self,
        work: impl for<'client> Fn(&'client ClientWrapper) -> BoxFuture<'client, Result<T, Error>>,
    ) -> Result<T, StoreError> {
        Counters::add(&self.counters.reads, 1);
        let mut is_second = false;
        loop {
            let lease = self.lease().await?;
            match lease.run(work(lease.client())).await {
                Err(Error::Postgres(error)) if !is_second && !lease.is_sound() => {
                    tracing::debug!(error = %crate::error::describe(&error), "a read is done again");
                    is_second = true;
                }
                result => return Ok(result?),
            }
        }
    }

    pub(crate) fn measure(&self, metrics: &mut PostgresMetrics) {
        let status = self.pool.status();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        metrics.connections = count(status.size);
        metrics.connections_in_use = count(status.size.saturating_sub(status.available));
        metrics.connection_waits = count(status.waiting);
    }

    /// Refuses everything from now on.
    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

/// A connection that is given back when it is dropped, or closed if it is not sound.
pub(crate) struct Lease {
    object: Option<Object>,
    is_sound: AtomicBool,
    patience: Duration,
    counters: Arc<Counters>,
}

impl Lease {
    #[expect(clippy::expect_used, reason = "it is there until the lease is dropped")]
    pub(crate) fn client(&self) -> &ClientWrapper {
        self.object.as_deref().expect("a connection")
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.is_sound.load(Ordering::Relaxed)
    }

    /// Waits for work on the connection, for a bounded time. The connection is not sound while it is under way, so that it is closed if the
    /// caller goes away in the middle.
    pub(crate) async fn run<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.run_for(self.patience, work).await
    }

    /// The same, for another time.
    pub(crate) async fn run_for<T>(
        &self,
        patience: Duration,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.is_sound.store(false, Ordering::Relaxed);
        let result = tokio::time::timeout(patience, work)
            .await
            .unwrap_or(Err(Error::Silence));
        let is_broken =
            result.as_ref().is_err_and(Error::is_broken_connection) || self.client().is_closed();
        self.is_sound.store(!is_broken, Ordering::Relaxed);
        result
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.object.take()
            && !*self.is_sound.get_mut()
        {
            Counters::add(&self.counters.broken_connections, 1);
            drop(Object::take(object));
        }
    }
}
