//! What can go wrong with a connection.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Which way bytes flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// What happens to one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: bytes are handed on as they come.
    None,
    /// It is accepted and closed at once; the server never sees it.
    Drop,
    /// It is handed on, but every piece waits for so long before it goes on.
    Delay(Duration),
    /// After so many bytes in one direction nothing flows any more in either; for a time, or until [`super::FaultProxy::release`].
    Stall {
        /// The direction that counts.
        direction: Direction,
        /// How many bytes still go through.
        after: u64,
        /// For how long; absent: until it is released.
        duration: Option<Duration>,
    },
    /// After so many bytes in one direction both sides see an orderly end, in the middle of whatever it was.
    Cut {
        /// The direction that counts.
        direction: Direction,
        /// How many bytes still go through.
        after: u64,
    },
    /// After so many bytes in one direction both sides see a reset.
    Reset {
        /// The direction that counts.
        direction: Direction,
        /// How many bytes still go through.
        after: u64,
    },
}

/// A seeded random mixture: which fault a connection gets follows from the seed and the connection's number alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mixture {
    /// Gives the same faults again.
    pub seed: u64,
    /// How many of a thousand connections have a fault at all.
    pub faulty_per_mille: u32,
    /// Cuts, resets and stalls come after at most so many bytes.
    pub most_bytes: u64,
    /// Stalls last at most so long, and a piece is delayed by at most a tenth of it.
    pub longest_stall: Duration,
}

impl Mixture {
    /// The fault of the connection with this number.
    pub fn fault(&self, connection: u64) -> Fault {
        let mut random = StdRng::seed_from_u64(self.seed ^ connection.wrapping_mul(0x9E37_79B9));
        if random.random_range(0..1_000) >= self.faulty_per_mille {
            return Fault::None;
        }
        let direction = if random.random() {
            Direction::ToServer
        } else {
            Direction::ToClient
        };
        let after = random.random_range(0..=self.most_bytes);
        let duration = self.longest_stall.mul_f64(random.random_range(0.0..=1.0));
        match random.random_range(0..5) {
            0 => Fault::Drop,
            1 => Fault::Delay(duration / 10),
            2 => Fault::Stall {
                direction,
                after,
                duration: Some(duration),
            },
            3 => Fault::Cut { direction, after },
            _ => Fault::Reset { direction, after },
        }
    }
}
