//! From the domain's values to the wire's.

use manent_accounts::account::Account;
use manent_accounts::api_key::{ApiKey, Scope};
use manent_config::Registration;
use manent_domain::append::ParentRef;
use manent_domain::completion::{CompletionEvent, FinishReason, PromptMessage};
use manent_domain::conversation::{Conversation, TitleSource};
use manent_domain::message::Message;
use manent_domain::run::Run;
use manent_domain::search::{HitKind, SearchHit};
use manent_protocol::{
    AccountResource, AuthOptions, ConversationResource, DeltaEvent, FinishReasonName,
    GenerateMessage, HitKindName, KeyResource, MessageResource, OpenIdOption, RegistrationName,
    RunResource, ScopeName, SearchHitResource, SnippetPieceResource, TitleSourceName,
};
use manent_types::{MessageId, Usage};

use super::cursor;
use super::error::sentence;
use crate::accounts::Accounts;
use crate::oidc;

/// Which message a new one follows: absent, `null` or an id.
#[expect(
    clippy::option_option,
    reason = "absent and null say different things on the wire"
)]
pub(super) fn parent(parent: Option<Option<MessageId>>) -> ParentRef {
    match parent {
        None => ParentRef::Newest,
        Some(None) => ParentRef::Root,
        Some(Some(parent)) => ParentRef::Message(parent),
    }
}

pub(super) fn prompt(messages: Vec<GenerateMessage>) -> Vec<PromptMessage> {
    let prompt = |message: GenerateMessage| PromptMessage {
        role: message.role,
        content: message.content.into_parts(),
    };
    messages.into_iter().map(prompt).collect()
}

pub(super) fn run(run: Run) -> RunResource {
    let failure = run.end.and_then(|end| end.failure);
    let (code, detail) = match failure {
        Some(failure) => (Some(failure.code), Some(sentence(&failure.detail))),
        None => (None, None),
    };
    RunResource {
        id: run.id,
        status: run.status,
        provider: run.provider,
        model: run.model,
        conversation_id: run.record.map(|record| record.conversation),
        message_id: run.record.map(|record| record.message),
        last_event_id: (run.last_position > 0).then(|| cursor::seal_run(run.id, run.last_position)),
        stop_requested: run.stop_requested,
        log_cleared: run.log_cleared,
        code,
        detail,
        started_at: run.started_at,
        ended_at: run.ended_at,
    }
}

pub(super) fn conversation(conversation: Conversation) -> ConversationResource {
    ConversationResource {
        id: conversation.id,
        title: conversation.title,
        title_source: match conversation.title_source {
            TitleSource::None => TitleSourceName::None,
            TitleSource::Cut => TitleSourceName::Cut,
            TitleSource::Generated => TitleSourceName::Generated,
            TitleSource::User => TitleSourceName::User,
        },
        config: conversation.config,
        archived: conversation.archived_at.is_some(),
        pinned: conversation.pinned,
        trashed_at: conversation.trashed_at,
        last_seq: conversation.last_seq,
        created_at: conversation.created_at,
        updated_at: conversation.updated_at,
        last_message_at: conversation.last_message_at,
        archived_at: conversation.archived_at,
        expires_at: conversation.expires_at,
        labels: conversation.labels.into_iter().collect(),
    }
}

/// The content of a deleted message is not shown.
pub(super) fn message(message: Message) -> MessageResource {
    let is_deleted = message.deleted_at.is_some();
    MessageResource {
        id: message.id,
        conversation_id: message.conversation,
        parent_id: message.parent,
        seq: message.seq,
        role: message.role,
        content: if is_deleted {
            Vec::new()
        } else {
            message.content
        },
        status: message.status,
        model: message.model,
        provider: message.provider,
        usage: message.usage,
        created_at: message.created_at,
        stored_at: message.stored_at,
        run_id: message.run,
        edited_at: message.edited_at,
        deleted_at: message.deleted_at,
    }
}

pub(super) fn hit(hit: SearchHit) -> SearchHitResource {
    let (kind, message_id, seq, role) = match hit.kind {
        HitKind::Title => (HitKindName::Title, None, None, None),
        HitKind::Message { id, seq, role } => {
            (HitKindName::Message, Some(id), Some(seq), Some(role))
        }
    };
    let piece = |piece: manent_domain::search::SnippetPiece| SnippetPieceResource {
        text: piece.text,
        is_match: piece.is_match,
    };
    SearchHitResource {
        kind,
        conversation_id: hit.conversation,
        conversation_title: hit.conversation_title,
        message_id,
        seq,
        role,
        snippet: hit.snippet.into_iter().map(piece).collect(),
        created_at: hit.created_at,
    }
}

pub(super) fn finish_reason(reason: FinishReason) -> FinishReasonName {
    match reason {
        FinishReason::Stop => FinishReasonName::Stop,
        FinishReason::Length => FinishReasonName::Length,
        FinishReason::ToolUse => FinishReasonName::ToolUse,
        FinishReason::Refusal => FinishReasonName::Refusal,
        FinishReason::ContentFilter => FinishReasonName::ContentFilter,
        FinishReason::Other => FinishReasonName::Other,
    }
}

/// A provider's event in the wire's words.
pub(super) enum WireEvent {
    /// `delta`.
    Delta(DeltaEvent<'static>),
    /// `usage`.
    Usage(Usage),
    /// `done`.
    Done(FinishReasonName),
}

pub(super) fn completion_event(event: CompletionEvent) -> WireEvent {
    WireEvent::Delta(match event {
        CompletionEvent::Text(text) => DeltaEvent::Text { text: text.into() },
        CompletionEvent::Reasoning(text) => DeltaEvent::Reasoning { text: text.into() },
        CompletionEvent::ReasoningSignature(signature) => DeltaEvent::ReasoningSignature {
            signature: signature.into(),
        },
        CompletionEvent::ToolCall {
            index,
            id,
            name,
            arguments_delta,
        } => DeltaEvent::ToolCall {
            index,
            id: id.map(Into::into),
            name: name.map(Into::into),
            arguments_delta: arguments_delta.map(Into::into),
        },
        CompletionEvent::Usage(usage) => return WireEvent::Usage(usage),
        CompletionEvent::Done(reason) => return WireEvent::Done(finish_reason(reason)),
    })
}

/// What a sign-in page has to know of these accounts, or of none.
pub(super) fn auth_options(accounts: Option<&Accounts>) -> AuthOptions {
    AuthOptions {
        sign_in: accounts.is_some(),
        registration: match accounts
            .filter(|accounts| accounts.has_passwords())
            .map(|accounts| accounts.registration)
        {
            Some(Registration::Open) => RegistrationName::Open,
            Some(Registration::Invited) => RegistrationName::Invited,
            Some(Registration::Closed) | None => RegistrationName::Closed,
        },
        min_password_length: accounts.map_or(0, |accounts| accounts.min_password_length),
        reset_by_mail: accounts.is_some_and(|accounts| accounts.sends_mail),
        passwords: accounts.is_some_and(Accounts::has_passwords),
        openid: accounts
            .and_then(|accounts| accounts.oidc.as_deref())
            .map(|oidc| OpenIdOption {
                label: oidc.options.label.clone(),
                image: oidc.options.image.clone(),
                automatic: oidc.options.is_automatic,
                path: oidc::BEGIN.to_owned(),
            }),
    }
}

pub(super) fn account(account: &Account) -> AccountResource {
    AccountResource {
        id: account.id,
        name: account.name.as_str().to_owned(),
        username: account.username.as_ref().map(ToString::to_string),
        email: account.email.as_str().to_owned(),
        role: account.role.as_str().to_owned(),
        two_factor: account.two_factor.is_enabled(),
        created_at: account.created_at,
    }
}

pub(super) const fn scope(scope: ScopeName) -> Scope {
    match scope {
        ScopeName::Read => Scope::Read,
        ScopeName::Write => Scope::Write,
        ScopeName::Generate => Scope::Generate,
        ScopeName::Admin => Scope::Admin,
    }
}

const fn scope_name(scope: Scope) -> ScopeName {
    match scope {
        Scope::Read => ScopeName::Read,
        Scope::Write => ScopeName::Write,
        Scope::Generate => ScopeName::Generate,
        Scope::Admin => ScopeName::Admin,
    }
}

pub(super) fn api_key(key: ApiKey) -> KeyResource {
    KeyResource {
        id: key.id,
        name: key.name,
        scopes: key.scopes.iter().map(scope_name).collect(),
        created_at: key.created_at,
        last_used_at: key.last_used_at,
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
    }
}
