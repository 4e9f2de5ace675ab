//! Ends a server when the process that started it is gone.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// Waits for the end of its input, which comes when the process that holds the other end ends, in whatever way; then ends the server
/// whose number stands in the data directory, waits for it, and removes the directory.
const SCRIPT: &str = r#"
while read -r _; do :; done
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
    kill -QUIT "$pid" 2>/dev/null
    tries=0
    while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
fi
rm -rf "$1"
"#;

/// A watcher of one directory. Dropping it ends the server and removes the directory.
#[derive(Debug)]
pub(crate) struct Watcher {
    child: Child,
}

impl Watcher {
    pub(crate) fn start(directory: &Path) -> Result<Self> {
        let child = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A key that interrupts the tests must not end it before it has done its work.
            .process_group(0)
            .spawn()
            .context("starting the watcher of the server")?;
        Ok(Self { child })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It is reaped at the end of the process if it cannot be now.
        let _ = self.child.wait();
    }
}
