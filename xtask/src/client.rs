//! The TypeScript client in `clients/typescript`: the engine as wasm with its bindings, then the package around it.
//!
//! Three steps, each repeated only when what it reads changed: the wasm module, its JavaScript, the package.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::stamp::{Stamp, files_of};
use crate::wasm_toolchain::{TARGET, WasmToolchain};
use crate::workspace::Workspace;
use crate::{command, console, npm};

/// The crate that becomes the module, and those of ours that it is made of.
const CRATES: &[&str] = &["manent-engine-wasm", "manent-engine", "manent-types"];

const PROFILE: &str = "wasm-release";

/// Folders of the package that are not part of what its build reads.
const NOT_SOURCES: &[&str] = &["node_modules", "dist", "coverage"];

/// The proposals that the compiler's output uses; every browser that the page supports has them.
const WASM_FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// What has one caller stays a function of its own unless it is tiny. By default all of it moves to its caller: fewer bytes, but in functions
/// so large that gzip finds less to share, 7 KB more on the wire.
const INLINING: &str = "--one-caller-inline-max-function-size=20";

/// Builds `clients/typescript/dist`; does nothing when it is up to date.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    prepare(workspace)?;
    let stamp = Stamp::new(
        workspace,
        "client-build",
        &files_of(&workspace.client(), NOT_SOURCES)?,
    )?;
    if workspace.client().join("dist/index.js").exists() && stamp.is_current() {
        return Ok(());
    }
    console::progress("building the client");
    command::run(command::new("npm", &workspace.client()).args(["run", "build"]))?;
    stamp.write()
}

/// Everything that the package's own build and tests need: its packages, the module and its bindings.
pub(crate) fn prepare(workspace: &Workspace) -> Result<()> {
    npm::install(workspace, &workspace.client(), "client")?;
    let mut inputs = vec![
        workspace.root().join("Cargo.toml"),
        workspace.root().join("Cargo.lock"),
        workspace.client().join("package-lock.json"),
    ];
    for name in CRATES {
        inputs.extend(files_of(&workspace.root().join("crates").join(name), &[])?);
    }
    inputs.extend(files_of(
        &workspace.root().join("tools/manent-bindings"),
        &[],
    )?);
    let stamp = Stamp::new(workspace, "client-wasm", &inputs)?;
    if module(workspace).exists() && stamp.is_current() {
        return Ok(());
    }
    let compiled = compile(workspace)?;
    write_bindings(workspace, compiled)?;
    shrink(workspace)?;
    put_in_place(workspace)?;
    stamp.write()
}

/// What other packages get to see.
pub(crate) fn built_files(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    files_of(&workspace.client().join("dist"), &[])
}

const MODULE: &str = "manent_engine_bg.wasm";

/// Where the module and its bindings lie, among the package's sources; not under version control.
fn module(workspace: &Workspace) -> PathBuf {
    workspace.client().join("src/wasm").join(MODULE)
}

/// Where they are made: what others may be reading is replaced only by what is whole.
fn workshop(workspace: &Workspace) -> PathBuf {
    workspace.notes().join("bindings")
}

/// The module as the compiler makes it.
fn compile(workspace: &Workspace) -> Result<PathBuf> {
    let toolchain = WasmToolchain::prepare(workspace)?;
    console::progress("compiling the engine for the browser");
    let mut cargo = toolchain.cargo(workspace);
    cargo
        .args(["build", "--locked", "--package", "manent-engine-wasm"])
        .args(["--target", TARGET, "--profile", PROFILE]);
    command::run(&mut cargo)?;
    Ok(toolchain
        .target(workspace)
        .join(TARGET)
        .join(PROFILE)
        .join("manent_engine_wasm.wasm"))
}

/// Its JavaScript and its types, by the library that the crate was compiled with.
fn write_bindings(workspace: &Workspace, compiled: PathBuf) -> Result<()> {
    console::progress("writing the engine's bindings (the first time takes a minute)");
    let mut cargo = command::cargo(workspace.root());
    cargo
        .args([
            "run",
            "--locked",
            "--quiet",
            "--package",
            "manent-bindings",
            "--",
        ])
        .arg(compiled)
        .arg(workshop(workspace))
        .arg("manent_engine");
    command::run(&mut cargo)
}

/// `wasm-opt`, from the package's own packages.
fn shrink(workspace: &Workspace) -> Result<()> {
    let module = workshop(workspace).join(MODULE);
    let smaller = module.with_extension("smaller");
    let script = workspace
        .client()
        .join("node_modules/binaryen/bin/wasm-opt");
    ensure!(
        script.exists(),
        "{} is missing; delete clients/typescript/node_modules and try again",
        script.display()
    );
    command::run(
        command::new("node", &workspace.client())
            .arg(script)
            .args(["-Oz", "--converge", "--strip-debug", "--strip-producers"])
            .arg(INLINING)
            .args(WASM_FEATURES)
            .arg(&module)
            .arg("-o")
            .arg(&smaller),
    )?;
    fs::rename(&smaller, &module).context("cannot replace the module by the smaller one")
}

/// Moves what was made to where the package finds it.
fn put_in_place(workspace: &Workspace) -> Result<()> {
    let folder = workspace.client().join("src/wasm");
    fs::create_dir_all(&folder)?;
    for made in files_of(&workshop(workspace), &[])? {
        let name = made.file_name().context("a file has no name")?;
        let half = folder.join(name).with_extension("new");
        fs::copy(&made, &half).with_context(|| format!("cannot copy {}", made.display()))?;
        fs::rename(&half, folder.join(name))?;
    }
    Ok(())
}
