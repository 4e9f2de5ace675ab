//! Plans, decided on facts that are made up.

use std::collections::HashMap;
use std::convert::Infallible;

use manent_types::{ConversationId, DeviceId, MessageId, MessageStatus, Part, Role};
use uuid::Uuid;

use super::*;
use crate::conversation::TitleSource;
use crate::error::Refusal;
use crate::feed::Subject;
use crate::message::Fingerprint;

/// One owner's rows, as a test needs them.
#[derive(Default)]
struct Rows {
    conversations: HashMap<ConversationId, ConversationFacts>,
    messages: HashMap<MessageId, MessageFacts>,
    lanes: HashMap<(DeviceId, ConversationId), u64>,
    refusals: HashMap<(DeviceId, ConversationId, u64), RefusalFacts>,
    changes: HashMap<MessageId, ChangeFacts>,
}

impl AppendFacts for Rows {
    type Error = Infallible;

    fn conversation(
        &mut self,
        id: ConversationId,
    ) -> Result<Option<ConversationFacts>, Infallible> {
        Ok(self.conversations.get(&id).copied())
    }

    fn newest_message(&mut self, id: ConversationId) -> Result<Option<MessageId>, Infallible> {
        let of_conversation = |(_, facts): &(&MessageId, &MessageFacts)| facts.conversation == id;
        let messages = self.messages.iter().filter(of_conversation);
        Ok(messages
            .max_by_key(|(_, facts)| facts.seq)
            .map(|(id, _)| *id))
    }

    fn lane(&mut self, device: &DeviceId, conversation: ConversationId) -> Result<u64, Infallible> {
        let key = (device.clone(), conversation);
        Ok(self.lanes.get(&key).copied().unwrap_or(0))
    }

    fn message(&mut self, id: MessageId) -> Result<Option<MessageFacts>, Infallible> {
        Ok(self.messages.get(&id).copied())
    }

    fn refusal_at(
        &mut self,
        device: &DeviceId,
        conversation: ConversationId,
        device_seq: u64,
    ) -> Result<Option<RefusalFacts>, Infallible> {
        let key = (device.clone(), conversation, device_seq);
        Ok(self.refusals.get(&key).copied())
    }

    fn change(&mut self, id: MessageId) -> Result<Option<ChangeFacts>, Infallible> {
        Ok(self.changes.get(&id).copied())
    }

    fn was_refused(&mut self, id: MessageId) -> Result<bool, Infallible> {
        let mut refusals = self.refusals.values();
        Ok(refusals.any(|refusal| refusal.id == Some(id)))
    }
}

const HERE: ConversationId = ConversationId::new(Uuid::from_u128(0xc1));
const ELSEWHERE: ConversationId = ConversationId::new(Uuid::from_u128(0xc2));

fn id(number: u128) -> MessageId {
    MessageId::new(Uuid::from_u128(number))
}

fn text(words: &str) -> Vec<Part> {
    vec![Part::Text {
        text: words.to_owned(),
    }]
}

/// Two conversations, the first with the messages 1 (a question) and 2 (its answer).
fn rows() -> Rows {
    let mut rows = Rows::default();
    for (conversation, last_seq) in [(HERE, 2), (ELSEWHERE, 0)] {
        let facts = ConversationFacts {
            last_seq,
            title_source: TitleSource::Cut,
            trashed: false,
            is_temporary: false,
        };
        rows.conversations.insert(conversation, facts);
    }
    for (number, role) in [(1, Role::User), (2, Role::Assistant)] {
        let facts = MessageFacts {
            conversation: HERE,
            parent: (number == 2).then(|| id(1)),
            seq: number,
            fingerprint: Fingerprint::of(role, &text("stored")).unwrap(),
            by_run: false,
            is_running: false,
        };
        rows.messages.insert(id(number.into()), facts);
    }
    rows
}

fn message(number: u128, role: Role, words: &str) -> NewMessage {
    let content = text(words);
    NewMessage {
        id: id(number),
        parent: ParentRef::Newest,
        role,
        fingerprint: Fingerprint::of(role, &content).unwrap(),
        content,
        status: MessageStatus::Complete,
        model: None,
        provider: None,
        usage: None,
        created_at: None,
        extras: manent_types::Extras::new(),
    }
}

fn said(number: u128) -> Submission {
    item(id(number), message(number, Role::User, "said").into())
}

fn change(number: u128, kind: ChangeKind) -> Submission {
    let change = NewChange {
        id: id(number),
        fingerprint: kind.fingerprint().unwrap(),
        kind,
    };
    item(id(number), change.into())
}

fn item(id: MessageId, item: NewItem) -> Submission {
    Submission {
        conversation: HERE,
        lane: None,
        id: Some(id),
        body: Ok(item),
    }
}

fn edit(target: u128, words: &str) -> ChangeKind {
    ChangeKind::Edit {
        message: id(target),
        content: text(words),
    }
}

fn delete(target: u128) -> ChangeKind {
    ChangeKind::Delete {
        message: id(target),
    }
}

fn undelete(target: u128) -> ChangeKind {
    ChangeKind::Undelete {
        message: id(target),
    }
}

fn phone() -> DeviceId {
    "phone".parse().unwrap()
}

fn in_lane(device_seq: u64, submission: Submission) -> Submission {
    Submission {
        lane: Some(LanePosition {
            device: phone(),
            device_seq,
        }),
        ..submission
    }
}

fn decided(rows: &mut Rows, submissions: &[Submission]) -> AppendPlan {
    let Ok(plan) = plan(rows, submissions);
    plan
}

fn outcomes(rows: &mut Rows, submissions: &[Submission]) -> Vec<Outcome> {
    let plan = decided(rows, submissions);
    plan.outcomes.iter().map(|item| item.outcome).collect()
}

const fn stored(seq: u64) -> Outcome {
    Outcome::Stored { seq }
}

const fn duplicate(seq: u64) -> Outcome {
    Outcome::Duplicate { seq }
}

const TAKEN: Outcome = Outcome::Conflict(ConflictCause::IdTaken);

#[test]
fn every_kind_of_change_is_planned_in_order() {
    let batch = [
        change(11, edit(1, "a")),
        change(12, delete(2)),
        change(13, undelete(2)),
        change(14, ChangeKind::Trash),
    ];
    let expected = AppendPlan {
        outcomes: [(11, 1), (12, 2), (13, 2), (14, 2)]
            .map(|(number, seq)| ItemOutcome {
                id: Some(id(number)),
                outcome: stored(seq),
            })
            .to_vec(),
        changes: [(0, 1), (1, 2), (2, 2), (3, 2)]
            .map(|(item, seq)| PlannedChange { item, seq })
            .to_vec(),
        touches: vec![ConversationTouch {
            id: HERE,
            last_seq: 2,
            cut_title: None,
            trash: Some(true),
            has_messages: false,
            is_temporary: false,
        }],
        ..AppendPlan::default()
    };
    assert_eq!(decided(&mut rows(), &batch), expected);
}

#[test]
fn changes_take_the_numbers_of_their_lane() {
    let batch = [
        in_lane(1, change(11, edit(1, "a"))),
        in_lane(2, said(3)),
        in_lane(3, change(12, delete(3))),
        in_lane(5, change(13, undelete(3))),
    ];
    let plan = decided(&mut rows(), &batch);
    let outcomes: Vec<Outcome> = plan.outcomes.iter().map(|item| item.outcome).collect();
    let gap = Outcome::Gap { expected: 4 };
    assert_eq!(outcomes, [stored(1), stored(3), stored(3), gap]);
    let advance = LaneAdvance {
        device: phone(),
        conversation: HERE,
        device_seq: 3,
    };
    assert_eq!(plan.lanes, [advance]);
}

#[test]
fn a_change_that_was_applied_is_a_duplicate() {
    let mut rows = rows();
    let kind = edit(1, "a");
    let facts = ChangeFacts {
        conversation: HERE,
        fingerprint: kind.fingerprint().unwrap(),
        seq: 1,
    };
    rows.changes.insert(id(11), facts);
    rows.lanes.insert((phone(), HERE), 1);
    let batch = [
        change(11, kind.clone()),
        in_lane(1, change(11, kind)),
        change(11, edit(1, "b")),
        in_lane(1, change(11, delete(1))),
        in_lane(1, said(11)),
        in_lane(1, change(12, delete(1))),
    ];
    let plan = decided(&mut rows, &batch);
    let outcomes: Vec<Outcome> = plan.outcomes.iter().map(|item| item.outcome).collect();
    let number_taken = Outcome::Conflict(ConflictCause::DeviceSeqTaken);
    assert_eq!(
        outcomes,
        [
            duplicate(1),
            duplicate(1),
            TAKEN,
            TAKEN,
            TAKEN,
            number_taken
        ]
    );
    assert_eq!((plan.changes, plan.touches), (vec![], vec![]));
}

#[test]
fn a_change_twice_in_a_batch_is_applied_once() {
    let batch = [
        change(11, edit(1, "a")),
        change(11, edit(1, "a")),
        change(11, edit(1, "b")),
    ];
    let plan = decided(&mut rows(), &batch);
    let outcomes: Vec<Outcome> = plan.outcomes.iter().map(|item| item.outcome).collect();
    assert_eq!(outcomes, [stored(1), duplicate(1), TAKEN]);
    assert_eq!(plan.changes, [PlannedChange { item: 0, seq: 1 }]);
}

#[test]
fn a_target_must_be_a_message_of_the_conversation() {
    let mut rows = rows();
    let elsewhere = |submission: Submission| Submission {
        conversation: ELSEWHERE,
        ..submission
    };
    let batch = [
        change(11, edit(9, "a")),
        elsewhere(change(12, delete(1))),
        // A change is no message.
        change(13, edit(1, "a")),
        change(14, undelete(13)),
    ];
    let unknown = Outcome::Rejected(Refusal::TargetUnknown);
    assert_eq!(
        outcomes(&mut rows, &batch),
        [unknown, unknown, stored(1), unknown]
    );
}

#[test]
fn a_running_answer_cannot_be_changed() {
    let mut rows = rows();
    if let Some(answer) = rows.messages.get_mut(&id(2)) {
        answer.by_run = true;
        answer.is_running = true;
    }
    let batch = [
        change(11, edit(2, "a")),
        change(12, delete(2)),
        change(13, undelete(2)),
        change(14, ChangeKind::Trash),
    ];
    let running = Outcome::Rejected(Refusal::TargetRunning);
    assert_eq!(
        outcomes(&mut rows, &batch),
        [running, running, running, stored(2)]
    );
}

#[test]
fn a_change_of_what_was_refused_is_blocked() {
    let mut rows = rows();
    let orphan = NewMessage {
        parent: ParentRef::Message(id(9)),
        ..message(3, Role::User, "said")
    };
    let batch = [
        item(id(3), orphan.into()),
        change(11, edit(3, "a")),
        // What follows a refused change has no part in it.
        change(12, edit(1, "a")),
    ];
    assert_eq!(
        outcomes(&mut rows, &batch),
        [
            Outcome::Rejected(Refusal::ParentUnknown),
            Outcome::Blocked,
            stored(1)
        ]
    );
    let refusal = RefusalFacts {
        id: Some(id(4)),
        refused_as: RefusedAs::Blocked,
    };
    rows.refusals.insert((phone(), HERE, 1), refusal);
    assert_eq!(
        outcomes(&mut rows, &[change(13, delete(4))]),
        [Outcome::Blocked]
    );
}

#[test]
fn a_refused_change_is_remembered_with_its_number() {
    let mut rows = rows();
    let batch = [in_lane(1, change(11, edit(9, "a"))), in_lane(2, said(3))];
    let plan = decided(&mut rows, &batch);
    let facts = RefusalFacts {
        id: Some(id(11)),
        refused_as: RefusedAs::Rejected(Refusal::TargetUnknown),
    };
    let expected = NewRefusal {
        conversation: HERE,
        position: LanePosition {
            device: phone(),
            device_seq: 1,
        },
        facts,
    };
    assert_eq!(plan.refusals, [expected]);
    rows.lanes.insert((phone(), HERE), 1);
    rows.refusals.insert((phone(), HERE, 1), facts);
    assert_eq!(
        outcomes(
            &mut rows,
            &[
                in_lane(1, change(11, edit(1, "a"))),
                in_lane(1, change(12, edit(1, "a")))
            ]
        ),
        [
            Outcome::Rejected(Refusal::TargetUnknown),
            Outcome::Conflict(ConflictCause::DeviceSeqTaken)
        ]
    );
}

#[test]
fn the_last_word_decides_about_the_trash() {
    let trash = |number| change(number, ChangeKind::Trash);
    let restore = |number| change(number, ChangeKind::Restore);
    let answer = |number| item(id(number), message(number, Role::Assistant, "a").into());
    let cases: [(bool, Vec<Submission>, Option<bool>); 7] = [
        (false, vec![said(3)], None),
        (true, vec![said(3)], Some(false)),
        (true, vec![answer(3)], None),
        (false, vec![trash(11), said(3)], Some(false)),
        (false, vec![said(3), trash(11), answer(4)], Some(true)),
        (false, vec![trash(11), restore(12)], Some(false)),
        (true, vec![restore(11), trash(12)], Some(true)),
    ];
    for (number, (trashed, batch, expected)) in cases.into_iter().enumerate() {
        let mut rows = rows();
        if let Some(facts) = rows.conversations.get_mut(&HERE) {
            facts.trashed = trashed;
        }
        let plan = decided(&mut rows, &batch);
        let [touch] = &plan.touches[..] else {
            panic!("case {number}: one conversation is touched");
        };
        assert_eq!(touch.trash, expected, "case {number}");
    }
}

#[test]
fn an_answer_of_a_run_is_the_same_answer_whatever_the_client_kept() {
    let mut rows = rows();
    if let Some(answer) = rows.messages.get_mut(&id(2)) {
        answer.by_run = true;
    }
    let kept = message(2, Role::Assistant, "kept");
    let below = |parent| NewMessage {
        parent,
        ..kept.clone()
    };
    let batch = [
        item(id(2), kept.clone().into()),
        item(id(2), below(ParentRef::Message(id(1))).into()),
        item(id(2), below(ParentRef::Root).into()),
        item(id(2), message(2, Role::User, "stored").into()),
        Submission {
            conversation: ELSEWHERE,
            ..item(id(2), kept.clone().into())
        },
    ];
    assert_eq!(
        outcomes(&mut rows, &batch),
        [duplicate(2), duplicate(2), TAKEN, TAKEN, TAKEN]
    );
    // Without a run other words are another message.
    if let Some(answer) = rows.messages.get_mut(&id(2)) {
        answer.by_run = false;
    }
    assert_eq!(outcomes(&mut rows, &batch[..1]), [TAKEN]);
}

#[test]
fn a_plan_names_what_stands_in_the_feed() {
    let batch = [
        change(11, edit(2, "a")),
        said(3),
        change(12, delete(1)),
        change(13, undelete(2)),
        change(14, edit(9, "refused")),
        change(15, edit(3, "b")),
    ];
    let plan = decided(&mut rows(), &batch);
    let message = |number| Subject::Message(id(number));
    let expected = [
        message(3),
        message(2),
        message(1),
        Subject::Conversation(HERE),
    ];
    assert_eq!(plan.subjects(&batch), expected);
    let refused = decided(&mut rows(), &batch[4..5]);
    assert_eq!(refused.subjects(&batch[4..5]), []);
}
