//! `cargo xtask run`: from a fresh clone to a running server.

use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;

use crate::workspace::{Profile, Workspace};
use crate::{command, console, doctor, page};

#[derive(Args)]
pub(crate) struct Options {
    /// Build without optimisation: faster to build, slower to run
    #[arg(long, visible_alias = "dev")]
    debug: bool,
    /// Flags for `manent serve`, after `--`
    #[arg(last = true)]
    serve: Vec<String>,
}

/// Builds what changed and becomes `manent serve`, which prints its address.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let profile = if options.debug {
        Profile::Debug
    } else {
        Profile::Release
    };
    doctor::require_c_compiler()?;
    page::build(workspace)?;
    build_server(workspace, profile)?;
    console::progress("starting the server (Ctrl-C stops it)");
    // Relative paths among the flags belong to where the user is.
    let here = std::env::current_dir().context("the current directory is gone")?;
    let mut server = command::new(workspace.binary(profile), &here);
    server.arg("serve").args(&options.serve);
    become_process(&mut server)
}

/// Builds the binary `manent`; the page must be built before.
pub(crate) fn build_server(workspace: &Workspace, profile: Profile) -> Result<()> {
    let hint = if workspace.binary(profile).exists() {
        ""
    } else {
        " (the first time takes some minutes)"
    };
    console::progress(&format!(
        "building the server, {} profile{hint}",
        profile.directory()
    ));
    command::run(
        command::cargo(workspace.root())
            .args(["build", "--package", "manent-cli"])
            .args(profile.cargo_flags()),
    )
}

/// On Unix the process is replaced, so that signals reach the server itself.
#[cfg(unix)]
fn become_process(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(anyhow::Error::new(error).context(format!(
        "could not start {}",
        command.get_program().to_string_lossy()
    )))
}

#[cfg(not(unix))]
fn become_process(command: &mut Command) -> Result<()> {
    command::run(command)
}
