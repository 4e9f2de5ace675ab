//! Step `rust`: unit, property, integration and documentation tests, those against Postgres included.

use anyhow::Result;

use super::proofs;
use crate::workspace::{Profile, Workspace};
use crate::{command, doctor, fuzz, npm, page, postgres, run};

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    doctor::require_c_compiler()?;
    let postgres = postgres::require()?;
    page::build(workspace)?;
    npm::install(
        workspace,
        &workspace.oidc_provider(),
        "OpenID provider of the tests",
    )?;
    // Tests of other crates start the real binary, which cargo does not build for them.
    run::build_server(workspace, Profile::Debug)?;
    let mut test = command::cargo(workspace.root());
    test.args(["test", "--workspace"]);
    test.args(["--exclude", proofs::PACKAGE, "--exclude", fuzz::PACKAGE]);
    command::run(postgres.tell(&mut test))
}
