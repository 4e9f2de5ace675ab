//! How many pages the write-ahead log has, as SQLite tells after each commit.

use std::cell::Cell;
use std::os::raw::c_int;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

thread_local! {
    // The hook is a plain function, called on the thread that commits.
    static LOG_PAGES: Cell<u32> = const { Cell::new(0) };
}

/// Begins to watch the connection's commits on this thread.
pub(super) fn watch(connection: &Connection) {
    connection.wal_hook(Some(note));
}

#[expect(clippy::unnecessary_wraps, reason = "the hook's signature")]
fn note(_: &Wal, pages: c_int) -> rusqlite::Result<()> {
    LOG_PAGES.set(u32::try_from(pages).unwrap_or(0));
    Ok(())
}

/// The pages after this thread's last commit.
pub(super) fn pages() -> u32 {
    LOG_PAGES.get()
}
