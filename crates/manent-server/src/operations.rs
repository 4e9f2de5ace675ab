//! What operators look at: health, readiness, metrics, version.

mod handlers;
mod readiness;

pub(crate) use handlers::router;
pub(crate) use readiness::{NotReady, ReadinessCheck};
