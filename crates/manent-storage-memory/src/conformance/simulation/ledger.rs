//! What the store has promised so far, kept apart from the store.

use std::collections::HashMap;

use manent_domain::append::{NewMessage, Outcome, Submission};
use manent_domain::message::Message;
use manent_types::{ConversationId, DeviceId, MessageId};

#[derive(Default)]
pub(super) struct Ledger {
    /// The first outcome of each number of each lane.
    lanes: HashMap<(DeviceId, ConversationId), Vec<(Submission, Outcome)>>,
    /// What was acknowledged as stored, in the order of storing.
    stored: HashMap<ConversationId, Vec<NewMessage>>,
    places: HashMap<MessageId, (ConversationId, u64)>,
}

impl Ledger {
    /// Checks an answer against everything before it.
    pub(super) fn note(&mut self, submission: &Submission, outcome: Outcome) {
        let Some(position) = &submission.lane else {
            assert!(
                !matches!(outcome, Outcome::Gap { .. }),
                "a plain message has no gap"
            );
            self.note_stored(submission, outcome);
            return;
        };
        let key = (position.device.clone(), submission.conversation);
        let applied = self.lanes.entry(key.clone()).or_default();
        let next = applied.len() as u64 + 1;
        if position.device_seq > next {
            assert_eq!(outcome, Outcome::Gap { expected: next });
            return;
        }
        if position.device_seq == next {
            assert!(
                !matches!(outcome, Outcome::Gap { .. }),
                "the next number is never a gap"
            );
            applied.push((submission.clone(), outcome));
            self.note_stored(submission, outcome);
        } else {
            let index = usize::try_from(position.device_seq - 1).unwrap();
            let (first, before) = &applied[index];
            assert_eq!(first, submission, "the devices send the same again");
            let expected = match *before {
                Outcome::Stored { seq } => Outcome::Duplicate { seq },
                other => other,
            };
            assert_eq!(outcome, expected, "a resend gets the same outcome");
        }
    }

    fn note_stored(&mut self, submission: &Submission, outcome: Outcome) {
        let Some(message) = submission.message() else {
            assert!(
                matches!(outcome, Outcome::Rejected(_)),
                "what did not pass validation is rejected"
            );
            return;
        };
        match outcome {
            Outcome::Stored { seq } => {
                let conversation = self.stored.entry(submission.conversation).or_default();
                conversation.push(message.clone());
                assert_eq!(seq, conversation.len() as u64, "places have no holes");
                let place = (submission.conversation, seq);
                let before = self.places.insert(message.id, place);
                assert_eq!(before, None, "a message is stored once");
            }
            Outcome::Duplicate { seq } => {
                let place = (submission.conversation, seq);
                assert_eq!(
                    self.places.get(&message.id),
                    Some(&place),
                    "a duplicate is where the first one is"
                );
            }
            _ => {}
        }
    }

    /// Something else under a settled number is never taken.
    pub(super) fn check_lie(&self, submission: &Submission, outcome: Outcome) {
        let Some(position) = &submission.lane else {
            return;
        };
        let key = (position.device.clone(), submission.conversation);
        let index = usize::try_from(position.device_seq - 1).unwrap();
        let (first, before) = &self.lanes[&key][index];
        let is_refused_again = first.id == submission.id && outcome == *before;
        assert!(
            is_refused_again || matches!(outcome, Outcome::Conflict(_)),
            "{outcome:?} for another message under a settled number"
        );
        assert!(
            !matches!(outcome, Outcome::Stored { .. } | Outcome::Duplicate { .. }),
            "a lie is not stored"
        );
    }

    /// What can be read is what was acknowledged: nothing lost, doubled, changed or reordered.
    pub(super) fn check(&self, id: ConversationId, messages: &[Message]) {
        let none = Vec::new();
        let stored = self.stored.get(&id).unwrap_or(&none);
        assert_eq!(messages.len(), stored.len());
        for ((message, acknowledged), seq) in messages.iter().zip(stored).zip(1..) {
            assert_eq!(
                (message.id, message.seq, &message.content),
                (acknowledged.id, seq, &acknowledged.content)
            );
        }
        for ((_, conversation), applied) in &self.lanes {
            if *conversation != id {
                continue;
            }
            let mut last = 0;
            for (submission, outcome) in applied {
                if let Outcome::Stored { seq } = outcome {
                    assert!(*seq > last, "a lane keeps its order: {submission:?}");
                    last = *seq;
                }
            }
        }
    }
}
