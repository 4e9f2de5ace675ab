//! The services: every rule of Manent stands in one of them.

mod completion;
mod conversation;
mod document;
mod feed;
mod message;
mod search;
mod title;

pub use completion::{CompletionService, StartedCompletion};
pub use conversation::{ConversationDraft, ConversationService};
pub use document::DocumentService;
pub use feed::FeedService;
pub use message::{
    AppendRequest, AppendRequestBody, AppendRequestItem, AppendRequestWish, MessageService,
};
pub use search::SearchService;
pub use title::TitleService;
