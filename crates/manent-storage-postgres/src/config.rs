//! How a store is reached.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use manent_domain::ports::{IgnoreSignals, SignalListener};
use secrecy::SecretString;

/// How a store is reached and how it works. [`PostgresConfig::new`] has the defaults.
#[derive(Clone)]
pub struct PostgresConfig {
    /// Such as `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full`. May hold a password; it is never shown.
    ///
    /// `sslmode` means what it means to `libpq`: `disable`; `prefer` (the default): encrypted if the server can; `require`: encrypted, whoever
    /// answers; `verify-ca`: and its certificate is signed by an authority of `sslrootcert`; `verify-full`: and it names the host.
    /// `sslrootcert` is a file in PEM, or `system` (the default with `verify-full`) for the machine's own authorities.
    pub url: SecretString,
    /// The most connections, at least 3: one listens for what other processes did, the others serve reads and writes.
    pub pool_size: usize,
    /// How long a call waits for a connection, and for a place in the queue of writes.
    pub acquire_timeout: Duration,
    /// How long one statement may take, and five times as long as it may wait for a lock. A connection on which nothing comes back for two seconds longer is given up.
    pub statement_timeout: Duration,
    /// How long opening waits for a database that cannot be reached. Zero tries once.
    pub start_wait: Duration,
    /// How many groups of writes may be under way at once, each on a connection of its own. An owner's writes go through one at a time, in
    /// order. Held below the number of connections. The second begins only when there is enough to do for it, or when the first takes long.
    pub writers: usize,
    /// The most writes that share a commit.
    pub group_jobs: usize,
    /// No further write joins a commit that has reached this many bytes.
    pub group_bytes: usize,
    /// Only owners who have an account may write: whoever has none is gone, and nothing of theirs comes back. Off: an owner is made at the
    /// first write.
    pub accounts_only: bool,
    /// The most bytes of writes that wait or are being written.
    pub queue_bytes: usize,
    /// How often to look whether another process did something of which no notification came: one small query for the whole process.
    pub missed_check_interval: Duration,
    /// Is told what went on here, after each commit and before the callers are answered, and what went on in other processes.
    pub signals: Arc<dyn SignalListener>,
}

impl PostgresConfig {
    /// The defaults, for this database.
    pub fn new(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            pool_size: 10,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            start_wait: Duration::from_secs(30),
            writers: 4,
            group_jobs: 512,
            group_bytes: 8 * 1024 * 1024,
            accounts_only: false,
            queue_bytes: 64 * 1024 * 1024,
            missed_check_interval: Duration::from_secs(5),
            signals: Arc::new(IgnoreSignals),
        }
    }
}

impl PostgresConfig {
    /// How many writers there are. Readers get through, whatever is written: one connection listens, and at least one is left for them.
    pub(crate) fn writer_count(&self) -> usize {
        let most = self.pool_size.saturating_sub(2).clamp(1, 64);
        self.writers.clamp(1, most)
    }
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresConfig")
            .field("pool_size", &self.pool_size)
            .finish_non_exhaustive()
    }
}
