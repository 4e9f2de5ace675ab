//! The wire types of the native API: requests, answers, events, problems.
//!
//! Invariant: these types know nothing of the domain, and the domain knows nothing of them; a surface translates. Requests refuse
//! unknown fields, so that a typo is told and not swallowed; answers may gain fields.
#![warn(missing_docs)]

mod account;
mod append;
mod completion;
mod content;
mod conversation;
mod feed;
mod message;
mod models;
mod operations;
mod problem;
mod provider_key;
mod search;
mod turn;

pub use account::{
    AccountResource, AuthOptions, ChangePasswordRequest, CreateKeyRequest, KeyList, KeyResource,
    MadeKey, RegisterRequest, RegistrationName, ScopeName, SecondFactorRequest, SessionList,
    SessionResource, SignInAnswer, SignInRequest, SignedInResource,
};
pub use append::{
    AppendChange, AppendMessage, AppendRequest, AppendResponse, ChangeName, ItemResult,
    MessageTypeName, OutcomeName,
};
pub use completion::{
    DeltaEvent, DoneEvent, ErrorEvent, FinishReasonName, GenerateMessage, GenerateRequest,
    NoticeEvent, RecordRequest, RunResource, StartEvent,
};
pub use content::Content;
pub use conversation::{
    ConversationList, ConversationResource, CreateConversationRequest, TitleSourceName,
    UpdateConversationRequest,
};
pub use feed::ReadyEvent;
pub use message::{MessageList, MessageResource};
pub use models::{DefaultModel, ModelList, ModelResource};
pub use operations::{Health, PartReadiness, Readiness, Version};
pub use problem::Problem;
pub use provider_key::{ProviderKeyList, ProviderKeyRequest, ProviderKeyResource};
pub use search::{HitKindName, SearchHitResource, SearchResponse, SnippetPieceResource};
pub use turn::{TurnConversation, TurnMessage, TurnRequest};
