//! A provider, a store, and the servers that use them.

use std::fmt::Write as _;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::database::{Database, Store};
use crate::node::Node;
use crate::provider::Provider;

/// A provider and a store for one proof; servers are started in it.
pub struct Deployment {
    provider: Provider,
    database: Database,
    directory: TempDir,
}

impl Deployment {
    /// A new provider and an empty store.
    ///
    /// # Errors
    /// When one of them does not start.
    pub async fn new(store: Store) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        Ok(Self {
            provider: Provider::start().await?,
            database: Database::start(store).await?,
            directory,
        })
    }

    /// The provider.
    pub const fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The store.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// The store, to let it go down and come back.
    pub const fn database_mut(&mut self) -> &mut Database {
        &mut self.database
    }

    /// Starts a server of this name. On SQLite there can be one only.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn node(&self, name: &str) -> anyhow::Result<Node> {
        self.node_with(name, "").await
    }

    /// As [`Self::node`], with more lines for its `manent.toml`, each with its full key.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn node_with(&self, name: &str, settings: &str) -> anyhow::Result<Node> {
        let directory = self.data_dir(name);
        std::fs::create_dir_all(&directory)?;
        let mut configuration = String::from(settings);
        if let Some(url) = self.database.url()? {
            let _ = writeln!(configuration, "\ndatabase.url = \"{url}\"");
        }
        let _ = writeln!(
            configuration,
            "\n[[providers]]\nid = \"proof\"\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\napi_key = \"any\"\nmodels = [\"scripted-proof\"]\nfetch_models = false",
            self.provider.address()
        );
        std::fs::write(directory.join("manent.toml"), configuration)?;
        Node::start(&directory).await
    }

    /// The data directory of a server.
    pub fn data_dir(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}
