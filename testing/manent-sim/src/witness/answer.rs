//! What the answer to a request has to lead to.

use manent_engine::{
    Answer, Failure, HistoryStep, ItemId, ItemOutcome, LaneId, Outcome, RequestId,
};

use super::Witness;

impl Witness {
    pub(super) fn on_answered(&mut self, request: RequestId, answer: &Answer, now: u64) {
        let Some(ended) = self.under_way.take_if(|sent| sent.request == request) else {
            return;
        };
        for (id, _) in &ended.items {
            self.expect_entry(*id, HistoryStep::Answered);
            self.step.ended.push(*id);
        }
        match answer {
            Answer::Failed(Failure::UserAbort) => self.waits.on_abandoned(now),
            Answer::Failed(failure) => {
                self.failed_syncs += 1;
                self.waits.on_failed(failure, ended.began, now);
                if *failure == Failure::NotSent {
                    for (id, _) in &ended.items {
                        if let Some(seen) = self.seen.get_mut(id) {
                            seen.maybe_sent = seen.maybe_sent_before;
                        }
                    }
                }
            }
            Answer::Outcomes(outcomes) => match progress(&ended.items, outcomes) {
                Progress::Settled => {
                    self.successful_syncs += 1;
                    self.waits.on_success(now);
                }
                Progress::Moved => {
                    self.failed_syncs += 1;
                    self.waits.on_moved(ended.began, now);
                }
                Progress::None => {
                    self.failed_syncs += 1;
                    self.waits
                        .on_failed(&Failure::Infrastructure, ended.began, now);
                }
            },
        }
    }
}

/// What an answer came to.
enum Progress {
    Settled,
    Moved,
    None,
}

/// What of an answer makes sense: in each lane the outcomes up to the first that does not.
fn progress(sent: &[(ItemId, LaneId)], outcomes: &[ItemOutcome]) -> Progress {
    let mut broken: Vec<&LaneId> = Vec::new();
    let mut found = Progress::None;
    for (id, lane) in sent {
        if broken.contains(&lane) {
            continue;
        }
        let mut told: Vec<&Outcome> = outcomes
            .iter()
            .filter(|item| item.id == *id)
            .map(|item| &item.outcome)
            .collect();
        told.dedup();
        match told.as_slice() {
            [
                Outcome::Stored { .. }
                | Outcome::Duplicate { .. }
                | Outcome::IdTaken
                | Outcome::Rejected { .. }
                | Outcome::Blocked,
            ] => return Progress::Settled,
            [Outcome::NumberTaken | Outcome::Gap { expected: Some(_) }] => {
                broken.push(lane);
                found = Progress::Moved;
            }
            _ => broken.push(lane),
        }
    }
    found
}
