//! Step `client`: everything about the TypeScript client that needs no browser, and what a page downloads for it.

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{client, command};

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    client::prepare(workspace)?;
    for script in ["lint", "check", "test"] {
        command::run(command::new("npm", &workspace.client()).args(["run", script]))?;
    }
    client::build(workspace)?;
    command::run(command::new("npm", &workspace.client()).args(["run", "size"]))
}
