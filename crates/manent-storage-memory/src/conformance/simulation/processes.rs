//! Processes that run generations, and what the store promised them.

use manent_domain::append::ParentRef;
use manent_domain::message::Message;
use manent_domain::run::{
    AnswerBuilder, AnswerSnapshot, AnswerStanding, Begun, INTERRUPTION_GAP, LoggedEvent,
    RecordTarget, Run, RunEnd, RunEvent, RunProgress, RunStanding,
};
use manent_types::{ConversationId, MessageId, MessageStatus, RunId};

use super::script::{Fault, Finish, Progress};
use crate::conformance::person::message;
use crate::conformance::runner::{completed, run, started, words};

/// The id of the answer of the run with this number.
pub(super) fn answer_id(number: usize) -> MessageId {
    message(0xa5_0000 + number as u128)
}

/// A generation as its process knows it.
pub(super) struct Generation {
    pub(super) id: RunId,
    /// Which process runs it.
    pub(super) node: u128,
    pub(super) conversation: ConversationId,
    /// Everything that happened.
    events: Vec<RunEvent>,
    /// As many as the process knows to be stored.
    acknowledged: usize,
    /// The store told that its answer is stored.
    pub(super) is_stored: bool,
}

impl Generation {
    pub(super) fn new(
        number: usize,
        node: u128,
        conversation: ConversationId,
        parent: ParentRef,
    ) -> (Self, RecordTarget) {
        let generation = Self {
            id: run(number as u128 + 1),
            node,
            conversation,
            events: vec![started()],
            acknowledged: 0,
            is_stored: false,
        };
        let target = RecordTarget {
            conversation,
            message: answer_id(number),
            parent,
        };
        (generation, target)
    }

    pub(super) fn is_begun(begun: &Begun) -> bool {
        matches!(begun, Begun::New(_))
    }

    /// What the process sends after so much more happened.
    pub(super) fn progress(&mut self, owner: manent_types::UserId, more: Progress) -> RunProgress {
        for _ in 0..more.events {
            if !self.has_ended() {
                let number = self.events.len();
                self.events.push(words(&format!("word{number} ")));
            }
        }
        if let Some(finish) = more.finish
            && !self.has_ended()
        {
            self.events.push(RunEvent::Ended(end_of(finish)));
        }
        let from = match more.fault {
            Fault::Repeat => self.acknowledged.saturating_sub(2),
            Fault::Skip => (self.acknowledged + 1).min(self.events.len()),
            Fault::None | Fault::Lost => self.acknowledged,
        };
        let last = self.events.len();
        let has_answer = more.has_answer || self.has_ended();
        RunProgress {
            owner,
            run: self.id,
            events: logged(&self.events).skip(from).collect(),
            answer: has_answer.then(|| fold(&self.events, last)),
            end: match self.events.last() {
                Some(RunEvent::Ended(end)) => Some(end.clone()),
                _ => None,
            },
        }
    }

    /// The store's answer; `is_lost` when the process does not learn it.
    pub(super) fn learn(&mut self, standing: &RunStanding, is_lost: bool) {
        self.is_stored |= matches!(standing.answer, AnswerStanding::Stored { .. });
        if is_lost {
            return;
        }
        let position = usize::try_from(standing.last_position).unwrap();
        assert!(
            (self.acknowledged..=self.events.len()).contains(&position),
            "what was acknowledged stays, and nothing is made up"
        );
        self.acknowledged = position;
    }

    /// What is stored is what happened, from the beginning on, and all that was acknowledged.
    pub(super) fn check(&self, run: &Run, log: &[LoggedEvent], answer: Option<&Message>) {
        if self.is_stored {
            assert!(answer.is_some(), "a stored answer is there");
        }
        let found_dead = run.position_when_found_dead();
        if !run.log_cleared {
            let own = log.len() - usize::from(found_dead.is_some());
            let happened: Vec<LoggedEvent> = logged(&self.events).take(own).collect();
            assert_eq!(log[..own], happened, "the log is what happened");
            assert!(own >= self.acknowledged, "what was acknowledged is there");
            let last = log.last().map_or(0, |last| last.position);
            assert_eq!(last, run.last_position);
            let end = log.last().and_then(|last| match &last.event {
                RunEvent::Ended(end) => Some(end),
                _ => None,
            });
            assert_eq!(end, run.end.as_ref(), "the log ends as the run");
        }
        if let Some(logged) = found_dead {
            assert_eq!(run.last_position, logged + INTERRUPTION_GAP);
        }
        let status = run.end.as_ref().map(|end| end.status);
        assert_eq!(run.status, status.unwrap_or(MessageStatus::Running));
        if let Some(answer) = answer.filter(|answer| answer.run == Some(self.id)) {
            assert_eq!(answer.status, run.status, "the answer stands as its run");
            if answer.edited_at.is_none() {
                self.check_words(run, answer);
            }
        }
    }

    fn check_words(&self, run: &Run, answer: &Message) {
        let stored = run.position_when_found_dead().unwrap_or(run.last_position);
        let stored = usize::try_from(stored).unwrap();
        if run.status == MessageStatus::Running {
            let is_prefix =
                (0..=stored).any(|last| fold(&self.events, last).content == answer.content);
            assert!(is_prefix, "an answer says how its log begins");
        } else {
            let whole = fold(&self.events, stored);
            assert_eq!(
                answer.content, whole.content,
                "an answer says what its log says"
            );
        }
    }

    fn has_ended(&self) -> bool {
        matches!(self.events.last(), Some(RunEvent::Ended(_)))
    }
}

fn logged(events: &[RunEvent]) -> impl Iterator<Item = LoggedEvent> {
    (1..).zip(events).map(|(position, event)| LoggedEvent {
        position,
        event: event.clone(),
    })
}

fn fold(events: &[RunEvent], last: usize) -> AnswerSnapshot {
    let mut builder = AnswerBuilder::default();
    for event in &events[..last] {
        builder.apply(event);
    }
    AnswerSnapshot {
        content: builder.content(),
        usage: builder.usage(),
        position: last as u64,
    }
}

fn end_of(finish: Finish) -> RunEnd {
    match finish {
        Finish::Complete => completed(),
        Finish::Stopped => RunEnd {
            status: MessageStatus::Stopped,
            finish_reason: None,
            failure: None,
        },
        Finish::Interrupted => RunEnd::interrupted(),
    }
}
