//! What Claude's generations take and refuse.
//!
//! Facts of the API, by version: from 4.1 on, only one of `temperature` and `top_p` is taken; from 4.7 on, neither is, and
//! thinking has no fixed budget (`enabled` is refused, `adaptive` with an effort takes its place); from 5 on, models think
//! without being asked, and some families cannot be told not to. A name without a readable version belongs to another maker
//! behind the same format: it gets what was asked for.

/// Answers are cut here when the client does not say where; the API wants a figure.
const DEFAULT_MAX_TOKENS: u32 = 8_192;

/// The abilities of a model, read from its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ModelTraits {
    /// Major and minor.
    version: Option<(u32, u32)>,
    /// Refuses to be told not to think.
    always_thinks: bool,
}

impl ModelTraits {
    /// Of names such as `claude-opus-4-7`, `claude-3-5-sonnet-20241022` or `anthropic/claude-4.6-sonnet`.
    pub(crate) fn of(model: &str) -> Self {
        let version = model.find("claude").and_then(|start| {
            let mut numbers = model[start..]
                .split(['-', '.', '@', ':'])
                .skip(1)
                .skip_while(|word| number(word).is_none())
                .map_while(number);
            let major = numbers.next()?;
            Some((major, numbers.next().unwrap_or(0)))
        });
        Self {
            version,
            always_thinks: ["fable", "mythos"]
                .iter()
                .any(|family| model.contains(family)),
        }
    }

    /// Whether thinking is steered by an effort instead of a budget.
    pub(crate) fn thinks_adaptively(self) -> bool {
        self.is_at_least(4, 7)
    }

    /// Whether it thinks without being asked.
    pub(crate) fn thinks_by_itself(self) -> bool {
        self.is_at_least(5, 0)
    }

    /// Whether it can be told not to think.
    pub(crate) fn can_leave_thinking(self) -> bool {
        !self.always_thinks
    }

    /// Whether `temperature` and `top_p` are taken.
    pub(crate) fn takes_sampling(self) -> bool {
        !self.is_at_least(4, 7)
    }

    /// Whether both of them are taken together.
    pub(crate) fn takes_both_samplings(self) -> bool {
        !self.is_at_least(4, 1)
    }

    /// Where answers are cut when the client does not say.
    pub(crate) fn default_max_tokens(self) -> u32 {
        match self.version {
            Some(version) if version >= (4, 0) => 32_000,
            Some(version) if version < (3, 5) => 4_096,
            _ => DEFAULT_MAX_TOKENS,
        }
    }

    fn is_at_least(self, major: u32, minor: u32) -> bool {
        self.version
            .is_some_and(|version| version >= (major, minor))
    }
}

/// A version's number; dates are longer.
fn number(word: &str) -> Option<u32> {
    (word.len() <= 2).then(|| word.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions_from_names() {
        for (name, version) in [
            ("claude-opus-4-7", Some((4, 7))),
            ("claude-sonnet-5", Some((5, 0))),
            ("claude-sonnet-4-20250514", Some((4, 0))),
            ("claude-haiku-4-5-20251001", Some((4, 5))),
            ("claude-3-7-sonnet-20250219", Some((3, 7))),
            ("claude-3-haiku-20240307", Some((3, 0))),
            ("anthropic/claude-4.6-opus", Some((4, 6))),
            ("us.anthropic.claude-opus-4-8-v1:0", Some((4, 8))),
            ("claude-instant", None),
            ("deepseek-chat-3-1", None),
            ("demo", None),
        ] {
            assert_eq!(ModelTraits::of(name).version, version, "{name}");
        }
    }

    #[test]
    fn knows_what_each_generation_takes() {
        let traits = |name| {
            let model = ModelTraits::of(name);
            (
                model.thinks_adaptively(),
                model.takes_sampling(),
                model.takes_both_samplings(),
                model.default_max_tokens(),
            )
        };
        assert_eq!(
            traits("claude-3-haiku-20240307"),
            (false, true, true, 4_096)
        );
        assert_eq!(
            traits("claude-3-7-sonnet-20250219"),
            (false, true, true, 8_192)
        );
        assert_eq!(traits("claude-sonnet-4-6"), (false, true, false, 32_000));
        assert_eq!(traits("claude-opus-4-7"), (true, false, false, 32_000));
        assert_eq!(traits("demo"), (false, true, true, 8_192));
    }
}
