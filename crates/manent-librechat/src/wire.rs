//! Conversations and messages as LibreChat's client reads them, and what of them is kept beside Manent's own words.
//!
//! Invariants: nothing optional is ever `null`, since the client takes a `null` for a mistake and then sends nothing more; in a list each message
//! has a later time than the one before it.
//!
//! Source: LibreChat da0491d5, `packages/data-provider/src/schemas.ts`.

mod content;
mod conversation;
mod feedback;
mod kept;
mod message;
mod sender;
mod title;

pub(crate) use content::place;
pub use content::{STOPPED, content, retained};
pub use conversation::{ConversationView, NEW_CHAT, conversation};
pub use feedback::feedback;
pub use kept::{KeptOfAnswer, KeptOfConversation, KeptOfQuestion};
pub use message::{message, messages};
pub use sender::sender;
pub use title::title;

/// Under this name everything of LibreChat's lies in the extras of conversations and messages.
pub const KEY: &str = "librechat";

/// The label of a conversation begins so where it names a project; the project's id follows.
pub const PROJECT_LABEL: &str = "project:";

/// The label of a conversation begins so where it names a tag; the tag follows.
pub const TAG_LABEL: &str = "tag:";
