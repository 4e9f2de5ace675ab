//! Servers with providers that answer by the test rules.

use std::future::pending;
use std::sync::Arc;

use manent_scripted::{Rules, ScriptedServer, ServeArgs};
use manent_testkit::TestServer;

/// The rules of the tests.
const RULES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../manent-scripted/rules/test.toml"
);

/// The configuration of a provider that answers by the test rules, in process.
pub(crate) fn scripted_provider() -> String {
    format!("[[providers]]\nid = \"scripted\"\nkind = \"scripted\"\nrules = {RULES:?}\n")
}

/// A server whose provider answers by the test rules, with more configuration before it.
pub(crate) async fn start(configuration: &str) -> anyhow::Result<TestServer> {
    TestServer::start_with(&format!("{configuration}\n{}", scripted_provider())).await
}

/// A server that asks the scripted server over HTTP, in both formats; no retries.
pub(crate) struct OverHttp {
    pub(crate) server: TestServer,
    pub(crate) upstream: ScriptedServer,
}

impl OverHttp {
    /// With more configuration before the providers.
    pub(crate) async fn start(configuration: &str) -> anyhow::Result<Self> {
        let rules = Rules::parse(RULES, &std::fs::read_to_string(RULES)?)?;
        let upstream = manent_scripted::serve(ServeArgs::new(Arc::new(rules)), pending()).await?;
        let address = upstream.address();
        let more = "api_key = \"k\"\nmodels = [\"scripted-test\"]\nretries = 0\n";
        let server = TestServer::start_with(&format!(
            "{configuration}\n\
             [[providers]]\nid = \"anthropic\"\nkind = \"anthropic\"\nbase_url = \"http://{address}\"\n{more}\
             [[providers]]\nid = \"openai\"\nkind = \"openai\"\nbase_url = \"http://{address}/v1\"\n{more}"
        ))
        .await?;
        Ok(Self { server, upstream })
    }
}
