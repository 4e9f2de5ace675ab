//! Step `rustdoc`.

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{command, fuzz, page};

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    page::build(workspace)?;
    command::run(
        command::cargo(workspace.root())
            .args(["doc", "--workspace", "--all-features", "--no-deps"])
            .args(["--exclude", fuzz::PACKAGE])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}
