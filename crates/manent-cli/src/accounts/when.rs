//! When a key ends: in so long, or at a time.

use manent_types::Timestamp;

const UNITS: [(char, i64); 4] = [
    ('w', 7 * 86_400_000),
    ('d', 86_400_000),
    ('h', 3_600_000),
    ('m', 60_000),
];

/// The longest that a key may last from now on: a hundred years.
const LONGEST: i64 = 100 * 366 * 86_400_000;

/// When a key ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// So many milliseconds from now.
    In(i64),
    /// At this time.
    At(Timestamp),
}

impl When {
    /// Reads `90d`, `12h`, or a time such as `2027-01-31T00:00:00Z`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(time) = text.parse() {
            return Ok(Self::At(time));
        }
        let in_so_long = || {
            let unit = text.chars().last()?;
            let (_, milliseconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
            let count: u32 = text[..text.len() - unit.len_utf8()].parse().ok()?;
            let length = i64::from(count).checked_mul(*milliseconds)?;
            (length <= LONGEST).then_some(Self::In(length))
        };
        in_so_long().ok_or_else(|| {
            "write 12h, 90d, 8w (at most a hundred years), or a time such as 2027-01-31T00:00:00Z"
                .to_owned()
        })
    }

    /// The time that it is.
    pub(super) fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::In(length) => {
                let end = now.as_millisecond().saturating_add(length);
                // A hundred years from now is a time for some thousand years to come.
                Timestamp::from_millisecond(end).unwrap_or(now)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_so_long_from_now_or_itself() {
        let at = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
        let read = |text| When::parse(text).ok().map(|when| when.after(at(1_000)));
        assert_eq!(read("2m"), Some(at(121_000)));
        assert_eq!(read("12h"), Some(at(43_201_000)));
        assert_eq!(read("1d"), Some(at(86_401_000)));
        assert_eq!(read(" 1w "), Some(at(604_801_000)));
        assert_eq!(read("36600d"), Some(at(LONGEST + 1_000)));
        assert_eq!(read("1970-01-01T00:00:05Z"), Some(at(5_000)));
        for bad in [
            "",
            "d",
            "-1d",
            "1y",
            "1.5d",
            "36601d",
            "4294967295w",
            "tomorrow",
            "é",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
