//! Step `generated`.

use anyhow::Result;

use crate::generate;
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    generate::run(workspace, &generate::Options::check())
}
