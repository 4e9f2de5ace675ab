//! What the services need from the world. Adapters implement these traits; nothing else reaches a store, a provider or a clock.

mod admission;
mod documents;
mod environment;
mod events;
mod journal;
mod prices;
mod provider;
mod repositories;
mod runs;
mod store_error;
mod transfer;

pub use admission::{Admission, Admitted, NoAdmission};
pub use documents::DocumentRepository;
pub use environment::{Clock, IdSource};
pub use events::{AppendListener, IgnoreAppends, TitleWanted};
pub use journal::{Journal, JournalError, JournalStatus};
pub use prices::PriceList;
pub use provider::CompletionProvider;
pub use repositories::{ConversationRepository, MessageRepository, SearchRepository};
pub use runs::{FeedRepository, IgnoreSignals, RunRepository, Signal, SignalListener};
pub use store_error::StoreError;
pub use transfer::TransferRepository;
