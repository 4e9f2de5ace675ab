//! Runs: what it costs that an answer survives its reader and its server, and how many of them one machine carries.

mod first_token;
mod log_cost;
mod many;
mod store_gone;

use crate::cores::Cores;
use crate::environment::Environment;
use crate::report::Report;
use crate::upstream;

/// Runs it.
///
/// # Errors
/// When a process does not start, a stream breaks, or a run is not kept.
pub(crate) fn run(environment: &Environment) -> anyhow::Result<Report> {
    let mut report = Report::new("runs", environment.quick);
    Cores::Load.bind_this_thread()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let upstream = upstream::start().await?;
        log_cost::measure(environment, upstream, &mut report).await?;
        first_token::measure(environment, upstream, &mut report).await?;
        many::measure(environment, upstream, &mut report).await?;
        store_gone::measure(environment, upstream, &mut report).await?;
        Ok(report)
    })
}
