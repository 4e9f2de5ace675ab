//! Where things stand.

use manent_engine::append_api::MessagePayload;
use manent_engine::{
    BreakerState, FailReason, ItemId, ItemState, Metrics, Millis, StoredItem, WaitReason,
};
use std::fmt;

use super::json::{Field, Held, OrNull, written};

/// Where an item stands, in the words of the client's `SaveStatus`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct WireState {
    state: &'static str,
    /// Why it waits or failed.
    code: Option<String>,
    /// The server's words.
    detail: Option<String>,
    blocked_by: Option<ItemId>,
    limit_bytes: Option<u64>,
    until: Option<Millis>,
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

impl fmt::Display for WireState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            r#"{{"state":"{}"{}{}{}{}{}{}}}"#,
            self.state,
            Field("code", self.code.as_deref().map(Held::Text)),
            Field("detail", self.detail.as_deref().map(Held::Text)),
            Field(
                "blockedBy",
                self.blocked_by.map(|id| Held::Id(id.to_string()))
            ),
            Field("limitBytes", self.limit_bytes.map(Held::Number)),
            Field("until", self.until.map(Held::Number)),
            Field("seq", self.seq.map(Held::Number)),
        )
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

/// An item with its content and its place, as JSON.
pub(crate) fn item_json(
    stored: &StoredItem<MessagePayload>,
    may_be_sent: bool,
    state: ItemState,
) -> Result<String, serde_json::Error> {
    let payload = written(&stored.payload)?;
    Ok(format!(
        r#"{{"id":"{}","conversationId":"{}","device":"{}","order":{},"queuedAt":{}{},"payload":{payload},"mayBeSent":{may_be_sent},"state":{}}}"#,
        stored.id,
        stored.lane.stream,
        stored.lane.device,
        stored.order,
        stored.enqueued_at,
        Field(
            "parent",
            stored.parent.map(|parent| Held::Id(parent.to_string()))
        ),
        WireState::from(state),
    ))
}

/// Where a breaker stands.
pub(crate) fn breaker_name(state: BreakerState) -> &'static str {
    match state {
        BreakerState::Closed => "closed",
        BreakerState::Open { .. } => "open",
        BreakerState::HalfOpen => "half-open",
    }
}

/// The engine's counts, as JSON.
pub(crate) fn metrics_json(metrics: &Metrics) -> String {
    format!(
        r#"{{"queuedMessages":{},"storingMessages":{},"sendingMessages":{},"waitingMessages":{},"failedMessages":{},"successfulSyncs":{},"failedSyncs":{},"retryAttempts":{},"oldestEnqueuedAt":{},"oldestAgeMs":{},"breaker":"{}","nextTryAt":{},"isPausedForSignIn":{},"isStorageRefusing":{}}}"#,
        metrics.queued_messages,
        metrics.storing_messages,
        metrics.sending_messages,
        metrics.waiting_messages,
        metrics.failed_messages,
        metrics.successful_syncs,
        metrics.failed_syncs,
        metrics.retry_attempts,
        OrNull(metrics.oldest_enqueued_at),
        OrNull(metrics.oldest_age_ms),
        breaker_name(metrics.breaker),
        OrNull(metrics.next_try_at),
        metrics.is_paused_for_sign_in,
        metrics.is_storage_refusing,
    )
}
