//! The data directory, the directories that lie elsewhere, and their disks.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use manent_config::Config;
use rustix::fs::{Access, access, statvfs};

use super::check::{Check, size};

const NAME: &str = "data directory";

/// Below this the next days may be difficult.
const LITTLE_ROOM: u64 = 1_000_000_000;

/// Below this the next minutes may be difficult.
const NO_ROOM: u64 = 50_000_000;

/// File systems of other machines, on which SQLite's locks and its log do not work well.
const NETWORK: [&str; 6] = ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"];

pub(super) fn checks(config: &Config) -> Vec<Check> {
    let mut directories = vec![(NAME, config.data_dir.clone())];
    let elsewhere = |directory: &Path| !directory.starts_with(&config.data_dir);
    if let Some(directory) = config.sqlite_directory().filter(|path| elsewhere(path)) {
        directories.push(("database dir", directory.to_owned()));
    }
    let journal = config.journal_directory();
    if config.journal.enabled && elsewhere(&journal) {
        directories.push(("journal dir", journal));
    }
    directories
        .into_iter()
        .map(|(name, directory)| check(name, &directory))
        .collect()
}

fn check(name: &'static str, directory: &Path) -> Check {
    let shown = directory.display();
    let (existing, is_there) = match nearest(directory) {
        Ok(found) => found,
        Err(error) => {
            let detail = format!("{shown}: {error}");
            return Check::problem(
                name,
                detail,
                Some("correct its permissions, or choose another one"),
            );
        }
    };
    if !existing.is_dir() {
        let detail = format!("{} is no directory", existing.display());
        return Check::problem(name, detail, Some("choose another one with --data-dir"));
    }
    if let Err(error) = access(&existing, Access::WRITE_OK | Access::EXEC_OK) {
        let detail = format!("{} cannot be written: {error}", existing.display());
        let advice = "make it writable for the user that runs the server";
        return Check::problem(name, detail, Some(advice));
    }
    let room = match statvfs(&existing) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            let detail = format!("{shown}: how much room there is cannot be told: {error}");
            return Check::warning(name, detail, "look at the disk yourself");
        }
    };
    let kind = file_system(&existing);
    let on = kind
        .as_ref()
        .map_or(String::new(), |kind| format!(" ({kind})"));
    let state = if is_there {
        ""
    } else {
        ", made at the first start"
    };
    let detail = format!("{shown}{state}, {} free{on}", size(room));
    if room < NO_ROOM {
        return Check::problem(name, detail, Some("free space on its disk"));
    }
    match kind.as_deref() {
        Some("tmpfs" | "ramfs") => Check::warning(
            name,
            detail,
            "it is in memory, so everything is gone when the machine stops: choose a directory on a disk",
        ),
        Some(kind) if NETWORK.contains(&kind) => Check::warning(
            name,
            detail,
            "it is on another machine, where SQLite cannot promise much: choose a local disk, or use Postgres",
        ),
        _ if room < LITTLE_ROOM => Check::warning(name, detail, "free space on its disk soon"),
        _ => Check::ok(name, detail),
    }
}

/// The directory, or the nearest one above that exists; whether it is the directory itself.
fn nearest(directory: &Path) -> io::Result<(PathBuf, bool)> {
    for (level, path) in directory.ancestors().enumerate() {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        match fs::metadata(path) {
            Ok(_) => return Ok((path.to_owned(), level == 0)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// The kind of file system, where the system tells.
fn file_system(directory: &Path) -> Option<String> {
    let directory = directory.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mut best: Option<(usize, String)> = None;
    for line in mounts.lines() {
        let mut words = line.split(' ').skip(1);
        let (Some(place), Some(kind)) = (words.next(), words.next()) else {
            continue;
        };
        let place = PathBuf::from(place.replace("\\040", " "));
        let depth = place.components().count();
        // A later mount covers an earlier one at the same place.
        if directory.starts_with(&place) && best.as_ref().is_none_or(|(found, _)| depth >= *found) {
            best = Some((depth, kind.to_owned()));
        }
    }
    best.map(|(_, kind)| kind)
}
