//! Where things stand.

use manent_engine::append_api::MessagePayload;
use manent_engine::{
    BreakerState, FailReason, ItemId, ItemState, Metrics, Millis, StoredItem, WaitReason,
};
use serde::Serialize;

/// Where an item stands, in the words of the client's `SaveStatus`.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireState {
    state: &'static str,
    /// Why it waits or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The server's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_by: Option<ItemId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
}

impl WireState {
    fn plain(state: &'static str) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    fn waiting(code: &str, until: Option<Millis>) -> Self {
        Self {
            code: Some(code.to_owned()),
            until,
            ..Self::plain("waiting")
        }
    }

    fn failed(reason: FailReason) -> Self {
        let with_code = |code: &str| Self {
            code: Some(code.to_owned()),
            ..Self::plain("failed")
        };
        match reason {
            FailReason::Rejected { code, detail } => Self {
                detail,
                ..with_code(&code)
            },
            FailReason::Conflict => with_code("id_taken"),
            FailReason::Blocked { by } => Self {
                blocked_by: by,
                ..with_code("blocked")
            },
            FailReason::TooLarge { limit_bytes } => Self {
                limit_bytes: Some(limit_bytes),
                ..with_code("too_large")
            },
            FailReason::Withdrawn => with_code("withdrawn"),
        }
    }
}

impl From<WaitReason> for WireState {
    fn from(reason: WaitReason) -> Self {
        match reason {
            WaitReason::Retry { at } => Self::waiting("retry", Some(at)),
            WaitReason::BackPressure { until } => Self::waiting("server_busy", Some(until)),
            WaitReason::ServerAway { until } => Self::waiting("server_away", until),
            WaitReason::SignIn => Self::waiting("sign_in", None),
            WaitReason::Behind { item } => Self {
                blocked_by: Some(item),
                ..Self::waiting("behind_another", None)
            },
        }
    }
}

impl From<ItemState> for WireState {
    fn from(state: ItemState) -> Self {
        match state {
            ItemState::Storing => Self::plain("storing"),
            ItemState::Queued => Self::plain("queued"),
            ItemState::Sending => Self::plain("sending"),
            ItemState::Saved { position } => Self {
                seq: position,
                ..Self::plain("saved")
            },
            ItemState::Waiting(reason) => reason.into(),
            ItemState::Failed(reason) => Self::failed(reason),
            ItemState::Discarded => Self::plain("discarded"),
        }
    }
}

/// An item with its content and its place.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireItem<'engine> {
    id: ItemId,
    conversation_id: uuid::Uuid,
    device: &'engine str,
    order: u64,
    queued_at: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<ItemId>,
    payload: &'engine MessagePayload,
    may_be_sent: bool,
    state: WireState,
}

impl<'engine> WireItem<'engine> {
    pub(crate) fn new(
        stored: &'engine StoredItem<MessagePayload>,
        may_be_sent: bool,
        state: ItemState,
    ) -> Self {
        Self {
            id: stored.id,
            conversation_id: stored.lane.stream,
            device: stored.lane.device.as_str(),
            order: stored.order,
            queued_at: stored.enqueued_at,
            parent: stored.parent,
            payload: &stored.payload,
            may_be_sent,
            state: state.into(),
        }
    }
}

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WireBreaker {
    Closed,
    Open,
    HalfOpen,
}

impl From<BreakerState> for WireBreaker {
    fn from(state: BreakerState) -> Self {
        match state {
            BreakerState::Closed => Self::Closed,
            BreakerState::Open { .. } => Self::Open,
            BreakerState::HalfOpen => Self::HalfOpen,
        }
    }
}

/// The engine's counts.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireMetrics {
    queued_messages: usize,
    storing_messages: usize,
    sending_messages: usize,
    waiting_messages: usize,
    failed_messages: usize,
    successful_syncs: u64,
    failed_syncs: u64,
    retry_attempts: u64,
    oldest_enqueued_at: Option<Millis>,
    oldest_age_ms: Option<Millis>,
    breaker: WireBreaker,
    next_try_at: Option<Millis>,
    is_paused_for_sign_in: bool,
    is_storage_refusing: bool,
}

impl From<Metrics> for WireMetrics {
    fn from(metrics: Metrics) -> Self {
        Self {
            queued_messages: metrics.queued_messages,
            storing_messages: metrics.storing_messages,
            sending_messages: metrics.sending_messages,
            waiting_messages: metrics.waiting_messages,
            failed_messages: metrics.failed_messages,
            successful_syncs: metrics.successful_syncs,
            failed_syncs: metrics.failed_syncs,
            retry_attempts: metrics.retry_attempts,
            oldest_enqueued_at: metrics.oldest_enqueued_at,
            oldest_age_ms: metrics.oldest_age_ms,
            breaker: metrics.breaker.into(),
            next_try_at: metrics.next_try_at,
            is_paused_for_sign_in: metrics.is_paused_for_sign_in,
            is_storage_refusing: metrics.is_storage_refusing,
        }
    }
}
