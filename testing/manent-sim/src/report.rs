//! How much happened.

use std::ops::AddAssign;

/// How much a simulation did: shows that a world was as bad as it was meant to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Messages that users wrote, resent ones included.
    pub written: usize,
    /// Rows on the server at the end.
    pub stored: usize,
    /// Messages that waited for the user at the end, or that the user had ended.
    pub with_the_user: usize,
    /// Messages whose only copy was in a storage that was cleared.
    pub cleared_away: usize,
    /// Requests that engines sent.
    pub requests: usize,
    /// Times that a breaker let a probe through.
    pub probes: usize,
    /// Numberings of lanes that the server corrected.
    pub lane_moves: usize,
    /// Deaths of tabs, browsers included.
    pub crashes: usize,
    /// Tabs that became the sender after another one.
    pub successions: usize,
    /// Storages that were cleared.
    pub storage_losses: usize,
    /// Transactions that a storage refused.
    pub refused_writes: usize,
    /// Messages whose parent was in another tab's lane when they were written.
    pub foreign_parents: usize,
    /// Failed messages that a user sent again under the same id, and that are on their way again.
    pub retries: usize,
    /// Failed messages that a user sent again as another one.
    pub resends: usize,
    /// Messages that a user took back.
    pub withdrawals: usize,
    /// Messages that a user threw away.
    pub discards: usize,
    /// Messages in an outbox of which the feed told that the server has them.
    pub seen: usize,
    /// Devices that a user signed out.
    pub sign_outs: usize,
    /// Steps.
    pub steps: usize,
}

impl AddAssign for Report {
    fn add_assign(&mut self, other: Self) {
        self.written += other.written;
        self.stored += other.stored;
        self.with_the_user += other.with_the_user;
        self.cleared_away += other.cleared_away;
        self.requests += other.requests;
        self.probes += other.probes;
        self.lane_moves += other.lane_moves;
        self.crashes += other.crashes;
        self.successions += other.successions;
        self.storage_losses += other.storage_losses;
        self.refused_writes += other.refused_writes;
        self.foreign_parents += other.foreign_parents;
        self.retries += other.retries;
        self.resends += other.resends;
        self.withdrawals += other.withdrawals;
        self.discards += other.discards;
        self.seen += other.seen;
        self.sign_outs += other.sign_outs;
        self.steps += other.steps;
    }
}
