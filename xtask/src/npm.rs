//! Packages from npm.

use std::path::Path;

use anyhow::Result;

use crate::stamp::Stamp;
use crate::workspace::Workspace;
use crate::{command, console, doctor};

/// `npm ci` in `folder`, when its lock file changed or nothing is installed there. `name` is for people and for the stamp.
pub(crate) fn install(workspace: &Workspace, folder: &Path, name: &str) -> Result<()> {
    doctor::require_node()?;
    let inputs = [
        folder.join("package.json"),
        folder.join("package-lock.json"),
    ];
    let stamp = Stamp::new(workspace, &format!("{name}-packages"), &inputs)?;
    // npm writes this file last when it installs.
    let is_installed = folder.join("node_modules/.package-lock.json").exists();
    if is_installed && stamp.is_current() {
        return Ok(());
    }
    console::progress(&format!(
        "installing the packages of the {name} (the first time takes a minute)"
    ));
    command::run(
        command::new("npm", folder)
            .args(["ci", "--no-audit", "--no-fund"])
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
    )?;
    stamp.write()
}
