//! Step `page`: everything about the page that needs no browser.

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{command, page};

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    page::install_packages(workspace)?;
    for script in ["lint", "test"] {
        command::run(command::new("npm", &workspace.web()).args(["run", script]))?;
    }
    page::build(workspace)
}
