//! Values such as `1000 * 60 * 15`: decimal numbers, `+ - * /` and parentheses.

/// The longest expression, in bytes.
const LONGEST: usize = 200;

/// What an expression comes to; absent when it is none, or comes to nothing finite.
pub(super) fn evaluate(text: &str) -> Option<f64> {
    if text.len() > LONGEST {
        return None;
    }
    let mut rest = Rest(text.trim());
    let value = sum(&mut rest)?;
    (rest.0.is_empty() && value.is_finite()).then_some(value)
}

/// What is left to read, without blanks at its beginning.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn take(&mut self, signs: &[char]) -> Option<char> {
        let sign = self.0.chars().next().filter(|sign| signs.contains(sign))?;
        self.0 = self.0[sign.len_utf8()..].trim_start();
        Some(sign)
    }
}

fn sum(rest: &mut Rest<'_>) -> Option<f64> {
    let mut value = product(rest)?;
    while let Some(sign) = rest.take(&['+', '-']) {
        let next = product(rest)?;
        value = if sign == '+' {
            value + next
        } else {
            value - next
        };
    }
    Some(value)
}

fn product(rest: &mut Rest<'_>) -> Option<f64> {
    let mut value = factor(rest)?;
    while let Some(sign) = rest.take(&['*', '/']) {
        let next = factor(rest)?;
        value = if sign == '*' {
            value * next
        } else {
            value / next
        };
    }
    Some(value)
}

fn factor(rest: &mut Rest<'_>) -> Option<f64> {
    if rest.take(&['-']).is_some() {
        return factor(rest).map(|value| -value);
    }
    if rest.take(&['(']).is_some() {
        let value = sum(rest)?;
        rest.take(&[')'])?;
        return Some(value);
    }
    let is_part = |sign: char| sign.is_ascii_digit() || sign == '.';
    let end = rest.0.find(|sign| !is_part(sign)).unwrap_or(rest.0.len());
    let value = rest.0[..end].parse().ok()?;
    rest.0 = rest.0[end..].trim_start();
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_to_what_the_expression_says() {
        for (text, value) in [
            ("900000", 900_000.0),
            ("1000 * 60 * 15", 900_000.0),
            ("(1000 * 60 * 60 * 24) * 7", 604_800_000.0),
            (" 2+3*4 - 6/2 ", 11.0),
            ("-(1 - 0.5)", -0.5),
        ] {
            assert_eq!(evaluate(text), Some(value), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_expression() {
        for text in [
            "",
            "x",
            "1 +",
            "(1",
            "1)",
            "1 2",
            "1/0",
            "1..2",
            "process.exit()",
        ] {
            assert_eq!(evaluate(text), None, "{text}");
        }
        assert_eq!(evaluate(&"(".repeat(LONGEST)), None);
        assert_eq!(evaluate(&"1+".repeat(LONGEST)), None);
    }
}
