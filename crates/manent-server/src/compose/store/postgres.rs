//! Postgres: opening it, its readiness, its figures.

use std::sync::Arc;

use async_trait::async_trait;
use manent_config::Config;
use manent_domain::ports::SignalListener;
use manent_storage_postgres::{OpenError, PostgresConfig, PostgresStore};
use metrics::{counter, gauge};
use secrecy::SecretString;

use crate::operations::{NotReady, ReadinessCheck};

pub(super) async fn open(
    config: &Config,
    url: SecretString,
    signals: Arc<dyn SignalListener>,
) -> Result<PostgresStore, OpenError> {
    let (database, store) = (&config.database, &config.store);
    PostgresStore::connect(PostgresConfig {
        pool_size: database.pool_size,
        acquire_timeout: database.acquire_timeout,
        statement_timeout: database.statement_timeout,
        start_wait: database.start_wait,
        writers: database.writers,
        missed_check_interval: database.missed_check_interval,
        group_jobs: store.group_max_writes,
        group_bytes: store.group_max_bytes,
        queue_bytes: store.queue_max_bytes,
        accounts_only: config.mode.has_accounts(),
        signals,
        ..PostgresConfig::new(url)
    })
    .await
}

/// Asks the store whether it can work.
pub(super) struct Readiness(PostgresStore);

impl Readiness {
    pub(super) const fn new(store: PostgresStore) -> Self {
        Self(store)
    }
}

#[async_trait]
impl ReadinessCheck for Readiness {
    fn name(&self) -> &'static str {
        "store"
    }

    async fn check(&self) -> Result<Option<String>, NotReady> {
        match self.0.check().await {
            Ok(health) if health.is_listening => Ok(None),
            Ok(_) => Ok(Some(
                "what other servers do is noticed late: the connection that listens is being made again"
                    .to_owned(),
            )),
            Err(error) => Err(NotReady {
                detail: error.to_string(),
            }),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "gauges are floating point; the figures are small"
    )]
    fn publish_metrics(&self) {
        let figures = self.0.metrics();
        counter!("manent_store_commits_total").absolute(figures.commits);
        counter!("manent_store_jobs_total").absolute(figures.jobs);
        counter!("manent_store_failed_jobs_total").absolute(figures.failed_jobs);
        counter!("manent_store_messages_total").absolute(figures.messages);
        counter!("manent_store_reads_total").absolute(figures.reads);
        counter!("manent_store_retried_groups_total").absolute(figures.retried_groups);
        counter!("manent_store_broken_connections_total").absolute(figures.broken_connections);
        counter!("manent_store_listener_reconnects_total").absolute(figures.listener_reconnects);
        counter!("manent_store_notifications_sent_total").absolute(figures.notifications_sent);
        counter!("manent_store_notifications_received_total")
            .absolute(figures.notifications_received);
        counter!("manent_store_missed_notifications_total").absolute(figures.missed_notifications);
        gauge!("manent_store_largest_group").set(figures.largest_group as f64);
        gauge!("manent_store_queued_writes").set(figures.queued_writes as f64);
        gauge!("manent_store_connections").set(figures.connections as f64);
        gauge!("manent_store_connections_in_use").set(figures.connections_in_use as f64);
        gauge!("manent_store_connection_waits").set(figures.connection_waits as f64);
    }
}
