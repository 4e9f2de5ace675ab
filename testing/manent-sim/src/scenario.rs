//! What a world is made from.

use std::fmt;

/// What decides a world: the same scenario always gives the same world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scenario {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// How many messages the users write, those that they resend not counted.
    pub messages: usize,
    /// How many devices there are.
    pub devices: usize,
    /// The most tabs that a device opens at once; each device draws its own number, from one.
    pub tabs: usize,
}

impl fmt::Display for Scenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            messages,
            devices,
            tabs,
        } = self;
        write!(
            formatter,
            "seed {seed}, {messages} messages, {devices} devices with up to {tabs} tabs each"
        )
    }
}
