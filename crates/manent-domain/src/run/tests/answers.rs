//! How an answer gets into its message.

use std::convert::Infallible;

use manent_types::{DeviceId, Role};

use super::*;
use crate::append::{AppendFacts, ChangeFacts, ConversationFacts, MessageFacts, RefusalFacts};
use crate::conversation::TitleSource;

/// One empty conversation, or none.
struct Rows {
    has_conversation: bool,
}

impl AppendFacts for Rows {
    type Error = Infallible;

    fn conversation(
        &mut self,
        id: ConversationId,
    ) -> Result<Option<ConversationFacts>, Infallible> {
        let is_there = self.has_conversation && id == TARGET.conversation;
        Ok(is_there.then_some(ConversationFacts {
            last_seq: 0,
            title_source: TitleSource::None,
            trashed: true,
            is_temporary: false,
        }))
    }

    fn newest_message(&mut self, _: ConversationId) -> Result<Option<MessageId>, Infallible> {
        Ok(None)
    }

    fn lane(&mut self, _: &DeviceId, _: ConversationId) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn message(&mut self, _: MessageId) -> Result<Option<MessageFacts>, Infallible> {
        Ok(None)
    }

    fn refusal_at(
        &mut self,
        _: &DeviceId,
        _: ConversationId,
        _: u64,
    ) -> Result<Option<RefusalFacts>, Infallible> {
        Ok(None)
    }

    fn change(&mut self, _: MessageId) -> Result<Option<ChangeFacts>, Infallible> {
        Ok(None)
    }

    fn was_refused(&mut self, _: MessageId) -> Result<bool, Infallible> {
        Ok(false)
    }
}

fn answer_plan(plan: &ProgressPlan, existing: Option<AnswerFacts>) -> AnswerPlan {
    let mut rows = Rows {
        has_conversation: true,
    };
    let Ok(answer) = plan_answer(&mut rows, plan, existing);
    answer
}

/// The run's message with what it says up to a position.
fn existing(position: u64) -> AnswerFacts {
    AnswerFacts {
        conversation: TARGET.conversation,
        seq: 5,
        role: Role::Assistant,
        status: MessageStatus::Running,
        run: Some(running().id),
        position,
        is_edited: false,
    }
}

/// The status and the content's position of an update.
fn update(answer: &AnswerPlan) -> Option<(MessageStatus, Option<u64>)> {
    match &answer.write {
        AnswerWrite::Update {
            status, content, ..
        } => Some((*status, content.as_ref().map(|content| content.position))),
        _ => None,
    }
}

#[test]
fn a_run_without_a_record_keeps_no_answer() {
    let run = Run {
        record: None,
        ..running()
    };
    let plan = decided(&run, progress(vec![words(4)], Some(answer(4))));
    let expected = AnswerPlan {
        standing: AnswerStanding::NotWanted,
        write: AnswerWrite::Nothing,
    };
    assert_eq!(answer_plan(&plan, None), expected);
    assert_eq!(plan.subjects(&expected), []);
}

#[test]
fn a_new_answer_is_an_append() {
    let plan = decided(&running(), progress(vec![end(4)], Some(answer(4))));
    let answer = answer_plan(&plan, None);
    assert_eq!(answer.standing, AnswerStanding::Stored { seq: 1 });
    let AnswerWrite::Insert {
        submission,
        plan: append,
        position,
    } = &answer.write
    else {
        panic!("it is inserted: {answer:?}");
    };
    let message = submission.message().unwrap();
    assert_eq!(
        (message.role, message.status, message.created_at),
        (Role::Assistant, MessageStatus::Complete, Some(at(1)))
    );
    assert_eq!(
        (message.provider.as_deref(), message.model.as_deref()),
        (Some("p"), Some("m"))
    );
    assert_eq!((append.messages.len(), *position), (1, 4));
    let touch = &append.touches[0];
    assert_eq!((touch.trash, &touch.cut_title), (None, &None));
    let subjects = crate::feed::in_feed_order(plan.subjects(&answer));
    let expected = [
        Subject::Message(TARGET.message),
        Subject::Conversation(TARGET.conversation),
        Subject::Run(plan.run.id),
    ];
    assert_eq!(subjects, expected);
}

#[test]
fn an_answer_without_a_place_is_not_written() {
    let mut rows = Rows {
        has_conversation: false,
    };
    let plan = decided(&running(), progress(vec![words(4)], Some(answer(4))));
    let Ok(answer_plan) = plan_answer(&mut rows, &plan, None);
    let refused = AnswerStanding::Refused(Refusal::ConversationNotFound);
    assert_eq!(answer_plan.standing, refused);
    let mut rows = Rows {
        has_conversation: true,
    };
    let mut plan = plan;
    plan.run.record = Some(RecordTarget {
        parent: ParentRef::Message(MessageId::new(Uuid::from_u128(8))),
        ..TARGET
    });
    let Ok(answer_plan) = plan_answer(&mut rows, &plan, None);
    assert_eq!(answer_plan.standing, AnswerStanding::ParentMissing);
}

#[test]
fn only_newer_content_is_written() {
    let plan = decided(&running(), progress(vec![words(4)], Some(answer(4))));
    let newer = answer_plan(&plan, Some(existing(3)));
    assert_eq!(update(&newer), Some((MessageStatus::Running, Some(4))));
    assert_eq!(plan.subjects(&newer), []);
    let same = answer_plan(&plan, Some(existing(4)));
    assert_eq!(same.write, AnswerWrite::Nothing);
    assert_eq!(same.standing, AnswerStanding::Stored { seq: 5 });
}

#[test]
fn the_status_follows_the_run() {
    let plan = decided(&running(), progress(vec![end(4)], None));
    let ended = answer_plan(&plan, Some(existing(3)));
    assert_eq!(update(&ended), Some((MessageStatus::Complete, None)));
    assert_eq!(plan.subjects(&ended).len(), 3);
    let plan = decided(&found_dead(), progress(vec![], None));
    let interrupted = AnswerFacts {
        status: MessageStatus::Interrupted,
        ..existing(3)
    };
    let back = answer_plan(&plan, Some(interrupted));
    assert_eq!(update(&back), Some((MessageStatus::Running, None)));
}

#[test]
fn what_a_person_edited_stays() {
    let plan = decided(&running(), progress(vec![end(4)], Some(answer(4))));
    let edited = AnswerFacts {
        is_edited: true,
        ..existing(3)
    };
    let answer = answer_plan(&plan, Some(edited));
    assert_eq!(update(&answer), Some((MessageStatus::Complete, None)));
}

#[test]
fn what_the_run_did_not_write_stays() {
    let plan = decided(&running(), progress(vec![end(4)], Some(answer(4))));
    let foreign = AnswerFacts {
        run: None,
        status: MessageStatus::Complete,
        ..existing(0)
    };
    let stored = AnswerStanding::Stored { seq: 5 };
    let refused = AnswerStanding::Refused(Refusal::InvalidId);
    let cases = [
        (foreign, stored),
        (
            AnswerFacts {
                run: Some(RunId::new(Uuid::from_u128(8))),
                ..foreign
            },
            refused,
        ),
        (
            AnswerFacts {
                role: Role::User,
                ..foreign
            },
            refused,
        ),
        (
            AnswerFacts {
                conversation: ConversationId::new(Uuid::from_u128(0xc2)),
                ..foreign
            },
            refused,
        ),
    ];
    for (existing, standing) in cases {
        let answer = answer_plan(&plan, Some(existing));
        let expected = AnswerPlan {
            standing,
            write: AnswerWrite::Nothing,
        };
        assert_eq!(answer, expected);
        assert_eq!(plan.subjects(&answer), [Subject::Run(plan.run.id)]);
    }
}

#[test]
fn a_late_answer_is_only_inserted() {
    let ended = decided(&running(), progress(vec![end(4)], None)).run;
    let plan = decided(&ended, progress(vec![], Some(answer(4))));
    let stored = AnswerFacts {
        status: MessageStatus::Complete,
        ..existing(3)
    };
    assert_eq!(answer_plan(&plan, Some(stored)).write, AnswerWrite::Nothing);
    assert!(matches!(
        answer_plan(&plan, None).write,
        AnswerWrite::Insert { position: 4, .. }
    ));
}
