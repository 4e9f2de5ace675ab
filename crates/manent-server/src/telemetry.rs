//! Logs and metrics of the process.

mod logging;
mod prometheus;

pub use logging::{LogFormat, LoggingError, init_logging};
pub use prometheus::init_metrics;
pub(crate) use prometheus::{render_metrics, run_upkeep};
