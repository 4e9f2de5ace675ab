//! The running server.

use std::net::SocketAddr;
use std::time::Duration;

use manent_config::{Config, Mode};
use manent_storage_sqlite::SqliteMetrics;
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::compose::{ComposeError, Composition};
use crate::http::accept::{self, Ends};
use crate::http::places::Places;
use crate::{router, telemetry};

/// How often the recorder of metrics folds what it has collected.
const UPKEEP: Duration = Duration::from_secs(5);

/// How long the last words to clients may take after everything has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Not a loopback address, and nobody signs in.
    #[error(
        "{0} is not a loopback address: in the mode local, without accounts, Manent listens on this machine only (127.0.0.1 or [::1]); \
         set mode = \"accounts\""
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
    /// Cuts requests that do not end.
    cut: CancellationToken,
}

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;

/// Takes an address without listening there yet.
fn reserve(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restart must not wait for the old connections' last packets.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl Server {
    /// Opens the store and serves on the configured loopback address.
    ///
    /// # Errors
    /// An address that is none or cannot be had, a store that cannot be opened, a provider that cannot be set up.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        telemetry::init_metrics();
        let address = config.listen;
        if config.mode == Mode::Local && !address.ip().is_loopback() {
            return Err(StartError::NotLoopback(address));
        }
        let listen = |source| StartError::Listen { address, source };
        // The address is taken first, and listens last: until the store is open, callers are refused at once instead of left waiting.
        let socket = reserve(address).map_err(listen)?;
        let composition = Composition::new(config).await?;
        let listener = socket.listen(BACKLOG).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let app = composition.app.clone();
        if app.sign_in_switch.is_some() {
            tracing::warn!(
                "testing.sign_in_switch is on: every program on this machine can let everyone's session expire"
            );
        }
        let options = app.http.clone();
        let cut = CancellationToken::new();
        let ends = Ends {
            stop: app.stopping.begun.clone(),
            cut: cut.clone(),
        };
        let places = Places::new(options.connections_by_address, app.addresses.clone());
        let router = router::router(app);
        let serving = tokio::spawn(async move {
            accept::serve(listener, router, &options, places, ends).await;
        });
        let ending = composition.background.clone();
        composition.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = ending.cancelled() => return,
                    () = tokio::time::sleep(UPKEEP) => telemetry::run_upkeep(),
                }
            }
        });
        Ok(Self {
            address,
            composition,
            serving,
            cut,
        })
    }

    /// Where it listens, with the real port.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the SQLite store did since the server started, and how it stands; absent with another store.
    pub fn store_metrics(&self) -> Option<SqliteMetrics> {
        self.composition.sqlite_metrics()
    }

    /// Takes nothing new, lets running answers and open requests finish for the configured time, ends and keeps what is left of them, ends the
    /// background work, closes the store.
    pub async fn stop(mut self) {
        let app = self.composition.app.clone();
        let grace = app.http.shutdown_grace;
        app.stopping.begun.cancel();
        let requests = async {
            let has_served = tokio::time::timeout(grace, &mut self.serving).await.is_ok();
            app.stopping.grace_is_over.cancel();
            has_served
        };
        let (has_served, ()) = tokio::join!(requests, app.runs.shut_down(grace));
        app.stopping.runs_have_ended.cancel();
        if !has_served {
            let last_words = tokio::time::timeout(LAST_WORDS, &mut self.serving).await;
            if last_words.is_err() {
                self.cut.cancel();
                if let Err(error) = self.serving.await {
                    tracing::error!(%error, "the server's task failed");
                }
            }
        }
        drop(app);
        self.composition.close().await;
    }
}
