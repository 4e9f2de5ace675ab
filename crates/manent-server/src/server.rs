//! The running server.

use std::net::SocketAddr;
use std::time::Duration;

use manent_config::Config;
use manent_storage_sqlite::SqliteMetrics;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::compose::{ComposeError, Composition};
use crate::http::accept;
use crate::{router, telemetry};

/// How often the recorder of metrics folds what it has collected.
const UPKEEP: Duration = Duration::from_secs(5);

/// The server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Not a loopback address, and there are no accounts yet.
    #[error(
        "{0} is not a loopback address: without accounts Manent listens on this machine only (127.0.0.1 or [::1])"
    )]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The parts below HTTP could not be put together.
    #[error(transparent)]
    Compose(#[from] ComposeError),
}

/// A server that accepts connections.
pub struct Server {
    address: SocketAddr,
    composition: Composition,
    serving: JoinHandle<()>,
}

impl Server {
    /// Opens the store and serves on the configured loopback address.
    ///
    /// # Errors
    /// An address that is none or cannot be had, a store that cannot be opened, a provider that cannot be set up.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        telemetry::init_metrics();
        let address = config.listen;
        if !address.ip().is_loopback() {
            return Err(StartError::NotLoopback(address));
        }
        let listen = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let composition = Composition::new(config).await?;
        let app = composition.app.clone();
        let shutdown = app.shutdown.clone();
        let options = app.http.clone();
        let router = router::router(app);
        let serving = tokio::spawn(async move {
            accept::serve(listener, router, &options, shutdown).await;
        });
        let stopping = composition.app.shutdown.clone();
        composition.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = tokio::time::sleep(UPKEEP) => telemetry::run_upkeep(),
                }
            }
        });
        Ok(Self {
            address,
            composition,
            serving,
        })
    }

    /// Where it listens, with the real port.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the store did since the server started, and how it stands.
    pub fn store_metrics(&self) -> SqliteMetrics {
        self.composition.store_metrics()
    }

    /// Stops accepting, lets open requests finish for the configured time, ends the background work, closes the store.
    pub async fn stop(self) {
        self.composition.app.shutdown.cancel();
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the server's task failed");
        }
        self.composition.close().await;
    }
}
