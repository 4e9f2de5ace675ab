//! `cargo xtask bench`: hands over to `testing/manent-bench`.

use anyhow::Result;
use clap::Args;

use crate::workspace::{Profile, Workspace};
use crate::{command, console, doctor, page, run};

#[derive(Args)]
pub(crate) struct Options {
    /// Arguments of the benchmark program (`--help` lists them)
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the server and the benchmarks in release and runs them.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    doctor::require_c_compiler()?;
    page::build(workspace)?;
    run::build_server(workspace, Profile::Release)?;
    console::progress("running the benchmarks");
    command::run(
        command::cargo(workspace.root())
            .args(["run", "--release", "--package", "manent-bench", "--"])
            .args(&options.arguments),
    )
}
