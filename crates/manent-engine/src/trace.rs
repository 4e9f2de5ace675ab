//! W3C trace context: one trace runs from the key press to the row.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is no `traceparent` of version 00 with ids other than zero.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent such as 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
pub struct InvalidTraceContext;

/// A `traceparent` header: version 00, trace id, span id, flags; lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TraceContext(String);

impl TraceContext {
    /// The header's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TraceContext {
    type Error = InvalidTraceContext;

    fn try_from(text: String) -> Result<Self, InvalidTraceContext> {
        let fields: Vec<&str> = text.split('-').collect();
        let [version, trace, span, flags] = fields.as_slice() else {
            return Err(InvalidTraceContext);
        };
        let is_hex = |field: &str, length: usize| {
            field.len() == length
                && field
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        let is_zero = |field: &str| field.bytes().all(|byte| byte == b'0');
        if *version == "00"
            && is_hex(trace, 32)
            && is_hex(span, 16)
            && is_hex(flags, 2)
            && !is_zero(trace)
            && !is_zero(span)
        {
            Ok(Self(text))
        } else {
            Err(InvalidTraceContext)
        }
    }
}

impl FromStr for TraceContext {
    type Err = InvalidTraceContext;

    fn from_str(text: &str) -> Result<Self, InvalidTraceContext> {
        Self::try_from(text.to_owned())
    }
}

impl From<TraceContext> for String {
    fn from(context: TraceContext) -> Self {
        context.0
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_well_formed_headers_with_ids() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(good.parse::<TraceContext>().unwrap().as_str(), good);
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(
                bad.parse::<TraceContext>(),
                Err(InvalidTraceContext),
                "{bad}"
            );
        }
    }
}
