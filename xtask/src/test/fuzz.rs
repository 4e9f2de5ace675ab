//! Step `fuzz`: every parser of outside input, with its corpus and some seconds of new inputs.

use anyhow::Result;

use crate::fuzz;
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    fuzz::run_briefly(workspace)
}
