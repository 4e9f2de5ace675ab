//! Runs what a document tells its reader to type.
//!
//! Fenced blocks that open with ` ```sh walk-through ` are run in order, in one shell, against a server of this build
//! with an empty store and no provider's key. A line `# → …` says what the commands of that block print, with `…` for what
//! differs each time; it must be found, in this order.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::workspace::{Profile, Workspace};

/// The address in the document, which the real one replaces.
const DOCUMENTED_ADDRESS: &str = "http://127.0.0.1:3080";
const START_LIMIT: Duration = Duration::from_mins(1);
const EXPECTATION: &str = "# → ";
/// Printed between two blocks, to tell their outputs apart.
const BORDER: &str = "--- next block ---";
/// Variables that configure a server; the document shows one without any.
const CONFIGURING: &[&str] = &["MANENT_", "ANTHROPIC_", "OPENAI_"];

/// The binary must be built before.
pub(super) fn run(workspace: &Workspace, document: &str) -> Result<()> {
    let text = fs::read_to_string(workspace.root().join(document))
        .with_context(|| format!("cannot read {document}"))?;
    let blocks = blocks(&text);
    if blocks.is_empty() {
        bail!("{document} has no block that opens with ```sh walk-through");
    }
    let folder = workspace.notes().join("walk-through");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let server = Server::start(workspace, &folder)?;
    let mut shell = command::new("bash", &folder);
    let binary = workspace.binary(Profile::Debug);
    shell
        .env("XDG_DATA_HOME", folder.join("home"))
        .args(["-euo", "pipefail", "-c"])
        .arg(script(&blocks, &server.address, &binary));
    let output =
        command::capture(&mut shell).with_context(|| format!("a command in {document} failed"))?;
    drop(server);

    for (block, printed) in blocks.iter().zip(output.split(BORDER)) {
        for expected in block
            .lines()
            .filter_map(|line| line.strip_prefix(EXPECTATION))
        {
            if !matches(expected, printed) {
                bail!(
                    "{document} says that this is printed:\n  {expected}\nbut this was printed:\n{}",
                    printed.trim()
                );
            }
        }
    }
    println!("  {document}: {} blocks do what they say", blocks.len());
    Ok(())
}

fn blocks(document: &str) -> Vec<&str> {
    document
        .split("```sh walk-through\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("\n```"))
        .map(|(block, _)| block)
        .collect()
}

/// One script of all blocks. A reader sees an error that curl passes over, so here curl fails. `manent` is the one of this build.
fn script(blocks: &[&str], address: &str, binary: &Path) -> String {
    let border = format!("\necho '{BORDER}'\n");
    let body = blocks.join(&border).replace(DOCUMENTED_ADDRESS, address);
    format!(
        "curl() {{ command curl --fail-with-body --silent --show-error --max-time 30 \"$@\"; }}\nmanent() {{ '{}' \"$@\"; }}\n{body}\n",
        binary.display()
    )
}

/// Whether the pieces between the `…` are all there, in order.
fn matches(expected: &str, printed: &str) -> bool {
    let mut rest = printed;
    expected.split('…').all(|piece| match rest.find(piece) {
        Some(start) => {
            rest = &rest[start + piece.len()..];
            true
        }
        None => false,
    })
}

/// A server of its own, ended when this value goes.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(workspace: &Workspace, folder: &std::path::Path) -> Result<Self> {
        let mut command = command::new(workspace.binary(Profile::Debug), folder);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.join("data"));
        for (name, _) in std::env::vars_os() {
            let configures = name
                .to_str()
                .is_some_and(|name| CONFIGURING.iter().any(|prefix| name.starts_with(prefix)));
            if configures {
                command.env_remove(name);
            }
        }
        // An empty file here keeps the reader's own configuration out.
        fs::write(folder.join("manent.toml"), "")?;
        let process = started(&mut command)?;
        let mut server = Self {
            process,
            address: String::new(),
        };
        server.address = server.announced_address()?;
        Ok(server)
    }

    fn announced_address(&mut self) -> Result<String> {
        let output = self
            .process
            .stdout
            .take()
            .context("the server has no output")?;
        let (sender, receiver) = mpsc::channel();
        // Reads to the end, so that the server never waits for a full pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(address) = address_in(&line) {
                    let _ = sender.send(address);
                }
            }
        });
        receiver
            .recv_timeout(START_LIMIT)
            .context("the server printed no address")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn started(command: &mut Command) -> Result<Child> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("could not start the server")
}

fn address_in(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("http://")?;
    let host: String = rest
        .chars()
        .take_while(|character| character.is_ascii_alphanumeric() || ".:[]".contains(*character))
        .collect();
    Some(format!("http://{}", host.trim_end_matches(['.', ':'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_only_the_marked_blocks() {
        let document =
            "```sh\nno\n```\n```sh walk-through\na\nb\n```\ntext\n```sh walk-through\nc\n```\n";
        assert_eq!(blocks(document), ["a\nb", "c"]);
    }

    #[test]
    fn compares_what_is_printed_around_what_differs() {
        assert!(matches(
            r#"{"id":"…","seq":1}"#,
            r#"x {"id":"0191","seq":1} y"#
        ));
        assert!(!matches(
            r#"{"id":"…","seq":2}"#,
            r#"{"id":"0191","seq":1}"#
        ));
        assert!(!matches("b…a", "a b"));
    }

    #[test]
    fn finds_the_address_in_a_line() {
        let cases = [
            (
                "Manent listens on http://127.0.0.1:4711",
                Some("http://127.0.0.1:4711"),
            ),
            ("open http://[::1]:80/ now", Some("http://[::1]:80")),
            ("see http://127.0.0.1:80.", Some("http://127.0.0.1:80")),
            ("starting", None),
        ];
        for (line, expected) in cases {
            assert_eq!(address_in(line).as_deref(), expected, "{line}");
        }
    }
}
