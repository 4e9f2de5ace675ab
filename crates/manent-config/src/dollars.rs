//! Amounts of money: written in US dollars, kept in millionths of them.

/// How many millionths a dollar has.
pub(crate) const MILLIONTHS: u64 = 1_000_000;

/// How many digits may stand behind the point.
const DIGITS: usize = 6;

/// Reads an amount such as `2`, `2.5` or `0.000001`. Exact: nothing is rounded.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str| {
        !digits.is_empty() && digits.bytes().all(|character| character.is_ascii_digit())
    };
    if !is_number(whole) || !is_number(fraction) || fraction.len() > DIGITS {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let fraction: u64 = format!("{fraction:0<DIGITS$}").parse().ok()?;
    whole.checked_mul(MILLIONTHS)?.checked_add(fraction)
}

/// The amount as [`parse`] reads it.
pub(crate) fn format(amount: u64) -> String {
    let (whole, fraction) = (amount / MILLIONTHS, amount % MILLIONTHS);
    let fraction = format!("{fraction:0DIGITS$}");
    let fraction = fraction.trim_end_matches('0');
    match fraction {
        "" => whole.to_string(),
        fraction => format!("{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_exact_and_nothing_else() {
        for (text, amount) in [
            ("0", 0),
            ("3", 3_000_000),
            ("0.25", 250_000),
            ("2.50", 2_500_000),
            ("0.000001", 1),
            ("1000000", 1_000_000_000_000),
        ] {
            assert_eq!(parse(text), Some(amount), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "0.0000001",
            "1,5",
            "nan",
            "99999999999999999999",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for amount in [0, 1, 250_000, 2_500_000, 3_000_000, 1_000_000_000_000] {
            assert_eq!(parse(&format(amount)), Some(amount));
        }
        assert_eq!(format(2_500_000), "2.5");
    }
}
