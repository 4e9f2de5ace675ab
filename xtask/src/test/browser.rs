//! Step `browser`: Chromium drives the page, served by the real binary.

use anyhow::Result;

use crate::workspace::{Profile, Workspace};
use crate::{chromium, command, page, run};

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let browser = chromium::require()?;
    page::build(workspace)?;
    run::build_server(workspace, Profile::Debug)?;
    command::run(
        command::new("npm", &workspace.web())
            .args(["run", "e2e"])
            .env(chromium::VARIABLE, browser)
            .env("MANENT_BINARY", workspace.binary(Profile::Debug)),
    )
}
