//! The stores, and how they go away and come back.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use manent_postgres::{PostgresServer, ServerOptions, Stop};
use manent_testkit::FaultProxy;
use tokio::sync::{Mutex, MutexGuard};

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// Embedded.
    Sqlite,
    /// A server of its own.
    Postgres,
}

/// An empty store for one proof.
pub enum Database {
    /// In the data directory of the one server that uses it.
    Sqlite(SqliteDatabase),
    /// On a Postgres server.
    Postgres(Box<PostgresDatabase>),
}

/// What another program can do to an SQLite database.
#[derive(Debug, Default)]
pub struct SqliteDatabase {
    /// While it lives, nobody else can write.
    lock: Option<rusqlite::Connection>,
}

/// A database on a Postgres server, and a proxy before it.
pub struct PostgresDatabase {
    database: manent_postgres::Database,
    proxy: FaultProxy,
    /// The one that this proof may stop; absent: somebody else's, which goes away behind its proxy.
    own: Option<MutexGuard<'static, Option<OwnServer>>>,
}

/// The Postgres server of the proofs, one proof after the other.
static OWN: Mutex<Option<OwnServer>> = Mutex::const_new(None);

struct OwnServer {
    server: PostgresServer,
    /// False after a proof that left it down.
    is_up: bool,
}

impl Database {
    /// A new one.
    ///
    /// # Errors
    /// When there is no Postgres.
    pub async fn start(store: Store) -> anyhow::Result<Self> {
        Ok(match store {
            Store::Sqlite => Self::Sqlite(SqliteDatabase::default()),
            Store::Postgres => Self::Postgres(Box::new(PostgresDatabase::start().await?)),
        })
    }

    /// Its address for servers; absent: it is in their data directory.
    ///
    /// # Errors
    /// When it has none.
    pub fn url(&self) -> anyhow::Result<Option<String>> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(postgres) => {
                let proxy = postgres.proxy.address();
                let url = postgres.database.url_through("127.0.0.1", proxy.port())?;
                Ok(Some(url))
            }
        }
    }

    /// What stands between servers and Postgres.
    ///
    /// # Errors
    /// When nothing does.
    pub fn proxy(&self) -> anyhow::Result<&FaultProxy> {
        match self {
            Self::Sqlite(_) => anyhow::bail!("nothing stands before SQLite"),
            Self::Postgres(postgres) => Ok(&postgres.proxy),
        }
    }

    /// From now on nobody can write into it: SQLite is locked by another program, Postgres is killed.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn go_down(&mut self, data_dir: &Path) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.lock(data_dir),
            Self::Postgres(postgres) => {
                if let Some(own) = postgres.own() {
                    own.is_up = false;
                    return own.server.stop(Stop::Immediate).await;
                }
                postgres.proxy.go_down().await;
                Ok(())
            }
        }
    }

    /// It is there again.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn come_back(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.lock = None,
            Self::Postgres(postgres) => match postgres.own() {
                Some(own) => own.come_up().await?,
                None => postgres.proxy.accept().await,
            },
        }
        Ok(())
    }
}

impl SqliteDatabase {
    fn lock(&mut self, data_dir: &Path) -> anyhow::Result<()> {
        let connection = rusqlite::Connection::open(data_dir.join("manent.db"))?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection
            .execute_batch("BEGIN EXCLUSIVE")
            .context("locking the database")?;
        self.lock = Some(connection);
        Ok(())
    }
}

impl OwnServer {
    async fn start() -> anyhow::Result<Self> {
        // As it is run: with a disk that is waited for.
        let options = ServerOptions {
            fsync: true,
            ..ServerOptions::default()
        };
        Ok(Self {
            server: PostgresServer::private(options).await?,
            is_up: true,
        })
    }

    async fn come_up(&mut self) -> anyhow::Result<()> {
        if !self.is_up {
            self.server.start().await?;
            self.is_up = true;
        }
        Ok(())
    }
}

impl PostgresDatabase {
    async fn start() -> anyhow::Result<Self> {
        let is_given =
            std::env::var_os("MANENT_TEST_POSTGRES_URL").is_some_and(|url| !url.is_empty());
        let (database, own) = if is_given {
            let server = PostgresServer::shared().await?;
            (server.fresh_database().await?, None)
        } else {
            let mut guard = OWN.lock().await;
            let own = match guard.as_mut() {
                Some(own) => own,
                None => guard.insert(OwnServer::start().await?),
            };
            own.come_up().await?;
            (own.server.fresh_database().await?, Some(guard))
        };
        let proxy = FaultProxy::start(address_of(database.url()).await?).await?;
        Ok(Self {
            database,
            proxy,
            own,
        })
    }

    fn own(&mut self) -> Option<&mut OwnServer> {
        self.own.as_mut()?.as_mut()
    }
}

async fn address_of(url: &str) -> anyhow::Result<SocketAddr> {
    let url = reqwest::Url::parse(url)?;
    let host = url.host_str().context("a host")?.to_owned();
    let port = url.port().unwrap_or(5432);
    let mut addresses = tokio::net::lookup_host((host, port)).await?;
    addresses.next().context("an address of Postgres")
}
