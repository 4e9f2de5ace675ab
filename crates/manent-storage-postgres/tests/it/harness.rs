//! Databases and stores for tests.

use std::sync::Arc;
use std::time::Duration;

use manent_domain::ports::{Signal, SignalListener};
use manent_postgres::{Database, PostgresServer};
use manent_storage_postgres::{PostgresConfig, PostgresStore};
use tokio::sync::OnceCell;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// After which a test gives up waiting for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A database with the tables and nothing in them.
static TEMPLATE: OnceCell<Database> = OnceCell::const_new();

/// A database of a test, with the tables.
pub(crate) async fn database() -> Database {
    let server = PostgresServer::shared().await.unwrap();
    let template = TEMPLATE
        .get_or_init(|| async {
            let database = server.fresh_database().await.unwrap();
            PostgresStore::migrate(PostgresConfig::new(database.url()))
                .await
                .unwrap();
            database
        })
        .await;
    // Whoever made the tables may still be saying good-bye.
    loop {
        template.terminate_backends().await.unwrap();
        if let Ok(database) = server.copy_of(template).await {
            return database;
        }
    }
}

/// A database of a test, without any tables.
pub(crate) async fn empty_database() -> Database {
    let server = PostgresServer::shared().await.unwrap();
    server.fresh_database().await.unwrap()
}

/// With few connections, for there are many tests.
pub(crate) fn small(database: &Database) -> PostgresConfig {
    PostgresConfig {
        pool_size: 3,
        ..PostgresConfig::new(database.url())
    }
}

pub(crate) async fn open(config: PostgresConfig) -> PostgresStore {
    PostgresStore::connect(config).await.unwrap()
}

/// Waits for what must come.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| panic!("it did not come within {PATIENCE:?}"))
}

/// Keeps the signals of a store.
pub(crate) struct Ears {
    sender: UnboundedSender<Signal>,
}

/// What was heard.
pub(crate) struct Heard {
    receiver: UnboundedReceiver<Signal>,
}

pub(crate) fn ears() -> (Arc<Ears>, Heard) {
    let (sender, receiver) = unbounded_channel();
    (Arc::new(Ears { sender }), Heard { receiver })
}

impl SignalListener for Ears {
    fn signal(&self, signal: Signal) {
        let _ = self.sender.send(signal);
    }
}

impl Heard {
    /// Waits for this signal, passing over others.
    pub(crate) async fn wait_for(&mut self, wanted: Signal) {
        let heard = async {
            loop {
                if self.receiver.recv().await.unwrap() == wanted {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, heard)
            .await
            .unwrap_or_else(|_| panic!("{wanted:?} was not heard within {PATIENCE:?}"));
    }

    /// All that was heard until now.
    pub(crate) fn so_far(&mut self) -> Vec<Signal> {
        std::iter::from_fn(|| self.receiver.try_recv().ok()).collect()
    }
}
