//! What the client sends to start a generation: read, bounded, and told apart by what it wants.
//!
//! Invariants: what cannot be read is refused with the field's name, and what is kept of a request fits into what a store keeps beside a
//! message or a conversation.
//!
//! Source: LibreChat da0491d5, `packages/data-provider/src/createPayload.ts`, `api/server/controllers/agents/client.js`.

mod fields;
mod parameters;
mod prompt;
mod settings;

use manent_types::{ConversationId, MessageId};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use fields::Fields;

pub use fields::InvalidRequest;
pub use parameters::{MODEL_LABEL, PROMPT_PREFIX, Parameters};
pub use prompt::{prompt, quoted};
pub use settings::{Abilities, settings};

/// The parent of what has none.
pub const NO_PARENT: &str = "00000000-0000-0000-0000-000000000000";

/// The longest list of quotes of one message, in bytes of text.
const QUOTES_BYTES: usize = 16 * 1024;

/// The longest list of files of one message, in bytes of JSON.
const FILES_BYTES: usize = 8 * 1024;

/// What is kept of a file that goes with a message.
const FILE_FIELDS: [&str; 12] = [
    "file_id", "filepath", "filename", "type", "height", "width", "bytes", "source", "context",
    "object", "embedded", "usage",
];

/// The message that a request stands behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parent {
    /// It begins a branch.
    None,
    /// This one.
    Message(MessageId),
    /// A name that the client gives to a message until it knows the real one.
    Placeholder,
}

/// What a request wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// An answer to a new message.
    Ask {
        /// What the message follows.
        parent: Parent,
        /// Its id, where the client chose one.
        id: Option<MessageId>,
    },
    /// Another answer to a message that is there.
    Regenerate {
        /// The message.
        question: MessageId,
    },
    /// Another answer that begins with an edited one.
    Rerun {
        /// The message that both answer.
        question: MessageId,
        /// The answer that was edited.
        answer: MessageId,
        /// What of it changes.
        edit: Edit,
    },
    /// Another answer that begins with all of an earlier one.
    Continue {
        /// The message that both answer.
        question: MessageId,
        /// The answer to go on with.
        answer: MessageId,
    },
}

/// One part of an answer, as a person changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Which part, from 0.
    pub index: usize,
    /// Whether the part is what the model thought.
    pub is_thought: bool,
    /// What it says now.
    pub text: String,
}

/// A request for a generation.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatStart {
    /// What it wants.
    pub wish: Wish,
    /// Where; absent: in a new conversation.
    pub conversation: Option<ConversationId>,
    /// What the person says.
    pub text: String,
    /// Whom to ask, by the name that the client knows.
    pub endpoint: String,
    /// `custom` and the like.
    pub endpoint_type: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The model spec.
    pub spec: Option<String>,
    /// How the answer is to be made.
    pub parameters: Parameters,
    /// Excerpts that the message is about.
    pub quotes: Vec<String>,
    /// Files that go with the message.
    pub files: Vec<Value>,
    /// Whether the conversation goes by itself.
    pub is_temporary: bool,
    /// The project of a new conversation.
    pub project: Option<String>,
    /// The same for each try of one request.
    pub request_id: Option<String>,
}

impl ChatStart {
    /// Reads a body. `endpoint` is the one of the address, for bodies that name none.
    ///
    /// # Errors
    /// The first field that cannot be taken.
    pub fn read(endpoint: Option<&str>, body: &Map<String, Value>) -> Result<Self, InvalidRequest> {
        let fields = Fields(body);
        let text = fields.text("text")?.unwrap_or_default();
        let conversation = match fields.text("conversationId")?.as_deref() {
            None | Some("" | "new" | "PENDING") => None,
            Some(id) => Some(
                id.parse()
                    .map_err(|_| InvalidRequest::new("conversationId", "is no UUID"))?,
            ),
        };
        let endpoint = match (fields.name("endpoint")?, endpoint) {
            (Some(named), _) => named,
            (None, Some(endpoint)) if !endpoint.is_empty() => endpoint.to_owned(),
            (None, _) => return Err(InvalidRequest::new("endpoint", "is missing")),
        };
        Ok(Self {
            wish: wish(&fields)?,
            conversation,
            text,
            endpoint,
            endpoint_type: fields.name("endpointType")?,
            model: fields.name("model")?,
            spec: fields.name("spec")?,
            parameters: Parameters::read(body)?,
            quotes: quotes(&fields)?,
            files: files(&fields)?,
            is_temporary: fields.truth("isTemporary")?,
            project: fields.name("chatProjectId")?,
            request_id: request_id(&fields)?,
        })
    }

    /// The id of what this request makes: the same for each try of one request of one person, where the client names its tries; else absent.
    pub fn derived_id(&self, owner: Uuid, what: &str) -> Option<Uuid> {
        let name = self.request_id.as_ref()?;
        let mut hasher = Sha256::new();
        hasher.update(b"librechat\n");
        hasher.update(owner.as_bytes());
        hasher.update(what.as_bytes());
        hasher.update(b"\n");
        hasher.update(name.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize()[..16]);
        Some(Builder::from_custom_bytes(bytes).into_uuid())
    }
}

fn wish(fields: &Fields<'_>) -> Result<Wish, InvalidRequest> {
    let question = match fields.text("overrideParentMessageId")?.as_deref() {
        None | Some("" | NO_PARENT) => None,
        Some(id) => Some(message_id("overrideParentMessageId", id)?),
    };
    // A rerun says that it regenerates too, so what was edited counts first.
    let edit = edit(fields)?;
    let continues = fields.truth("isContinued")?;
    let regenerates = fields.truth("isRegenerate")?;
    match (question, edit) {
        (Some(question), Some(edit)) => Ok(Wish::Rerun {
            question,
            answer: answer(fields)?,
            edit,
        }),
        (Some(question), None) if continues => Ok(Wish::Continue {
            question,
            answer: answer(fields)?,
        }),
        (Some(question), None) => Ok(Wish::Regenerate { question }),
        (None, None) if !continues && !regenerates => Ok(Wish::Ask {
            parent: parent(fields)?,
            id: match fields.text("overrideUserMessageId")?.as_deref() {
                None | Some("") => None,
                Some(id) => Some(message_id("overrideUserMessageId", id)?),
            },
        }),
        (None, _) => Err(InvalidRequest::new("overrideParentMessageId", "is missing")),
    }
}

fn answer(fields: &Fields<'_>) -> Result<MessageId, InvalidRequest> {
    let id = fields.text("responseMessageId")?.unwrap_or_default();
    message_id("responseMessageId", id.trim_end_matches('_'))
}

fn parent(fields: &Fields<'_>) -> Result<Parent, InvalidRequest> {
    Ok(match fields.text("parentMessageId")?.as_deref() {
        None | Some("" | NO_PARENT) => Parent::None,
        Some(id) if id.ends_with('_') => Parent::Placeholder,
        Some(id) => Parent::Message(message_id("parentMessageId", id)?),
    })
}

fn message_id(field: &'static str, id: &str) -> Result<MessageId, InvalidRequest> {
    id.parse()
        .map_err(|_| InvalidRequest::new(field, "is no UUID"))
}

fn edit(fields: &Fields<'_>) -> Result<Option<Edit>, InvalidRequest> {
    let invalid = |reason| InvalidRequest::new("editedContent", reason);
    let edited = match fields.0.get("editedContent") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(edited)) => edited,
        Some(_) => return Err(invalid("is no object")),
    };
    let index = edited.get("index").and_then(Value::as_u64);
    let index = index.and_then(|index| usize::try_from(index).ok());
    let is_thought = match edited.get("type").and_then(Value::as_str) {
        Some("text") => false,
        Some("think") => true,
        _ => return Err(invalid("is neither text nor think")),
    };
    let text = edited.get(if is_thought { "think" } else { "text" });
    Ok(Some(Edit {
        index: index.ok_or_else(|| invalid("has no index"))?,
        is_thought,
        text: text
            .and_then(Value::as_str)
            .ok_or_else(|| invalid("says nothing"))?
            .to_owned(),
    }))
}

fn quotes(fields: &Fields<'_>) -> Result<Vec<String>, InvalidRequest> {
    let quotes = fields.list("quotes")?.iter();
    let quotes: Option<Vec<String>> = quotes
        .map(|quote| quote.as_str().map(ToOwned::to_owned))
        .collect();
    let quotes = quotes.ok_or_else(|| InvalidRequest::new("quotes", "is a list of texts"))?;
    if quotes.iter().map(String::len).sum::<usize>() > QUOTES_BYTES {
        return Err(InvalidRequest::new("quotes", "are more than 16 KiB"));
    }
    Ok(quotes
        .into_iter()
        .filter(|quote| !quote.trim().is_empty())
        .collect())
}

fn files(fields: &Fields<'_>) -> Result<Vec<Value>, InvalidRequest> {
    let mut kept = Vec::new();
    for file in fields.list("files")? {
        let file = file
            .as_object()
            .filter(|file| file.get("file_id").is_some_and(Value::is_string));
        let file =
            file.ok_or_else(|| InvalidRequest::new("files", "is a list of files with ids"))?;
        let known = FILE_FIELDS.iter().filter_map(|name| {
            let value = file.get(*name)?;
            let is_plain = !(value.is_null() || value.is_array() || value.is_object());
            is_plain.then(|| ((*name).to_owned(), value.clone()))
        });
        kept.push(Value::Object(known.collect()));
    }
    if Value::Array(kept.clone()).to_string().len() > FILES_BYTES {
        return Err(InvalidRequest::new("files", "are too many"));
    }
    Ok(kept)
}

fn request_id(fields: &Fields<'_>) -> Result<Option<String>, InvalidRequest> {
    let Some(id) = fields.text("clientRequestId")? else {
        return Ok(None);
    };
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-');
    if id.is_empty() || id.len() > 128 || !id.bytes().all(is_good) {
        return Err(InvalidRequest::new(
            "clientRequestId",
            "has 1 to 128 letters, digits, colons, underscores and hyphens",
        ));
    }
    Ok(Some(id))
}

#[cfg(test)]
mod tests;
