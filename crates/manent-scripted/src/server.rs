//! Plays plans over HTTP, in the vendors' own wire formats.
//!
//! It is a stand-in for a provider on this machine: it listens on loopback only, and it ends at once when it is told to.

mod anthropic;
mod body;
mod connection;
mod encode;
mod openai;
mod records;
mod routes;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use records::{RecordedRequest, RequestState, Requests};

use crate::rules::{Flush, Rules};

/// A vendor's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WireFormat {
    /// `POST /v1/messages`.
    Anthropic,
    /// `POST /v1/chat/completions`.
    #[serde(rename = "openai")]
    OpenAi,
}

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServeArgs {
    /// What is answered.
    pub rules: Arc<Rules>,
    /// The formats, at least one.
    pub formats: Vec<WireFormat>,
    /// Where to listen: on loopback; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The key that requests must carry (`x-api-key` or `Authorization: Bearer`); absent: none is asked for.
    pub required_key: Option<SecretString>,
    /// Over the file's `flush`.
    pub flush: Option<Flush>,
}

impl ServeArgs {
    /// Both formats on a free port, without a key.
    pub fn new(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            formats: vec![WireFormat::Anthropic, WireFormat::OpenAi],
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            required_key: None,
            flush: None,
        }
    }
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Anybody on the network could use it.
    #[error(
        "{address} is not a loopback address; the scripted server only listens on 127.0.0.1 or [::1]"
    )]
    NotLoopback {
        /// What was asked for.
        address: SocketAddr,
    },
    /// There is nothing to serve.
    #[error("no wire format is chosen; choose anthropic, openai or both")]
    NoFormat,
    /// Such as a port in use.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub struct ScriptedServer {
    address: SocketAddr,
    requests: Requests,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl ScriptedServer {
    /// Where it listens, with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was asked so far.
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Waits until the server has ended, by the `shutdown` that it was started with.
    pub async fn finished(mut self) {
        // Its only failures are a panic, which the runtime has reported, and an abort, which nobody does.
        let _ = (&mut self.task).await;
    }

    /// Ends the server and every connection, and waits until it has.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.finished().await;
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Binds the address and serves in the background until `shutdown` is ready or the handle is dropped. Connections are then cut.
///
/// # Errors
/// An address that is not on loopback, no format, or a system that does not let us listen.
pub async fn serve(
    arguments: ServeArgs,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<ScriptedServer, ServeError> {
    let address = arguments.listen;
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback { address });
    }
    if arguments.formats.is_empty() {
        return Err(ServeError::NoFormat);
    }
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })?;
    let address = listener
        .local_addr()
        .map_err(|source| ServeError::Listen { address, source })?;
    let requests = Requests::default();
    let router = routes::router(&arguments, requests.clone());
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(connection::accept(listener, router, stopped, shutdown));
    Ok(ScriptedServer {
        address,
        requests,
        stop,
        task,
    })
}
