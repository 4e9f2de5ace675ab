//! A seeded simulator of the whole chain: engines, the stores under them, the network and a server, in simulated time.
//!
//! Each simulation is a world of a few devices with one or two tabs each, in which users write into shared conversations, change, take back,
//! resend and throw away, while things go wrong: requests and answers are dropped, doubled, delayed, reordered and mangled; the server
//! fails, asks for patience, refuses for good, dies before or after the commit, and forgets sessions; tabs and browsers die between any
//! two steps (only what the store confirmed, or half of the time what was under way, survives); stores refuse; clocks jump; a store loses
//! its lanes. Then everything is put in order again and the world must come to rest.
//!
//! The server is the real append decision over the reference store; requests and answers travel as JSON; what a restart reads went
//! through the stored form. The checks are independent of the engine: they look at the stores, the rows, and what the users were told.
//!
//! A seed decides everything, so a failure is replayed with it: [`simulate`].
//!
//! # Not here yet
//!
//! With two tabs on a device the order of one author's messages does not hold yet when a leader dies while its requests are still on the
//! way: the test for it is ignored, and says so.
//!
//! Signing out, limits on the number of items, items larger than a request, and the load of many clients after an outage are not simulated.
#![warn(missing_docs)]

mod chance;
mod device;
mod ledger;
mod pace;
mod server;
mod violation;
mod world;

pub use violation::Violation;
pub use world::Report;

use world::World;

/// A broken promise, with what is needed to see it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "seed {seed} with {messages} messages on {devices} devices with {tabs} tabs each: {violation}"
)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// The number of messages.
    pub messages: usize,
    /// The number of devices.
    pub devices: usize,
    /// The number of tabs on each device.
    pub tabs: usize,
    /// What was broken.
    pub violation: Violation,
}

/// Runs one world to its end: so many messages on so many devices with one or two tabs each.
///
/// # Errors
/// At the first promise that does not hold.
pub fn simulate(
    seed: u64,
    messages: usize,
    devices: usize,
    tabs: usize,
) -> Result<Report, Failure> {
    let run = World::new(seed, messages, devices, tabs).and_then(World::run);
    run.map_err(|violation| Failure {
        seed,
        messages,
        devices,
        tabs,
        violation,
    })
}
