//! Who wants to know that somebody's standing changed.

use manent_types::UserId;

/// Is told, after the commit, that an account's role, status, sessions or keys changed on this node, so that what it remembers of them is
/// read anew. Must return at once and never fail.
pub trait StandingListener: Send + Sync {
    /// Something about this account changed.
    fn changed(&self, account: UserId);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct IgnoreStandings;

impl StandingListener for IgnoreStandings {
    fn changed(&self, _: UserId) {}
}
