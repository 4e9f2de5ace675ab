//! `cargo xtask kill`: the kill test alone, as often as one likes.

use anyhow::Result;
use clap::Args;

use crate::workspace::Workspace;
use crate::{command, console, doctor, page};

#[derive(Args)]
pub(crate) struct Options {
    /// How often the server is killed
    #[arg(long, value_name = "N", default_value_t = 200)]
    rounds: u32,
    /// Replay the run with this seed; each run prints its own
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
}

/// Kills the server under concurrent appends and compares what it has with what it acknowledged.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    doctor::require_c_compiler()?;
    page::build(workspace)?;
    console::progress(&format!("killing the server {} times", options.rounds));
    let mut test = command::cargo(workspace.root());
    test.args(["test", "--package", "manent-cli", "--test", "kill_restart"])
        .args(["--", "--nocapture"])
        .env("MANENT_KILL_ROUNDS", options.rounds.to_string());
    if let Some(seed) = options.seed {
        test.env("MANENT_KILL_SEED", seed.to_string());
    }
    command::run(&mut test)
}
