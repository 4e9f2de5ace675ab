//! What an engine may send when: an independent, simpler model of breaker and patience.

use crate::violation::Violation;

/// The model of one engine in one life. Times are true ones.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    failures: u32,
    failed_at: u64,
    not_before: u64,
    /// What the device's store says of an open breaker.
    open_until: u64,
    /// An early try was asked for since the last request.
    probe_asked: bool,
    /// The request that is under way may be one.
    is_early: bool,
}

/// The settings that the model needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) max_retries: u32,
    pub(crate) open_ms: u64,
}

impl Pace {
    /// What the next leader has to keep, as the device's store says.
    pub(crate) fn restored(not_before: u64, open_until: u64) -> Self {
        Self {
            not_before,
            open_until,
            ..Self::default()
        }
    }

    pub(crate) fn on_failure(&mut self, now: u64) {
        self.failures += 1;
        // One that was made before its time puts no later one off.
        if !self.is_early || self.failed_at == 0 {
            self.failed_at = now;
        }
    }

    /// A request left; whatever early try had been asked for is spent.
    pub(crate) fn on_sent(&mut self) {
        self.is_early = std::mem::take(&mut self.probe_asked);
    }

    pub(crate) fn on_contact(&mut self) {
        *self = Self::default();
    }

    /// The server is there and asks for patience: the open time counts no more, but it is still one probe.
    pub(crate) fn on_back_pressure(&mut self, now: u64, retry_after_ms: u64) {
        self.not_before = now + retry_after_ms;
        self.probe_asked = true;
    }

    /// The user left while a request was under way: it told nothing, and may be made again.
    pub(crate) fn on_abandoned(&mut self) {
        self.probe_asked = true;
    }

    pub(crate) fn is_probe_asked(&self) -> bool {
        self.probe_asked
    }

    pub(crate) fn on_probe_asked(&mut self) {
        self.probe_asked = true;
    }

    /// The engine's clock jumped: it cannot know how much time passed.
    pub(crate) fn on_clock_jump(&mut self) {
        self.not_before = 0;
        self.open_until = 0;
        self.probe_asked = true;
    }

    pub(crate) fn check(
        &self,
        now: u64,
        items: usize,
        patience: Patience,
    ) -> Result<(), Violation> {
        if now < self.not_before {
            return Err(Violation::Impatient {
                early_ms: self.not_before - now,
            });
        }
        if now < self.open_until && !self.probe_asked {
            return Err(Violation::ForgotThePace {
                early_ms: self.open_until - now,
            });
        }
        if self.failures < patience.max_retries {
            return Ok(());
        }
        let after_ms = now - self.failed_at;
        if items != 1 || (!self.probe_asked && after_ms < patience.open_ms / 2) {
            return Err(Violation::NotAProbe {
                items,
                after_ms,
                failures: self.failures,
            });
        }
        Ok(())
    }
}
