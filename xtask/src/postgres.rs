//! The Postgres of the tests: one that the caller names, the programs that are there, or the distribution's.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::system_packages::{self, Packages};
use crate::{command, console};

/// Names a running Postgres whose user may create databases; it goes before everything else.
pub(crate) const URL_VARIABLE: &str = "MANENT_TEST_POSTGRES_URL";

/// The directory with `initdb` and `postgres`; the test harness starts servers of its own from it.
pub(crate) const DIRECTORY_VARIABLE: &str = "MANENT_TEST_POSTGRES_BIN";

/// The oldest major version that Manent works with.
const OLDEST: u32 = 15;

/// What the test harness starts. Distributions do not put them on the path.
const PROGRAMS: [&str; 2] = ["initdb", "postgres"];

/// Where distributions keep them: a directory, and what follows the version's directory in it.
const PLACES: &[(&str, &str)] = &[
    ("/usr/lib/postgresql", "bin"),
    ("/usr/libexec", ""),
    ("/usr", "bin"),
    ("/opt/homebrew/opt", "bin"),
];

const PACKAGES: Packages = Packages {
    apt: &["postgresql"],
    dnf: "postgresql-server",
    pacman: "postgresql",
    zypper: "postgresql-server",
    apk: "postgresql",
};

/// What the tests get.
pub(crate) enum Postgres {
    /// A server that runs already, by its address. It may hold a password and is never shown.
    Running(OsString),
    /// Programs to start servers from.
    Programs(PathBuf),
}

impl Postgres {
    /// Tells tests where it is. Other commands never hear of it: a server would refuse the variables as misspelt settings.
    pub(crate) fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        match self {
            Self::Running(url) => command.env(URL_VARIABLE, url),
            Self::Programs(directory) => command.env(DIRECTORY_VARIABLE, directory),
        }
    }
}

/// Finds Postgres 15 or later, installing it where that is possible. Never passes over it: without Postgres half of what the tests show would
/// not be shown.
pub(crate) fn require() -> Result<Postgres> {
    if let Some(url) = std::env::var_os(URL_VARIABLE).filter(|url| !url.is_empty()) {
        console::progress(&format!("Postgres: the one that {URL_VARIABLE} names"));
        return Ok(Postgres::Running(url));
    }
    if let Some(chosen) = std::env::var_os(DIRECTORY_VARIABLE) {
        let directory = PathBuf::from(chosen);
        return match version_in(&directory) {
            Some(version) if version >= OLDEST => Ok(found(directory, version)),
            Some(version) => {
                bail!("{DIRECTORY_VARIABLE} names Postgres {version}; {OLDEST} or later is needed")
            }
            None => bail!(
                "{DIRECTORY_VARIABLE} names {}, where initdb and postgres are missing or do not work",
                directory.display()
            ),
        };
    }
    if let Some(postgres) = installed() {
        return Ok(postgres);
    }
    system_packages::install(
        &format!("Postgres {OLDEST} or later (for the tests; or name a server in {URL_VARIABLE})"),
        &PACKAGES,
    )?;
    match installed() {
        Some(postgres) => Ok(postgres),
        None => bail!(
            "this distribution's Postgres is older than {OLDEST}, or does not start; name a server in {URL_VARIABLE}, or the directory with \
             initdb and postgres in {DIRECTORY_VARIABLE}"
        ),
    }
}

fn found(directory: PathBuf, version: u32) -> Postgres {
    console::progress(&format!("Postgres {version} ({})", directory.display()));
    Postgres::Programs(directory)
}

/// The newest one that is new enough.
fn installed() -> Option<Postgres> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_places = PLACES
        .iter()
        .flat_map(|(directory, inner)| directories_in(Path::new(directory), inner));
    let (version, directory) = std::env::split_paths(&path)
        .chain(in_places)
        .filter_map(|directory| Some((version_in(&directory)?, directory)))
        .filter(|(version, _)| *version >= OLDEST)
        .max_by_key(|(version, _)| *version)?;
    Some(found(directory, version))
}

/// `directory/*/inner` where the middle names a version or Postgres itself.
fn directories_in(directory: &Path, inner: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(|first: char| first.is_ascii_digit())
                || name.starts_with("postgres")
                || name.starts_with("pgsql")
        })
        .map(|entry| entry.path().join(inner))
        .collect()
}

/// The major version of the programs in a directory; nothing when one is missing or does not work.
fn version_in(directory: &Path) -> Option<u32> {
    let [initdb, postgres] = PROGRAMS.map(|program| directory.join(program));
    if !initdb.is_file() {
        return None;
    }
    parse_version(&command::version(postgres)?)
}

fn parse_version(text: &str) -> Option<u32> {
    let number = text
        .split_whitespace()
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let major: String = number.chars().take_while(char::is_ascii_digit).collect();
    major.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions_of_postgres() {
        let cases = [
            (
                "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)",
                Some(15),
            ),
            ("postgres (PostgreSQL) 18beta1", Some(18)),
            ("postgres (PostgreSQL) 9.6.24", Some(9)),
            ("postgres", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_version(text), expected, "{text}");
        }
    }

    #[test]
    fn finds_no_postgres_in_a_directory_without_its_programs() {
        assert_eq!(version_in(Path::new("/nowhere")), None);
        assert_eq!(version_in(Path::new(env!("CARGO_MANIFEST_DIR"))), None);
    }
}
