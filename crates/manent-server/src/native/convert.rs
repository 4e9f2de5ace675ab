//! From the domain's values to the wire's.

use manent_domain::completion::FinishReason;
use manent_domain::conversation::{Conversation, TitleSource};
use manent_domain::message::Message;
use manent_domain::search::{HitKind, SearchHit};
use manent_protocol::{
    ConversationResource, FinishReasonName, HitKindName, MessageResource, SearchHitResource,
    SnippetPieceResource, TitleSourceName,
};

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
        archived: conversation.archived,
        pinned: conversation.pinned,
        trashed_at: conversation.trashed_at,
        last_seq: conversation.last_seq,
        created_at: conversation.created_at,
        updated_at: conversation.updated_at,
        last_message_at: conversation.last_message_at,
    }
}

pub(super) fn message(message: Message) -> MessageResource {
    MessageResource {
        id: message.id,
        conversation_id: message.conversation,
        parent_id: message.parent,
        seq: message.seq,
        role: message.role,
        content: message.content,
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
