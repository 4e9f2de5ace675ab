//! The words that every other crate speaks: ids, roles, content parts, times, usage.
//!
//! Invariant: a value of these types is valid. What cannot be valid cannot be built, so the layers above
//! never check the same thing twice. This crate is pure: no clock, no randomness, no I/O.
#![warn(missing_docs)]

mod device;
mod extras;
mod id;
mod label;
mod object;
mod part;
mod role;
mod settings;
mod status;
mod timestamp;
mod usage;

pub use device::{DeviceId, InvalidDeviceId};
pub use extras::{Extras, ExtrasPatch, InvalidExtras};
pub use id::{ApiKeyId, ConversationId, InvalidId, MessageId, NodeId, RunId, SessionId, UserId};
pub use label::{InvalidLabel, Label};
pub use object::{Object, object, objects, optional_object};
pub use part::{Part, text_of};
pub use role::{Role, UnknownRole};
pub use settings::{ModelSettings, ReasoningEffort, Thinking};
pub use status::MessageStatus;
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use usage::Usage;
