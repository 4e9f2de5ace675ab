//! How much hashing there may be.

use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

/// Bounds on the work that passwords cause. The defaults suit a server that does other things as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordLimits {
    /// Passwords hashed at the same time, each on a core and with [`super::Argon2Parameters::memory_kib`] of memory. Default: the cores of the
    /// machine.
    pub at_once: NonZero<usize>,
    /// Passwords that may wait for their turn. Default: 32 for each that is hashed at a time.
    pub waiting: usize,
    /// How long one waits for its turn. Default: 5 seconds.
    pub patience: Duration,
    /// No check of a password answers earlier, whatever it found. Longer than a check of either kind of hash takes on an idle machine, so
    /// that the time of an answer tells neither whether there is an account nor how its password is kept. Default: 250 milliseconds.
    pub least_time: Duration,
}

impl Default for PasswordLimits {
    fn default() -> Self {
        let at_once = available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        Self {
            at_once,
            waiting: at_once.get().saturating_mul(32),
            patience: Duration::from_secs(5),
            least_time: Duration::from_millis(250),
        }
    }
}
