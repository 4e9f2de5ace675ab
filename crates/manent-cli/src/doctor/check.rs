//! What a look at one thing came to.

use std::fmt::Write;

use serde_json::{Value, json};

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it should.
    Ok,
    /// It works; somebody should know.
    Warning,
    /// It does not work, or will not for long.
    Problem,
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// What a look at one thing came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    name: &'static str,
    verdict: Verdict,
    /// What was seen.
    detail: String,
    /// What to do about it; absent when nothing needs to be done.
    advice: Option<String>,
}

impl Check {
    pub(super) fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            verdict: Verdict::Ok,
            detail: detail.into(),
            advice: None,
        }
    }

    pub(super) fn warning(
        name: &'static str,
        detail: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            name,
            verdict: Verdict::Warning,
            detail: detail.into(),
            advice: Some(advice.into()),
        }
    }

    /// The detail may hold the advice already.
    pub(super) fn problem(
        name: &'static str,
        detail: impl Into<String>,
        advice: Option<&str>,
    ) -> Self {
        Self {
            name,
            verdict: Verdict::Problem,
            detail: detail.into(),
            advice: advice.map(str::to_owned),
        }
    }

    pub(super) fn is_problem(&self) -> bool {
        self.verdict == Verdict::Problem
    }
}

/// One line for each check, and what to do below those that need it.
pub(super) fn as_text(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let detail = check
            .detail
            .trim_end()
            .replace('\n', "\n                         ");
        // Writing into a string does not fail.
        let _ = writeln!(
            text,
            "{:<9}{:<16}{detail}",
            check.verdict.name(),
            check.name
        );
        if let Some(advice) = &check.advice {
            let _ = writeln!(text, "{:<25}-> {advice}", "");
        }
    }
    text
}

/// The same for programs.
pub(super) fn as_json(checks: &[Check]) -> Value {
    let each: Vec<Value> = checks
        .iter()
        .map(|check| {
            json!({
                "name": check.name,
                "verdict": check.verdict.name(),
                "detail": check.detail,
                "advice": check.advice,
            })
        })
        .collect();
    json!({"ok": !checks.iter().any(Check::is_problem), "checks": each})
}

/// Bytes in words.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_cut_to_one_digit_behind_the_point() {
        let sizes = [0, 999, 1_000, 1_999, 256_000_000, 3_050_000_000].map(size);
        assert_eq!(
            sizes,
            [
                "0 bytes",
                "999 bytes",
                "1.0 kB",
                "1.9 kB",
                "256.0 MB",
                "3.0 GB"
            ]
        );
    }
}
