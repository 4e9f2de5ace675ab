//! What can be made ready before the writer's turn is made ready by the caller: the writer is the one thread that all appends share.

use manent_domain::append::{ChangeKind, NewItem, Submission};
use manent_domain::ports::StoreError;
use manent_types::{Part, RunId, Usage, text_of};

/// A batch with its rows' texts.
pub(crate) struct PreparedBatch {
    pub(crate) submissions: Vec<Submission>,
    /// One for each submission; absent for those that bring no content.
    pub(crate) texts: Vec<Option<PreparedTexts>>,
    /// The run that writes the messages, and the position of its log up to which they go.
    pub(crate) run: Option<(RunId, u64)>,
}

/// The texts of one row.
#[derive(Clone)]
pub(crate) struct PreparedTexts {
    /// The content as JSON.
    pub(crate) content: String,
    /// The usage as JSON.
    pub(crate) usage: Option<String>,
    /// The words for the search.
    pub(crate) words: String,
    /// What a surface keeps with the row, as JSON; absent when that is nothing.
    pub(crate) extras: Option<String>,
}

impl PreparedBatch {
    pub(crate) fn new(submissions: Vec<Submission>) -> Result<Self, StoreError> {
        let texts = submissions
            .iter()
            .map(prepare)
            .collect::<Result<Vec<_>, serde_json::Error>>()
            .map_err(|error| StoreError::Internal {
                detail: format!("a message could not be written as JSON: {error}"),
            })?;
        Ok(Self {
            submissions,
            texts,
            run: None,
        })
    }

    /// The one message of a run's answer. `texts` where they were made ready.
    pub(crate) fn of_answer(
        submission: Submission,
        texts: Option<&PreparedTexts>,
        run: RunId,
        position: u64,
    ) -> Result<Self, serde_json::Error> {
        let texts = match texts {
            Some(texts) => Some(texts.clone()),
            None => prepare(&submission)?,
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
}

fn prepare(submission: &Submission) -> Result<Option<PreparedTexts>, serde_json::Error> {
    match &submission.body {
        Ok(NewItem::Message(message)) => {
            let texts = PreparedTexts::of(&message.content, message.usage.as_ref())?;
            Ok(Some(PreparedTexts {
                extras: message.extras.to_stored(),
                ..texts
            }))
        }
        Ok(NewItem::Change(change)) => match &change.kind {
            ChangeKind::Edit { content, .. } => PreparedTexts::of(content, None).map(Some),
            _ => Ok(None),
        },
        Err(_) => Ok(None),
    }
}

impl PreparedTexts {
    /// About how many bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        self.content.len() + self.words.len() + self.extras.as_ref().map_or(0, String::len)
    }

    /// The texts of this content, with which no surface keeps anything.
    pub(crate) fn of(content: &[Part], usage: Option<&Usage>) -> Result<Self, serde_json::Error> {
        Ok(Self {
            content: serde_json::to_string(content)?,
            usage: usage.map(serde_json::to_string).transpose()?,
            words: text_of(content),
            extras: None,
        })
    }
}
