//! A run's log in memory.

use std::collections::VecDeque;

use manent_domain::completion::CompletionEvent;
use manent_domain::run::{LoggedEvent, RunEvent};
use manent_types::Part;

/// What an event costs beside its text.
const EVENT_BYTES: usize = 96;

/// The events of a run, of which the oldest may have been dropped once they were stored. Positions are without holes.
#[derive(Default)]
pub(crate) struct Log {
    events: VecDeque<LoggedEvent>,
    dropped: u64,
    bytes: usize,
}

impl Log {
    /// The position of the last event; 0 while there is none.
    pub(crate) fn last(&self) -> u64 {
        self.dropped + self.events.len() as u64
    }

    /// The position of the first event that is still here, or that will be the next.
    pub(crate) const fn first(&self) -> u64 {
        self.dropped + 1
    }

    pub(crate) fn push(&mut self, event: RunEvent) {
        self.bytes += size(&event);
        let position = self.last() + 1;
        self.events.push_back(LoggedEvent { position, event });
    }

    /// The events after a position, as far as they are here.
    pub(crate) fn after(&self, position: u64) -> impl Iterator<Item = &LoggedEvent> {
        let skipped = position.saturating_sub(self.dropped);
        self.events.range(
            usize::try_from(skipped)
                .map_or(self.events.len(), |skipped| skipped.min(self.events.len()))..,
        )
    }

    /// A copy of the events after a position, of about so many bytes, at least one.
    pub(crate) fn copy_after(&self, position: u64, max_bytes: usize) -> Vec<LoggedEvent> {
        let mut bytes = 0;
        self.after(position)
            .take_while(|logged| {
                let is_first = bytes == 0;
                bytes += size(&logged.event);
                is_first || bytes <= max_bytes
            })
            .cloned()
            .collect()
    }

    /// Drops the oldest events up to a position while the log is larger than this.
    pub(crate) fn trim(&mut self, up_to: u64, max_bytes: usize) {
        while self.bytes > max_bytes && self.dropped < up_to {
            let Some(oldest) = self.events.pop_front() else {
                return;
            };
            self.dropped += 1;
            self.bytes -= size(&oldest.event);
        }
    }

    /// About how much memory these events take.
    pub(crate) fn size_of(events: &[LoggedEvent]) -> usize {
        events.iter().map(|logged| size(&logged.event)).sum()
    }

    /// About how much memory it takes.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}

fn size(event: &RunEvent) -> usize {
    let text = match event {
        RunEvent::Completion(
            CompletionEvent::Text(text)
            | CompletionEvent::Reasoning(text)
            | CompletionEvent::ReasoningSignature(text),
        ) => text.len(),
        RunEvent::Completion(CompletionEvent::ToolCall {
            arguments_delta, ..
        }) => arguments_delta.as_ref().map_or(0, String::len),
        RunEvent::Retained(parts) => parts.iter().map(part_size).sum(),
        RunEvent::Started { .. } | RunEvent::Completion(_) | RunEvent::Ended(_) => 0,
    };
    EVENT_BYTES + text
}

fn part_size(part: &Part) -> usize {
    match part {
        Part::Text { text } | Part::Reasoning { text, .. } => text.len(),
        Part::Image { data, .. } => data.as_ref().map_or(0, String::len),
        Part::ToolResult { content, .. } => content.len(),
        Part::ToolCall { .. } | Part::Error { .. } => EVENT_BYTES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(events: u64) -> Log {
        let mut log = Log::default();
        for number in 1..=events {
            log.push(RunEvent::Completion(CompletionEvent::Text(
                number.to_string(),
            )));
        }
        log
    }

    fn positions<'log>(events: impl IntoIterator<Item = &'log LoggedEvent>) -> Vec<u64> {
        events.into_iter().map(|logged| logged.position).collect()
    }

    #[test]
    fn reads_from_any_position() {
        let log = log(4);
        assert_eq!(positions(log.after(0)), [1, 2, 3, 4]);
        assert_eq!(positions(log.after(3)), [4]);
        assert_eq!(positions(log.after(4)), [0; 0]);
        assert_eq!(positions(log.after(9)), [0; 0]);
    }

    #[test]
    fn drops_only_what_it_may() {
        let mut log = log(4);
        log.trim(2, 0);
        assert_eq!((log.first(), log.last()), (3, 4));
        assert_eq!(positions(log.after(3)), [4]);
        log.push(RunEvent::Completion(CompletionEvent::Text(String::new())));
        assert_eq!(positions(log.after(2)), [3, 4, 5]);
    }

    #[test]
    fn copies_at_least_one_event() {
        let log = log(3);
        assert_eq!(positions(&log.copy_after(1, 0)), [2]);
        assert_eq!(positions(&log.copy_after(0, EVENT_BYTES * 3)), [1, 2]);
        assert_eq!(positions(&log.copy_after(3, 100)), [0; 0]);
    }
}
