//! The server: composition, HTTP, the native surface, operations, the embedded page.
//!
//! Invariants:
//! - handlers translate, services decide, repositories store;
//! - `POST /completion/generate` without a `runId` holds no repository: no store call lies on its path, before, during or after;
//! - internal detail goes to the log, a stable code and a trace id to the client.
#![warn(missing_docs)]

mod access;
mod accounts;
mod app;
mod background;
mod compose;
mod environment;
mod feed;
#[cfg(feature = "fuzzing")]
#[expect(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a panic is a finding"
)]
pub mod fuzzing;
mod http;
mod librechat;
mod limits;
pub mod links;
mod mail;
mod native;
mod oidc;
mod operations;
mod own_keys;
mod page;
mod router;
mod server;
mod signals;
pub mod telemetry;
mod upkeep;

pub use manent_storage_sqlite::SqliteMetrics;

pub use compose::{AccountSetupError, ComposeError, LOCAL_OWNER, ProviderSetupError};
pub use environment::{RandomIds, SystemClock};
pub use librechat::librechat_routes;
pub use native::openapi_json;
pub use server::{Server, StartError};
