//! The two stores of a move: where they are, and how they are opened.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use manent_config::{Config, DatabaseUrl, FlagValue, load};
use manent_domain::ports::TransferRepository;
use manent_storage_postgres::{PostgresConfig, PostgresStore};
use manent_storage_sqlite::{SqliteConfig, SqliteStore, look};
use secrecy::{ExposeSecret, SecretString};

use crate::arguments::SettingsOptions;
use crate::exit::Failure;
use crate::{configuration, sources};

/// Which end of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Where everything is.
    From,
    /// Where it goes.
    To,
}

impl Side {
    const fn flag(self) -> &'static str {
        match self {
            Self::From => "--from",
            Self::To => "--to",
        }
    }
}

/// Where a store is.
pub(crate) enum Place {
    /// A directory with an SQLite database.
    Sqlite(PathBuf),
    /// A Postgres database: its address, which is never shown, and how to reach it.
    Postgres {
        /// The address.
        url: SecretString,
        /// The rest of the settings.
        config: Box<Config>,
    },
}

/// From which schema a migration led to which; absent before: there was no database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) before: Option<i64>,
    pub(crate) after: i64,
}

impl Place {
    /// The configured store.
    pub(crate) fn configured(settings: &SettingsOptions) -> Result<Self, Failure> {
        Self::read(settings, None)
    }

    /// A store that the command line names, in the words of `database.url`.
    pub(crate) fn given(
        settings: &SettingsOptions,
        side: Side,
        address: &str,
    ) -> Result<Self, Failure> {
        let flag = FlagValue {
            flag: side.flag().to_owned(),
            key: "database.url".to_owned(),
            value: address.to_owned(),
        };
        Self::read(settings, Some(flag))
    }

    fn read(settings: &SettingsOptions, flag: Option<FlagValue>) -> Result<Self, Failure> {
        let mut sources = sources::collect(settings)?;
        sources.flags.extend(flag);
        Ok(Self::of(configuration::checked(load(&sources))?))
    }

    /// The store of a configuration.
    pub(crate) fn of(config: Config) -> Self {
        match &config.database.url {
            DatabaseUrl::Postgres(url) => Self::Postgres {
                url: url.clone(),
                config: Box::new(config),
            },
            DatabaseUrl::Sqlite(directory) => {
                let directory = directory.clone().unwrap_or(config.data_dir);
                // The database's own file is as good a name.
                match directory.parent() {
                    Some(parent)
                        if directory
                            .file_name()
                            .is_some_and(|name| name == "manent.db") =>
                    {
                        Self::Sqlite(parent.to_owned())
                    }
                    _ => Self::Sqlite(directory),
                }
            }
        }
    }

    /// Whether both are one store, as far as that can be told from their addresses.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sqlite(one), Self::Sqlite(other)) => {
                let real = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
                real(one) == real(other)
            }
            (Self::Postgres { url: one, .. }, Self::Postgres { url: other, .. }) => {
                one.expose_secret() == other.expose_secret()
            }
            _ => false,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(directory) => write!(formatter, "the database in {}", directory.display()),
            Self::Postgres { url, .. } => {
                write!(
                    formatter,
                    "the database {}",
                    without_secrets(url.expose_secret())
                )
            }
        }
    }
}

/// Host, port and database of an address.
fn without_secrets(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (without_query, _) = after_scheme.split_once('?').unwrap_or((after_scheme, ""));
    without_query
        .rsplit_once('@')
        .map_or(without_query, |(_, place)| place)
}

/// An open store.
pub(crate) enum OpenStore {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl OpenStore {
    pub(crate) fn repository(&self) -> Arc<dyn TransferRepository> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

/// Opens a store that must be there and up to date: it is left as it is.
pub(crate) async fn open_source(place: &Place) -> Result<OpenStore, Failure> {
    if let Place::Sqlite(directory) = place {
        let path = directory.join("manent.db").display().to_string();
        match look(directory, false).map_err(cannot_open)? {
            None => return Err(Failure::Other(format!("there is no database {path}"))),
            Some(seen) if is_older(seen.schema, seen.known_schema) => {
                return Err(Failure::Other(format!(
                    "the database {path} has the older schema {}, and a move leaves its source as it is: run `manent migrate --set \
                     database.url=sqlite:{}` first",
                    seen.schema,
                    directory.display()
                )));
            }
            Some(_) => {}
        }
    }
    open(place).await
}

fn cannot_open(error: impl fmt::Display) -> Failure {
    Failure::Store(error.to_string())
}

fn is_older(schema: i64, known: usize) -> bool {
    usize::try_from(schema).is_ok_and(|schema| schema < known)
}

/// Opens a store, creating or migrating it.
pub(crate) async fn open_target(place: &Place) -> Result<OpenStore, Failure> {
    open(place).await
}

async fn open(place: &Place) -> Result<OpenStore, Failure> {
    match place {
        Place::Sqlite(directory) => {
            let config = SqliteConfig::new(directory);
            let opened = tokio::task::spawn_blocking(move || SqliteStore::open(config)).await;
            let opened = opened.map_err(|error| Failure::Other(error.to_string()))?;
            Ok(OpenStore::Sqlite(opened.map_err(cannot_open)?))
        }
        Place::Postgres { url, config } => {
            let opened = PostgresStore::connect(postgres_config(url, config)).await;
            Ok(OpenStore::Postgres(opened.map_err(cannot_open)?))
        }
    }
}

/// Brings a store up to date.
pub(crate) async fn migrate(place: &Place) -> Result<Versions, Failure> {
    match place {
        Place::Sqlite(directory) => {
            let before = look(directory, false).map_err(cannot_open)?;
            open(place).await?.close().await;
            let after = look(directory, false).map_err(cannot_open)?;
            Ok(Versions {
                before: before.map(|seen| seen.schema),
                after: after.map_or(0, |seen| seen.schema),
            })
        }
        Place::Postgres { url, config } => {
            let versions = PostgresStore::migrate(postgres_config(url, config))
                .await
                .map_err(cannot_open)?;
            Ok(Versions {
                before: (versions.before > 0).then_some(i64::from(versions.before)),
                after: i64::from(versions.after),
            })
        }
    }
}

pub(crate) fn postgres_config(url: &SecretString, config: &Config) -> PostgresConfig {
    let database = &config.database;
    PostgresConfig {
        pool_size: database.pool_size,
        acquire_timeout: database.acquire_timeout,
        // Whole tables are read and large pages written.
        statement_timeout: database
            .statement_timeout
            .max(std::time::Duration::from_mins(1)),
        // Somebody waits at a terminal.
        start_wait: std::time::Duration::ZERO,
        ..PostgresConfig::new(url.clone())
    }
}
