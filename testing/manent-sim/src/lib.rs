//! A seeded simulator of the whole chain: engines, the stores under them, the network and a server, in simulated time.
//!
//! Each simulation is a world of a few devices with one to three tabs each, in which users write into shared conversations, change, take
//! back, send again, throw away and sign out, while everything goes wrong that can; then everything is put in order again and the world
//! must come to rest ([`simulate`]). A second world does so with answers that are waited for ([`simulate_answers`]), and [`stress`] counts
//! how the requests of many clients come back after an outage.
//!
//! The server is the real append decision over the reference store; requests and answers travel as JSON; what a restart reads went
//! through the stored form. The checks are independent of the engine: they look at the stores, the rows, and what the users were told.
//! [`simulate_sabotaged`] shows that they notice.
//!
//! A seed decides everything, so a failure is replayed with it ([`narrate`] tells every step). `docs/simulation.md` lists what goes wrong
//! and what is checked.
//!
//! # Not here yet
//!
//! Conversations that are created with their first message (their wishes are checked, the server has them already) and changes of messages
//! are not simulated.
#![warn(missing_docs)]

mod answers;
mod campaign;
mod chance;
mod device;
mod disk;
mod ledger;
mod pace;
mod report;
mod sabotage;
mod scenario;
mod server;
pub mod stress;
mod violation;
mod witness;
mod world;

pub use answers::{AnswersReport, simulate_answers};
pub use campaign::{Campaign, Progress, shrink};
pub use report::Report;
pub use sabotage::Sabotage;
pub use scenario::Scenario;
pub use violation::Violation;

use world::World;

/// A broken promise, with what is needed to see it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{scenario}: {violation}")]
pub struct Failure {
    /// The world.
    pub scenario: Scenario,
    /// What was broken.
    pub violation: Violation,
}

impl Failure {
    /// The command that shows it again, line by line.
    pub fn replay(&self) -> String {
        let Scenario {
            seed,
            messages,
            devices,
            tabs,
        } = self.scenario;
        format!(
            "cargo xtask sim --story --seed {seed} --world {messages} --devices {devices} --tabs {tabs}"
        )
    }
}

/// Runs one world to its end.
///
/// # Errors
/// At the first promise that does not hold.
pub fn simulate(scenario: Scenario) -> Result<Report, Failure> {
    let run = World::new(scenario).and_then(World::run);
    run.map_err(|violation| Failure {
        scenario,
        violation,
    })
}

/// Runs one world whose engines break a promise. It should not come to its end.
///
/// # Errors
/// At the first promise that does not hold, which need not be the one that the engines break.
pub fn simulate_sabotaged(scenario: Scenario, sabotage: Sabotage) -> Result<Report, Failure> {
    let world = World::new(scenario).map(|world| world.sabotaged_by(sabotage));
    world.and_then(World::run).map_err(|violation| Failure {
        scenario,
        violation,
    })
}

/// Runs one world to its end and tells, line by line, everything that happened in it: for whoever looks for the reason of a failure.
pub fn narrate(scenario: Scenario) -> (Result<Report, Failure>, Vec<String>) {
    let (run, story) = match World::new(scenario) {
        Ok(world) => world.narrate(),
        Err(violation) => (Err(violation), Vec::new()),
    };
    let result = run.map_err(|violation| Failure {
        scenario,
        violation,
    });
    (result, story)
}
