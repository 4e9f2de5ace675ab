//! Time and ids.

use manent_types::Timestamp;
use uuid::Uuid;

/// The only source of the time of day.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The only source of new ids.
pub trait IdSource: Send + Sync {
    /// A new UUID, version 7.
    fn next(&self) -> Uuid;
}
