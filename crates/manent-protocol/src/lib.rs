//! The wire types of the native API: requests, answers, events, problems.
//!
//! Invariant: these types know nothing of the domain, and the domain knows nothing of them; a surface translates. Requests refuse
//! unknown fields, so that a typo is told and not swallowed; answers may gain fields.
#![warn(missing_docs)]

mod account;
mod administration;
mod append;
mod budget;
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
mod two_factor;

pub use account::{
    AccountResource, AddressRequest, AuthOptions, ChangePasswordRequest, CreateKeyRequest,
    DeleteAccountRequest, KeyList, KeyResource, MadeKey, OpenIdOption, RegisterRequest,
    RegistrationName, ResetPasswordRequest, ScopeName, SecondFactorRequest, SessionList,
    SessionResource, SignInAnswer, SignInRequest, SignOutAnswer, SignedInResource,
    UpdateAccountRequest, VerifyRequest,
};
pub use administration::{
    AdminAccountList, AdminAccountResource, AuditBreakResource, AuditEntryResource, AuditPage,
    AuditVerdictResource, ChangePermissionsRequest, ChangeRoleRequest, EndedSessionCount,
    InvitationList, InvitationResource, InviteRequest, MadeInvitation, PermissionTable, ResetLink,
    RoleList, RoleResource,
};
pub use append::{
    AppendChange, AppendMessage, AppendRequest, AppendResponse, ChangeName, ItemResult,
    MessageTypeName, OutcomeName,
};
pub use budget::{BudgetAnswer, BudgetMeasure, BudgetResource};
pub use completion::{
    DeltaEvent, DoneEvent, ErrorEvent, FinishReasonName, GenerateMessage, GenerateRequest,
    NoticeEvent, RecordRequest, RunResource, StartEvent,
};
pub use content::Content;
pub use conversation::{
    ConversationList, ConversationResource, CreateConversationRequest, LabelChangeRequest,
    TitleSourceName, UpdateConversationRequest,
};
pub use feed::ReadyEvent;
pub use message::{MessageList, MessageResource};
pub use models::{DefaultModel, ModelList, ModelResource};
pub use operations::{Health, PartReadiness, Readiness, Version};
pub use problem::Problem;
pub use provider_key::{ProviderKeyList, ProviderKeyRequest, ProviderKeyResource};
pub use search::{HitKindName, SearchHitResource, SearchResponse, SnippetPieceResource};
pub use turn::{TurnConversation, TurnMessage, TurnRequest};
pub use two_factor::{
    BackupCodes, BegunTwoFactorResource, ConfirmTwoFactorRequest, TwoFactorProof, TwoFactorResource,
};
