//! The browser of the browser tests: one that is there, or Debian's.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::system_packages::{self, Packages};
use crate::{command, console};

/// The variable that names the browser; it goes before everything else.
pub(crate) const VARIABLE: &str = "MANENT_CHROMIUM";

const NAMES: &[&str] = &[
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

const PACKAGES: Packages = Packages {
    apt: &["chromium", "fonts-liberation"],
    dnf: "chromium",
    pacman: "chromium",
    zypper: "chromium",
    apk: "chromium",
};

/// Finds a Chromium that starts, installing it where that is possible.
pub(crate) fn require() -> Result<PathBuf> {
    if let Some(chosen) = std::env::var_os(VARIABLE) {
        let Some(version) = command::version(&chosen) else {
            bail!(
                "{VARIABLE} names {}, which does not work as a browser",
                chosen.to_string_lossy()
            );
        };
        console::progress(&format!("browser: {version} ({VARIABLE})"));
        return Ok(chosen.into());
    }
    if let Some(found) = installed() {
        return Ok(found);
    }
    system_packages::install(
        "Chromium (for the browser tests; or name one in MANENT_CHROMIUM)",
        &PACKAGES,
    )?;
    match installed() {
        Some(found) => Ok(found),
        None => {
            bail!("Chromium was installed but does not start; name a working one in {VARIABLE}")
        }
    }
}

fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let candidates = NAMES
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)));
    for candidate in candidates.filter(|candidate| candidate.is_file()) {
        if let Some(version) = command::version(&candidate) {
            console::progress(&format!("browser: {version} ({})", candidate.display()));
            return Some(candidate);
        }
    }
    None
}
