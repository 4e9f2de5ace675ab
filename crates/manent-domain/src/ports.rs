//! What the services need from the world. Adapters implement these traits; nothing else reaches a store, a provider or a clock.

mod environment;
mod events;
mod provider;
mod repositories;
mod store_error;

pub use environment::{Clock, IdSource};
pub use events::{AppendListener, IgnoreAppends, TitleWanted};
pub use provider::CompletionProvider;
pub use repositories::{ConversationRepository, MessageRepository, SearchRepository};
pub use store_error::StoreError;
