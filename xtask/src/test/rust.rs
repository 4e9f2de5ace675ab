//! Step `rust`: unit, property, integration and documentation tests, those against Postgres included.

use anyhow::Result;

use super::proofs;
use crate::workspace::{Profile, Workspace};
use crate::{command, doctor, fuzz, npm, page, postgres, run};

/// Packages that are not tested here, for each changes how dependencies of others are compiled: programs without tests of their own, that other
/// steps run.
pub(super) const OTHERS: &[&str] = &[fuzz::PACKAGE, "manent-bindings"];

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
    test.args(["test", "--workspace", "--exclude", proofs::PACKAGE]);
    for other in OTHERS {
        test.args(["--exclude", other]);
    }
    command::run(postgres.tell(&mut test))
}
