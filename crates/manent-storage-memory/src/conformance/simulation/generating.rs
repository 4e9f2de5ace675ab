//! Generations that begin, go on and are found dead.

use manent_domain::run::{AnswerStanding, INTERRUPTION_GAP};
use manent_types::ConversationId;

use super::outbox::parent_of;
use super::processes::{Generation, answer_id};
use super::{Fault, Parent, Play, Progress, Script, place};

impl Play<'_> {
    pub(super) async fn begin(&mut self, node: u128, conversation: ConversationId, parent: Parent) {
        self.seconds += 1;
        let parent = parent_of(parent, self.outbox.known());
        let number = self.generations.len();
        let (generation, target) = Generation::new(number, node, conversation, parent);
        let runner = self.runner.on(node);
        let begun = runner
            .begin_at(generation.id, Some(target), self.seconds)
            .await;
        let is_there = conversation != place(Script::CONVERSATIONS);
        assert_eq!(Generation::is_begun(&begun), is_there);
        self.generations.push(is_there.then_some(generation));
        self.outbox.note_generation();
    }

    pub(super) async fn go_on(&mut self, number: usize, more: Progress) {
        self.seconds += 1;
        let number = number.checked_rem(self.generations.len()).unwrap_or(0);
        let Some(Some(generation)) = self.generations.get_mut(number) else {
            return;
        };
        let progress = generation.progress(self.person.owner, more);
        let runner = self.runner.on(generation.node);
        let standings = runner.record(vec![progress], self.seconds).await;
        let Some(Some(standing)) = standings.first() else {
            panic!("a registered run is known");
        };
        if let AnswerStanding::Stored { seq } = standing.answer {
            let id = answer_id(number);
            self.ledger.note_answer(generation.conversation, id, seq);
        }
        let is_lost = matches!(more.fault, Fault::Lost);
        // The position of a run that was found dead and ended so lies far away.
        if standing.last_position < INTERRUPTION_GAP {
            generation.learn(standing, is_lost);
        }
        self.trace.standings.extend(standings);
    }

    pub(super) async fn find_dead(&mut self, node: u128, patience: i64) {
        self.seconds += 1;
        let heard_before = self.seconds - patience;
        let runner = self.runner.on(node);
        let found = runner.interrupt_dead(heard_before, 100, self.seconds).await;
        let mut made = Vec::new();
        for (number, generation) in self.generations.iter().enumerate() {
            let id = answer_id(number);
            if let Some(generation) = generation
                && found.contains(&(self.person.owner, generation.id))
                && !self.ledger.is_stored(id)
                && let Some(answer) = self.person.find_message(id).await
            {
                made.push((answer.seq, answer.conversation, id));
            }
        }
        made.sort_unstable();
        for (seq, conversation, id) in made {
            self.ledger.note_message(conversation, id, seq);
        }
    }
}
