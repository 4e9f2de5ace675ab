//! The server's runs, and the provider behind it.

use std::collections::BTreeMap;

use manent_engine::answers::AnswerFailure;
use manent_types::RunId;

/// What a client hears of a run.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// It runs, and ends at this time.
    Runs {
        until: u64,
    },
    Ended,
    Failed(AnswerFailure),
}

#[derive(Debug)]
struct Run {
    lasts: u64,
    is_impossible: bool,
    begun_at: Option<u64>,
}

/// Runs by id. Each begins once, and goes on whether somebody listens or not.
#[derive(Debug, Default)]
pub(super) struct Provider {
    runs: BTreeMap<RunId, Run>,
}

impl Provider {
    /// What will become of a run when somebody asks for it.
    pub(super) fn plan(&mut self, run: RunId, lasts: u64, is_impossible: bool) {
        let planned = Run {
            lasts,
            is_impossible,
            begun_at: None,
        };
        self.runs.insert(run, planned);
    }

    /// Begins a run, or attaches to it.
    pub(super) fn ask(&mut self, run: RunId, now: u64) -> Option<Reply> {
        let found = self.runs.get_mut(&run)?;
        if found.is_impossible {
            return Some(Reply::Failed(AnswerFailure::Over {
                code: "unknown_model".to_owned(),
            }));
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
        self.runs.get(&run).is_some_and(|run| run.is_impossible)
    }
}
