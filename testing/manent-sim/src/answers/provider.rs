//! The server's runs, and the provider behind it.

use std::collections::BTreeMap;

use manent_engine::answers::AnswerFailure;
use manent_types::RunId;

use super::network::NOT_YET;

/// What a client hears of a run.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// It runs, and ends at this time.
    Runs {
        until: u64,
    },
    Ended,
    /// What comes over the wire: status, code, patience; 0 is a broken connection.
    Failed(u16, Option<&'static str>, Option<u64>),
}

/// What will become of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Possible,
    /// What is asked for cannot be done: one of [`ENDS`].
    Impossible(usize),
    /// What it builds on never comes.
    NeverThere,
}

/// How a run ends that cannot be, in status and code.
pub(super) const ENDS: [(u16, &str); 7] = [
    (422, "unknown_model"),
    (502, "provider_unreachable"),
    (503, "provider_overloaded"),
    (410, "run_log_cleared"),
    (500, "interrupted"),
    (500, "stopped"),
    (409, "a_code_of_the_future"),
];

/// What has to be made of a failure.
pub(super) fn meaning_of(code: Option<&str>, status: u16) -> Meaning {
    match (status, code) {
        (401, _) | (403, Some("account_locked")) => Meaning::SignIn,
        (429, _)
        | (503, Some("overloaded" | "shutting_down" | "store_unavailable" | "store_busy")) => {
            Meaning::Patience
        }
        (_, Some(code)) if NOT_YET.contains(&code) => Meaning::NotYet,
        (_, Some(code)) if ENDS.iter().any(|(_, end)| *end == code) => Meaning::Over,
        _ => Meaning::Broken,
    }
}

/// See [`meaning_of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    SignIn,
    Patience,
    NotYet,
    Over,
    Broken,
}

impl Meaning {
    pub(super) fn of(failure: &AnswerFailure) -> Option<Self> {
        Some(match failure {
            AnswerFailure::Infrastructure => Self::Broken,
            AnswerFailure::BackPressure { .. } => Self::Patience,
            AnswerFailure::Auth => Self::SignIn,
            AnswerFailure::NotYet { .. } => Self::NotYet,
            AnswerFailure::Over { .. } => Self::Over,
            AnswerFailure::UserAbort => return None,
        })
    }
}

#[derive(Debug)]
struct Run {
    lasts: u64,
    kind: Kind,
    begun_at: Option<u64>,
}

/// Runs by id. Each begins once, and goes on whether somebody listens or not.
#[derive(Debug, Default)]
pub(super) struct Provider {
    runs: BTreeMap<RunId, Run>,
}

impl Provider {
    /// What will become of a run when somebody asks for it.
    pub(super) fn plan(&mut self, run: RunId, lasts: u64, kind: Kind) {
        let planned = Run {
            lasts,
            kind,
            begun_at: None,
        };
        self.runs.insert(run, planned);
    }

    /// Begins a run, or attaches to it.
    pub(super) fn ask(&mut self, run: RunId, now: u64) -> Option<Reply> {
        let found = self.runs.get_mut(&run)?;
        match found.kind {
            Kind::Impossible(place) => {
                let (status, code) = ENDS[place];
                return Some(Reply::Failed(status, Some(code), None));
            }
            Kind::NeverThere => return Some(Reply::Failed(422, Some("parent_unknown"), None)),
            Kind::Possible => {}
        }
        let begun_at = *found.begun_at.get_or_insert(now);
        Some(Reply::Runs {
            until: begun_at + found.lasts,
        })
    }

    pub(super) fn is_over(&self, run: RunId, now: u64) -> bool {
        self.runs.get(&run).is_some_and(|run| {
            let ends = run.begun_at.map(|at| at + run.lasts);
            ends.is_some_and(|ends| ends <= now)
        })
    }

    pub(super) fn is_impossible(&self, run: RunId) -> bool {
        let run = self.runs.get(&run);
        run.is_some_and(|run| matches!(run.kind, Kind::Impossible(_)))
    }

    pub(super) fn is_never_there(&self, run: RunId) -> bool {
        let run = self.runs.get(&run);
        run.is_some_and(|run| run.kind == Kind::NeverThere)
    }
}
