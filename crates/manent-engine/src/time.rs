//! Time is an argument.
//!
//! Invariant: inside the engine time never runs backwards, whatever the caller's clock does. A jump back of the caller's clock
//! stops the engine's time for an instant and no longer; a jump forward lets timers fire early, which costs a try and loses nothing.

/// Milliseconds by the caller's clock, counted from any fixed point.
pub type Millis = u64;

/// Translates the caller's clock into time that only moves forward.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Timeline {
    /// The caller's clock, when it was last told.
    caller: Option<Millis>,
    /// The engine's own time.
    own: Millis,
}

impl Timeline {
    /// Notes what the caller's clock shows.
    pub(crate) fn observe(&mut self, now: Millis) {
        let elapsed = self.caller.map_or(0, |last| now.saturating_sub(last));
        self.own = self.own.saturating_add(elapsed);
        self.caller = Some(now);
    }

    /// The engine's own time.
    pub(crate) fn now(&self) -> Millis {
        self.own
    }

    /// What the caller's clock showed last.
    pub(crate) fn caller(&self) -> Millis {
        self.caller.unwrap_or(0)
    }

    /// A point of the engine's time, by the caller's clock.
    pub(crate) fn to_caller(self, own: Millis) -> Millis {
        self.caller().saturating_add(own.saturating_sub(self.own))
    }

    /// A point of the caller's clock that was noted earlier, by the engine's time. The wait is no longer than it was when it was noted:
    /// a clock that jumped back makes nobody wait for ever.
    pub(crate) fn to_own(self, at: Millis, noted_at: Millis) -> Millis {
        let wait = at.saturating_sub(self.caller());
        let longest = at.saturating_sub(noted_at);
        self.own.saturating_add(wait.min(longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_back_of_the_callers_clock_stops_time_only_for_an_instant() {
        let mut timeline = Timeline::default();
        timeline.observe(1_000_000);
        timeline.observe(1_000_500);
        timeline.observe(10);
        assert_eq!(timeline.now(), 500);
        timeline.observe(30);
        assert_eq!(timeline.now(), 520);
        assert_eq!(timeline.to_caller(600), 110);
    }

    #[test]
    fn a_noted_time_is_no_further_away_than_it_was_whatever_the_clock_does() {
        let mut timeline = Timeline::default();
        timeline.observe(50_000);
        assert_eq!(timeline.to_own(53_000, 48_000), 3_000);
        assert_eq!(timeline.to_own(49_000, 48_000), 0);
        assert_eq!(timeline.to_own(9_053_000, 9_048_000), 5_000);
    }
}
