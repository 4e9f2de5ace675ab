//! `manent user`, `manent key`, `manent audit`, `manent secret`: the services of accounts over the configured store, without a server and beside
//! a running one.
//!
//! Invariant: whoever runs these commands could change the database as well, so they may everything; the audit log says that it was the command
//! line. Passwords and secrets are never arguments.

pub(crate) mod audit;
mod desk;
pub(crate) mod key;
mod no_tokens;
mod password;
pub(crate) mod secret;
mod table;
pub(crate) mod user;
pub(crate) mod when;

use std::future::Future;

use crate::exit::Failure;

/// Runs a command to its end.
fn wait_for(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(format!("the runtime cannot be started: {error}")))?;
    let outcome = runtime.block_on(command);
    runtime.shutdown_background();
    outcome
}
