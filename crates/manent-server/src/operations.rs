//! What operators look at: health, readiness, metrics, version.

mod handlers;
mod readiness;

pub(crate) use handlers::router;
pub use readiness::{NotReady, ReadinessCheck};
