//! A server.

use std::fs::{File, Permissions};
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::OnceCell;
use url::Url;

use crate::account::{self, Account};
use crate::database::{Database, execute};
use crate::programs::{self, Programs};
use crate::watcher::Watcher;

/// Names a running server whose user may create databases.
pub(crate) const URL_VARIABLE: &str = "MANENT_TEST_POSTGRES_URL";

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// Between two looks at a server that starts or stops.
const LOOK: Duration = Duration::from_millis(20);

static SHARED: OnceCell<PostgresServer> = OnceCell::const_new();

/// How a server of its own works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerOptions {
    /// Whether commits wait for the disk. Off by default: tests kill processes, not machines.
    pub fsync: bool,
    /// How many connections it takes.
    pub max_connections: u16,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            fsync: false,
            max_connections: 300,
        }
    }
}

/// What an encrypting server shows and keeps, both in PEM.
#[derive(Debug, Clone)]
pub struct ServerKeys {
    /// Its certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Ends connections in good order, writes a checkpoint.
    Fast,
    /// Drops everything at once, as a crash does; the next start recovers.
    Immediate,
}

/// A Postgres server.
#[derive(Debug)]
pub struct PostgresServer {
    url: Url,
    /// Absent for one that somebody else runs.
    own: Option<Own>,
    databases: AtomicU64,
}

#[derive(Debug)]
struct Own {
    programs: Programs,
    account: Option<Account>,
    directory: PathBuf,
    port: u16,
    options: ServerOptions,
    is_encrypting: bool,
    process: Mutex<Option<Child>>,
    /// Ends the server and removes the directory when it is dropped, or when this process ends.
    _watcher: Watcher,
}

impl PostgresServer {
    /// The server that all tests of this process share. Not to be stopped.
    ///
    /// # Errors
    /// When there is no Postgres, with what to install, or when it does not start.
    pub async fn shared() -> Result<&'static Self> {
        SHARED
            .get_or_try_init(|| async {
                match std::env::var(URL_VARIABLE) {
                    Ok(url) if !url.is_empty() => Ok(Self {
                        url: Url::parse(&url)
                            .with_context(|| format!("{URL_VARIABLE} is no address"))?,
                        own: None,
                        databases: AtomicU64::new(0),
                    }),
                    _ => Self::private(ServerOptions::default()).await,
                }
            })
            .await
    }

    /// A server of its own, started from the programs of the machine, which its owner may stop and start. Dropping it ends it.
    ///
    /// # Errors
    /// When there is no Postgres, with what to install, or when it does not start.
    pub async fn private(options: ServerOptions) -> Result<Self> {
        Self::create(options, None).await
    }

    /// A server as [`Self::private`] that encrypts, for those who ask for it.
    ///
    /// # Errors
    /// As there.
    pub async fn encrypted(options: ServerOptions, keys: ServerKeys) -> Result<Self> {
        Self::create(options, Some(keys)).await
    }

    async fn create(options: ServerOptions, keys: Option<ServerKeys>) -> Result<Self> {
        let prepare = move || Own::prepare(options, keys.as_ref());
        let own = tokio::task::spawn_blocking(prepare).await??;
        let mut url = Url::parse("postgres://manent@127.0.0.1/postgres")?;
        let is_set = url.set_port(Some(own.port)).is_ok()
            && url.set_password(Some(&own.password()?)).is_ok();
        anyhow::ensure!(is_set, "the address of the server");
        let server = Self {
            url,
            own: Some(own),
            databases: AtomicU64::new(0),
        };
        server.start().await?;
        Ok(server)
    }

    /// The address of its first database, `postgres`.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The port on which it listens.
    pub fn port(&self) -> u16 {
        self.url.port().unwrap_or(5432)
    }

    /// An empty database.
    ///
    /// # Errors
    /// When it cannot be created.
    pub async fn fresh_database(&self) -> Result<Database> {
        Database::create(&self.url, self.fresh_name(), None).await
    }

    /// A database with the content of another one, to which nobody is connected.
    ///
    /// # Errors
    /// When it cannot be created.
    pub async fn copy_of(&self, database: &Database) -> Result<Database> {
        Database::create(&self.url, self.fresh_name(), Some(database.name())).await
    }

    fn fresh_name(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        format!("manent_test_{}_{number}", std::process::id())
    }

    /// Starts it again after [`Self::stop`], on the same port, and waits until it accepts connections.
    ///
    /// # Errors
    /// When somebody else runs it, when it runs already, or when it does not start.
    pub async fn start(&self) -> Result<()> {
        let own = self.own()?;
        own.start()?;
        let ready = async {
            loop {
                let Err(error) = execute(self.url(), "SELECT 1").await else {
                    return Ok(());
                };
                if own.has_ended()? {
                    bail!("Postgres did not start: {error:#}\n{}", own.log());
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, ready)
            .await
            .with_context(|| format!("Postgres did not start in time\n{}", own.log()))?
    }

    /// Stops it and waits until it is gone.
    ///
    /// # Errors
    /// When somebody else runs it, or when it does not stop.
    pub async fn stop(&self, how: Stop) -> Result<()> {
        let own = self.own()?;
        let signal = match how {
            Stop::Fast => Signal::INT,
            Stop::Immediate => Signal::QUIT,
        };
        own.signal(signal)?;
        let gone = async {
            while !own.has_ended()? {
                tokio::time::sleep(LOOK).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, gone)
            .await
            .with_context(|| format!("Postgres did not stop in time\n{}", own.log()))??;
        own.process().take();
        Ok(())
    }

    fn own(&self) -> Result<&Own> {
        self.own
            .as_ref()
            .with_context(|| format!("the server of {URL_VARIABLE} is not ours to stop or start"))
    }
}

impl Own {
    fn prepare(options: ServerOptions, keys: Option<&ServerKeys>) -> Result<Self> {
        let programs = programs::find()?;
        let account = account::unprivileged()?;
        let directory = tempfile::Builder::new()
            .prefix("manent-postgres-")
            .tempdir()
            .context("a directory for the server")?
            .keep();
        let watcher = Watcher::start(&directory)?;
        let password = directory.join("password");
        std::fs::write(&password, random())?;
        if let Some(account) = account {
            account.own(&directory)?;
            account.own(&password)?;
        }
        let mut initdb = Command::new(&programs.initdb);
        initdb
            .args([
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C",
                "--username=manent",
                // Cheaper than the default for the many connections of tests, and they never leave this machine.
                "--auth=password",
            ])
            .arg(format!("--pwfile={}", password.display()))
            .arg("--pgdata")
            .arg(directory.join("data"))
            .current_dir(&directory)
            .stdin(Stdio::null());
        if let Some(account) = account {
            account.run(&mut initdb);
        }
        let done = initdb
            .output()
            .with_context(|| format!("starting {}", programs.initdb.display()))?;
        if !done.status.success() {
            bail!(
                "{} failed: {}",
                programs.initdb.display(),
                String::from_utf8_lossy(&done.stderr)
            );
        }
        if let Some(keys) = keys {
            let data = directory.join("data");
            for (name, text) in [("server.crt", &keys.certificate), ("server.key", &keys.key)] {
                let file = data.join(name);
                std::fs::write(&file, text).context("the server's keys")?;
                // Nobody else may read the key, or the server refuses it.
                std::fs::set_permissions(&file, Permissions::from_mode(0o600))?;
                if let Some(account) = account {
                    account.own(&file)?;
                }
            }
        }
        Ok(Self {
            programs,
            account,
            directory,
            port: free_port()?,
            options,
            is_encrypting: keys.is_some(),
            process: Mutex::new(None),
            _watcher: watcher,
        })
    }

    fn password(&self) -> Result<String> {
        std::fs::read_to_string(self.directory.join("password")).context("the server's password")
    }

    fn start(&self) -> Result<()> {
        let mut process = self.process();
        if process.is_some() {
            bail!("the server runs already");
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .context("the server's log")?;
        let fsync = if self.options.fsync { "on" } else { "off" };
        let encryption = if self.is_encrypting { "on" } else { "off" };
        let mut command = Command::new(&self.programs.postgres);
        command.arg("-D").arg(self.directory.join("data"));
        for setting in [
            format!("port={}", self.port),
            format!("max_connections={}", self.options.max_connections),
            format!("fsync={fsync}"),
            format!("ssl={encryption}"),
            format!("full_page_writes={fsync}"),
            format!("unix_socket_directories={}", self.directory.display()),
            "listen_addresses=127.0.0.1".to_owned(),
            "shared_buffers=128MB".to_owned(),
            "max_wal_senders=0".to_owned(),
            "wal_level=minimal".to_owned(),
        ] {
            command.arg("-c").arg(setting);
        }
        command
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        if let Some(account) = self.account {
            account.run(&mut command);
        }
        let child = command
            .spawn()
            .with_context(|| format!("starting {}", self.programs.postgres.display()))?;
        *process = Some(child);
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let process = self.process();
        let child = process.as_ref().context("the server does not run")?;
        let id = i32::try_from(child.id())
            .ok()
            .and_then(Pid::from_raw)
            .context("the server's number")?;
        kill_process(id, signal).context("stopping the server")
    }

    fn has_ended(&self) -> Result<bool> {
        match self.process().as_mut() {
            Some(child) => Ok(child.try_wait()?.is_some()),
            None => Ok(true),
        }
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log_file(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// The end of the server's log.
    fn log(&self) -> String {
        tail(&self.log_file(), 20)
    }
}

fn tail(path: &Path, lines: usize) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// A port that is free now. Somebody else may take it before the server does; then the server does not start and says so.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("a free port")?;
    Ok(listener.local_addr()?.port())
}

/// A password that nobody guesses: other users of the machine can reach the port.
fn random() -> String {
    let word = || RandomState::new().hash_one(0_u8);
    format!("{:016x}{:016x}", word(), word())
}
