//! Devices that write, lose answers, send again, leave gaps and lie, against what must hold all the same.
//!
//! A [`Script`] is made by proptest; [`run`] plays it on a store, checks every answer and at the end everything that can be read, and returns
//! what it saw, so that two stores can be compared.

mod ledger;
mod outbox;
mod script;

pub use script::{Body, Change, Parent, Script, Step, scripts};

use manent_domain::append::{Outcome, Submission};
use manent_domain::conversation::{Conversation, ConversationFilter, ConversationPatch};
use manent_domain::message::{Message, MessageRange};
use manent_domain::search::{HitKind, SearchOrder};
use manent_types::{ConversationId, Timestamp};

use super::Store;
use super::person::{ACTIVE, Person, at, conversation, plain};
use ledger::Ledger;
use outbox::{Outbox, message_of};

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

/// Words of messages, of cut, generated and chosen titles, and of nothing.
const SEARCHES: [&[&str]; 7] = [
    &["message"],
    &["message", "1"],
    &["shared"],
    &["title"],
    &["generated", "title", "1"],
    &["cho"],
    &["lie"],
];

/// Plays a script on an empty store.
///
/// # Panics
/// When anything that was acknowledged is lost, doubled, reordered, or answered differently when it is sent again.
pub async fn run(store: &dyn Store, script: &Script) -> Trace {
    let mut play = Play {
        person: Person::new(store, 1),
        outbox: Outbox::default(),
        ledger: Ledger::default(),
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
    play.trace
}

/// The conversation with this number; the one behind the last is missing.
fn place(number: usize) -> ConversationId {
    conversation(number as u128 + 1)
}

struct Play<'store> {
    person: Person<'store>,
    outbox: Outbox,
    ledger: Ledger,
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
                let Ok(message) = message_of(id, parent, body, self.outbox.composed()) else {
                    return;
                };
                self.append(vec![plain(place(conversation), message)]).await;
            }
            Step::Change {
                conversation,
                change,
            } => self.change(place(conversation), change).await,
        }
    }

    async fn change(&mut self, id: ConversationId, change: Change) {
        self.seconds += 1;
        let (store, owner, now) = (self.person.store, self.person.owner, at(self.seconds));
        let mut patch = ConversationPatch::default();
        match change {
            Change::Trash => {
                store.trash(owner, id, now).await.unwrap();
                return;
            }
            Change::Restore => {
                store.restore(owner, id, now).await.unwrap();
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

    async fn read(&mut self) {
        let pinned = ConversationFilter {
            pinned: Some(true),
            ..ACTIVE
        };
        let archive = ConversationFilter {
            archived: true,
            ..ACTIVE
        };
        let trash = ConversationFilter {
            trashed: true,
            ..ACTIVE
        };
        for filter in [ACTIVE, pinned, archive, trash] {
            for id in self.person.list(&filter).await {
                let found = self.person.conversation(id).await;
                self.trace.conversations.push(found);
            }
        }
        for number in 0..Script::CONVERSATIONS {
            let id = place(number);
            let messages = self.walk_up(id).await;
            assert_eq!(messages, self.walk_down(id).await, "both ways are one");
            let last_seq = self.person.conversation(id).await.last_seq;
            assert_eq!(last_seq, messages.len() as u64, "the count is right");
            self.ledger.check(id, &messages);
            self.trace.messages.push(messages);
        }
        for words in SEARCHES {
            let found = self.search(words).await;
            self.trace.found.push(found);
        }
    }

    /// Walks all pages of a search.
    async fn search(&self, words: &[&str]) -> Vec<Found> {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = self
                .person
                .search_page(words, SearchOrder::Newest, after, 4)
                .await;
            found.extend(page.items.into_iter().map(|hit| Found {
                kind: hit.kind,
                conversation: hit.conversation,
                conversation_title: hit.conversation_title,
                created_at: hit.created_at,
            }));
            match page.next {
                Some(next) => after = Some(next),
                None => return found,
            }
        }
    }

    async fn walk_up(&self, id: ConversationId) -> Vec<Message> {
        let mut messages = Vec::new();
        let mut range = Some(MessageRange::After(0));
        while let Some(current) = range {
            let page = self.person.page(id, current, 3).await.unwrap();
            messages.extend(page.items);
            range = page.next;
        }
        messages
    }

    async fn walk_down(&self, id: ConversationId) -> Vec<Message> {
        let mut messages = Vec::new();
        let mut range = Some(MessageRange::Before(None));
        while let Some(current) = range {
            let page = self.person.page(id, current, 4).await.unwrap();
            messages.extend(page.items.into_iter().rev());
            range = page.next;
        }
        messages.reverse();
        messages
    }
}
