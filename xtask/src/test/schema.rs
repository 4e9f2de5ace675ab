//! Step `schema`: schemathesis asks a real server what its own OpenAPI document allows, and what it does not.

use anyhow::Result;

use crate::workspace::{Profile, Workspace};
use crate::{command, doctor, page, python, run};

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    doctor::require_c_compiler()?;
    let folder = workspace.root().join("testing/schemathesis");
    let python = python::environment(workspace, "schemathesis", &folder.join("requirements.txt"))?;
    page::build(workspace)?;
    run::build_server(workspace, Profile::Debug)?;
    command::run(
        command::new(python, workspace.root())
            .arg(folder.join("run.py"))
            .arg("--server")
            .arg(workspace.binary(Profile::Debug)),
    )
}
