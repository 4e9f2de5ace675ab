//! A home directory of a test's own, and processes that end with the test.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_manent");

/// A home directory of a test's own, which is also the current directory.
pub(crate) struct World {
    home: TempDir,
}

/// What a command left behind, with the home directory called `/home`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("work")).unwrap();
        Self { home }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join("work").join(name)
    }

    pub(crate) fn file(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .envs(variables.iter().copied())
            .current_dir(self.path(""))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome {
        let output: Output = self.command(arguments, variables).output().unwrap();
        Outcome {
            code: output.status.code(),
            output: self.neutral(&output.stdout),
            errors: self.neutral(&output.stderr),
        }
    }

    /// Runs a command to its end with these words on its standard input.
    pub(crate) fn run_with_input(
        &self,
        arguments: &[&str],
        variables: &[(&str, &str)],
        input: &str,
    ) -> Outcome {
        let mut child = self
            .command(arguments, variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that does not read its input may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Outcome {
            code: output.status.code(),
            output: self.neutral(&output.stdout),
            errors: self.neutral(&output.stderr),
        }
    }

    /// Starts a command and waits for its first line.
    pub(crate) fn start(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Running {
        let mut child = self
            .command(arguments, variables)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let errors = BufReader::new(child.stderr.take().unwrap());
        let mut first_line = String::new();
        output.read_line(&mut first_line).unwrap();
        Running {
            child,
            first_line,
            output,
            errors,
        }
    }

    fn neutral(&self, bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).replace(self.home.path().to_str().unwrap(), "/home")
    }
}

/// A report without the mistakes inside a rules file, whose words are not the command line's.
pub(crate) fn without_rules(report: &str) -> String {
    report
        .split_inclusive('\n')
        .filter(|line| !line.trim_start().starts_with("line "))
        .collect()
}

/// A process that serves. It is killed with the test.
pub(crate) struct Running {
    child: Child,
    pub(crate) first_line: String,
    pub(crate) output: BufReader<ChildStdout>,
    errors: BufReader<ChildStderr>,
}

impl Running {
    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> &str {
        self.first_line.trim_end().rsplit_once('/').unwrap().1
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Reads the log up to a line that holds these words, and returns it.
    pub(crate) fn wait_for_log(&mut self, words: &str) -> String {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            let length = self.errors.read_line(&mut line).unwrap();
            assert!(length > 0, "the log ended without {words:?}");
        }
        line
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
