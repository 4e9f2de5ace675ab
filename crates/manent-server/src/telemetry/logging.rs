//! Structured logs on standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter cannot be read.
    #[error("the log filter is not valid: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something else logs already.
    #[error("logging is set up already")]
    Twice,
}

/// Sends logs of the whole process to standard error. `filter` is a level, or directives such as `info,manent_server=debug`.
///
/// # Errors
/// A filter that cannot be read, or a second call.
pub fn init_logging(filter: &str, format: LogFormat) -> Result<(), LoggingError> {
    // The migrations' library speaks through `log`, with paths of the machine that built it.
    let filter = EnvFilter::try_new(format!("rusqlite_migration=warn,{filter}"))?;
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let outcome = match format {
        LogFormat::Text => registry.with(layer.with_target(false)).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
    outcome.map_err(|_| LoggingError::Twice)
}
