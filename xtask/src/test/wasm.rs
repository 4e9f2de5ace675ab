//! Step `wasm`: the pure crates compile for the browser, and so for any host without threads, files or sockets.

use anyhow::Result;

use super::purity::PURE_CRATES;
use crate::command;
use crate::wasm_toolchain::{TARGET, WasmToolchain};
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let toolchain = WasmToolchain::prepare(workspace)?;
    let mut cargo = toolchain.cargo(workspace);
    cargo.args(["check", "--locked", "--target", TARGET]);
    for name in PURE_CRATES {
        cargo.args(["--package", name]);
    }
    command::run(&mut cargo)
}
