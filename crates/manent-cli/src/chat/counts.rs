//! How much is not saved, by what it is.

use std::fmt;

use manent_client::{ItemState, OutboxItem};

use super::words::counted;

/// How much the server does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// On its way.
    pub(super) unsaved: Amount,
    /// In the tray.
    pub(super) tray: Amount,
}

/// So much of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Amount {
    pub(super) messages: usize,
    pub(super) answers: usize,
    pub(super) changes: usize,
}

impl Counts {
    pub(super) fn of(items: &[OutboxItem]) -> Self {
        let mut counts = Self::default();
        for item in items {
            let amount = match item.status.state {
                ItemState::Failed(_) => &mut counts.tray,
                ItemState::Discarded | ItemState::Saved { .. } => continue,
                _ => &mut counts.unsaved,
            };
            match what(item) {
                "answer" => amount.answers += 1,
                "message" => amount.messages += 1,
                _ => amount.changes += 1,
            }
        }
        counts
    }
}

/// `message`, `answer` or `change`.
pub(super) fn what(item: &OutboxItem) -> &'static str {
    let role = item.payload.get("role").and_then(|role| role.as_str());
    match (item.kind(), role) {
        ("message", Some("assistant")) => "answer",
        ("message", _) => "message",
        _ => "change",
    }
}

impl Amount {
    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// `1 message is`, `2 messages and 1 answer are`.
impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            (self.messages, "message"),
            (self.answers, "answer"),
            (self.changes, "change"),
        ];
        let mut kinds = kinds.into_iter().filter(|(count, _)| *count > 0);
        let Some((first, what)) = kinds.next() else {
            return formatter.write_str("nothing is");
        };
        let Some(second) = kinds.next() else {
            return formatter.write_str(&counted(first, what));
        };
        formatter.write_str(&several(first, what))?;
        for (count, what) in std::iter::once(second).chain(kinds) {
            write!(formatter, " and {}", several(count, what))?;
        }
        formatter.write_str(" are")
    }
}

fn several(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_no_message() {
        let amount = |messages, answers, changes| {
            let amount = Amount {
                messages,
                answers,
                changes,
            };
            amount.to_string()
        };
        assert_eq!(amount(1, 0, 0), "1 message is");
        assert_eq!(amount(2, 0, 0), "2 messages are");
        assert_eq!(amount(0, 1, 0), "1 answer is");
        assert_eq!(amount(2, 1, 0), "2 messages and 1 answer are");
        assert_eq!(amount(1, 1, 2), "1 message and 1 answer and 2 changes are");
    }
}
