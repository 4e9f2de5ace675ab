//! The writers: each takes what waits and writes it as a group, in one transaction. An owner's writes go through one writer of a process at a
//! time, in order; two processes are kept in order by the locks on the owners' rows.

mod desk;
mod group;
mod job;
mod queue;
mod schedule;
mod serve;

pub(crate) use queue::{WriteQueue, WriterParts};
