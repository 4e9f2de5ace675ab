//! Opening a store.

use std::sync::Arc;

use tokio_postgres::Client;

use crate::address::Address;
use crate::config::PostgresConfig;
use crate::connector::{Connector, Driver};
use crate::error::describe;
use crate::metrics::Counters;
use crate::migrations;
use crate::open_error::OpenError;
use crate::pool::Connections;
use crate::signals::{Notifier, SignalParts, SignalTask};
use crate::store::SchemaVersions;
use crate::writer::{WriteQueue, WriterParts};

/// What an open store consists of.
pub(crate) struct Opened {
    pub(crate) connections: Connections,
    pub(crate) writes: WriteQueue,
    pub(crate) notifier: Notifier,
    pub(crate) signals: SignalTask,
    pub(crate) counters: Arc<Counters>,
    /// Whether an owner without a row is gone.
    pub(crate) accounts_only: bool,
    /// Host, port and database, for people.
    pub(crate) place: String,
}

/// Connects, brings the schema up to date and starts the writers.
pub(crate) async fn open(config: PostgresConfig) -> Result<Opened, OpenError> {
    let connector = connector(&config)?;
    let (client, _) = migrated(&connector, &config).await?;
    let instance = register(&client, &config)
        .await
        .map_err(|error| OpenError::Refused {
            place: connector.place.clone(),
            detail: describe(&error),
        })?;
    drop(client);
    let counters = Arc::new(Counters::default());
    let connections = Connections::new(&connector, &config, Arc::clone(&counters))?;
    let notifier = Notifier::default();
    let accounts_only = config.accounts_only;
    let writes = WriteQueue::start(
        &config,
        WriterParts {
            connections: connections.clone(),
            counters: Arc::clone(&counters),
            signals: Arc::clone(&config.signals),
            notifier: notifier.clone(),
            instance,
            group_jobs: config.group_jobs.max(1),
            group_bytes: config.group_bytes,
            accounts_only,
        },
    );
    let place = connector.place.clone();
    let signals = SignalTask::start(SignalParts {
        connector,
        instance,
        check_interval: config.missed_check_interval,
        timeout: config.statement_timeout,
        signals: config.signals,
        counters: Arc::clone(&counters),
        notifier: notifier.clone(),
    });
    Ok(Opened {
        connections,
        writes,
        notifier,
        signals,
        counters,
        accounts_only,
        place,
    })
}

/// Connects and brings the schema up to date, and nothing else.
pub(crate) async fn migrate(config: &PostgresConfig) -> Result<SchemaVersions, OpenError> {
    let connector = connector(config)?;
    Ok(migrated(&connector, config).await?.1)
}

/// Connects and looks. Changes nothing.
pub(crate) async fn look(config: &PostgresConfig) -> Result<SchemaVersions, OpenError> {
    let connector = connector(config)?;
    let (client, driver) = connector.connect_patiently(config.start_wait).await?;
    drive(driver);
    migrations::look(&client, &connector.place).await
}

fn connector(config: &PostgresConfig) -> Result<Connector, OpenError> {
    let address = Address::parse(&config.url, config.acquire_timeout)?;
    Connector::new(address)
}

async fn migrated(
    connector: &Connector,
    config: &PostgresConfig,
) -> Result<(Client, SchemaVersions), OpenError> {
    let (mut client, driver) = connector.connect_patiently(config.start_wait).await?;
    drive(driver);
    let versions = migrations::run(&mut client, &connector.place).await?;
    if versions.before != versions.after {
        tracing::info!(
            place = %connector.place,
            before = versions.before,
            after = versions.after,
            "the schema of the database was brought up to date"
        );
    }
    Ok((client, versions))
}

/// Lets a connection work until its user is done with it.
fn drive(driver: Driver) {
    tokio::spawn(async move {
        // Its user finds out by its next statement.
        let _ = match driver {
            Driver::Plain(connection) => connection.await,
            Driver::Encrypted(connection) => connection.await,
        };
    });
}

/// Gives this process a number among those that use the database and a row to each of its writers, and forgets those that are long gone.
async fn register(client: &Client, config: &PostgresConfig) -> Result<i64, tokio_postgres::Error> {
    client
        .execute(
            "DELETE FROM writers WHERE active_at < now() - interval '7 days'",
            &[],
        )
        .await?;
    let row = client.query_one("SELECT nextval('instances')", &[]).await?;
    let instance: i64 = row.get(0);
    let writers: Vec<i32> = (0..).take(config.writer_count()).collect();
    client
        .execute(
            "INSERT INTO writers (instance, writer, groups, active_at) SELECT $1, writer, 0, now() FROM unnest($2::integer[]) AS writer",
            &[&instance, &writers],
        )
        .await?;
    Ok(instance)
}
