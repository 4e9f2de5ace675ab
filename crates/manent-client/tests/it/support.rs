//! A server, a proxy before it, and a client with an outbox of its own.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use manent_client::{Client, ClientBuilder, ConversationId, EngineConfig};
use manent_testkit::{FaultProxy, TestServer};
use tempfile::TempDir;

pub(crate) type Test = anyhow::Result<()>;

/// An outbox that does not keep a test waiting.
pub(crate) fn impatient() -> EngineConfig {
    EngineConfig {
        backoff_ms: 20,
        backoff_cap_ms: 50,
        open_ms: 30,
        open_cap_ms: 60,
        early_probe_interval_ms: 1,
        catch_up_spread_ms: 0,
        request_timeout_ms: 2_000,
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

/// Waits for something that has to come, and not for ever.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::time::timeout(Duration::from_mins(1), what)
        .await
        .context("it did not come in a minute")
}

/// A server that answers by rules, a proxy before it, and a place for an outbox.
pub(crate) struct World {
    server: Option<TestServer>,
    configuration: String,
    pub(crate) proxy: FaultProxy,
    pub(crate) outbox: TempDir,
}

/// `count` is answered word by word, everything else at once.
const RULES: &str = r#"
[[rule]]
name = "count"
when = { contains = "count" }
text = "one two three four five six seven eight nine ten eleven twelve"
chunks_per_second = 40

[[rule]]
name = "overloaded"
when = { contains = "fail" }
error = { kind = "overloaded" }

[fallback]
text = "You said: {{last}}"
"#;

/// The whole of what `count` is answered with.
pub(crate) const COUNTED: &str = "one two three four five six seven eight nine ten eleven twelve";

impl World {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        Self::with("").await
    }

    /// With more configuration.
    pub(crate) async fn with(configuration: &str) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let rules = directory.path().join("rules.toml");
        std::fs::write(&rules, RULES)?;
        let configuration = format!(
            "{configuration}\n[[providers]]\nid = \"scripted\"\nkind = \"scripted\"\nrules = \"{}\"\n",
            rules.display()
        );
        let server = TestServer::start_in(directory, &configuration).await?;
        let proxy = FaultProxy::start(server.address()).await?;
        Ok(Self {
            server: Some(server),
            configuration,
            proxy,
            outbox: tempfile::tempdir()?,
        })
    }

    pub(crate) fn server(&self) -> anyhow::Result<&TestServer> {
        self.server.as_ref().context("the server was stopped")
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        builder(self.proxy.address(), self.outbox.path())
    }

    pub(crate) async fn client(&self) -> anyhow::Result<Client> {
        Ok(self.builder().open().await?)
    }

    /// Stops the server and starts it again over the same data, at another address.
    pub(crate) async fn restart(&mut self) -> Test {
        let server = self.server.take().context("the server was stopped")?;
        let directory = server.stop().await;
        let server = TestServer::start_in(directory, &self.configuration).await?;
        self.proxy.set_upstream(server.address());
        self.server = Some(server);
        Ok(())
    }

    /// Who said what in a conversation, as the server has it, in its order.
    pub(crate) async fn said(&self, id: ConversationId) -> anyhow::Result<Vec<(String, String)>> {
        let client = self.server()?.client();
        let messages = client.all_messages(&id.to_string()).await?;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        Ok(messages
            .iter()
            .map(|message| (text(&message["role"]), text(&message["content"][0]["text"])))
            .collect())
    }
}

/// Waits until nothing is left to be sent.
pub(crate) async fn saved(client: &Client) -> Test {
    let mut status = client.persistence().watch_status();
    soon(status.wait_for(|status| status.unsaved() == 0)).await??;
    Ok(())
}

/// What was said, for comparing.
pub(crate) fn lines(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    lines
        .iter()
        .map(|(role, text)| ((*role).to_owned(), (*text).to_owned()))
        .collect()
}
