//! What every HTTP surface shares: tracing, the guard against foreign hosts, what answers say to browsers, reading bodies, accepting connections.

pub(crate) mod accept;
pub(crate) mod body;
pub(crate) mod cors;
pub(crate) mod guard;
pub(crate) mod headers;
pub(crate) mod places;
pub(crate) mod sign_in_switch;
pub(crate) mod stopping;
pub(crate) mod trace;
