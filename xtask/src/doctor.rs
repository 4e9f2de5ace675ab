//! What must be on the machine before anything can be built.

use anyhow::{Context, Result, bail};

use crate::command;
use crate::system_packages::{self, Packages};

/// The oldest Node.js that the page's build tool runs on, as (major, minor).
const OLDEST_NODE: (u32, u32) = (20, 19);

const C_COMPILER: Packages = Packages {
    apt: &["gcc", "libc6-dev"],
    dnf: "gcc",
    pacman: "gcc",
    zypper: "gcc",
    apk: "build-base",
};

const CXX_COMPILER: Packages = Packages {
    apt: &["g++", "libc6-dev"],
    dnf: "gcc-c++",
    pacman: "gcc",
    zypper: "gcc-c++",
    apk: "build-base",
};

/// Node.js in a version that builds the page, and npm.
pub(crate) fn require_node() -> Result<()> {
    let how = "Install Node.js 20.19 or newer with npm (https://nodejs.org/en/download, or your version manager).";
    let Some(version) = command::version("node") else {
        bail!("Node.js is missing; the page is built with it. {how}");
    };
    let found = parse_node_version(&version)
        .with_context(|| format!("`node --version` printed {version:?}"))?;
    if found < OLDEST_NODE {
        bail!("Node.js {version} is too old to build the page. {how}");
    }
    if command::version("npm").is_none() {
        bail!("Node.js {version} is here, but npm is missing or does not work. {how}");
    }
    Ok(())
}

/// A C compiler: SQLite is compiled into the binary.
pub(crate) fn require_c_compiler() -> Result<()> {
    let chosen = std::env::var_os("CC");
    let compiler = chosen.clone().unwrap_or_else(|| "cc".into());
    if command::version(&compiler).is_some() {
        return Ok(());
    }
    if let Some(chosen) = chosen {
        bail!(
            "CC names {}, which does not work; SQLite is compiled with it",
            chosen.to_string_lossy()
        );
    }
    system_packages::install(
        "a C compiler (SQLite is compiled into the binary)",
        &C_COMPILER,
    )
}

/// A C++ compiler: libFuzzer is compiled with it.
pub(crate) fn require_cxx_compiler() -> Result<()> {
    let chosen = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    if command::version(chosen).is_some() {
        return Ok(());
    }
    system_packages::install(
        "a C++ compiler (libFuzzer is compiled with it)",
        &CXX_COMPILER,
    )
}

/// A component of the Rust toolchain, such as `clippy`; added by rustup where rustup manages the toolchain.
pub(crate) fn require_rust_component(component: &str, program: &str) -> Result<()> {
    if command::version(program).is_some() {
        return Ok(());
    }
    if command::version("rustup").is_none() {
        bail!("{program} is missing; install the component {component} of your Rust toolchain");
    }
    command::run(command::new("rustup", std::path::Path::new(".")).args([
        "component",
        "add",
        component,
    ]))
}

fn parse_node_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    Some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions_of_node() {
        assert_eq!(parse_node_version("v20.20.2"), Some((20, 20)));
        assert_eq!(parse_node_version("v24.0.0-nightly"), Some((24, 0)));
        assert_eq!(parse_node_version("20.1.0"), None);
        assert_eq!(parse_node_version(""), None);
    }

    #[test]
    fn compares_versions_by_number() {
        assert!(parse_node_version("v20.9.0") < Some(OLDEST_NODE));
        assert!(parse_node_version("v20.19.0") >= Some(OLDEST_NODE));
        assert!(parse_node_version("v100.0.0") >= Some(OLDEST_NODE));
    }
}
