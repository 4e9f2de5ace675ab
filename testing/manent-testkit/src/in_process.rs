//! The real server in this process: real router, real sockets, real SQLite file.

use std::net::SocketAddr;
use std::path::Path;

use manent_config::{Config, FlagValue, Sources};
use manent_server::Server;
use tempfile::TempDir;

use crate::client::Client;

/// A server on a free port with a data directory of its own.
pub struct TestServer {
    server: Server,
    client: Client,
    directory: TempDir,
}

impl TestServer {
    /// Starts a server with defaults: SQLite in a new directory, the built-in demonstration as its provider.
    ///
    /// # Errors
    /// When it cannot start.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with("").await
    }

    /// Starts a server with this `manent.toml`, to which the listening address and the data directory are added.
    ///
    /// # Errors
    /// When the configuration is wrong or the server cannot start.
    pub async fn start_with(configuration: &str) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        Self::start_in(directory, configuration).await
    }

    /// As [`Self::start_with`], in a directory that exists.
    ///
    /// # Errors
    /// When the configuration is wrong or the server cannot start.
    pub async fn start_in(directory: TempDir, configuration: &str) -> anyhow::Result<Self> {
        let config = load(directory.path(), configuration)?;
        let server = Box::pin(Server::start(&config)).await?;
        let client = Client::new(server.address())?;
        Ok(Self {
            server,
            client,
            directory,
        })
    }

    /// A client for it.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The server itself, for what cannot be asked over HTTP.
    pub const fn server(&self) -> &Server {
        &self.server
    }

    /// Its data directory.
    pub fn data_dir(&self) -> &Path {
        self.directory.path()
    }

    /// Stops it and hands the data directory over.
    pub async fn stop(self) -> TempDir {
        self.server.stop().await;
        self.directory
    }
}

fn load(directory: &Path, configuration: &str) -> anyhow::Result<Config> {
    let file = directory.join("manent.toml");
    std::fs::write(&file, configuration)?;
    let flag = |flag: &str, key: &str, value: String| FlagValue {
        flag: flag.to_owned(),
        key: key.to_owned(),
        value,
    };
    let sources = Sources {
        config_file: Some(file),
        flags: vec![
            flag("--listen", "listen", "127.0.0.1:0".to_owned()),
            flag("--data-dir", "data_dir", directory.display().to_string()),
        ],
        current_directory: directory.to_owned(),
        ..Sources::default()
    };
    Ok(manent_config::load(&sources).into_config()?)
}
