//! What does not go together, outside of providers.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::Config;
use crate::loaded::Entry;
use crate::origin::Origin;
use crate::problem::Problem;

/// Every conflict between values that are each right by themselves.
pub(crate) fn check(
    config: &Config,
    entries: &[Entry],
    failed: &BTreeSet<&'static str>,
) -> Vec<Problem> {
    let mut checker = Checker {
        entries,
        failed,
        problems: Vec::new(),
    };
    checker.listen(config);
    checker.data_dir(&config.data_dir);
    let limits = &config.limits;
    let content = &limits.content;
    for (key, bytes) in [
        ("limits.message_text_bytes", content.message_text_bytes),
        ("limits.message_image_bytes", content.message_image_bytes),
        ("limits.system_bytes", content.system_bytes),
    ] {
        checker.smaller(key, "limits.body_bytes", bytes < limits.body_bytes);
    }
    let runs = &config.runs;
    if runs.dead_after < runs.heartbeat_interval * 2 {
        let message = format!(
            "{} must be at least twice {}, or runs that live are taken for dead",
            checker.describe("runs.dead_after"),
            checker.describe("runs.heartbeat_interval")
        );
        checker.complain(&["runs.dead_after", "runs.heartbeat_interval"], message);
    }
    checker.problems
}

struct Checker<'a> {
    entries: &'a [Entry],
    failed: &'a BTreeSet<&'static str>,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn listen(&mut self, config: &Config) {
        if !config.listen.ip().is_loopback() {
            self.complain(
                &["listen"],
                format!(
                    "`listen` is {}, which others can reach, but accounts do not exist yet: Manent binds to loopback only for now; \
                     use 127.0.0.1:{}, and reach it from another machine through an SSH tunnel",
                    config.listen,
                    config.listen.port()
                ),
            );
        }
    }

    fn data_dir(&mut self, data_dir: &Path) {
        if data_dir.as_os_str().is_empty() {
            if !self.failed.contains("data_dir") {
                self.problems.push(Problem::mistake(
                    Origin::Default,
                    "there is no home directory, so there is no usual place for the data; set `data_dir` (--data-dir, MANENT_DATA_DIR)",
                ));
            }
        } else if data_dir.exists() && !data_dir.is_dir() {
            self.complain(
                &["data_dir"],
                format!(
                    "`data_dir` is {}, which is no directory",
                    data_dir.display()
                ),
            );
        }
    }

    fn smaller(&mut self, left: &str, right: &str, holds: bool) {
        if !holds {
            let message = format!(
                "{} must be smaller than {}, in which it travels",
                self.describe(left),
                self.describe(right)
            );
            self.complain(&[left, right], message);
        }
    }

    fn describe(&self, key: &str) -> String {
        match self.entries.iter().find(|entry| entry.key == key) {
            Some(entry) => format!("`{key}` ({}, {})", entry.value, entry.origin),
            None => format!("`{key}`"),
        }
    }

    /// Complains where the latest of the values was set. Values that are wrong by themselves were told already.
    fn complain(&mut self, keys: &[&str], message: String) {
        if keys.iter().any(|key| self.failed.contains(key)) {
            return;
        }
        let origin = self
            .entries
            .iter()
            .filter(|entry| keys.contains(&entry.key.as_str()))
            .map(|entry| entry.origin.clone())
            .max()
            .unwrap_or(Origin::Default);
        self.problems.push(Problem::mistake(origin, message));
    }
}
