//! Plays a plan's steps in time.

use std::iter::Peekable;

use tokio::time::{Instant, sleep_until};

use crate::script::{Step, Steps, TimedStep};

/// Steps with their times. Each step is due its delay after the step before it *was due*, so that slow timers do not add up.
pub(crate) struct Playback {
    steps: Peekable<Box<Steps>>,
    due: Instant,
}

impl Playback {
    /// Begins now.
    pub(crate) fn new(steps: Box<Steps>) -> Self {
        Self {
            steps: steps.peekable(),
            due: Instant::now(),
        }
    }

    /// Waits until the next step is due; `None` behind the last one. Cancelling it loses no step.
    pub(crate) async fn next(&mut self) -> Option<Step> {
        let TimedStep { delay, .. } = self.steps.peek()?;
        if !delay.is_zero() {
            sleep_until(self.due + *delay).await;
        }
        let TimedStep { delay, step } = self.steps.next()?;
        self.due += delay;
        Some(step)
    }

    /// The next step when it follows without any delay.
    pub(crate) fn next_without_delay(&mut self) -> Option<Step> {
        self.steps
            .next_if(|timed| timed.delay.is_zero())
            .map(|timed| timed.step)
    }
}
