//! Many worlds, one after the other and side by side.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::{Failure, Report, Scenario, simulate};

/// So many seeds are tried for each smaller size when a failing world is made smaller.
const TRIES: u64 = 100;

/// Many worlds like one another, each with its own seed.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    /// The first world; the others have the seeds after it.
    pub first: Scenario,
    /// Goes on until so many messages were written.
    pub messages: usize,
    /// So many worlds side by side.
    pub threads: usize,
}

/// How far a campaign is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// Worlds that came to their end.
    pub worlds: u64,
    /// What happened in them.
    pub report: Report,
}

impl Campaign {
    /// Runs until enough messages were written, or until `watch`, which is called after each world, breaks it off.
    ///
    /// # Errors
    /// At the first world that fails (of several at once the one with the lowest seed).
    pub fn run(
        &self,
        watch: impl Fn(&Progress) -> ControlFlow<()> + Sync,
    ) -> Result<Progress, Failure> {
        let next_seed = AtomicU64::new(self.first.seed);
        let is_over = AtomicBool::new(false);
        let state = Mutex::new((Progress::default(), None::<Failure>));
        let work = || {
            while !is_over.load(Ordering::Relaxed) {
                let seed = next_seed.fetch_add(1, Ordering::Relaxed);
                let result = simulate(Scenario { seed, ..self.first });
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                let (progress, worst) = &mut *state;
                match result {
                    Ok(report) => {
                        progress.worlds += 1;
                        progress.report += report;
                        let is_enough = progress.report.written >= self.messages;
                        if is_enough || watch(progress).is_break() {
                            is_over.store(true, Ordering::Relaxed);
                        }
                    }
                    Err(failure) => {
                        let is_first = worst
                            .as_ref()
                            .is_none_or(|worst| failure.scenario.seed < worst.scenario.seed);
                        if is_first {
                            *worst = Some(failure);
                        }
                        is_over.store(true, Ordering::Relaxed);
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.threads {
                scope.spawn(work);
            }
            work();
        });
        match state.into_inner().unwrap_or_else(PoisonError::into_inner) {
            (_, Some(failure)) => Err(failure),
            (progress, None) => Ok(progress),
        }
    }
}

/// Looks for a smaller world that breaks the same promise; gives the failure itself when there is none.
pub fn shrink(failure: Failure) -> Failure {
    let original = failure.scenario;
    let mut shapes = Vec::new();
    for messages in [3, 6, 12, 25, 50, 100] {
        for devices in 1..=original.devices {
            for tabs in 1..=original.tabs {
                if messages < original.messages {
                    shapes.push((messages, devices, tabs));
                }
            }
        }
    }
    let promise = std::mem::discriminant(&failure.violation);
    for (messages, devices, tabs) in shapes {
        for seed in original.seed..original.seed.saturating_add(TRIES) {
            let smaller = Scenario {
                seed,
                messages,
                devices,
                tabs,
            };
            if let Err(found) = simulate(smaller)
                && std::mem::discriminant(&found.violation) == promise
            {
                return found;
            }
        }
    }
    failure
}
