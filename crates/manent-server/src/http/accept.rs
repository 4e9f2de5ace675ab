//! Accepting connections: bounded in number, altogether and by address, with time-outs for the head of a request and for a client that takes
//! nothing of its answer, without Nagle's delay, and with an end.
//!
//! Invariant: when [`serve`] returns, no connection is open and no request runs.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::PeerService;
use crate::app::HttpOptions;
use crate::http::places::Places;

/// When serving ends.
pub(crate) struct Ends {
    /// No connection is accepted any more, and open ones end after the answer that they wait for.
    pub(crate) stop: CancellationToken,
    /// What is left is cut.
    pub(crate) cut: CancellationToken,
}

/// Serves until it is told to stop and every request has ended, or is cut.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    options: &HttpOptions,
    places: Places,
    ends: Ends,
) {
    let permits = Arc::new(Semaphore::new(options.max_connections));
    let graceful = GracefulShutdown::new();
    let connections = TaskTracker::new();
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .max_headers(64)
        .max_buf_size(64 * 1024);
    loop {
        let accepted = async {
            let permit = Arc::clone(&permits).acquire_owned().await.ok()?;
            Some((listener.accept().await, permit))
        };
        let (connection, permit) = tokio::select! {
            () = ends.stop.cancelled() => break,
            accepted = accepted => match accepted {
                Some(accepted) => accepted,
                None => break,
            },
        };
        let (socket, address) = match connection {
            Ok(connection) => connection,
            Err(error) => {
                // Out of file descriptors, or the peer is gone already: the listener itself goes on.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let Some(place) = places.take(address.ip()) else {
            tracing::debug!("an address has as many connections as it may");
            continue;
        };
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "could not switch Nagle's delay off");
        }
        let service = TowerToHyperService::new(PeerService::new(router.clone(), address));
        let mut socket = TimeoutStream::new(socket);
        socket.set_write_timeout(Some(options.write_timeout));
        let socket = TokioIo::new(Box::pin(socket));
        let connection = graceful.watch(server.serve_connection(socket, service));
        let cut = ends.cut.clone();
        connections.spawn(async move {
            tokio::select! {
                () = cut.cancelled() => {}
                ended = connection => if let Err(error) = ended {
                    // The client's doing: it went away or did not speak HTTP.
                    tracing::debug!(%error, "connection ended");
                }
            }
            drop((place, permit));
        });
    }
    drop(listener);
    // Idle connections are closed now, the others after the answer that they wait for.
    tokio::select! {
        () = graceful.shutdown() => {}
        () = ends.cut.cancelled() => tracing::warn!("some requests did not end in time and were cut"),
    }
    connections.close();
    connections.wait().await;
}
