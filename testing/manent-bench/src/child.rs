//! Measured processes: each figure and each floor runs in a process of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::cores::Cores;

/// A running server process; killed when dropped.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From the start of the process until it said where it listens.
    pub(crate) time_to_ready: Duration,
}

impl ServerProcess {
    /// Starts a command on these cores and waits until it prints a line with `http://ADDRESS`. Its log goes to `log`.
    ///
    /// # Errors
    /// When it cannot be started, ends, or prints no address.
    pub(crate) fn start(mut command: Command, cores: Cores, log: &Path) -> anyhow::Result<Self> {
        if let Some(directory) = log.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let program = command.get_program().to_string_lossy().into_owned();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log)?);
        // A process inherits the cores of the thread that starts it.
        let (mut child, started) = std::thread::spawn(move || -> anyhow::Result<_> {
            cores.bind_this_thread()?;
            let started = Instant::now();
            Ok((command.spawn()?, started))
        })
        .join()
        .map_err(|_| anyhow::anyhow!("the thread that starts {program} panicked"))?
        .with_context(|| format!("cannot start {program}"))?;
        let Some(stdout) = child.stdout.take() else {
            bail!("{program} has no output");
        };
        let mut lines = BufReader::new(stdout);
        let address = match read_address(&mut lines) {
            Ok(address) => address,
            Err(error) => {
                child.kill().ok();
                child.wait().ok();
                let said = std::fs::read_to_string(log).unwrap_or_default();
                return Err(error.context(format!("{program} did not become ready: {said}")));
            }
        };
        let time_to_ready = started.elapsed();
        // Somebody must go on reading, or the process would block on a full pipe.
        std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        Ok(Self {
            child,
            address,
            time_to_ready,
        })
    }

    /// The processor time that all its threads have used.
    ///
    /// # Errors
    /// When the process has ended.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        // schedstat counts nanoseconds; /proc/PID/stat has steps of 10 ms, too coarse for short rounds.
        let mut nanoseconds = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
            let first = text.split_whitespace().next().context("no schedstat")?;
            nanoseconds += first.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Its resident memory in KiB.
    ///
    /// # Errors
    /// When the process has ended.
    pub(crate) fn resident_kibibytes(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn read_address(lines: &mut impl BufRead) -> anyhow::Result<SocketAddr> {
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            bail!("it ended without saying where it listens");
        }
        if let Some((_, rest)) = line.split_once("http://") {
            let address: String = rest
                .chars()
                .take_while(|character| matches!(character, '0'..='9' | '.' | ':'))
                .collect();
            return address
                .parse()
                .with_context(|| format!("no address in {line:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_address_in_the_ready_line() {
        let mut output = "starting\nManent is ready at http://127.0.0.1:4711 (demo)\n".as_bytes();
        let address = read_address(&mut output).unwrap();
        assert_eq!(address, "127.0.0.1:4711".parse().unwrap());
    }

    #[test]
    fn fails_when_the_process_ends_first() {
        assert!(read_address(&mut "starting\n".as_bytes()).is_err());
    }
}
