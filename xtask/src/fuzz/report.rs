//! What libFuzzer says at the end of a run.

use std::fmt;

/// How much was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Report {
    /// The corpus.
    kept: u64,
    /// What was tried beside it.
    new: u64,
    per_second: u64,
}

impl Report {
    /// Out of what was said with `-print_final_stats=1`; absent when nothing was run, or not even the corpus.
    pub(super) fn read(said: &str, kept: usize) -> Option<Self> {
        let kept = u64::try_from(kept).ok()?;
        let all = statistic(said, "number_of_executed_units")?;
        Some(Self {
            kept,
            new: all.checked_sub(kept)?,
            per_second: statistic(said, "average_exec_per_sec")?,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kept,
            new,
            per_second,
        } = self;
        write!(
            formatter,
            "{kept:4} inputs of the corpus, {new:7} new ones, {per_second:6} a second"
        )
    }
}

fn statistic(said: &str, name: &str) -> Option<u64> {
    let mut lines = said.lines().rev();
    let value = lines.find_map(|line| {
        line.strip_prefix("stat::")?
            .strip_prefix(name)?
            .strip_prefix(':')
    })?;
    value.trim().parse().ok()
}

/// The end of what was said, which names what was broken.
pub(super) fn last_words(said: &str) -> String {
    const LINES: usize = 40;
    let lines: Vec<_> = said
        .lines()
        .filter(|line| !line.contains("NEW_FUNC") && !line.starts_with('#'))
        .collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str =
        "#2 INITED\nstat::number_of_executed_units: 120\nstat::average_exec_per_sec:     24\n";

    #[test]
    fn reads_how_much_was_tried() {
        let expected = Report {
            kept: 20,
            new: 100,
            per_second: 24,
        };
        assert_eq!(Report::read(SAID, 20), Some(expected));
    }

    #[test]
    fn what_did_not_run_is_no_success() {
        assert_eq!(Report::read("", 0), None);
        assert_eq!(Report::read(SAID, 121), None);
    }

    #[test]
    fn the_last_words_are_what_was_broken() {
        let said = "\tNEW_FUNC[1/2]: 0x1\n#12 NEW cov: 1\nthread panicked\n==1== ERROR";
        assert_eq!(last_words(said), "thread panicked\n==1== ERROR");
    }
}
