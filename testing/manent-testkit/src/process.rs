//! The compiled server as a process of its own, so that it can be killed.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::client::Client;

/// The line that says that the server accepts connections.
const READY: &str = "Manent is ready at http://";

/// A running server process. Dropping it kills it.
pub struct ServerProcess {
    child: Child,
    address: SocketAddr,
    /// Kept open, so that the server never writes into a closed pipe.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl ServerProcess {
    /// Starts `manent serve` on a free port and waits until it says that it is ready. The environment is empty but for `variables`.
    ///
    /// # Errors
    /// When it ends before it is ready.
    pub async fn start(
        binary: &Path,
        data_dir: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(binary);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .args(arguments)
            .env_clear()
            .envs(variables.iter().copied())
            .current_dir(data_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let stdout = child.stdout.take().context("the server's output")?;
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some(address) = line.strip_prefix(READY) {
                let address = address
                    .trim_end_matches('/')
                    .parse()
                    .context("the server's address")?;
                return Ok(Self {
                    child,
                    address,
                    _stdout: lines,
                });
            }
        }
        let status = child.wait().await?;
        anyhow::bail!("the server ended before it was ready: {status}")
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// A client for it.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn client(&self) -> anyhow::Result<Client> {
        Client::new(self.address)
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// `SIGTERM`, and waits until it has ended.
    ///
    /// # Errors
    /// When it cannot be told.
    pub async fn stop(self) -> anyhow::Result<ExitStatus> {
        self.terminate()?;
        self.ended().await
    }

    /// `SIGTERM`, and goes on.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn terminate(&self) -> anyhow::Result<()> {
        let id = self.child.id().context("the server has ended already")?;
        let process = i32::try_from(id)
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(
            process.context("a process id")?,
            rustix::process::Signal::TERM,
        )?;
        Ok(())
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// When that cannot be known.
    pub async fn ended(mut self) -> anyhow::Result<ExitStatus> {
        Ok(self.child.wait().await?)
    }
}
