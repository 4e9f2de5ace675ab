//! What people and scripts read. A reader who has gone away is no reason to fail.

use std::io::Write;

/// Writes to standard output.
pub(crate) fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
}

/// Writes an error to standard error.
pub(crate) fn complain(message: &str) {
    let mut output = std::io::stderr().lock();
    let _ = writeln!(output, "manent: {message}");
}

/// Writes what somebody who waits wants to know to standard error.
pub(crate) fn note(message: &str) {
    let mut output = std::io::stderr().lock();
    let _ = writeln!(output, "{message}");
}
