//! A conversation of a file, before it is one of ours.

use std::collections::HashMap;

use manent_types::{Extras, MessageId, MessageStatus, Part, Role, Timestamp};
use serde_json::Value;

use super::{ImportError, MOST_MESSAGES};
use crate::request::Parameters;
use crate::tree::{Draft, Node, arranged, says_something};
use crate::wire::{KeptOfAnswer, KeptOfQuestion};

/// A conversation of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Imported {
    /// What it is called.
    pub title: Option<String>,
    /// Whom it asked, by the client's name.
    pub endpoint: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// How answers were made.
    pub parameters: Parameters,
    /// When it was begun, where the file says so.
    pub begun_at: Option<Timestamp>,
    /// Its messages, in the order of the file.
    pub messages: Vec<ImportedMessage>,
}

/// A message of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImportedMessage {
    /// Its name there.
    pub id: String,
    /// The name of the one that it follows.
    pub parent: Option<String>,
    /// Whether a person said it.
    pub is_question: bool,
    /// What was said; nothing: it is passed over.
    pub content: Vec<Part>,
    /// When it was written.
    pub at: Option<Timestamp>,
    /// Whether it broke off.
    pub is_cut: bool,
    /// The model that made it.
    pub model: Option<String>,
    /// Who said it, as it is shown.
    pub sender: Option<String>,
    /// Excerpts that it is about.
    pub quotes: Vec<String>,
    /// What a person thinks of it.
    pub feedback: Option<Value>,
}

impl Imported {
    /// The messages as they can be stored, in the order of their times. One without a time was written when the one before it was, and none after
    /// `now`.
    ///
    /// # Errors
    /// When they are too many.
    pub fn drafts(
        &self,
        now: Timestamp,
        mut new_id: impl FnMut() -> MessageId,
    ) -> Result<Vec<Draft>, ImportError> {
        if self.messages.len() > MOST_MESSAGES {
            return Err(ImportError::TooMany("messages in one conversation"));
        }
        let nodes = self.nodes(now);
        let mut drafts: Vec<Draft> = Vec::with_capacity(nodes.len());
        for place in arranged(&nodes) {
            let message = &self.messages[nodes[place.node].id];
            let parent = place.parent.map(|parent| drafts[parent].id);
            drafts.push(self.draft(message, new_id(), parent, place.at));
        }
        Ok(drafts)
    }

    /// The messages that say something, named by their number. Who followed one that does not follows what that one followed.
    fn nodes(&self, now: Timestamp) -> Vec<Node<usize>> {
        let mut by_id = HashMap::with_capacity(self.messages.len());
        for (number, message) in self.messages.iter().enumerate() {
            by_id.entry(message.id.as_str()).or_insert(number);
        }
        let parent_of = |number: usize| {
            let parent = self.messages[number].parent.as_deref()?;
            by_id.get(parent).copied()
        };
        let is_there = |number: usize| says_something(&self.messages[number].content);
        let mut further: HashMap<usize, Option<usize>> = HashMap::new();
        let mut last = self.begun_at.unwrap_or(now).min(now);
        let mut nodes = Vec::new();
        for (number, message) in self.messages.iter().enumerate() {
            if !is_there(number) {
                continue;
            }
            last = message.at.unwrap_or(last).min(now);
            // What was passed over once is remembered, so that a long chain of it is walked once.
            let mut passed = Vec::new();
            let mut parent = parent_of(number);
            while let Some(at) = parent.filter(|at| !is_there(*at)) {
                if let Some(known) = further.get(&at) {
                    parent = *known;
                    break;
                }
                // Until more is known, a circle ends here.
                further.insert(at, None);
                passed.push(at);
                parent = parent_of(at);
            }
            for at in passed {
                further.insert(at, parent);
            }
            nodes.push(Node {
                id: number,
                parent,
                at: last,
            });
        }
        nodes
    }

    fn draft(
        &self,
        message: &ImportedMessage,
        id: MessageId,
        parent: Option<MessageId>,
        created_at: Timestamp,
    ) -> Draft {
        let (role, status) = match (message.is_question, message.is_cut) {
            (true, _) => (Role::User, MessageStatus::Complete),
            (false, true) => (Role::Assistant, MessageStatus::Stopped),
            (false, false) => (Role::Assistant, MessageStatus::Complete),
        };
        let model = message.model.clone().or_else(|| self.model.clone());
        Draft {
            id,
            parent,
            role,
            content: message.content.clone(),
            status,
            model: model.filter(|_| !message.is_question),
            provider: None,
            usage: None,
            created_at,
            extras: self.extras(message),
        }
    }

    /// What is too much to be kept beside a message is no part of what was said.
    fn extras(&self, message: &ImportedMessage) -> Extras {
        let extras = if message.is_question {
            KeptOfQuestion {
                quotes: message.quotes.clone(),
                ..KeptOfQuestion::default()
            }
            .extras()
        } else {
            KeptOfAnswer {
                endpoint: self.endpoint.clone(),
                sender: message.sender.clone(),
                feedback: message.feedback.clone(),
                ..KeptOfAnswer::default()
            }
            .extras()
        };
        extras.unwrap_or_default()
    }
}
