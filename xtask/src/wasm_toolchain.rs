//! The compiler for `wasm32-unknown-unknown`, by choice and never by detection: a machine where the target was once
//! added by hand would hide a missing step.
//!
//! `MANENT_WASM_TOOLCHAIN=rustup` (the default) uses rustup's target. `distro` is for machines that cannot download
//! toolchains: Debian's Rust for the web, whose standard library is compiled once into its own sysroot.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::system_packages::{self, Packages};
use crate::workspace::Workspace;
use crate::{command, console};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// The variable that chooses.
pub(crate) const VARIABLE: &str = "MANENT_WASM_TOOLCHAIN";

const DISTRO_RUSTC: &str = "/usr/bin/rustc";
const DISTRO_CARGO: &str = "/usr/bin/cargo";
const DISTRO_PACKAGES: Packages = Packages {
    apt: &["rustc-web", "cargo-web", "rust-web-src", "lld"],
    dnf: "rust cargo rust-src lld",
    pacman: "rust rust-src lld",
    zypper: "rust cargo rust-src lld",
    apk: "rust cargo rust-src lld",
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WasmToolchain {
    Rustup,
    Distro,
}

impl WasmToolchain {
    /// Reads the choice, prints it, and makes the toolchain ready.
    pub(crate) fn prepare(workspace: &Workspace) -> Result<Self> {
        let chosen = Self::parse(std::env::var(VARIABLE).ok().as_deref())?;
        match chosen {
            Self::Rustup => {
                console::progress(&format!(
                    "wasm toolchain: rustup's (set {VARIABLE}=distro for Debian's)"
                ));
                prepare_rustup(workspace)?;
            }
            Self::Distro => {
                console::progress(&format!(
                    "wasm toolchain: the distribution's ({VARIABLE}=distro)"
                ));
                prepare_distro(workspace)?;
            }
        }
        Ok(chosen)
    }

    fn parse(value: Option<&str>) -> Result<Self> {
        match value {
            None | Some("" | "rustup") => Ok(Self::Rustup),
            Some("distro") => Ok(Self::Distro),
            Some(other) => bail!("{VARIABLE} is {other:?}; it can be `rustup` or `distro`"),
        }
    }

    /// Cargo's target directory with this toolchain: two compilers do not share one.
    pub(crate) fn target(self, workspace: &Workspace) -> PathBuf {
        match self {
            Self::Rustup => workspace.target().to_path_buf(),
            Self::Distro => workspace.target().join("wasm-distro"),
        }
    }

    /// A cargo that compiles for the target; the sub-command and its flags are the caller's.
    pub(crate) fn cargo(self, workspace: &Workspace) -> Command {
        match self {
            Self::Rustup => command::cargo(workspace.root()),
            Self::Distro => {
                let mut cargo = distro_command(DISTRO_CARGO, workspace.root());
                cargo
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld")
                    .env("CARGO_TARGET_DIR", self.target(workspace));
                cargo
            }
        }
    }
}

fn prepare_rustup(workspace: &Workspace) -> Result<()> {
    if command::version("rustup").is_none() {
        bail!("rustup is missing; install it, or set {VARIABLE}=distro on Debian");
    }
    let installed = command::capture(command::new("rustup", workspace.root()).args([
        "target",
        "list",
        "--installed",
    ]))?;
    if installed.lines().any(|line| line.trim() == TARGET) {
        return Ok(());
    }
    command::run(command::new("rustup", workspace.root()).args(["target", "add", TARGET])).with_context(|| {
        format!("could not add the target {TARGET}; where toolchains cannot be downloaded, set {VARIABLE}=distro")
    })
}

fn prepare_distro(workspace: &Workspace) -> Result<()> {
    if !distro_is_installed() {
        system_packages::install("the distribution's Rust for wasm", &DISTRO_PACKAGES)?;
    }
    let library = distro_library()?;
    let compiler = command::capture(distro_command(DISTRO_RUSTC, workspace.root()).arg("-vV"))?;
    let stamp = library.join(".built-by");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == compiler) {
        return Ok(());
    }
    console::progress("compiling the standard library for wasm (once, about a minute)");
    let scratch = workspace.target().join("wasm-std");
    build_standard_library(&scratch)?;
    install_standard_library(
        &scratch.join("target").join(TARGET).join("release/deps"),
        &library,
    )?;
    fs::write(&stamp, compiler).with_context(|| format!("cannot write {}", stamp.display()))?;
    fs::remove_dir_all(&scratch).context("cannot clean up after compiling the standard library")
}

fn distro_is_installed() -> bool {
    let sources = || {
        let sysroot = command::capture(
            distro_command(DISTRO_RUSTC, Path::new("/")).args(["--print", "sysroot"]),
        )
        .ok()?;
        Some(Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/std/Cargo.toml"))
    };
    [DISTRO_RUSTC, DISTRO_CARGO, "wasm-ld"]
        .iter()
        .all(|program| command::version(program).is_some())
        && sources().is_some_and(|file| file.exists())
}

/// Where the distribution's compiler looks for the target's libraries.
fn distro_library() -> Result<PathBuf> {
    let printed = command::capture(distro_command(DISTRO_RUSTC, Path::new("/")).args([
        "--target",
        TARGET,
        "--print",
        "target-libdir",
    ]))?;
    Ok(PathBuf::from(printed.trim()))
}

/// Compiles an empty crate together with the standard library, whose parts are then picked up.
fn build_standard_library(scratch: &Path) -> Result<()> {
    fs::create_dir_all(scratch.join("src"))?;
    fs::write(scratch.join("src/lib.rs"), "")?;
    fs::write(
        scratch.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nedition = \"2021\"\n\n[workspace]\n\n\
         [profile.release]\nopt-level = \"s\"\ncodegen-units = 1\npanic = \"abort\"\n",
    )?;
    command::run(
        distro_command(DISTRO_CARGO, scratch)
            .args([
                "build",
                "--release",
                "--target",
                TARGET,
                "-Z",
                "build-std=std,panic_abort",
            ])
            // A stable compiler builds its own standard library only when it is told that it may.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", "-Cembed-bitcode=yes")
            .env("CARGO_TARGET_DIR", scratch.join("target")),
    )
}

fn install_standard_library(built: &Path, library: &Path) -> Result<()> {
    if library.exists() {
        fs::remove_dir_all(library)
            .with_context(|| format!("cannot replace {}", library.display()))?;
    }
    fs::create_dir_all(library).with_context(|| {
        format!(
            "cannot write to {}; run this as root once",
            library.display()
        )
    })?;
    for entry in fs::read_dir(built)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let is_part = path
            .extension()
            .is_some_and(|extension| extension == "rlib")
            && !name.starts_with("libempty-");
        if is_part {
            fs::copy(&path, library.join(name)).with_context(|| format!("cannot copy {name}"))?;
        }
    }
    Ok(())
}

/// A command of the distribution's toolchain, without what rustup and `cargo run` put into the environment.
fn distro_command(program: &str, directory: &Path) -> Command {
    let mut command = command::new(program, directory);
    command
        .env("RUSTC", DISTRO_RUSTC)
        .env("PATH", distro_path());
    for name in [
        "RUSTUP_TOOLCHAIN",
        "LD_LIBRARY_PATH",
        "CARGO",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
    ] {
        command.env_remove(name);
    }
    command
}

fn distro_path() -> std::ffi::OsString {
    let mut path = std::ffi::OsString::from("/usr/bin:/bin");
    if let Some(rest) = std::env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_rustup_unless_told_otherwise() {
        assert_eq!(WasmToolchain::parse(None).unwrap(), WasmToolchain::Rustup);
        assert_eq!(
            WasmToolchain::parse(Some("rustup")).unwrap(),
            WasmToolchain::Rustup
        );
        assert_eq!(
            WasmToolchain::parse(Some("distro")).unwrap(),
            WasmToolchain::Distro
        );
    }

    #[test]
    fn refuses_a_toolchain_that_it_does_not_know() {
        let message = WasmToolchain::parse(Some("debian"))
            .unwrap_err()
            .to_string();
        assert_eq!(
            message,
            "MANENT_WASM_TOOLCHAIN is \"debian\"; it can be `rustup` or `distro`"
        );
    }
}
