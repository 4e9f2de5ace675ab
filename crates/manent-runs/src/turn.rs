//! Turns: keeping what was said and generating the answer, side by side, joined at the end.

use manent_domain::append::{NewItem, NewMessage, ParentRef, Submission};
use manent_domain::completion::{CompletionRequest, PromptMessage};
use manent_domain::conversation::NewConversation;
use manent_domain::error::DomainError;
use manent_domain::journal::JournalWrite;
use manent_domain::run::{NewRun, RecordTarget};
use manent_types::{ConversationId, MessageId, ModelSettings, Part, RunId, UserId};

use crate::live::Blueprint;
use crate::reader::RunReader;
use crate::service::{Launched, Plan, RunService};

/// One turn: a person's message and the answer to it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTurn {
    /// Where it happens.
    pub conversation: ConversationId,
    /// Creates the conversation first, unless it is there.
    pub create: Option<NewConversation>,
    /// The person's message, checked ([`manent_domain::services::MessageService`]).
    pub message: NewMessage,
    /// How the model is told the message; absent: as it is kept.
    pub told: Option<Vec<Part>>,
    /// What came before it, oldest first; the prompt is this and the message.
    pub history: Vec<PromptMessage>,
    /// How the answer is to be made.
    pub settings: ModelSettings,
    /// The id of the answer's message.
    pub answer: MessageId,
    /// The id of the run.
    pub run: RunId,
}

impl NewTurn {
    /// What goes to the provider.
    pub fn request(&self) -> CompletionRequest {
        let mut messages = self.history.clone();
        messages.push(PromptMessage {
            role: self.message.role,
            content: self.told.as_ref().unwrap_or(&self.message.content).clone(),
        });
        CompletionRequest {
            messages,
            settings: self.settings.clone(),
        }
    }
}

/// A turn that runs, or ran already under its run's id.
pub struct StartedTurn {
    /// Whether this call started it.
    pub is_new: bool,
    /// The events of its run; the end tells whether everything is kept.
    pub reader: RunReader,
}

/// Starts turns. Clones share one.
#[derive(Clone)]
pub struct TurnService {
    runs: RunService,
}

impl TurnService {
    /// A service over the runs.
    pub const fn new(runs: RunService) -> Self {
        Self { runs }
    }

    /// Starts keeping and generating at the same time. The provider's request does not wait for the store. A message that can never be stored
    /// is an error when that is known before the provider has answered; else the answer streams, and is not kept.
    ///
    /// # Errors
    /// As [`RunService::start`]; the message was refused. The person's message is kept also when the provider fails before its first byte; the error is told
    /// when it is, or after [`crate::RunsConfig::join_wait`].
    pub async fn start(&self, owner: UserId, turn: NewTurn) -> Result<StartedTurn, DomainError> {
        let key = (owner, turn.run);
        let started = match self.runs.begin(self.plan(owner, turn), None).await {
            Ok(started) => started,
            Err(error) => {
                self.runs.wait_until_safe(key).await;
                return Err(error);
            }
        };
        Ok(StartedTurn {
            is_new: started.is_new,
            reader: started.reader,
        })
    }

    /// As [`Self::start`], but returns as soon as the answer's run can be read. That the message or the request was not taken is told by the
    /// run's end, or its last event, then.
    ///
    /// # Errors
    /// As [`RunService::launch`].
    pub async fn launch(&self, owner: UserId, turn: NewTurn) -> Result<Launched, DomainError> {
        self.runs.begin_launch(self.plan(owner, turn), None).await
    }

    fn plan(&self, owner: UserId, mut turn: NewTurn) -> Plan {
        let request = turn.request();
        let ports = self.runs.ports();
        let started_at = ports.clock.now();
        // Also when it is stored much later, from the journal, it was said now.
        turn.message.created_at.get_or_insert(started_at);
        let record = RecordTarget {
            conversation: turn.conversation,
            message: turn.answer,
            parent: ParentRef::Message(turn.message.id),
        };
        let create = turn.create.map(JournalWrite::CreateConversation);
        let append = JournalWrite::Append(Submission {
            conversation: turn.conversation,
            lane: None,
            id: Some(turn.message.id),
            body: Ok(NewItem::Message(turn.message)),
        });
        let begin = JournalWrite::BeginRun(NewRun {
            id: turn.run,
            node: ports.node,
            record: Some(record),
            started_at,
        });
        let blueprint = Blueprint {
            owner,
            id: turn.run,
            node: ports.node,
            record: Some(record),
            started_at,
            steps: create.into_iter().chain([append, begin]).collect(),
        };
        Plan {
            blueprint,
            retained: Vec::new(),
            request,
        }
    }
}
