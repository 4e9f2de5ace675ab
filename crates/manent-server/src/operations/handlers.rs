//! `/healthz`, `/readyz`, `/metrics`, `/version`.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::join_all;
use manent_protocol::{Health, PartReadiness, Problem, Readiness, Version};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Operator;
use crate::app::App;
use crate::telemetry;

/// How long a part may take to say whether it is ready.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(metrics))
        .routes(routes!(version))
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, body = Health)))]
async fn healthz() -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
    })
}

/// Whether the server can work, and which part cannot; where people sign in, the parts are told to those alone who run the server.
#[utoipa::path(get, path = "/readyz", tag = "operations",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
async fn readyz(State(app): State<App>, operator: Option<Operator>) -> Response {
    let checks = app.readiness.iter().map(|part| async {
        let (ready, detail) = match tokio::time::timeout(CHECK_TIMEOUT, part.check()).await {
            Ok(Ok(detail)) => (true, detail),
            Ok(Err(not_ready)) => (false, Some(not_ready.detail)),
            Err(_) => (false, Some("did not answer in time".to_owned())),
        };
        PartReadiness {
            name: part.name().to_owned(),
            ready,
            detail,
        }
    });
    let mut parts = join_all(checks).await;
    let stopping = app.stopping.begun.is_cancelled();
    parts.push(PartReadiness {
        name: "server".to_owned(),
        ready: !stopping,
        detail: stopping.then(|| "is stopping".to_owned()),
    });
    let ready = parts.iter().all(|part| part.ready);
    // What is wrong with which part is for those who run the server.
    if operator.is_none() {
        parts.clear();
    }
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Readiness { ready, parts })).into_response()
}

/// Figures in Prometheus' text format. Where people sign in they are for those who run the server: who asks on its machine, past no proxy,
/// or is an administrator.
#[utoipa::path(get, path = "/metrics", tag = "operations", responses((status = 200, body = String), (status = "default", body = Problem)))]
async fn metrics(State(app): State<App>, _: Operator) -> Response {
    for part in app.readiness.iter() {
        part.publish_metrics();
    }
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, telemetry::render_metrics()).into_response()
}

/// Which program this is.
#[utoipa::path(get, path = "/version", tag = "operations", responses((status = 200, body = Version)))]
async fn version() -> Json<Version> {
    Json(Version {
        name: "manent".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}
