//! Floors: the least that any program must do for the same result.

pub(crate) mod bare_answer;
pub(crate) mod bare_append;
pub(crate) mod group_commit;
pub(crate) mod nginx;
pub(crate) mod parsing_passthrough;
pub(crate) mod passthrough;
pub(crate) mod plain_batches;
pub(crate) mod plain_queue;
pub(crate) mod proxy;
pub(crate) mod query_thread;
