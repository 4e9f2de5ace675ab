//! How patient, and how many at once.

use manent_types::DeviceId;

use crate::time::Millis;

/// The settings of [`super::Answers`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswersConfig {
    /// Who looks after the answers of this machine: the device of one tab, or of a native client.
    pub holder: DeviceId,
    /// The first back-off's upper bound; it doubles with each failure. Default 1 s.
    pub backoff_ms: Millis,
    /// The largest back-off. Default 30 s.
    pub backoff_cap_ms: Millis,
    /// So many failures in a row open the breaker. Default 3.
    pub max_retries: u32,
    /// How long the breaker stays open the first time, before jitter; it doubles with each failed probe. Default 5 s.
    pub open_ms: Millis,
    /// The longest open time. Default 60 s.
    pub open_cap_ms: Millis,
    /// The most patience that a server can ask for; up to half of what it asks for is waited on top. Default 1 h.
    pub patience_cap_ms: Millis,
    /// At most one early try ("probe now") in this time. Default 1 s.
    pub early_probe_interval_ms: Millis,
    /// So many answers may be asked for at the same time and not begun; those that are running do not count. Default 4.
    pub max_starting: usize,
    /// How far the answers that waited for an outage's end are spread after it at least; after more than a hiccup they are spread over three and a half beats of
    /// this client. Default 5 s.
    pub catch_up_ms: Millis,
    /// After so long without a word from the shell a start counts as failed. Default 120 s: longer than any time-out of a shell or a server.
    pub start_timeout_ms: Millis,
    /// A stream that broke after so long had been a good one: the back-off begins anew. Default 10 s.
    pub steady_ms: Millis,
    /// For how long the server may say "not yet" before it counts as never. Default 10 min.
    pub not_yet_patience_ms: Millis,
    /// The most answers at once. Default 1,000.
    pub max_answers: usize,
}

impl AnswersConfig {
    /// The defaults.
    pub const fn new(holder: DeviceId) -> Self {
        Self {
            holder,
            backoff_ms: 1_000,
            backoff_cap_ms: 30_000,
            max_retries: 3,
            open_ms: 5_000,
            open_cap_ms: 60_000,
            patience_cap_ms: 3_600_000,
            early_probe_interval_ms: 1_000,
            max_starting: 4,
            catch_up_ms: 5_000,
            start_timeout_ms: 120_000,
            steady_ms: 10_000,
            not_yet_patience_ms: 600_000,
            max_answers: 1_000,
        }
    }

    /// The same settings without those zeros that would make the machine spin or stand still.
    #[must_use]
    pub fn sanitised(mut self) -> Self {
        self.backoff_ms = self.backoff_ms.max(1);
        self.backoff_cap_ms = self.backoff_cap_ms.max(self.backoff_ms);
        self.max_retries = self.max_retries.max(1);
        self.open_ms = self.open_ms.max(2);
        self.open_cap_ms = self.open_cap_ms.max(self.open_ms);
        self.early_probe_interval_ms = self.early_probe_interval_ms.max(1);
        self.max_starting = self.max_starting.max(1);
        self.start_timeout_ms = self.start_timeout_ms.max(1);
        self.max_answers = self.max_answers.max(1);
        self
    }
}
