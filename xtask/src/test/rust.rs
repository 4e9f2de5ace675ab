//! Step `rust`: unit, property, integration and documentation tests.

use anyhow::Result;

use crate::workspace::{Profile, Workspace};
use crate::{command, doctor, page, run};

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    doctor::require_c_compiler()?;
    page::build(workspace)?;
    // Tests of other crates start the real binary, which cargo does not build for them.
    run::build_server(workspace, Profile::Debug)?;
    command::run(command::cargo(workspace.root()).args(["test", "--workspace"]))
}
