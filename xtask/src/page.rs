//! The page in `web/`: its packages and its build, each repeated only when what it depends on changed.
//!
//! A stamp holds the hash of the inputs, and is written after the work succeeded: an interrupted build is built again.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{command, console, doctor};

/// Folders of `web/` that are not part of what the build reads.
const NOT_SOURCES: &[&str] = &[
    "node_modules",
    "dist",
    "dev",
    "e2e",
    "bench",
    "test-results",
    "playwright-report",
    "coverage",
];

/// Builds `web/dist`, which the server embeds; does nothing when it is up to date.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    install_packages(workspace)?;
    let web = workspace.web();
    let stamp = Stamp::new(workspace, "page-build", &files_of(&web, NOT_SOURCES)?)?;
    if web.join("dist/index.html").exists() && stamp.is_current() {
        return Ok(());
    }
    console::progress("building the page");
    command::run(command::new("npm", &web).args(["run", "build"]))?;
    stamp.write()
}

/// `npm ci`, when the lock file changed or nothing is installed.
pub(crate) fn install_packages(workspace: &Workspace) -> Result<()> {
    doctor::require_node()?;
    let web = workspace.web();
    let stamp = Stamp::new(
        workspace,
        "page-packages",
        &[web.join("package.json"), web.join("package-lock.json")],
    )?;
    // npm writes this file last when it installs.
    let installed = web.join("node_modules/.package-lock.json").exists();
    if installed && stamp.is_current() {
        return Ok(());
    }
    console::progress("installing the page's packages (the first time takes a minute)");
    command::run(
        command::new("npm", &web)
            .args(["ci", "--no-audit", "--no-fund"])
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
    )?;
    stamp.write()
}

struct Stamp {
    file: PathBuf,
    content: String,
}

impl Stamp {
    fn new(workspace: &Workspace, name: &str, inputs: &[PathBuf]) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        workspace.root().hash(&mut hasher);
        for input in inputs {
            input.hash(&mut hasher);
            fs::read(input)
                .with_context(|| format!("cannot read {}", input.display()))?
                .hash(&mut hasher);
        }
        Ok(Self {
            file: workspace.notes().join(name),
            content: format!("{:016x}\n", hasher.finish()),
        })
    }

    fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|found| found == self.content)
    }

    fn write(&self) -> Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&self.file, &self.content)
            .with_context(|| format!("cannot write {}", self.file.display()))
    }
}

/// Every file below `folder`, sorted, without the named folders directly inside it.
fn files_of(folder: &Path, without: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory)
            .with_context(|| format!("cannot list {}", directory.display()))?
        {
            let path = entry?.path();
            let excluded = directory == folder && without.iter().any(|name| path.ends_with(name));
            if excluded {
                continue;
            }
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
