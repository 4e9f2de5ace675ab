//! `cargo xtask sim`: hands over to `testing/manent-sim`, in release.

use anyhow::Result;
use clap::Args;

use crate::workspace::Workspace;
use crate::{command, console};

#[derive(Args)]
pub(crate) struct Options {
    /// Arguments of the simulation: `--messages N`, `--minutes N`, `--seed N`, … (`-- --help` lists them)
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the simulation in release and runs it.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    console::progress("running the simulation");
    command::run(
        command::cargo(workspace.root())
            .args(["run", "--release", "--package", "manent-sim", "--"])
            .args(&options.arguments),
    )
}
