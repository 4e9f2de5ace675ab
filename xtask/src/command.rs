//! Starting other programs: what is started is shown, what fails is named.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};

use crate::{chromium, postgres, wasm_toolchain};

/// Variables that are meant for xtask alone: a server that inherited one would refuse it as a misspelt setting.
const OWN_VARIABLES: &[&str] = &[
    chromium::VARIABLE,
    postgres::DIRECTORY_VARIABLE,
    postgres::URL_VARIABLE,
    wasm_toolchain::VARIABLE,
];

/// A command that runs in `directory`, with the environment as the caller set it but for two groups of variables:
/// those that are meant for xtask, and those that `cargo run` adds to describe the xtask package. Some build scripts
/// watch the latter and would build again each time.
pub(crate) fn new(program: impl AsRef<OsStr>, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory);
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        let is_of_xtask = text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_");
        if is_of_xtask || OWN_VARIABLES.contains(&text) {
            command.env_remove(text);
        }
    }
    command
}

/// The cargo that runs this xtask.
pub(crate) fn cargo(directory: &Path) -> Command {
    new(
        std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        directory,
    )
}

/// Shows the command, runs it with its output passed through, and fails when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("  $ {}", shown(command));
    let status = command
        .status()
        .map_err(|error| not_started(command, error))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs quietly and gives what the command printed on standard output.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| not_started(command, error))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{}` failed ({})\n{}",
            shown(command),
            output.status,
            complaint.trim_end()
        );
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` printed invalid UTF-8", shown(command)))
}

/// The first line that `program --version` prints, or nothing when the program is not there or does not work.
pub(crate) fn version(program: impl AsRef<OsStr>) -> Option<String> {
    let output = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Some(text.lines().next().unwrap_or_default().trim().to_owned())
}

fn not_started(command: &Command, error: io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::NotFound {
        anyhow!(
            "`{}` was not found on this machine",
            command.get_program().to_string_lossy()
        )
    } else {
        anyhow!(error).context(format!("could not start `{}`", shown(command)))
    }
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program())
        .to_string_lossy()
        .into_owned();
    let arguments = command
        .get_args()
        .map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program)
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}
