//! `manent chat` as a process, and what the server has of what was said in it.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::http::request;
use crate::world::{BINARY, Outcome, Running, World};

const RULES: &str = r#"
[[rule]]
name = "count"
when = { contains = "count" }
text = "one two three four five six seven eight nine ten eleven twelve"
chunks_per_second = 20

[[rule]]
name = "slow"
when = { contains = "slow" }
text = "one two three four five six seven eight nine ten eleven twelve one two three four five six seven eight nine ten eleven twelve one two three four five six seven eight nine ten eleven twelve one two three four five six seven eight nine ten eleven twelve"
chunks_per_second = 20

[fallback]
text = "You said: {{last}}"
"#;

pub(crate) const COUNTED: &str = "one two three four five six seven eight nine ten eleven twelve";

/// Takes longer to come than a person takes to type a few lines; more than a row of a terminal.
pub(crate) const SLOW: &str = "one two three four five six seven eight nine ten eleven twelve one two three four five six seven eight nine ten eleven twelve one two three four five six seven eight nine ten eleven twelve one two three four five six seven eight nine ten eleven twelve";

const CONFIGURATION: &str =
    "[[providers]]\nid = \"scripted\"\nkind = \"scripted\"\nrules = \"rules.toml\"\n";

pub(crate) const SERVE: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"];

/// A home with a server in it that answers by rules.
pub(crate) fn world() -> (World, Running) {
    let world = World::new();
    world.file("rules.toml", RULES);
    world.file("manent.toml", CONFIGURATION);
    let server = world.start(&SERVE, &[]);
    (world, server)
}

pub(crate) fn command(world: &World, address: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .args(["chat", "--profile", "test", "--url"])
        .arg(format!("http://{address}"))
        .args(arguments)
        .env_clear()
        .env("HOME", world.path(".."))
        .current_dir(world.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Says these lines, and waits for the end.
pub(crate) fn chat(world: &World, address: &str, arguments: &[&str], lines: &str) -> Outcome {
    let mut child = command(world, address, arguments).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // One that ends at once reads nothing.
    let _ = input.write_all(lines.as_bytes());
    drop(input);
    let output = child.wait_with_output().unwrap();
    Outcome {
        code: output.status.code(),
        output: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A chat that waits for more lines.
pub(crate) struct Open {
    pub(crate) child: Child,
    pub(crate) output: BufReader<ChildStdout>,
}

impl Open {
    pub(crate) fn start(world: &World, address: &str, arguments: &[&str], lines: &str) -> Self {
        let mut child = command(world, address, arguments)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut chat = Self { child, output };
        chat.child
            .stdin
            .as_mut()
            .unwrap()
            .write_all(lines.as_bytes())
            .unwrap();
        chat
    }

    /// Reads so many bytes of what it prints.
    pub(crate) fn read(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        self.output.read_exact(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Reads a line of what it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Who said what in the only conversation, as the server has it.
pub(crate) fn said(address: &str) -> Vec<(String, String)> {
    let ids = conversations(address);
    assert_eq!(ids.len(), 1, "{ids:?}");
    messages(address, &ids[0])
}

pub(crate) fn conversations(address: &str) -> Vec<String> {
    let list = body(&request(address, "GET", "/conversations?limit=100", ""));
    let list = list["conversations"].as_array().unwrap().clone();
    list.iter()
        .map(|conversation| text(&conversation["id"]))
        .collect()
}

pub(crate) fn messages(address: &str, id: &str) -> Vec<(String, String)> {
    let path = format!("/conversation/{id}/messages?limit=200");
    let page = body(&request(address, "GET", &path, ""));
    let page = page["messages"].as_array().unwrap();
    page.iter()
        .map(|message| (text(&message["role"]), text(&message["content"][0]["text"])))
        .collect()
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn body(reply: &str) -> serde_json::Value {
    let (_, body) = reply.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

pub(crate) fn lines(said: &[(&str, &str)]) -> Vec<(String, String)> {
    said.iter()
        .map(|(role, text)| ((*role).to_owned(), (*text).to_owned()))
        .collect()
}

pub(crate) fn database(world: &World) -> std::path::PathBuf {
    let home = world.path("..");
    Path::new(&home).join(".local/share/manent/client/test.sqlite3")
}
