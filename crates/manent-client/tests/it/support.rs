//! A client with an outbox of its own.

use std::net::SocketAddr;
use std::path::Path;

use manent_client::{Client, ClientBuilder, EngineConfig};

/// An outbox that does not keep a test waiting.
pub(crate) fn impatient() -> EngineConfig {
    EngineConfig {
        backoff_ms: 20,
        backoff_cap_ms: 50,
        open_ms: 30,
        open_cap_ms: 60,
        early_probe_interval_ms: 1,
        catch_up_spread_ms: 0,
        request_timeout_ms: 5_000,
        ..EngineConfig::default()
    }
}

/// A client of this server, with its outbox in this directory.
pub(crate) fn builder(address: SocketAddr, directory: &Path) -> ClientBuilder {
    Client::builder(format!("http://{address}"))
        .data_directory(directory)
        .profile("test")
        .outbox(impatient())
}

/// The rules of a provider whose answer comes in many pieces.
pub(crate) const SLOW_RULES: &str = r#"
[[rule]]
name = "count"
when = { regex = 'count' }
text = "one two three four five six seven eight nine ten"
chunks_per_second = 40

[fallback]
text = "You said: {{last}}"
"#;

/// The configuration of a server that answers by rules.
pub(crate) const SCRIPTED: &str = r#"
[[providers]]
id = "scripted"
kind = "scripted"
rules = "rules.toml"
"#;
