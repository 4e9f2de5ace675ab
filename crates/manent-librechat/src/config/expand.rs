//! `${VARIABLE}` inside of values.

use super::environment::Environment;

/// The longest result.
const LONGEST: usize = 16 * 1024;

/// A value whose variables could not be put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ExpandError {
    /// This variable is not set.
    Missing(String),
    /// It came to more than anybody needs.
    TooLong,
}

/// The text with every `${NAME}` replaced. What a variable holds is not looked into again.
pub(super) fn expand(text: &str, environment: &Environment) -> Result<String, ExpandError> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        let name = &rest[start + 2..start + length];
        let is_part = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
        expanded.push_str(&rest[..start]);
        if name.is_empty() || !name.chars().all(is_part) {
            expanded.push_str(&rest[start..=start + length]);
        } else {
            let missing = || ExpandError::Missing(name.to_owned());
            expanded.push_str(environment.get(name).ok_or_else(missing)?);
        }
        if expanded.len() > LONGEST {
            return Err(ExpandError::TooLong);
        }
        rest = &rest[start + length + 1..];
    }
    expanded.push_str(rest);
    if expanded.len() > LONGEST {
        return Err(ExpandError::TooLong);
    }
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_in_what_is_set() {
        let environment = Environment::new([("KEY", "secret"), ("HOST", "${KEY}")], "");
        let expanded = |text| expand(text, &environment);
        assert_eq!(expanded("plain"), Ok("plain".to_owned()));
        assert_eq!(expanded("Bearer ${KEY}!"), Ok("Bearer secret!".to_owned()));
        assert_eq!(expanded("${HOST}/${HOST}"), Ok("${KEY}/${KEY}".to_owned()));
        assert_eq!(expanded("$KEY ${ ${KEY"), Ok("$KEY ${ ${KEY".to_owned()));
        assert_eq!(
            expanded("${NONE}"),
            Err(ExpandError::Missing("NONE".to_owned()))
        );
        assert_eq!(expanded(&"${KEY}".repeat(4_000)), Err(ExpandError::TooLong));
    }
}
