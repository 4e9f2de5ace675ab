//! Messages to append: at the store, through HTTP and by plain SQL.

use anyhow::Context;
use bytes::Bytes;
use manent_domain::append::{NewItem, NewMessage, ParentRef, Submission};
use manent_domain::message::Fingerprint;
use manent_types::{ConversationId, Extras, MessageId, MessageStatus, Part, Role, Timestamp};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::json;
use uuid::{Builder, Uuid};

/// The time at which everything in a benchmark is stored: no figure depends on it.
pub(crate) const NOW_MILLISECONDS: i64 = 1_795_000_000_000;

/// [`NOW_MILLISECONDS`] as the domain has it.
///
/// # Errors
/// Never: it lies between 1970 and 9999.
pub(crate) fn now() -> anyhow::Result<Timestamp> {
    Ok(Timestamp::from_millisecond(NOW_MILLISECONDS)?)
}

/// An id of version 7, random in all but its time.
pub(crate) fn random_id(random: &mut StdRng) -> Uuid {
    id_at(NOW_MILLISECONDS.unsigned_abs(), random)
}

/// An id of version 7 of this millisecond since 1970.
pub(crate) fn id_at(milliseconds: u64, random: &mut StdRng) -> Uuid {
    Builder::from_unix_timestamp_millis(milliseconds, &random.random()).into_uuid()
}

/// A user's message for the store.
///
/// # Errors
/// Never for text.
pub(crate) fn submission(
    id: Uuid,
    conversation: Uuid,
    parent: Option<Uuid>,
    text: String,
) -> anyhow::Result<Submission> {
    let content = vec![Part::Text { text }];
    let fingerprint =
        Fingerprint::of(Role::User, &content).context("text always has a fingerprint")?;
    let id = MessageId::new(id);
    Ok(Submission {
        conversation: ConversationId::new(conversation),
        lane: None,
        id: Some(id),
        body: Ok(NewItem::Message(NewMessage {
            id,
            parent: parent.map_or(ParentRef::Root, |parent| {
                ParentRef::Message(MessageId::new(parent))
            }),
            role: Role::User,
            content,
            fingerprint,
            status: MessageStatus::Complete,
            model: None,
            provider: None,
            usage: None,
            created_at: None,
            extras: Extras::new(),
        })),
    })
}

/// The body of `POST /message/append` with one user's message.
pub(crate) fn append_body(id: Uuid, conversation: Uuid, parent: Option<Uuid>, text: &str) -> Bytes {
    let message = json!({
        "id": id, "conversationId": conversation, "parentId": parent, "role": "user", "content": text,
    });
    json!({ "message": message }).to_string().into()
}

/// The body of `POST /conversation/create`.
pub(crate) fn create_body(conversation: Uuid) -> Bytes {
    json!({ "id": conversation }).to_string().into()
}
