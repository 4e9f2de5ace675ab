//! Step `format`.

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{command, doctor};

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    doctor::require_rust_component("rustfmt", "cargo-fmt")?;
    command::run(command::cargo(workspace.root()).args(["fmt", "--all", "--check"]))
}
