//! How patient, how bold and how large.

use crate::time::Millis;

/// The engine's settings. Every value works; [`EngineConfig::sanitised`] lifts those that would stand still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineConfig {
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
    /// After so long without an answer a request counts as failed. Default 30 s.
    pub request_timeout_ms: Millis,
    /// At most one early try ("probe now") in this time. Default 1 s.
    pub early_probe_interval_ms: Millis,
    /// The most items in one request. Default 200, the limit of the append call.
    pub max_batch_items: usize,
    /// The most payload in one request. Default 1 MB. One larger item travels alone.
    pub max_batch_bytes: u64,
    /// A larger item goes to the tray at once. Default 2 MB.
    pub max_item_bytes: u64,
    /// The most items the engine takes, tray included; absent: as many as the store holds.
    pub max_items: Option<usize>,
    /// The most patience that a server can ask for; up to half of what it asks for is waited on top. Default 1 h.
    pub patience_cap_ms: Millis,
    /// After an outage the requests of the catching up are spread: the second one is sent at a time drawn from the following two beats of this
    /// client, at most from as long as the outage was, and at most from this; later ones from ever shorter times. 0: as fast as the server
    /// answers, and nothing is waited for the sake of other clients: for whoever has its server alone. Default 2 min.
    pub catch_up_spread_ms: Millis,
    /// How long a discarded item can be brought back. Default 30 s.
    pub undo_ms: Millis,
    /// How long a request that was given up may still reach the server. After a lane was numbered anew, its items travel one by one for so
    /// long. Default 10 min.
    pub caution_ms: Millis,
    /// Whether this engine sends from the start. Of the engines that share a store, one does.
    pub leads: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            backoff_ms: 1_000,
            backoff_cap_ms: 30_000,
            max_retries: 3,
            open_ms: 5_000,
            open_cap_ms: 60_000,
            request_timeout_ms: 30_000,
            early_probe_interval_ms: 1_000,
            max_batch_items: 200,
            max_batch_bytes: 1_000_000,
            max_item_bytes: 2_000_000,
            max_items: None,
            patience_cap_ms: 3_600_000,
            catch_up_spread_ms: 120_000,
            undo_ms: 30_000,
            caution_ms: 600_000,
            leads: true,
        }
    }
}

impl EngineConfig {
    /// The same settings without those zeros that would make the engine spin or stand still.
    #[must_use]
    pub fn sanitised(mut self) -> Self {
        self.backoff_ms = self.backoff_ms.max(1);
        self.backoff_cap_ms = self.backoff_cap_ms.max(self.backoff_ms);
        self.max_retries = self.max_retries.max(1);
        self.open_ms = self.open_ms.max(2);
        self.open_cap_ms = self.open_cap_ms.max(self.open_ms);
        self.request_timeout_ms = self.request_timeout_ms.max(1);
        self.early_probe_interval_ms = self.early_probe_interval_ms.max(1);
        self.max_batch_items = self.max_batch_items.max(1);
        self
    }
}
