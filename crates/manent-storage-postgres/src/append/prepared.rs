//! What can be made ready before the writer's turn is made ready by the caller: many callers share one writer.

use std::sync::Arc;

use manent_domain::append::{ChangeKind, NewItem, ParentRef, Submission};
use manent_domain::ports::StoreError;
use manent_types::{Part, RunId, Usage, UserId, text_of};

use crate::error::Error;
use crate::search::words::tsvector;
use crate::workspace::{Wanted, WordsChange};

/// A batch with its rows' texts.
pub(crate) struct PreparedBatch {
    pub(crate) submissions: Vec<Submission>,
    /// One for each submission; absent for those that bring no content.
    pub(crate) texts: Vec<Option<PreparedTexts>>,
    /// The run that writes the messages, and the position of its log up to which they go.
    pub(crate) run: Option<(RunId, u64)>,
}

/// The texts of one row.
#[derive(Debug, Clone)]
pub(crate) struct PreparedTexts {
    /// The content as JSON.
    pub(crate) content: Arc<str>,
    /// The usage as JSON.
    pub(crate) usage: Option<String>,
    /// What the search is to know of it.
    pub(crate) words: WordsChange,
    /// What a surface keeps with the row, as JSON; absent when that is nothing.
    pub(crate) extras: Option<String>,
}

impl PreparedBatch {
    pub(crate) fn new(owner: UserId, submissions: Vec<Submission>) -> Result<Self, StoreError> {
        let texts = submissions
            .iter()
            .map(|submission| prepare(owner, submission))
            .collect::<Result<Vec<_>, Error>>()?;
        Ok(Self {
            submissions,
            texts,
            run: None,
        })
    }

    /// The one message of a run's answer. `texts` where they were made ready.
    pub(crate) fn of_answer(
        owner: UserId,
        submission: Submission,
        texts: Option<&PreparedTexts>,
        run: RunId,
        position: u64,
    ) -> Result<Self, Error> {
        let texts = match texts {
            Some(texts) => Some(texts.clone()),
            None => prepare(owner, &submission)?,
        };
        Ok(Self {
            submissions: vec![submission],
            texts: vec![texts],
            run: Some((run, position)),
        })
    }

    /// About how many bytes it writes.
    pub(crate) fn bytes(&self) -> usize {
        let of_row =
            |texts: &Option<PreparedTexts>| 512 + texts.as_ref().map_or(0, PreparedTexts::bytes);
        self.texts.iter().map(of_row).sum()
    }

    /// The rows that deciding it surely needs.
    pub(crate) fn want(&self, owner: UserId, wanted: &mut Wanted) {
        wanted.owners.insert(owner);
        for submission in &self.submissions {
            let conversation = (owner, submission.conversation);
            wanted.want_conversation(conversation, false);
            if let Some(lane) = &submission.lane {
                let key = (owner, submission.conversation, lane.device.clone());
                wanted.lanes.insert(key);
            }
            match &submission.body {
                Ok(NewItem::Message(message)) => {
                    wanted.want_message((owner, message.id), false);
                    match message.parent {
                        ParentRef::Newest => {
                            wanted.newest.insert(conversation);
                        }
                        ParentRef::Root => {}
                        ParentRef::Message(parent) => wanted.want_message((owner, parent), false),
                    }
                }
                Ok(NewItem::Change(change)) => {
                    wanted.changes.insert((owner, change.id));
                    if let Some(target) = change.kind.message() {
                        wanted.want_message((owner, target), true);
                    }
                }
                Err(_) => {}
            }
        }
    }
}

fn prepare(owner: UserId, submission: &Submission) -> Result<Option<PreparedTexts>, Error> {
    match &submission.body {
        Ok(NewItem::Message(message)) => {
            let texts = PreparedTexts::of(owner, &message.content, message.usage.as_ref())?;
            Ok(Some(PreparedTexts {
                extras: message.extras.to_stored(),
                ..texts
            }))
        }
        Ok(NewItem::Change(change)) => match &change.kind {
            ChangeKind::Edit { content, .. } => PreparedTexts::of(owner, content, None).map(Some),
            _ => Ok(None),
        },
        Err(_) => Ok(None),
    }
}

impl PreparedTexts {
    /// About how many bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        let words = match &self.words {
            WordsChange::Set(words) => words.len(),
            WordsChange::Stay | WordsChange::Clear => 0,
        };
        self.content.len() + words + self.extras.as_ref().map_or(0, String::len)
    }

    /// The texts of this content, with which no surface keeps anything.
    pub(crate) fn of(
        owner: UserId,
        content: &[Part],
        usage: Option<&Usage>,
    ) -> Result<Self, Error> {
        let unfit = |_| Error::Unfit {
            what: "the content of a message",
        };
        Ok(Self {
            content: serde_json::to_string(content).map_err(unfit)?.into(),
            usage: usage
                .map(serde_json::to_string)
                .transpose()
                .map_err(unfit)?,
            words: words(owner, content),
            extras: None,
        })
    }
}

/// What the search is to know of a content.
pub(crate) fn words(owner: UserId, content: &[Part]) -> WordsChange {
    match tsvector(owner, &text_of(content)) {
        Some(words) => WordsChange::Set(words.into()),
        None => WordsChange::Clear,
    }
}
