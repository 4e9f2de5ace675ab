//! What all benchmarks share: where things lie and how long they may take.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use hyper::Method;
use manent_types::UserId;

use crate::child::ServerProcess;
use crate::cores::Cores;
use crate::data::messages::{create_body, random_id};
use crate::data::{database, seeded};
use crate::load::client::Client;
use crate::load::request;
use crate::report::Report;

/// Where things lie and how long they may take.
#[derive(Debug)]
pub(crate) struct Environment {
    /// Short rounds and small data.
    pub(crate) quick: bool,
    /// Reports go here.
    pub(crate) results: PathBuf,
    /// Generated databases, kept for the next run.
    pub(crate) data: PathBuf,
    /// What the measured processes say.
    logs: PathBuf,
    /// This program, for floors in processes of their own.
    program: PathBuf,
    /// The server's binary.
    server: PathBuf,
}

impl Environment {
    /// Finds the directories beside this program.
    ///
    /// # Errors
    /// When this program does not know where it lies.
    pub(crate) fn find(quick: bool, server: Option<PathBuf>) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?;
        let profile = program.parent().context("this program lies nowhere")?;
        let results = profile.parent().unwrap_or(profile).join("bench");
        let directory = |name: &str| -> anyhow::Result<PathBuf> {
            let directory = results.join(name);
            std::fs::create_dir_all(&directory)?;
            Ok(directory)
        };
        Ok(Self {
            quick,
            data: directory("data")?,
            logs: directory("logs")?,
            server: server.unwrap_or_else(|| profile.join("manent")),
            results,
            program,
        })
    }

    /// The first in a short run, the second in a full one.
    pub(crate) fn scaled<T>(&self, quick: T, full: T) -> T {
        if self.quick { quick } else { full }
    }

    /// Whether the server is built; without it a report says that its part is missing.
    pub(crate) fn has_server(&self, report: &mut Report) -> bool {
        let exists = self.server.exists();
        if !exists {
            let path = self.server.display();
            report.note(format!(
                "HTTP was NOT measured: there is no server at {path}"
            ));
        }
        exists
    }

    /// The server's binary.
    ///
    /// # Errors
    /// When it is not built.
    pub(crate) fn server_binary(&self) -> anyhow::Result<&Path> {
        let path = self.server.as_path();
        anyhow::ensure!(
            path.exists(),
            "there is no server at {}; build it: cargo build --release -p manent-cli",
            path.display()
        );
        Ok(path)
    }

    /// The owner whose rows the server serves: its one local user, found by asking it to store something. Anybody where the
    /// server is not built.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn local_owner(&self) -> anyhow::Result<UserId> {
        if !self.server.exists() {
            return Ok(UserId::new(random_id(&mut seeded(6))));
        }
        let directory = self.scratch()?;
        let server = self.start_server(directory.path(), None, Cores::All)?;
        let mut client = Client::connect(server.address).await?;
        let body = create_body(random_id(&mut seeded(6)));
        request::timed(&mut client, Method::POST, "/conversation/create", body).await?;
        drop(server);
        let id: String = database::open(directory.path())?.query_row(
            "SELECT users.id FROM users JOIN conversations ON owner_pk = users.pk",
            [],
            |row| row.get(0),
        )?;
        Ok(id.parse()?)
    }

    /// A new empty directory on the disk of the target directory, removed when dropped. (The system's own temporary directory may lie in memory,
    /// where a commit costs nothing.)
    ///
    /// # Errors
    /// When it cannot be created.
    pub(crate) fn scratch(&self) -> anyhow::Result<tempfile::TempDir> {
        Ok(tempfile::tempdir_in(&self.data)?)
    }

    /// Starts a floor in a process of its own.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start_floor(
        &self,
        name: &str,
        argument: Option<String>,
        cores: Cores,
    ) -> anyhow::Result<ServerProcess> {
        let mut command = Command::new(&self.program);
        command.args(["floor", name]).args(argument);
        ServerProcess::start(command, cores, &self.logs.join(format!("{name}.log")))
    }

    /// Starts the server with its data in `data` and, as its only provider, the upstream at this address.
    ///
    /// # Errors
    /// When it is not built or does not start.
    pub(crate) fn start_server(
        &self,
        data: &Path,
        upstream: Option<SocketAddr>,
        cores: Cores,
    ) -> anyhow::Result<ServerProcess> {
        let mut command = Command::new(self.server_binary()?);
        command
            .env_clear()
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data);
        if let Some(upstream) = upstream {
            let file = data.join("manent.toml");
            std::fs::write(&file, configuration(upstream))?;
            command.arg("--config").arg(file);
        }
        ServerProcess::start(command, cores, &self.logs.join("manent.log"))
    }
}

fn configuration(upstream: SocketAddr) -> String {
    format!(
        r#"[[providers]]
id = "bench"
kind = "openai"
base_url = "http://{upstream}/v1"
fetch_models = false
retries = 0
models = ["bench"]
"#
    )
}
