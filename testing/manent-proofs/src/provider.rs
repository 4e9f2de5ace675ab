//! The provider: a scripted one over HTTP, in a process of the tests, so that the real adapters run against a real socket.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use manent_scripted::server::Requests;
use manent_scripted::{Rules, ScriptedServer, ServeArgs, serve};

/// How many words the answer to `count` has.
pub const WORDS: usize = 100;

/// The answer to `count`, or its beginning: numbered words of four characters, a blank before each but the first.
pub fn words(number: usize) -> String {
    let words: Vec<String> = (0..number).map(word).collect();
    words.join(" ")
}

/// What the provider says when it is asked to go on after this beginning of [`words`]: the rest.
pub fn continue_after(beginning: &str) -> String {
    words(WORDS)[beginning.len()..].to_owned()
}

fn word(number: usize) -> String {
    format!("w{number:03}")
}

/// A provider that answers by rules and counts what it was asked.
///
/// - `count`: [`WORDS`] numbered words, twenty in a second; when the prompt ends with a beginning of it: the rest, at once.
/// - `brief`: twenty numbered words, forty in a second.
/// - `break`: five numbered words, forty in a second, then an error. `drop`: the same, but the connection ends.
/// - `refuse`: an error before the first byte.
/// - Everything else is said again, at once.
#[derive(Debug)]
pub struct Provider {
    server: ScriptedServer,
}

impl Provider {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start() -> anyhow::Result<Self> {
        let rules = Rules::parse("proofs.toml", &rules())?;
        let server = serve(ServeArgs::new(Arc::new(rules)), std::future::pending()).await?;
        Ok(Self { server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What it was asked so far.
    pub fn requests(&self) -> &Requests {
        self.server.requests()
    }
}

fn rules() -> String {
    let mut rules = String::from("[[model]]\nid = \"scripted-proof\"\n\n");
    // A prompt that ends with the beginning of the answer is known by its length.
    for number in 1..WORDS {
        let beginning = words(number);
        let length = "count".len() + beginning.len();
        let rest = continue_after(&beginning);
        let _ = writeln!(
            rules,
            "[[rule]]\nname = \"after {number}\"\nwhen = {{ exact = \"count\", last_role = \"assistant\", prompt_chars = {length} }}\ntext = \"{rest}\"\n"
        );
    }
    let mut paced = |name: &str, number: usize, per_second: usize, more: &str| {
        let chunks: Vec<String> = (0..number)
            .map(|index| format!("\"{}{}\"", if index == 0 { "" } else { " " }, word(index)))
            .collect();
        let _ = writeln!(
            rules,
            "[[rule]]\nname = \"{name}\"\nwhen = {{ exact = \"{name}\", last_role = \"user\" }}\nchunks = [{}]\nchunks_per_second = {per_second}\n{more}\n",
            chunks.join(", ")
        );
    };
    paced("count", WORDS, 20, "");
    paced("brief", 20, 40, "");
    paced(
        "break",
        20,
        40,
        "error = { kind = \"overloaded\", message = \"broken on purpose\", after_chunks = 5 }",
    );
    paced("drop", 20, 40, "drop = { after_chunks = 5 }");
    rules.push_str("[[rule]]\nname = \"refuse\"\nwhen = { exact = \"refuse\" }\nerror = { kind = \"bad_request\" }\n\n");
    rules.push_str("[fallback]\ntext = \"You said: {{last}}\"\n");
    rules
}
