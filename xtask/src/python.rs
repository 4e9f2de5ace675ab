//! Tools that are written in Python: each in an environment of its own below the target directory, from versions and hashes that are pinned.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::system_packages::{self, Packages};
use crate::workspace::Workspace;
use crate::{command, console};

/// The oldest Python for which the versions are pinned, as (major, minor).
const OLDEST: (u32, u32) = (3, 11);

const PYTHON: Packages = Packages {
    apt: &["python3", "python3-venv"],
    dnf: "python3",
    pacman: "python",
    zypper: "python3",
    apk: "python3",
};

/// The Python of an environment that has exactly what `requirements` names. It is made once, and anew when the file changes.
pub(crate) fn environment(
    workspace: &Workspace,
    name: &str,
    requirements: &Path,
) -> Result<PathBuf> {
    let wanted = fs::read_to_string(requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let folder = workspace.target().join("tools").join(name);
    let python = folder.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let stamp = folder.join("requirements.txt");
    let is_ready = fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted);
    if is_ready && command::version(&python).is_some() {
        return Ok(python);
    }
    let system = require()?;
    console::progress(&format!(
        "installing {name} into {} (once)",
        folder.display()
    ));
    let make = || {
        let mut make = command::new(system, workspace.root());
        make.args(["-m", "venv", "--clear"]).arg(&folder);
        command::run(&mut make)
    };
    if make().is_err() {
        // Debian keeps a part of it in a package of its own.
        system_packages::install("the module venv of Python", &PYTHON)?;
        make()?;
    }
    command::run(
        command::new(&python, workspace.root())
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(["--require-hashes", "--only-binary=:all:", "--requirement"])
            .arg(requirements),
    )?;
    fs::write(&stamp, wanted)?;
    Ok(python)
}

fn require() -> Result<&'static str> {
    let found = |program: &str| command::version(program).and_then(|text| version_of(&text));
    let name = ["python3", "python"]
        .into_iter()
        .find(|name| found(name).is_some_and(|version| version >= OLDEST));
    if let Some(name) = name {
        return Ok(name);
    }
    system_packages::install("Python 3.11 or newer", &PYTHON)?;
    if found("python3").is_none_or(|version| version < OLDEST) {
        bail!("Python 3.11 or newer is needed, and this system has an older one");
    }
    Ok("python3")
}

fn version_of(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix("Python ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions_of_python() {
        assert_eq!(version_of("Python 3.11.7"), Some((3, 11)));
        assert_eq!(version_of("Python 3.9.2\n"), Some((3, 9)));
        assert!(version_of("Python 3.9.2") < Some(OLDEST));
        assert_eq!(version_of("Python 3.14.0rc1"), Some((3, 14)));
        assert_eq!(version_of("pypy"), None);
    }
}
