//! Putting a whole file aside, and saving what can be read of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use manent_engine::Millis;
use rusqlite::{Connection, OpenFlags};

/// In the names of files that were damaged.
pub(super) const MARK: &str = ".set-aside-";

/// Gives the database and its companions another name, which says why and when that was.
pub(super) fn rename(path: &Path, mark: &str, now: Millis) -> io::Result<PathBuf> {
    let aside = (0..1_000)
        .map(|attempt| with_suffix(path, &format!("{mark}{now}-{attempt}")))
        .find(|candidate| !candidate.exists())
        .unwrap_or_else(|| with_suffix(path, mark));
    rename_all(path, &aside)?;
    Ok(aside)
}

/// Gives a database and its companions another name.
pub(super) fn rename_all(path: &Path, aside: &Path) -> io::Result<()> {
    // The log first: without it the rest would be an older state of the same file.
    for companion in ["-wal", "-shm", ""] {
        match fs::rename(with_suffix(path, companion), with_suffix(aside, companion)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound && !companion.is_empty() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Copies every record that can still be read into the new file, and tells how many.
pub(super) fn salvage(damaged: &Path, into: &mut Connection) -> usize {
    copy_readable(damaged, into).unwrap_or(0)
}

/// Copies every record that can be read and that the other file does not have.
pub(super) fn copy_readable(damaged: &Path, into: &mut Connection) -> rusqlite::Result<usize> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let damaged = Connection::open_with_flags(damaged, flags)?;
    let transaction = into.transaction()?;
    let mut copied = 0;
    {
        let mut statement = damaged.prepare("SELECT key, body FROM record")?;
        let mut rows = statement.query([])?;
        // Ends at the first page that cannot be read.
        while let Ok(Some(row)) = rows.next() {
            let (Ok(key), Ok(body)) = (row.get::<_, String>(0), row.get::<_, String>(1)) else {
                continue;
            };
            copied += transaction.execute(
                "INSERT OR IGNORE INTO record (key, body) VALUES (?1, ?2)",
                [key, body],
            )?;
        }
    }
    transaction.commit()?;
    Ok(copied)
}
