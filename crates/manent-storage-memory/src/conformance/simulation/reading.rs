//! Looking at everything that can be read.

use manent_domain::conversation::ConversationFilter;
use manent_domain::feed::Changed;
use manent_domain::message::{Message, MessageRange};
use manent_domain::search::SearchOrder;
use manent_types::ConversationId;

use super::processes::answer_id;
use super::{Found, Play, Script, place};
use crate::conformance::person::ACTIVE;
use crate::conformance::replica::Replica;

/// Words of messages, of cut, generated and chosen titles, and of nothing.
const SEARCHES: [&[&str]; 10] = [
    &["word1"],
    &["edited"],
    &["kept"],
    &["message"],
    &["message", "1"],
    &["shared"],
    &["title"],
    &["generated", "title", "1"],
    &["cho"],
    &["lie"],
];

impl Play<'_> {
    /// Everything that was acknowledged is there.
    pub(super) async fn look(&self) {
        for number in 0..Script::CONVERSATIONS {
            let conversation = self.person.conversation(place(number)).await;
            let messages = self.walk_up(conversation.id).await;
            self.ledger.check(&conversation, &messages);
        }
        for (number, generation) in self.generations.iter().enumerate() {
            if let Some(generation) = generation {
                let run = self.runner.run(generation.id).await;
                let log = self.runner.log(generation.id).await;
                let answer = self.person.find_message(answer_id(number)).await;
                generation.check(&run, &log, answer.as_ref());
            }
        }
    }

    pub(super) async fn read_runs(&mut self) {
        self.look().await;
        for generation in self.generations.iter().flatten() {
            let run = self.runner.run(generation.id).await;
            let log = self.runner.log(generation.id).await;
            self.trace.runs.push((run, log));
        }
        self.trace.feed = self.runner.changes(0).await;
    }

    /// Whoever follows the feed, from wherever, knows what is stored.
    pub(super) async fn compare_replicas(&mut self) {
        let mut stored = Replica::new(self.person.owner);
        for number in 0..Script::CONVERSATIONS {
            let conversation = self.person.conversation(place(number)).await;
            for message in self.walk_up(conversation.id).await {
                stored.put(Changed::Message(message));
            }
            stored.put(Changed::Conversation(conversation));
        }
        for generation in self.generations.iter().flatten() {
            stored.put(Changed::Run(self.runner.run(generation.id).await));
        }
        let fresh = Replica::new(self.person.owner);
        self.replicas.insert(usize::MAX, fresh);
        for replica in self.replicas.values_mut() {
            replica.catch_up(self.runner.store, 7).await;
            assert_eq!(replica.state(), stored.state());
            assert_eq!(replica.digest(), stored.digest());
        }
    }

    pub(super) async fn read(&mut self) {
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
            let conversation = self.person.conversation(id).await;
            let count = messages.len() as u64;
            assert_eq!(conversation.last_seq, count, "the count is right");
            self.ledger.check(&conversation, &messages);
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
