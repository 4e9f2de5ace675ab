//! Those who run the server.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use super::gate::Gate;
use super::peer::Peer;
use crate::app::App;
use crate::native::ApiError;

/// Headers with which proxies say that they ask for somebody else.
const PASSED_ON: [&str; 4] = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];

/// Somebody who runs the server: anybody in the mode local; else whoever asks on its machine and past no proxy, or is an administrator.
pub(crate) struct Operator;

fn is_passed_on(headers: &HeaderMap) -> bool {
    PASSED_ON.iter().any(|name| headers.contains_key(*name))
}

impl FromRequestParts<App> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let peer = parts.extensions.get::<Peer>();
        let is_here = peer.is_some_and(|Peer(address)| address.is_loopback());
        if matches!(app.gate, Gate::Local(_)) || (is_here && !is_passed_on(&parts.headers)) {
            return Ok(Self);
        }
        let address = app.addresses.of(parts);
        let caller = app.gate.caller(&parts.headers, address).await?;
        caller.require_admin()?;
        Ok(Self)
    }
}

impl OptionalFromRequestParts<App> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, ApiError> {
        let operator = <Self as FromRequestParts<App>>::from_request_parts(parts, app).await;
        Ok(operator.ok())
    }
}
