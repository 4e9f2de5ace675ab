//! The page in `web/`: its packages and its build, each repeated only when what it depends on changed.

use anyhow::Result;

use crate::stamp::{Stamp, files_of};
use crate::workspace::Workspace;
use crate::{client, command, console, npm};

/// Folders of `web/` that are not part of what the build reads.
const NOT_SOURCES: &[&str] = &[
    "node_modules",
    "dist",
    "dev",
    "e2e",
    "test-results",
    "playwright-report",
    "coverage",
];

/// Builds `web/dist`, which the server embeds, and the client that it is built on; does nothing when they are up to date.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    client::build(workspace)?;
    install_packages(workspace)?;
    let web = workspace.web();
    let mut inputs = files_of(&web, NOT_SOURCES)?;
    inputs.extend(client::built_files(workspace)?);
    let stamp = Stamp::new(workspace, "page-build", &inputs)?;
    if web.join("dist/index.html").exists() && stamp.is_current() {
        return Ok(());
    }
    console::progress("building the page");
    command::run(command::new("npm", &web).args(["run", "build"]))?;
    stamp.write()
}

/// `npm ci`, when the lock file changed or nothing is installed.
pub(crate) fn install_packages(workspace: &Workspace) -> Result<()> {
    npm::install(workspace, &workspace.web(), "page")
}
