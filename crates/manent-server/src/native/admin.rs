//! `/admin…`: what administrators do, by a session or by a key with the scope `admin`.

pub(super) mod accounts;
pub(super) mod audit;
pub(super) mod invitations;
pub(super) mod roles;
