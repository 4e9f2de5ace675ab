//! Which cores the measured process and the load generator run on, so that neither takes the other's time.

use rustix::thread::{CpuSet, sched_setaffinity};

/// A share of the machine's cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cores {
    /// The first core: the measured process.
    Measured,
    /// All others: the load generator and the upstream. The first one too on a machine that has no other.
    Load,
    /// All.
    All,
}

impl Cores {
    /// Binds the calling thread, and what it spawns from now on.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) fn bind_this_thread(self) -> anyhow::Result<()> {
        let count = core_count();
        let cores = match self {
            Self::Measured => 0..1,
            Self::Load if count > 1 => 1..count,
            Self::Load | Self::All => 0..count,
        };
        let mut set = CpuSet::new();
        cores.for_each(|core| set.set(core));
        Ok(sched_setaffinity(None, &set)?)
    }
}

/// The machine's cores, whatever this thread is bound to.
fn core_count() -> usize {
    let listed = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let is_core = |line: &&str| line.starts_with("processor");
    listed.lines().filter(is_core).count().max(1)
}
