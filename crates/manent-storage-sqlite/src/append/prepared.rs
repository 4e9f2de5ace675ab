//! What can be made ready before the writer's turn is made ready by the caller: the writer is the one thread that all appends share.

use manent_domain::append::Submission;
use manent_domain::ports::StoreError;
use manent_types::text_of;

/// A batch with its rows' texts.
pub(crate) struct PreparedBatch {
    pub(crate) submissions: Vec<Submission>,
    /// One for each submission; absent for those that were refused.
    pub(crate) texts: Vec<Option<PreparedTexts>>,
}

/// The texts of one row.
pub(crate) struct PreparedTexts {
    /// The content as JSON.
    pub(crate) content: String,
    /// The usage as JSON.
    pub(crate) usage: Option<String>,
    /// The words for the search.
    pub(crate) words: String,
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
        Ok(Self { submissions, texts })
    }

    /// About how many bytes it writes.
    pub(crate) fn bytes(&self) -> usize {
        let of_texts = |texts: &PreparedTexts| texts.content.len() + texts.words.len();
        let of_row = |texts: &Option<PreparedTexts>| 512 + texts.as_ref().map_or(0, of_texts);
        self.texts.iter().map(of_row).sum()
    }
}

fn prepare(submission: &Submission) -> Result<Option<PreparedTexts>, serde_json::Error> {
    let Some(message) = submission.message() else {
        return Ok(None);
    };
    Ok(Some(PreparedTexts {
        content: serde_json::to_string(&message.content)?,
        usage: message
            .usage
            .as_ref()
            .map(serde_json::to_string)
            .transpose()?,
        words: text_of(&message.content),
    }))
}
