//! What every HTTP surface shares: tracing, the guard against foreign hosts, reading bodies, accepting connections.

pub(crate) mod accept;
pub(crate) mod body;
pub(crate) mod guard;
pub(crate) mod sign_in_switch;
pub(crate) mod stopping;
pub(crate) mod trace;
