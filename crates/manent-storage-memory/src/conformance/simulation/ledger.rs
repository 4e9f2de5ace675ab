//! What the store has promised so far, kept apart from the store.

use std::collections::{HashMap, HashSet};

use manent_domain::append::{ChangeKind, NewChange, NewItem, Outcome, Submission};
use manent_domain::conversation::Conversation;
use manent_domain::message::Message;
use manent_types::{ConversationId, DeviceId, MessageId, Part, Role};

#[derive(Default)]
pub(super) struct Ledger {
    /// The first outcome of each number of each lane.
    lanes: HashMap<(DeviceId, ConversationId), Vec<(Submission, Outcome)>>,
    /// What was acknowledged as stored, in the order of storing.
    stored: HashMap<ConversationId, Vec<MessageId>>,
    places: HashMap<MessageId, (ConversationId, u64)>,
    /// What they say, but for answers that runs write.
    words: HashMap<MessageId, Vec<Part>>,
    deleted: HashSet<MessageId>,
    /// The applied changes, with what was answered.
    changes: HashMap<MessageId, (ConversationId, u64)>,
    /// Of the conversations that were ever put into the trash or taken out.
    trashed: HashMap<ConversationId, bool>,
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
        match &submission.body {
            Ok(NewItem::Message(message)) => match outcome {
                Outcome::Stored { seq } => {
                    self.note_message(submission.conversation, message.id, seq);
                    self.words.insert(message.id, message.content.clone());
                    if message.role == Role::User {
                        self.trashed.insert(submission.conversation, false);
                    }
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
            },
            Ok(NewItem::Change(change)) => {
                self.note_change(submission.conversation, change, outcome);
            }
            Err(_) => assert!(
                matches!(outcome, Outcome::Rejected(_)),
                "what did not pass validation is rejected"
            ),
        }
    }

    /// A message was stored at this place.
    pub(super) fn note_message(&mut self, conversation: ConversationId, id: MessageId, seq: u64) {
        let stored = self.stored.entry(conversation).or_default();
        stored.push(id);
        assert_eq!(seq, stored.len() as u64, "places have no holes");
        let before = self.places.insert(id, (conversation, seq));
        assert_eq!(before, None, "a message is stored once");
    }

    /// A run's answer is stored at this place.
    pub(super) fn note_answer(&mut self, conversation: ConversationId, id: MessageId, seq: u64) {
        match self.places.get(&id) {
            Some(place) => assert_eq!(*place, (conversation, seq), "an answer stays where it is"),
            None => self.note_message(conversation, id, seq),
        }
    }

    fn note_change(&mut self, conversation: ConversationId, change: &NewChange, outcome: Outcome) {
        match outcome {
            Outcome::Stored { seq } => {
                let before = self.changes.insert(change.id, (conversation, seq));
                assert_eq!(before, None, "a change is applied once");
            }
            Outcome::Duplicate { seq } => {
                let first = self.changes.get(&change.id);
                assert_eq!(first, Some(&(conversation, seq)));
                return;
            }
            _ => return,
        }
        match &change.kind {
            ChangeKind::Edit { message, content } => {
                self.words.insert(*message, content.clone());
            }
            ChangeKind::Delete { message } => {
                self.deleted.insert(*message);
            }
            ChangeKind::Undelete { message } => {
                self.deleted.remove(message);
            }
            ChangeKind::Trash => self.note_trash(conversation, true),
            ChangeKind::Restore => self.note_trash(conversation, false),
        }
    }

    /// A conversation lies in the trash, or does not.
    pub(super) fn note_trash(&mut self, conversation: ConversationId, trashed: bool) {
        self.trashed.insert(conversation, trashed);
    }

    pub(super) fn is_stored(&self, id: MessageId) -> bool {
        self.places.contains_key(&id)
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
    pub(super) fn check(&self, conversation: &Conversation, messages: &[Message]) {
        let id = conversation.id;
        let trashed = self.trashed.get(&id).copied().unwrap_or(false);
        assert_eq!(conversation.trashed_at.is_some(), trashed);
        let none = Vec::new();
        let stored = self.stored.get(&id).unwrap_or(&none);
        assert_eq!(messages.len(), stored.len());
        for ((message, acknowledged), seq) in messages.iter().zip(stored).zip(1..) {
            assert_eq!((message.id, message.seq), (*acknowledged, seq));
            let is_deleted = self.deleted.contains(acknowledged);
            assert_eq!(message.deleted_at.is_some(), is_deleted);
            // What a run wrote is looked at with its log.
            match self.words.get(acknowledged) {
                Some(words) => assert_eq!(message.content, *words),
                None => assert!(message.run.is_some() && message.edited_at.is_none()),
            }
        }
        for ((_, conversation), applied) in &self.lanes {
            if *conversation != id {
                continue;
            }
            let mut last = 0;
            for (submission, outcome) in applied {
                if let Outcome::Stored { seq } = outcome
                    && submission.message().is_some()
                {
                    assert!(*seq > last, "a lane keeps its order: {submission:?}");
                    last = *seq;
                }
            }
        }
    }
}
