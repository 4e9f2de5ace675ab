//! Durations as people write them: `500ms`, `10s`, `2m`, `1h`, `1m30s`.

use std::time::Duration;

const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// Reads a duration; `None` for anything else.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut milliseconds = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let length = rest
            .find(|character: char| !character.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let (_, factor) = UNITS.iter().find(|(unit, _)| *unit == &rest[..length])?;
        milliseconds = milliseconds.checked_add(number.checked_mul(*factor)?)?;
        rest = &rest[length..];
    }
    Some(Duration::from_millis(milliseconds))
}

/// Writes a duration in the largest unit that keeps it whole.
pub(crate) fn format(duration: Duration) -> String {
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let (unit, factor) = UNITS
        .iter()
        .rev()
        .find(|(_, factor)| milliseconds.is_multiple_of(*factor))
        .unwrap_or(&UNITS[0]);
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    format!("{}{unit}", milliseconds / factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_every_unit_and_sums_of_them() {
        let read = ["500ms", "10s", "2m", "1h", "1m30s", "0s"].map(parse);
        let expected = [500, 10_000, 120_000, 3_600_000, 90_000, 0];
        assert_eq!(read, expected.map(|ms| Some(Duration::from_millis(ms))));
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in [
            "",
            "10",
            "s",
            "10 s",
            "-1s",
            "1.5s",
            "10S",
            "10d",
            "99999999999999999999s",
            "9999999999999999h",
            "1sé",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn reads_back_what_it_writes(milliseconds in 0_u64..1_000_000_000_000) {
            let duration = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse(&format(duration)), Some(duration));
        }

        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = parse(&text);
        }
    }
}
