//! A switch with which tests of clients let everyone's session expire, until there are accounts whose sessions do.
//!
//! Invariant: it is there only where `testing.sign_in_switch` says so, which it does not by default, and the server listens on loopback
//! alone. What it refuses is the native API; the page's files and what operators look at are answered as ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Json as JsonAnswer;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use serde::{Deserialize, Serialize};

use super::body::Json;
use crate::app::App;
use crate::native::ApiError;

/// Where the switch is turned.
pub(crate) const PATH: &str = "/testing/sign-in-needed";

/// The switch. Clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct SignInSwitch {
    is_needed: Arc<AtomicBool>,
}

/// How the switch stands, or shall stand.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    needed: bool,
}

impl SignInSwitch {
    /// The route that turns it.
    pub(crate) fn route(&self) -> MethodRouter<App> {
        let switch = self.clone();
        post(async move |Json(position): Json<Position>| {
            switch.is_needed.store(position.needed, Ordering::SeqCst);
            tracing::info!(
                needed = position.needed,
                "the test switch for signing in was turned"
            );
            JsonAnswer(position)
        })
    }
}

/// Refuses while a sign-in is needed.
pub(crate) async fn refuse_signed_out(
    State(switch): State<SignInSwitch>,
    request: Request,
    next: Next,
) -> Response {
    if switch.is_needed.load(Ordering::SeqCst) {
        return ApiError::signed_out().into_response();
    }
    next.run(request).await
}
