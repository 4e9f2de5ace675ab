//! Passwords from a terminal or from a pipe, never from an argument.

use std::io::{BufRead, IsTerminal, Read};

use secrecy::{ExposeSecret, SecretString};

use crate::console;
use crate::exit::Failure;

/// Far more than a password may have; the rest of a longer line is not read.
const MOST_BYTES: u64 = 4_096;

/// The first line of standard input.
pub(super) fn from_standard_input() -> Result<SecretString, Failure> {
    let mut line = String::new();
    let mut input = std::io::stdin().lock().take(MOST_BYTES);
    input
        .read_line(&mut line)
        .map_err(|error| Failure::Other(format!("standard input cannot be read: {error}")))?;
    let password = SecretString::from(line.trim_end_matches(['\r', '\n']));
    if password.expose_secret().is_empty() {
        return Err(Failure::Other(
            "there is no password on standard input".to_owned(),
        ));
    }
    Ok(password)
}

/// Whether somebody can be asked.
pub(super) fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks twice on the terminal; absent when nothing was typed.
pub(super) fn from_terminal() -> Result<Option<SecretString>, Failure> {
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt)
            .map(SecretString::from)
            .map_err(|error| Failure::Other(format!("the password cannot be asked for: {error}")))
    };
    loop {
        let password = ask("Password: ")?;
        if password.expose_secret().is_empty() {
            return Ok(None);
        }
        if ask("Again: ")?.expose_secret() == password.expose_secret() {
            return Ok(Some(password));
        }
        console::note("These are not the same; try again.");
    }
}

/// Asks for a line on the terminal.
pub(super) fn ask(question: &str) -> Result<String, Failure> {
    console::note(question);
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::Other(format!("standard input cannot be read: {error}")))?;
    Ok(line.trim().to_owned())
}
