//! The writers: each takes what waits for it and writes it as a group, in one transaction. An owner's writes always go through the same writer
//! of a process, in order; two processes are kept in order by the locks on the owners' rows.

mod group;
mod job;
mod queue;
mod serve;

pub(crate) use queue::{WriteQueue, WriterParts};
