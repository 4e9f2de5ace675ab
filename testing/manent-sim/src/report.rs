//! How much happened.

use std::ops::AddAssign;

use crate::witness::Witness;

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
    /// Leaders that ceased to lead and lived on.
    pub resignations: usize,
    /// Requests that broke off, or never left the device.
    pub unsent: usize,
    /// Commands that had to be refused.
    pub refused_commands: usize,
    /// Failed messages that were sent again under another message in somebody's lane.
    pub moved: usize,
    /// Items of exactly the largest size, or one byte more.
    pub at_the_limit: usize,
    /// Items for which there was no room.
    pub over_full: usize,
    /// Requests with more than one item.
    pub batches: usize,
    /// Waits after a quick failure.
    pub waits_drawn: usize,
    /// Sum of their shares of the longest such wait, in thousandths.
    pub wait_shares: u64,
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

impl Report {
    /// What a witness counted in its life.
    pub(crate) fn watch(&mut self, witness: &Witness) {
        let (waits, shares) = witness.waits_drawn();
        self.waits_drawn += waits;
        self.wait_shares += shares;
    }
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
        self.resignations += other.resignations;
        self.unsent += other.unsent;
        self.refused_commands += other.refused_commands;
        self.moved += other.moved;
        self.at_the_limit += other.at_the_limit;
        self.over_full += other.over_full;
        self.batches += other.batches;
        self.waits_drawn += other.waits_drawn;
        self.wait_shares += other.wait_shares;
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
