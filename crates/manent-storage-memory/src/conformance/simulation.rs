//! Devices that write, lose answers, send again, leave gaps and lie, against what must hold all the same.
//!
//! A [`Script`] is made by proptest; [`run`] plays it on a store, checks every answer and at the end everything that can be read, and returns
//! what it saw, so that two stores can be compared.

mod generating;
mod ledger;
mod outbox;
mod processes;
mod reading;
mod script;

pub use script::{
    Alteration, Body, Change, Fault, Finish, Parent, Progress, Script, Step, Target, scripts,
};

use std::collections::HashMap;

use manent_domain::append::{Outcome, Submission};
use manent_domain::conversation::{Conversation, ConversationPatch};
use manent_domain::message::Message;
use manent_domain::run::{LoggedEvent, Run, RunStanding};
use manent_domain::search::HitKind;
use manent_types::{ConversationId, Timestamp};

use super::FullStore;
use super::person::{Person, at, change, conversation, message, plain, plain_change};
use super::replica::Replica;
use super::runner::Runner;
use ledger::Ledger;
use outbox::{Outbox, kind_of, message_of};
use processes::Generation;

/// What was seen: every answer, and at the end everything that can be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trace {
    /// The outcomes of each append.
    pub answers: Vec<Vec<Outcome>>,
    /// The conversations of each list, in its order.
    pub conversations: Vec<Conversation>,
    /// The messages of each conversation.
    pub messages: Vec<Vec<Message>>,
    /// The hits of a few searches, newest first.
    pub found: Vec<Vec<Found>>,
    /// What processes were told about their generations.
    pub standings: Vec<Option<RunStanding>>,
    /// The generations with their logs.
    pub runs: Vec<(Run, Vec<LoggedEvent>)>,
    /// The whole feed.
    pub feed: Vec<manent_domain::feed::Change>,
}

/// A hit without its snippet, which each store cuts in its own way.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What matched.
    pub kind: HitKind,
    /// Where.
    pub conversation: ConversationId,
    /// Its title.
    pub conversation_title: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

/// Plays a script on an empty store.
///
/// # Panics
/// When anything that was acknowledged is lost, doubled, reordered, or answered differently when it is sent again.
pub async fn run(store: &dyn FullStore, script: &Script) -> Trace {
    let runner = Runner::new(store);
    let mut play = Play {
        person: runner.person,
        runner,
        outbox: Outbox::default(),
        ledger: Ledger::default(),
        generations: Vec::new(),
        replicas: HashMap::new(),
        trace: Trace::default(),
        seconds: 0,
        plain_messages: 0,
    };
    for number in 0..Script::CONVERSATIONS {
        play.person.create(place(number), None, 0).await;
    }
    for step in &script.steps {
        play.step(step).await;
    }
    play.drain().await;
    play.read().await;
    play.read_runs().await;
    play.compare_replicas().await;
    play.trace
}

/// The conversation with this number; the one behind the last is missing.
fn place(number: usize) -> ConversationId {
    conversation(number as u128 + 1)
}

struct Play<'store> {
    person: Person<'store>,
    runner: Runner<'store>,
    outbox: Outbox,
    ledger: Ledger,
    /// Those that were registered, and in their places those that were not.
    generations: Vec<Option<Generation>>,
    /// What devices know by the feed.
    replicas: HashMap<usize, Replica>,
    trace: Trace,
    seconds: i64,
    plain_messages: u128,
}

impl Play<'_> {
    async fn step(&mut self, step: &Step) {
        match *step {
            Step::Compose {
                device,
                conversation,
                parent,
                body,
            } => self.outbox.compose(device, conversation, parent, body),
            Step::Send {
                device,
                conversation,
                skip,
                count,
                is_answer_lost,
            } => {
                let batch = self.outbox.unsent((device, conversation), skip, count);
                let outcomes = self.append(batch).await;
                if !is_answer_lost {
                    self.outbox
                        .acknowledge((device, conversation), skip, &outcomes);
                }
            }
            Step::Resend {
                device,
                conversation,
                from,
                count,
            } => {
                let batch = self.outbox.sent((device, conversation), from, count);
                self.append(batch).await;
            }
            Step::Lie {
                device,
                conversation,
                at,
                is_other_id,
            } => {
                if let Some(lie) = self.outbox.lie((device, conversation), at, is_other_id) {
                    let outcomes = self.answer(vec![lie.clone()]).await;
                    self.ledger.check_lie(&lie, outcomes[0]);
                }
            }
            Step::Plain {
                conversation,
                parent,
                body,
            } => {
                self.plain_messages += 1;
                let id = 0xff_0000 + self.plain_messages;
                let Ok(message) = message_of(id, parent, body, self.outbox.known()) else {
                    return;
                };
                self.append(vec![plain(place(conversation), message)]).await;
            }
            Step::ComposeAlteration {
                device,
                conversation,
                alteration,
            } => self.outbox.compose_change(device, conversation, alteration),
            Step::PlainAlteration {
                conversation,
                alteration,
            } => {
                self.plain_messages += 1;
                let id = message(0xff_0000 + self.plain_messages);
                let kind = kind_of(alteration, self.outbox.known());
                let item = plain_change(place(conversation), change(id, kind));
                self.append(vec![item]).await;
            }
            Step::Change {
                conversation,
                change,
            } => self.change(place(conversation), change).await,
            Step::Begin {
                node,
                conversation,
                parent,
            } => self.begin(node, place(conversation), parent).await,
            Step::GoOn {
                generation,
                progress,
            } => self.go_on(generation, progress).await,
            Step::FindDead { node, patience } => self.find_dead(node, patience).await,
            Step::Stop { generation } => {
                let number = generation.checked_rem(self.generations.len()).unwrap_or(0);
                if let Some(Some(generation)) = self.generations.get(number) {
                    let (owner, now) = (self.person.owner, at(self.seconds));
                    let stopped = self.runner.store.request_stop(owner, generation.id, now);
                    assert!(stopped.await.unwrap().is_some());
                }
            }
            Step::ClearLogs => {
                self.seconds += 1;
                let cleared = self.runner.store.clear_logs(at(self.seconds), 1_000);
                cleared.await.unwrap();
            }
            Step::Follow { device, limit } => {
                let owner = self.person.owner;
                let replica = self
                    .replicas
                    .entry(device)
                    .or_insert_with(|| Replica::new(owner));
                replica.catch_up(self.runner.store, limit).await;
            }
            Step::Look => self.look().await,
        }
    }

    async fn change(&mut self, id: ConversationId, change: Change) {
        self.seconds += 1;
        let (store, owner, now) = (self.person.store, self.person.owner, at(self.seconds));
        let mut patch = ConversationPatch::default();
        match change {
            Change::Trash => {
                store.trash(owner, id, now).await.unwrap();
                self.ledger.note_trash(id, true);
                return;
            }
            Change::Restore => {
                store.restore(owner, id, now).await.unwrap();
                self.ledger.note_trash(id, false);
                return;
            }
            Change::Generate(number) => {
                let title = format!("generated title {number}");
                let set = store.set_generated_title(owner, id, title, now).await;
                set.unwrap();
                return;
            }
            Change::Archive(archived) => patch.archived = Some(archived),
            Change::Pin(pinned) => patch.pinned = Some(pinned),
            Change::Rename(number) => patch.title = Some(format!("chosen title {number}")),
        }
        store.update(owner, id, patch, now).await.unwrap();
    }

    /// Sends what every outbox still holds, as clients do in the end.
    async fn drain(&mut self) {
        for lane in self.outbox.lanes() {
            let batch = self.outbox.unsent(lane, 0, usize::MAX);
            let outcomes = self.append(batch).await;
            self.outbox.acknowledge(lane, 0, &outcomes);
            let left = self.outbox.unsent(lane, 0, usize::MAX);
            assert_eq!(left, [], "everything in order is settled");
        }
    }

    async fn append(&mut self, batch: Vec<Submission>) -> Vec<Outcome> {
        let outcomes = self.answer(batch.clone()).await;
        for (submission, outcome) in batch.iter().zip(&outcomes) {
            self.ledger.note(submission, *outcome);
        }
        outcomes
    }

    async fn answer(&mut self, batch: Vec<Submission>) -> Vec<Outcome> {
        self.seconds += 1;
        let plan = self.person.append_plan(batch, self.seconds).await;
        let outcomes: Vec<_> = plan.outcomes.iter().map(|item| item.outcome).collect();
        self.trace.answers.push(outcomes.clone());
        outcomes
    }
}
