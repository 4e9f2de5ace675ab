//! How long answers are waited for with lines from a pipe: nobody sits there who could stop it.
//!
//! Invariant: however a server behaves, the waiting ends.

use std::time::Duration;

use manent_client::{AnswerHandle, AnswerStage, AnswerWait};
use tokio::time::Instant;

/// So long an answer that was asked for may bring nothing: models think before they speak.
const LONGEST_SILENCE: Duration = Duration::from_mins(2);

/// So long it may bring nothing whatever was asked for.
const SHORTEST_SILENCE: Duration = Duration::from_secs(1);

/// How long a script waits.
#[derive(Debug)]
pub(super) struct Patience {
    /// For a server that is away, all in all, is left.
    left: Duration,
    /// For one more word, once the person wants to leave.
    whole: Duration,
    /// When something came last, or waiting began.
    heard: Instant,
    counted_until: Instant,
    /// How much had come by then.
    amount: usize,
}

impl Patience {
    pub(super) fn new(seconds: u64) -> Self {
        let whole = Duration::from_secs(seconds);
        let now = Instant::now();
        Self {
            left: whole,
            whole,
            heard: now,
            counted_until: now,
            amount: 0,
        }
    }

    /// Waiting begins.
    pub(super) fn begin(&mut self, answers: &[AnswerHandle]) {
        let now = Instant::now();
        self.heard = now;
        self.counted_until = now;
        self.amount = amount(answers);
    }

    /// Counts the time since the last look, and tells how long to wait for the next: nothing when it is over. `is_leaving`: nobody wants more
    /// than what is coming.
    pub(super) fn next_look(
        &mut self,
        answers: &[AnswerHandle],
        is_leaving: bool,
    ) -> Option<Duration> {
        let now = Instant::now();
        let amount = amount(answers);
        if std::mem::replace(&mut self.amount, amount) != amount {
            self.heard = now;
        }
        let is_coming = answers.iter().any(is_under_way);
        let since = now.saturating_duration_since(self.counted_until);
        self.counted_until = now;
        if is_coming {
            let longest = if is_leaving {
                self.whole.max(SHORTEST_SILENCE)
            } else {
                LONGEST_SILENCE.max(self.whole)
            };
            let silent = now.saturating_duration_since(self.heard);
            return longest.checked_sub(silent).filter(|left| !left.is_zero());
        }
        self.left = self.left.saturating_sub(since);
        Some(self.left).filter(|left| !left.is_zero() && !is_leaving)
    }
}

/// Whether it comes, or is asked for and has not failed yet, or waits for its turn.
fn is_under_way(answer: &AnswerHandle) -> bool {
    match answer.progress().stage {
        AnswerStage::Storing
        | AnswerStage::Running
        | AnswerStage::Waiting(AnswerWait::BehindAnother { .. }) => true,
        AnswerStage::Asking { attempt } => attempt <= 1,
        AnswerStage::Waiting(_) | AnswerStage::Ended => false,
    }
}

/// How much has come, whatever it is.
fn amount(answers: &[AnswerHandle]) -> usize {
    let amount = |answer: &AnswerHandle| {
        let content = answer.progress().content;
        content.text.len() + content.reasoning.len()
    };
    answers.iter().map(amount).sum()
}
