//! How often a client asks when all is well.
//!
//! Invariant: what it waits after an outage, and between its tries in one, follows from this. A client that asks no more often than it did
//! when all was well adds nothing to the load of a server that comes back, however many such clients there are.

use rand_pcg::rand_core::Rng;

use crate::back_off::early_draw;
use crate::time::Millis;

/// A longer beat counts as this one: nobody waits for minutes because of having had little to say.
const LONGEST_MS: Millis = 60_000;

/// What is taken for the beat before anything is known of it.
const UNKNOWN_MS: Millis = 10_000;

/// So many half beats are the longest wait. Where many clients wait a time drawn early from so long, those that come back and those that are back
/// already make at most 1.1 times the requests of quiet times; what else they ask while they catch up comes on top.
const HALF_BEATS: Millis = 7;

/// What passed by sooner was no outage.
const HICCUP_MS: Millis = 5_000;

/// The longest wait that a beat asks for.
pub(crate) const LONGEST_WAIT_MS: Millis = LONGEST_MS * HALF_BEATS / 2;

/// See the module. Times are the machine's own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beat {
    last: Option<Millis>,
    /// The time between two requests when all is well, as far as it is known.
    mean: Millis,
}

impl Beat {
    pub(crate) const fn new() -> Self {
        Self {
            last: None,
            mean: UNKNOWN_MS,
        }
    }

    /// A request leaves while all is well.
    pub(crate) fn on_request(&mut self, now: Millis) {
        if let Some(last) = self.last.replace(now) {
            let gap = now.saturating_sub(last).min(LONGEST_MS);
            // The last few count.
            self.mean = u64::midpoint(self.mean, gap);
        }
    }

    /// Something is wrong: the time until the next request tells nothing about the beat.
    pub(crate) fn pause(&mut self) {
        self.last = None;
    }

    /// The longest time to wait before the next try, when nothing got through for so long, or will not.
    pub(crate) fn longest_wait(&self, away: Millis) -> Millis {
        match away {
            0..HICCUP_MS => 0,
            _ => self.mean * HALF_BEATS / 2,
        }
    }

    /// What to wait at least before the next try, when nothing got through for so long.
    pub(crate) fn wait(&self, away: Millis, rng: &mut impl Rng) -> Millis {
        early_draw(rng, self.longest_wait(away))
    }

    /// See the field.
    pub(crate) fn mean(&self) -> Millis {
        self.mean
    }
}

#[cfg(test)]
mod tests {
    use rand_pcg::Pcg32;
    use rand_pcg::rand_core::SeedableRng;

    use super::*;

    /// One that asked every so often, ten times.
    fn beat(every: Millis) -> Beat {
        let mut beat = Beat::new();
        (0..11).for_each(|count| beat.on_request(count * every));
        beat
    }

    fn longest_of_many(beat: Beat, away: Millis) -> Millis {
        let mut rng = Pcg32::seed_from_u64(3);
        let waits = (0..2_000).map(|_| beat.wait(away, &mut rng));
        waits.max().unwrap_or(0)
    }

    #[test]
    fn whoever_has_little_to_say_waits_for_longer_and_nobody_for_more_than_the_cap() {
        for (every, least, most) in [
            (1_000, 3_300, 3_600),
            (10_000, 33_000, 35_000),
            (60_000, 195_000, 210_000),
            (600_000, 195_000, LONGEST_WAIT_MS),
        ] {
            let longest = longest_of_many(beat(every), 60_000);
            assert!((least..=most).contains(&longest), "{every}: {longest}");
        }
    }

    #[test]
    fn what_passes_by_at_once_costs_no_wait() {
        assert_eq!(longest_of_many(beat(60_000), HICCUP_MS - 1), 0);
        assert!(longest_of_many(beat(60_000), HICCUP_MS) > 0);
    }

    #[test]
    fn the_time_of_an_outage_is_no_beat() {
        let mut beat = beat(1_000);
        let before = beat.mean();
        beat.pause();
        beat.on_request(1_000_000);
        assert_eq!(beat.mean(), before);
        beat.on_request(1_001_000);
        assert!(beat.mean().abs_diff(1_000) < 20, "{}", beat.mean());
    }
}
