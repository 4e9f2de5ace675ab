//! Step `licences`: cargo-deny over the Rust dependencies (licences, bans, sources, security advisories), and the licences of what the
//! page ships.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::workspace::Workspace;
use crate::{command, console};

const CARGO_DENY_VERSION: &str = "0.20.2";

/// Licences that code inside the page may have, as npm packages write them.
const ALLOWED_IN_THE_PAGE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unlicense",
    "Zlib",
];

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let cargo_deny = require_cargo_deny(workspace)?;
    let check = |what: &[&str], is_offline: bool| {
        let mut check = command::new(&cargo_deny, workspace.root());
        check.args(["--all-features", "--locked"]);
        if is_offline {
            check.arg("--offline");
        }
        check.args(["check", "--hide-inclusion-graph"]).args(what);
        command::run(&mut check)
    };
    check(&["licenses", "bans", "sources"], false)?;
    match AdvisoryDatabase::renewed(workspace, &cargo_deny)? {
        AdvisoryDatabase::New => check(&["advisories"], true)?,
        AdvisoryDatabase::Old(why) => {
            console::remark(&format!("the security advisories may be old: {why}"));
            check(&["advisories"], true)?;
        }
        AdvisoryDatabase::Missing(why) => {
            console::remark(&format!("the security advisories were NOT CHECKED: {why}"));
        }
    }
    check_page(workspace)
}

/// What is known of security advisories on this machine. They are kept at github.com, which not every machine that builds can reach.
enum AdvisoryDatabase {
    /// Fetched just now.
    New,
    /// Fetched some time ago, with why not now.
    Old(String),
    /// Not there, with why.
    Missing(String),
}

impl AdvisoryDatabase {
    fn renewed(workspace: &Workspace, cargo_deny: &Path) -> Result<Self> {
        // Before fetching: what fails to be fetched leaves something behind for a moment.
        let kept = cargo_home()
            .context("neither CARGO_HOME nor HOME is set")?
            .join("advisory-dbs");
        let is_there = kept
            .read_dir()
            .is_ok_and(|entries| entries.flatten().any(|entry| entry.path().is_dir()));
        let mut fetch = command::new(cargo_deny, workspace.root());
        let Err(error) = command::capture(fetch.args(["fetch", "db"])) else {
            return Ok(Self::New);
        };
        let why = format!("{error:#}");
        let why = why.lines().last().unwrap_or_default().trim().to_owned();
        Ok(if is_there {
            Self::Old(why)
        } else {
            Self::Missing(why)
        })
    }
}

/// Where cargo keeps what it fetches.
fn cargo_home() -> Option<PathBuf> {
    let own = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    own.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
}

/// The pinned version, compiled once into the target directory. Unoptimised: it runs for seconds and builds faster.
fn require_cargo_deny(workspace: &Workspace) -> Result<PathBuf> {
    let tools = workspace.target().join("tools");
    let program = tools
        .join("bin")
        .join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    let wanted = format!("cargo-deny {CARGO_DENY_VERSION}");
    if command::version(&program).is_some_and(|version| version == wanted) {
        return Ok(program);
    }
    console::progress(&format!(
        "installing {wanted} into {} (once, a minute or two)",
        tools.display()
    ));
    command::run(
        command::cargo(workspace.root())
            .args([
                "install",
                "cargo-deny",
                "--quiet",
                "--locked",
                "--debug",
                "--force",
            ])
            .args(["--version", CARGO_DENY_VERSION])
            .arg("--root")
            .arg(&tools)
            .env("CARGO_TARGET_DIR", tools.join("build"))
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0"),
    )?;
    Ok(program)
}

#[derive(Deserialize)]
struct PackageLock {
    packages: BTreeMap<String, LockedPackage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the file's own form: a mark for each thing that a package is"
)]
struct LockedPackage {
    license: Option<String>,
    #[serde(default)]
    dev: bool,
    #[serde(default)]
    dev_optional: bool,
    #[serde(default)]
    peer: bool,
    /// Another package of this repository; what it is and needs stands under its own path and in its own file.
    #[serde(default)]
    link: bool,
}

fn check_page(workspace: &Workspace) -> Result<()> {
    for package in [workspace.web(), workspace.client()] {
        check_package(&package.join("package-lock.json"))?;
    }
    Ok(())
}

fn check_package(file: &Path) -> Result<()> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let (checked, refused) =
        refused_packages(&text).with_context(|| format!("cannot read {}", file.display()))?;
    if !refused.is_empty() {
        bail!(
            "the page must not ship these packages:\n{}",
            refused.join("\n")
        );
    }
    println!(
        "  {checked} npm packages of {} have allowed licences",
        file.display()
    );
    Ok(())
}

/// How many packages the page ships, and those whose licence is not allowed.
fn refused_packages(lock: &str) -> Result<(usize, Vec<String>)> {
    let lock: PackageLock = serde_json::from_str(lock)?;
    let shipped: Vec<_> = lock
        .packages
        .iter()
        // The empty name is the page itself.
        .filter(|(path, package)| {
            !path.is_empty()
                && !package.dev
                && !package.dev_optional
                && !package.peer
                && !package.link
        })
        .collect();
    let refused = shipped
        .iter()
        .filter(|(_, package)| !package.license.as_deref().is_some_and(is_allowed))
        .map(|(path, package)| {
            format!(
                "  {path}: {}",
                package.license.as_deref().unwrap_or("no licence given")
            )
        })
        .collect();
    Ok((shipped.len(), refused))
}

/// One licence of the list, or a choice (`OR`) that offers one.
fn is_allowed(expression: &str) -> bool {
    let inner = expression
        .trim()
        .trim_start_matches('(')
        .trim_end_matches(')');
    !inner.contains(" AND ")
        && inner
            .split(" OR ")
            .any(|licence| ALLOWED_IN_THE_PAGE.contains(&licence.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_judged_where_the_package_itself_stands() {
        let lock = r#"{"packages":{"node_modules/a":{"link":true},"../a":{"license":"MIT"},"node_modules/b":{}}}"#;
        let (checked, refused) = refused_packages(lock).unwrap();
        assert_eq!(
            (checked, refused),
            (2, vec!["  node_modules/b: no licence given".to_owned()])
        );
    }

    #[test]
    fn accepts_a_choice_that_offers_an_allowed_licence() {
        assert!(is_allowed("MIT"));
        assert!(is_allowed("(MPL-2.0 OR Apache-2.0)"));
        assert!(!is_allowed("GPL-3.0-only"));
        assert!(!is_allowed("MIT AND GPL-3.0-only"));
        assert!(!is_allowed(""));
    }

    #[test]
    fn looks_only_at_what_the_page_ships() {
        let lock = r#"{"packages": {
            "": {"name": "page"},
            "node_modules/good": {"license": "MIT"},
            "node_modules/bad": {"license": "GPL-3.0-only"},
            "node_modules/silent": {},
            "node_modules/tool": {"license": "GPL-3.0-only", "dev": true}
        }}"#;
        let expected = vec![
            "  node_modules/bad: GPL-3.0-only".to_owned(),
            "  node_modules/silent: no licence given".to_owned(),
        ];
        assert_eq!(refused_packages(lock).unwrap(), (3, expected));
    }
}
