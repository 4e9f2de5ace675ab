//! What both pass-throughs share: the listener without Nagle's delay and the connection pool to the upstream.

use std::io::Write;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::serve::ListenerExt;
use hyper::Uri;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;

/// The upstream of a pass-through.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    /// Keeps connections.
    pub(crate) client: Client<HttpConnector, Body>,
    /// Where to forward to.
    pub(crate) uri: Uri,
}

impl Upstream {
    /// A pool of connections to this address.
    ///
    /// # Errors
    /// Never for an address.
    pub(crate) fn new(address: SocketAddr) -> anyhow::Result<Self> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            uri: format!("http://{address}/v1/chat/completions").parse()?,
        })
    }
}

/// Serves a router on a free port of loopback, prints where, and goes on until the process is stopped.
///
/// # Errors
/// When it cannot listen.
pub(crate) async fn serve(router: Router) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    writeln!(std::io::stdout(), "ready at http://{address}")?;
    let listener = listener.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    axum::serve(listener, router).await?;
    Ok(())
}
