//! When the generations of a session were first presented.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use manent_types::Timestamp;

use crate::time::since;

/// Times are kept this much finer than the grace, which also bounds how many are kept.
const RESOLUTION: u32 = 16;

/// The text is no list of presentations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a list of presentations")]
pub struct InvalidPresentations;

/// A generation and when it was first presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presentation {
    /// The generation. The entry also stands for those between it and the entry before.
    pub generation: u64,
    /// When it was first presented.
    pub at: Timestamp,
}

/// The first presentations of generations that matter still, ascending. As text, which is how stores keep it: `1:1763700000000 2:…`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presentations(Vec<Presentation>);

impl Presentations {
    /// The highest generation that was presented; 0 while none was.
    pub fn confirmed(&self) -> u64 {
        self.0.last().map_or(0, |last| last.generation)
    }

    /// How many times are kept.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was ever presented.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes that a generation above all others was presented, and forgets what lies outside the grace but for the newest of it, which tells
    /// where the outside begins. Presentations that lie closer together than a sixteenth of the grace become one, with the later time.
    pub(super) fn confirm(&mut self, generation: u64, now: Timestamp, grace: Duration) {
        let resolution = grace / RESOLUTION;
        if let [.., before, last] = self.0.as_mut_slice()
            && since(now, before.at) < resolution
        {
            *last = Presentation {
                generation,
                at: now,
            };
        } else {
            self.0.push(Presentation {
                generation,
                at: now,
            });
        }
        let newest = self.0.len().saturating_sub(1);
        let outside = |entry: &&Presentation| since(now, entry.at) > grace;
        let outside = self.0.iter().take(newest).take_while(outside).count();
        self.0.drain(..outside.saturating_sub(1));
    }

    /// Whether a generation (one that was presented) was first presented at most `grace` ago; up to a sixteenth of the grace generous.
    pub(super) fn is_recent(&self, generation: u64, now: Timestamp, grace: Duration) -> bool {
        let lowest = self
            .0
            .iter()
            .position(|entry| entry.generation >= generation);
        let is_within = |entry: &Presentation| since(now, entry.at) <= grace;
        lowest
            .and_then(|index| self.0.get(index))
            .is_some_and(is_within)
    }
}

impl fmt::Display for Presentations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            let at = entry.at.as_millisecond();
            write!(formatter, "{separator}{}:{at}", entry.generation)?;
        }
        Ok(())
    }
}

impl FromStr for Presentations {
    type Err = InvalidPresentations;

    fn from_str(text: &str) -> Result<Self, InvalidPresentations> {
        let entry = |text: &str| {
            let (generation, at) = text.split_once(':').ok_or(InvalidPresentations)?;
            let at = at.parse().map_err(|_| InvalidPresentations)?;
            Ok(Presentation {
                generation: generation.parse().map_err(|_| InvalidPresentations)?,
                at: Timestamp::from_millisecond(at).map_err(|_| InvalidPresentations)?,
            })
        };
        let entries: Vec<_> = text
            .split_ascii_whitespace()
            .map(entry)
            .collect::<Result<_, _>>()?;
        let is_ascending = entries.windows(2).all(|pair| match pair {
            [first, second] => first.generation < second.generation,
            _ => true,
        });
        if is_ascending {
            Ok(Self(entries))
        } else {
            Err(InvalidPresentations)
        }
    }
}
