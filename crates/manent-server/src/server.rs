//! The running server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_swagger_ui::SwaggerUi;

use crate::app::App;
use crate::http::{accept, guard, trace};
use crate::native::{self, ApiError};
use crate::{page, telemetry};

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
}

/// A server that accepts connections.
pub struct RunningServer {
    address: SocketAddr,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
}

impl RunningServer {
    /// Where it listens, with the real port.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, lets open requests finish for the configured time, ends.
    pub async fn stop(self) {
        self.shutdown.cancel();
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the server's task failed");
        }
    }
}

/// Starts to serve on a loopback address.
///
/// # Errors
/// Another address, or one that cannot be had.
pub async fn start(app: App, address: SocketAddr) -> Result<RunningServer, StartError> {
    if !address.ip().is_loopback() {
        return Err(StartError::NotLoopback(address));
    }
    let listen = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let shutdown = app.shutdown.clone();
    let options = app.http.clone();
    let router = router(app);
    let stop = shutdown.clone();
    let serving = tokio::spawn(async move {
        let upkeep = async {
            loop {
                tokio::time::sleep(Duration::from_secs(5)).await;
                telemetry::run_upkeep();
            }
        };
        tokio::select! {
            () = accept::serve(listener, router, &options, stop) => {}
            () = upkeep => {}
        }
    });
    Ok(RunningServer {
        address,
        shutdown,
        serving,
    })
}

fn router(app: App) -> Router {
    let allowed_hosts = guard::AllowedHosts::new(&app.http.allowed_hosts);
    let ids = Arc::clone(&app.ids);
    let (described, document) = native::described_routes().split_for_parts();
    described
        .merge(SwaggerUi::new("/docs").url("/openapi.json", document))
        .route("/favicon.ico", get(page::serve))
        .fallback(page::serve)
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(CatchPanicLayer::custom(on_panic))
        .layer(middleware::from_fn_with_state(allowed_hosts, guard::guard))
        .layer(middleware::from_fn_with_state(ids, trace::trace))
        .with_state(app)
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn on_panic(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    ApiError::internal(format!("panic: {text}")).into_response()
}
