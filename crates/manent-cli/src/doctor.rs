//! `manent doctor`: how everything stands, without starting the server and without changing anything.

mod check;
mod configuration;
mod directory;
mod journal;
mod server;
mod store;

use manent_config::{Config, load};

use self::check::{Check, as_json, as_text};
use crate::arguments::DoctorOptions;
use crate::exit::Failure;
use crate::{console, sources};

/// Runs the command.
pub(crate) fn run(options: &DoctorOptions) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(format!("the runtime cannot be started: {error}")))?;
    let loaded = load(&sources::collect(&options.settings)?);
    let mut checks = vec![configuration::check(&loaded)];
    // With mistakes in it nobody can tell where the rest is.
    if let Ok(config) = loaded.into_config() {
        checks.extend(runtime.block_on(of_config(&config)));
    }
    runtime.shutdown_background();
    let text = if options.json {
        format!("{:#}\n", as_json(&checks))
    } else {
        as_text(&checks)
    };
    console::print(&text);
    if checks.iter().any(Check::is_problem) {
        Err(Failure::ProblemsReported)
    } else {
        Ok(())
    }
}

async fn of_config(config: &Config) -> Vec<Check> {
    let is_running = server::is_running(config);
    let mut checks = directory::checks(config);
    checks.extend(server::checks(config, is_running).await);
    checks.push(store::check(config, is_running).await);
    checks.push(journal::check(config, is_running));
    checks
}
