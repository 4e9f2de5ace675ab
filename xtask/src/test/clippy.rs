//! Step `clippy`.

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{command, doctor, fuzz, page};

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    doctor::require_rust_component("clippy", "cargo-clippy")?;
    doctor::require_c_compiler()?;
    page::build(workspace)?;
    command::run(command::cargo(workspace.root()).args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--exclude",
        fuzz::PACKAGE,
        "--",
        "-D",
        "warnings",
    ]))
}
