//! What happened to an item.

use manent_engine::{HistoryEntry, HistoryStep};

use super::json::{Field, Held, array};

fn name_of(step: HistoryStep) -> &'static str {
    match step {
        HistoryStep::Queued => "queued",
        HistoryStep::Stored => "stored",
        HistoryStep::Sent => "sent",
        HistoryStep::Answered => "answered",
        HistoryStep::Failed => "failed",
        HistoryStep::Edited => "edited",
        HistoryStep::Withdrawn => "withdrawn",
        HistoryStep::Retried => "retried",
        HistoryStep::Discarded => "discarded",
        HistoryStep::Undone => "undone",
        HistoryStep::Adopted => "adopted",
        HistoryStep::Saved => "saved",
    }
}

fn entry_json(entry: &HistoryEntry) -> String {
    let attempt = entry.attempt.map(u64::from);
    format!(
        r#"{{"at":{},"step":"{}"{}{}}}"#,
        entry.at,
        name_of(entry.step),
        Field("attempt", attempt.map(Held::Number)),
        Field("detail", entry.detail.as_deref().map(Held::Text)),
    )
}

/// A history, as JSON.
pub(crate) fn history_json(history: &[HistoryEntry]) -> String {
    array(history.iter().map(entry_json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_written_as_the_engine_writes_it() {
        let steps = [
            HistoryStep::Queued,
            HistoryStep::Stored,
            HistoryStep::Sent,
            HistoryStep::Answered,
            HistoryStep::Failed,
            HistoryStep::Edited,
            HistoryStep::Withdrawn,
            HistoryStep::Retried,
            HistoryStep::Discarded,
            HistoryStep::Undone,
            HistoryStep::Adopted,
            HistoryStep::Saved,
        ];
        let mut history = Vec::new();
        for step in steps {
            for attempt in [None, Some(2)] {
                for detail in [None, Some("rejected: \"x\"".into())] {
                    history.push(HistoryEntry {
                        at: 7,
                        step,
                        attempt,
                        detail,
                    });
                }
            }
        }
        let expected = serde_json::to_string(&history).unwrap();
        assert_eq!(history_json(&history), expected);
        assert_eq!(history_json(&[]), "[]");
    }
}
