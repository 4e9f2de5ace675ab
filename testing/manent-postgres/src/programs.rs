//! Where `initdb` and `postgres` are.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

/// The directory with the programs, if somebody wants certain ones.
const DIRECTORY_VARIABLE: &str = "MANENT_TEST_POSTGRES_BIN";

/// The oldest major version that Manent works with.
const OLDEST: u32 = 15;

/// Where distributions keep the programs, which they do not put on the path: a directory, and what follows the version's directory in it.
const PLACES: [(&str, &str); 3] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr/libexec", ""),
    ("/opt/homebrew/opt", "bin"),
];

/// The programs of one version.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    pub(crate) initdb: PathBuf,
    pub(crate) postgres: PathBuf,
}

/// The newest programs of the machine, or those of `MANENT_TEST_POSTGRES_BIN`.
pub(crate) fn find() -> Result<Programs> {
    if let Some(directory) = std::env::var_os(DIRECTORY_VARIABLE).filter(|value| !value.is_empty())
    {
        let directory = PathBuf::from(directory);
        let Some((version, programs)) = in_directory(&directory) else {
            bail!(
                "{DIRECTORY_VARIABLE} names {}, where initdb and postgres are missing or do not work",
                directory.display()
            );
        };
        if version < OLDEST {
            bail!("{DIRECTORY_VARIABLE} names Postgres {version}; {OLDEST} or later is needed");
        }
        return Ok(programs);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = std::env::split_paths(&path).chain(PLACES.iter().flat_map(places_in));
    let newest = candidates
        .filter_map(|directory| in_directory(&directory))
        .filter(|(version, _)| *version >= OLDEST)
        .max_by_key(|(version, _)| *version);
    match newest {
        Some((_, programs)) => Ok(programs),
        None => bail!(
            "these tests need Postgres {OLDEST} or later: install it (Debian, Ubuntu: `apt-get install postgresql`; Fedora: `dnf install \
             postgresql-server`; macOS: `brew install postgresql@17`), or name the directory with initdb and postgres in \
             {DIRECTORY_VARIABLE}, or a running server whose user may create databases in {}",
            crate::server::URL_VARIABLE
        ),
    }
}

fn places_in((directory, inner): &(&str, &str)) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|entry| entry.path().join(inner))
        .collect()
}

fn in_directory(directory: &Path) -> Option<(u32, Programs)> {
    let programs = Programs {
        initdb: directory.join("initdb"),
        postgres: directory.join("postgres"),
    };
    if !programs.initdb.is_file() || !programs.postgres.is_file() {
        return None;
    }
    let answer = Command::new(&programs.postgres)
        .arg("--version")
        .output()
        .ok()?;
    let version = parse_version(&String::from_utf8_lossy(&answer.stdout))?;
    Some((version, programs))
}

fn parse_version(text: &str) -> Option<u32> {
    let version = text.split_whitespace().nth(2)?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        for (text, version) in [
            (
                "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)",
                Some(15),
            ),
            ("postgres (PostgreSQL) 18beta1", Some(18)),
            ("postgres", None),
        ] {
            assert_eq!(parse_version(text), version, "{text}");
        }
    }
}
