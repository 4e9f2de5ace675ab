//! A server process behind an address that stays the same when it is killed and started again.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::Context;
use manent_testkit::{Client, FaultProxy, ServerProcess};

use crate::api::Api;

/// A server process, and a proxy before it that can break its clients' connections.
pub struct Node {
    process: Option<ServerProcess>,
    directory: PathBuf,
    proxy: FaultProxy,
}

impl Node {
    /// Starts a server in this directory, which has its `manent.toml`.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn start(directory: &Path) -> anyhow::Result<Self> {
        let process = start(directory).await?;
        let proxy = FaultProxy::start(process.address()).await?;
        Ok(Self {
            process: Some(process),
            directory: directory.to_owned(),
            proxy,
        })
    }

    /// The proxy between its clients and itself.
    pub const fn proxy(&self) -> &FaultProxy {
        &self.proxy
    }

    /// The API through the proxy; it stays good over restarts.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn api(&self) -> anyhow::Result<Api> {
        Ok(Api::new(Client::new(self.proxy.address())?))
    }

    /// The API without the proxy; good until the process ends.
    ///
    /// # Errors
    /// When it does not run.
    pub fn direct(&self) -> anyhow::Result<Api> {
        Ok(Api::new(self.running()?.client()?))
    }

    /// Its data directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.process.take().context("it does not run")?.kill().await
    }

    /// Starts it again in its directory and leads its proxy there.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        let process = start(&self.directory).await?;
        self.proxy.set_upstream(process.address());
        self.process = Some(process);
        Ok(())
    }

    /// `SIGTERM`; does not wait.
    ///
    /// # Errors
    /// When it does not run.
    pub fn terminate(&self) -> anyhow::Result<()> {
        self.running()?.terminate()
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        self.process
            .take()
            .context("it does not run")?
            .ended()
            .await
    }

    fn running(&self) -> anyhow::Result<&ServerProcess> {
        self.process.as_ref().context("it does not run")
    }
}

async fn start(directory: &Path) -> anyhow::Result<ServerProcess> {
    ServerProcess::start(&binary()?, directory, &["--log", "error"], &[]).await
}

/// The server that `MANENT_BINARY` names, or the one that was built beside these tests.
fn binary() -> anyhow::Result<PathBuf> {
    if let Some(chosen) = std::env::var_os("MANENT_BINARY") {
        return Ok(chosen.into());
    }
    let tests = std::env::current_exe()?;
    let profile = tests
        .parent()
        .and_then(Path::parent)
        .context("the directory of the build")?;
    let binary = profile.join(format!("manent{}", std::env::consts::EXE_SUFFIX));
    anyhow::ensure!(
        binary.is_file(),
        "{} is missing: build it by `cargo build --package manent-cli`",
        binary.display()
    );
    Ok(binary)
}
