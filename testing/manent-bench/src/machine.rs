//! The machine and the moment of a run: figures mean nothing without them.

use std::fmt;

use serde::Serialize;

/// The machine and the moment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Machine {
    date: String,
    processor: String,
    cores: usize,
    kernel: String,
    /// Over the last minute, at the beginning: other work on the machine is noise.
    load_average: String,
}

impl Machine {
    /// This machine, now.
    pub(crate) fn read() -> Self {
        let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let processor = text("/proc/cpuinfo")
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
            .map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned());
        let first_word = |text: &str| text.split_whitespace().next().unwrap_or("?").to_owned();
        Self {
            date: today(),
            processor,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: text("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_average: first_word(&text("/proc/loadavg")),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}, {}, {} cores, Linux {}, load average {} at the beginning",
            self.date, self.processor, self.cores, self.kernel, self.load_average
        )
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a report is stamped with the real date; there is no service here to pass a clock"
)]
fn today() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%d %H:%M UTC")
        .to_string()
}
