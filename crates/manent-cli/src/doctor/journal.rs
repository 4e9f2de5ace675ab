//! The journal: what waits, what was refused, whether it is sound.

use std::fmt::Write;

use manent_config::Config;
use manent_journal::{JournalReport, inspect};

use super::check::{Check, size};

const NAME: &str = "journal";

pub(super) fn check(config: &Config, is_running: bool) -> Check {
    if !config.journal.enabled {
        return Check::warning(
            NAME,
            "switched off",
            "what the store cannot take is lost: set journal.enabled = true unless that is wanted",
        );
    }
    match inspect(&config.journal_directory()) {
        Ok(None) => Check::ok(NAME, "made at the first start"),
        Ok(Some(report)) => of_report(config, &report, is_running),
        Err(error) => Check::problem(NAME, error.to_string(), None),
    }
}

fn of_report(config: &Config, report: &JournalReport, is_running: bool) -> Check {
    let mut detail = format!(
        "{} of {}",
        size(report.bytes),
        size(config.journal.max_bytes)
    );
    if report.waiting == 0 {
        detail.push_str(", nothing waits");
    } else {
        // Writing into a string does not fail.
        let _ = write!(detail, ", {} entries wait for the store", report.waiting);
        if let Some(at) = report.oldest_at {
            let _ = write!(detail, ", the oldest since {at}");
        }
    }
    if report.unfinished_bytes > 0 && !is_running {
        detail.push_str(", an unfinished append at its end, which was never acknowledged");
    }
    if !report.refused.is_empty() {
        let _ = write!(
            detail,
            ", {} entries can never be stored",
            report.refused.len()
        );
        return Check::warning(
            NAME,
            detail,
            "`manent journal inspect` tells which and why; then `manent journal retry`, or `set-aside`",
        );
    }
    if report.bytes > config.journal.max_bytes / 10 * 8 {
        return Check::problem(
            NAME,
            detail,
            Some("it is nearly full: bring the store back, or raise journal.max_bytes"),
        );
    }
    if report.waiting > 0 {
        let advice = if is_running {
            "the server stores them as soon as the store takes them; see what it says of the store"
        } else {
            "the next start stores them; do not delete the journal before"
        };
        return Check::warning(NAME, detail, advice);
    }
    Check::ok(NAME, detail)
}
