//! Appending and reading messages. Knows nothing about models.

use std::sync::Arc;

use manent_types::{
    ConversationId, DeviceId, Extras, ExtrasPatch, MessageId, MessageStatus, Part, Role, Timestamp,
    Usage, UserId, text_of,
};

use sha2::{Digest, Sha256};
use uuid::Builder;

use super::conversation::beyond;
use crate::append::{
    AppendPlan, ChangeKind, ItemOutcome, LanePosition, NewChange, NewItem, NewMessage, Outcome,
    ParentRef, Submission,
};
use crate::conversation::{Page, Patched};
use crate::error::{DomainError, Refusal};
use crate::limits::Limits;
use crate::message::{Fingerprint, Message, MessageRange};
use crate::ports::{AppendListener, Clock, IdSource, MessageRepository, StoreError, TitleWanted};

/// One item that a client asks to append, as far as its surface could read it.
#[derive(Debug, Clone, PartialEq)]
pub struct AppendRequestItem {
    /// Absent: the service mints one; in a lane it follows from the place, so that a resend is known again.
    pub id: Option<MessageId>,
    /// Where it goes; refused when the surface could not read it.
    pub conversation: Result<ConversationId, Refusal>,
    /// The number in the lane of the request's device.
    pub device_seq: Option<u64>,
    /// What it wants, or why the surface could not read it.
    pub body: Result<AppendRequestWish, Refusal>,
}

/// What an item wants.
#[derive(Debug, Clone, PartialEq)]
pub enum AppendRequestWish {
    /// Store a message.
    Message(AppendRequestBody),
    /// Change what is stored.
    Change(ChangeKind),
}

/// The rest of a message to append.
#[derive(Debug, Clone, PartialEq)]
pub struct AppendRequestBody {
    /// Which message it follows.
    pub parent: ParentRef,
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: Vec<Part>,
    /// How it came to its end.
    pub status: MessageStatus,
    /// The model that made it.
    pub model: Option<String>,
    /// The provider that made it.
    pub provider: Option<String>,
    /// What it cost.
    pub usage: Option<Usage>,
    /// By the client's clock.
    pub created_at: Option<Timestamp>,
    /// What a surface keeps with it.
    pub extras: Extras,
}

/// An append as a client asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct AppendRequest {
    /// The device whose lanes number the items; absent for a plain append.
    pub device: Option<DeviceId>,
    /// The messages in order.
    pub items: Vec<AppendRequestItem>,
}

/// Appends and reads messages.
#[derive(Clone)]
pub struct MessageService {
    repository: Arc<dyn MessageRepository>,
    listener: Arc<dyn AppendListener>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    limits: Limits,
}

impl MessageService {
    /// A service over these ports.
    pub fn new(
        repository: Arc<dyn MessageRepository>,
        listener: Arc<dyn AppendListener>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        limits: Limits,
    ) -> Self {
        Self {
            repository,
            listener,
            clock,
            ids,
            limits,
        }
    }

    /// Appends a batch as one unit and tells what became of each item, in order.
    ///
    /// # Errors
    /// A batch over the limit, or a failing store; nothing is stored then.
    pub async fn append(
        &self,
        owner: UserId,
        request: AppendRequest,
    ) -> Result<Vec<ItemOutcome>, DomainError> {
        let limit = self.limits.batch_items;
        if request.items.len() > limit {
            return Err(DomainError::BatchTooLarge { limit });
        }
        let mut submissions = Vec::with_capacity(request.items.len());
        // For each item its place among the submissions, or its refusal when no conversation or lane can be named.
        let mut places = Vec::with_capacity(request.items.len());
        for item in request.items {
            let id = item.id;
            match self.submission(request.device.as_ref(), item) {
                Ok(submission) => {
                    places.push(Ok(submissions.len()));
                    submissions.push(submission);
                }
                Err(refusal) => {
                    places.push(Err(ItemOutcome {
                        id,
                        outcome: Outcome::Rejected(refusal),
                    }));
                }
            }
        }
        let plan = if submissions.is_empty() {
            AppendPlan::default()
        } else {
            self.append_checked(owner, submissions).await?
        };
        let outcome = |place: Result<usize, ItemOutcome>| match place {
            Ok(index) => plan.outcomes[index],
            Err(outcome) => outcome,
        };
        Ok(places.into_iter().map(outcome).collect())
    }

    /// Appends what was checked already ([`Self::check`]) as one unit, as [`Self::append`] does, titles and all.
    ///
    /// # Errors
    /// When the store fails; nothing is stored then.
    pub async fn append_checked(
        &self,
        owner: UserId,
        submissions: Vec<Submission>,
    ) -> Result<AppendPlan, StoreError> {
        let first_messages = first_user_messages(&submissions);
        let plan = self
            .repository
            .append(owner, submissions, self.clock.now())
            .await?;
        self.announce(owner, &plan, &first_messages);
        Ok(plan)
    }

    /// One message, deleted or not, with its content.
    ///
    /// # Errors
    /// When the owner has none with this id, or the store fails.
    pub async fn get(&self, owner: UserId, id: MessageId) -> Result<Message, DomainError> {
        self.repository
            .find_message(owner, id, self.clock.now())
            .await?
            .ok_or(DomainError::MessageNotFound)
    }

    /// A message as [`Self::append`] would take it, for whoever stores it another way. Absent: an id is minted.
    ///
    /// # Errors
    /// Why it can never be stored.
    pub fn check(
        &self,
        id: Option<MessageId>,
        body: AppendRequestBody,
    ) -> Result<NewMessage, Refusal> {
        let id = id.unwrap_or_else(|| MessageId::new(self.ids.next()));
        self.checked(id, body)
    }

    /// A page of a conversation's messages, ascending in `seq`. `limit` is held between 1 and 200.
    ///
    /// # Errors
    /// When the owner has no such conversation, or the store fails.
    pub async fn list(
        &self,
        owner: UserId,
        conversation: ConversationId,
        range: MessageRange,
        limit: usize,
    ) -> Result<Page<Message, MessageRange>, DomainError> {
        self.repository
            .list(
                owner,
                conversation,
                range,
                limit.clamp(1, 200),
                self.clock.now(),
            )
            .await?
            .ok_or(DomainError::ConversationNotFound)
    }

    /// Merges a patch into what a surface keeps with a message, deleted or not, being written or not.
    ///
    /// # Errors
    /// No such message, too much in the extras, or a failing store.
    pub async fn annotate(
        &self,
        owner: UserId,
        message: MessageId,
        patch: ExtrasPatch,
    ) -> Result<Message, DomainError> {
        if patch.is_empty() {
            return self.get(owner, message).await;
        }
        let now = self.clock.now();
        match self.repository.annotate(owner, message, patch, now).await? {
            Patched::Done(message) => Ok(message),
            Patched::Missing => Err(DomainError::MessageNotFound),
            Patched::Refused(bound) => Err(beyond(bound)),
        }
    }

    fn submission(
        &self,
        device: Option<&DeviceId>,
        item: AppendRequestItem,
    ) -> Result<Submission, Refusal> {
        let conversation = item.conversation?;
        let lane = match (device, item.device_seq) {
            (None, None) => None,
            (Some(device), Some(device_seq)) if (1..=MAX_DEVICE_SEQ).contains(&device_seq) => {
                Some(LanePosition {
                    device: device.clone(),
                    device_seq,
                })
            }
            _ => return Err(Refusal::InvalidLane),
        };
        let id = match (&item.body, item.id, &lane) {
            (_, Some(id), _) => Some(id),
            (Ok(_), None, Some(position)) => Some(id_of_place(conversation, position)),
            (Ok(_), None, None) => Some(MessageId::new(self.ids.next())),
            (Err(_), None, _) => None,
        };
        let body = match (item.body, id) {
            (Ok(body), Some(id)) => self.checked_item(id, body),
            (Ok(_), None) => Err(Refusal::InvalidId),
            (Err(refusal), _) => Err(refusal),
        };
        Ok(Submission {
            conversation,
            lane,
            id,
            body,
        })
    }

    fn checked_item(&self, id: MessageId, item: AppendRequestWish) -> Result<NewItem, Refusal> {
        match item {
            AppendRequestWish::Message(body) => self.checked(id, body).map(NewItem::Message),
            AppendRequestWish::Change(kind) => {
                if let ChangeKind::Edit { content, .. } = &kind {
                    self.check_content(content)?;
                }
                let fingerprint = kind.fingerprint().map_err(|_| Refusal::InvalidValue)?;
                Ok(NewItem::Change(NewChange {
                    id,
                    kind,
                    fingerprint,
                }))
            }
        }
    }

    fn checked(&self, id: MessageId, body: AppendRequestBody) -> Result<NewMessage, Refusal> {
        self.check_content(&body.content)?;
        let is_name = |name: &Option<String>| {
            name.as_ref()
                .is_none_or(|name| name.len() <= 200 && !name.chars().any(char::is_control))
        };
        if !is_name(&body.model) || !is_name(&body.provider) {
            return Err(Refusal::InvalidValue);
        }
        let is_answer = body.role == Role::Assistant;
        if !is_answer && body.status != MessageStatus::Complete {
            return Err(Refusal::InvalidValue);
        }
        let fingerprint =
            Fingerprint::of(body.role, &body.content).map_err(|_| Refusal::InvalidValue)?;
        Ok(NewMessage {
            id,
            parent: body.parent,
            role: body.role,
            content: body.content,
            fingerprint,
            status: body.status,
            model: body.model,
            provider: body.provider,
            usage: body.usage.filter(|usage| !usage.is_empty()),
            created_at: body.created_at,
            extras: body.extras,
        })
    }

    fn check_content(&self, content: &[Part]) -> Result<(), Refusal> {
        let mut text_bytes = 0;
        let mut image_bytes = 0;
        let mut has_content = false;
        for part in content {
            match part {
                Part::Text { text } => {
                    text_bytes += text.len();
                    has_content |= !text.is_empty();
                }
                Part::Reasoning {
                    text, signature, ..
                } => {
                    text_bytes += text.len() + signature.as_ref().map_or(0, String::len);
                    has_content |= !text.is_empty();
                }
                Part::Image {
                    media_type,
                    data,
                    url,
                } => {
                    if (data.is_some() && media_type.is_some()) == url.is_some() {
                        return Err(Refusal::InvalidValue);
                    }
                    image_bytes += data.as_ref().or(url.as_ref()).map_or(0, String::len);
                    has_content = true;
                }
                Part::ToolCall {
                    id,
                    name,
                    arguments,
                } => {
                    text_bytes += id.len() + name.len() + arguments.to_string().len();
                    has_content = true;
                }
                Part::ToolResult {
                    tool_call_id,
                    content,
                    ..
                } => {
                    text_bytes += tool_call_id.len() + content.len();
                    has_content = true;
                }
                Part::Error { code, detail } => {
                    text_bytes += code.len() + detail.len();
                    has_content = true;
                }
            }
        }
        if !has_content {
            return Err(Refusal::ContentEmpty);
        }
        if text_bytes > self.limits.message_text_bytes
            || image_bytes > self.limits.message_image_bytes
            || content.len() > self.limits.message_parts
        {
            return Err(Refusal::MessageTooLarge);
        }
        Ok(())
    }

    fn announce(&self, owner: UserId, plan: &AppendPlan, first: &[(ConversationId, String)]) {
        for touch in plan
            .touches
            .iter()
            .filter(|touch| touch.cut_title.is_some() && !touch.is_temporary)
        {
            if let Some((_, text)) = first.iter().find(|(id, _)| *id == touch.id) {
                self.listener.title_wanted(TitleWanted {
                    owner,
                    conversation: touch.id,
                    first_message: text.clone(),
                });
            }
        }
    }
}

/// The id of a message that its client gave none, from its place in its lane: the first 16 bytes of the SHA-256 over conversation, device and
/// number, as a UUID of version 8. Frozen: a resend has to come to the same id.
fn id_of_place(conversation: ConversationId, position: &LanePosition) -> MessageId {
    let place = format!(
        "{conversation}\n{}\n{}",
        position.device.as_str(),
        position.device_seq
    );
    let digest = Sha256::digest(place);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    MessageId::new(Builder::from_custom_bytes(bytes).into_uuid())
}

/// Numbers stay below 2^53, so that every client can hold them.
const MAX_DEVICE_SEQ: u64 = (1 << 53) - 1;

/// The beginning of each conversation's first user message in the batch, for a title.
fn first_user_messages(submissions: &[Submission]) -> Vec<(ConversationId, String)> {
    let mut first: Vec<(ConversationId, String)> = Vec::new();
    for submission in submissions {
        if let Some(message) = submission.message()
            && message.role == Role::User
            && !first.iter().any(|(id, _)| *id == submission.conversation)
        {
            let text = text_of(&message.content);
            if text.chars().any(|character| !character.is_whitespace()) {
                first.push((submission.conversation, text.chars().take(2_000).collect()));
            }
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_place_is_frozen_and_its_own() {
        let id = |conversation: &str, device: &str, device_seq| {
            let position = LanePosition {
                device: device.parse().unwrap(),
                device_seq,
            };
            id_of_place(conversation.parse().unwrap(), &position).to_string()
        };
        let one = "0199c0de-0000-7000-8000-000000000001";
        let two = "0199c0de-0000-7000-8000-000000000002";
        let ids = [
            id(one, "phone", 1),
            id(one, "phone", 11),
            id(one, "phone1", 1),
            id(two, "phone", 1),
        ];
        assert_eq!(ids[0], "21d0553f-5ad7-8067-afc2-ca25be989687");
        let different: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(different.len(), ids.len());
    }
}
