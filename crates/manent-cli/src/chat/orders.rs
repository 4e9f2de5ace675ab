//! What the commands do.

use manent_client::{
    ConversationId, ConversationQuery, ItemState, LaterMessage, MessageId, OutboxItem, QueueError,
};

use super::commands::{HELP, Order};
use super::meanwhile::Waiting;
use super::talk::{Followed, Talk, now};
use super::words;

/// What was thrown away last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Discarded {
    /// It was in the tray.
    Failed(MessageId),
    /// It was queued.
    Queued {
        message_id: MessageId,
        is_answer_awaited: bool,
    },
    /// It waited for its turn.
    Kept(LaterMessage),
}

impl Talk<'_> {
    /// Does what a line asks for.
    pub(super) async fn follow_order(&mut self, order: Order) -> Followed {
        match order {
            Order::Say(text) => self.say(&text).await,
            Order::Again => self.ask_again().await,
            order => {
                self.do_at_once(order).await;
                Followed::Ended
            }
        }
    }

    /// Does what needs no answer.
    pub(super) async fn do_at_once(&mut self, order: Order) {
        let text = match order {
            Order::Nothing | Order::Quit | Order::Say(_) | Order::Again => return,
            Order::Help => HELP.to_owned(),
            Order::Unclear(text) => text,
            Order::List => self.list().await,
            Order::Open(which) => self.go_to(&which).await,
            Order::New => {
                self.conversation = None;
                "The next message begins a new conversation.".to_owned()
            }
            Order::Rename(title) => self.rename(&title).await,
            Order::Queue => self.queue().await,
            Order::Tray => self.tray().await,
            Order::TryNow => self.try_now(),
            Order::Retry(number) => self.retry(number).await,
            Order::Edit(number, text) => self.edit(number, &text).await,
            Order::Discard(number) => self.discard(number).await,
            Order::Undo => self.undo().await,
            Order::Stop if self.give_up_answers() => return,
            Order::Stop => "No answer is waited for.".to_owned(),
        };
        if !text.is_empty() {
            self.screen.show(&text);
        }
    }

    async fn ask_again(&mut self) -> Followed {
        let Some(id) = self.conversation else {
            self.screen.show("Say something first.");
            return Followed::Ended;
        };
        match self.client.messages().ask_again(id).await {
            Ok(answer) => self.follow(answer, None).await,
            Err(error) => {
                self.screen.show(&format!("That cannot be asked: {error}"));
                Followed::Ended
            }
        }
    }

    async fn list(&mut self) -> String {
        let conversations = self.client.conversations();
        let listed = conversations.list(&ConversationQuery::default()).await;
        let (mut lines, listed): (Vec<String>, Vec<_>) = match listed {
            Ok(page) => {
                let titled = page
                    .conversations
                    .into_iter()
                    .map(|conversation| (conversation.id, conversation.title));
                (Vec::new(), titled.collect())
            }
            Err(error) => {
                let copies = conversations.copies().await;
                let titled = copies.into_iter().map(|copy| {
                    let first = copy.messages.first();
                    let text = first.map(|message| manent_client::text_of(&message.content));
                    (copy.conversation_id, copy.title.or(text))
                });
                let note = format!("({error}: these are the ones that this device has copies of)");
                (vec![note], titled.collect())
            }
        };
        if listed.is_empty() {
            lines.push("There are none yet.".to_owned());
        }
        for (number, (id, title)) in listed.iter().enumerate() {
            let mark = if Some(*id) == self.conversation {
                '*'
            } else {
                ' '
            };
            let title = words::cut(title.as_deref().unwrap_or("(no title)"));
            lines.push(format!("{mark}{:3}  {title}  {id}", number + 1));
        }
        self.listed = listed.into_iter().map(|(id, _)| id).collect();
        lines.join("\n")
    }

    async fn go_to(&mut self, which: &str) -> String {
        let id = match which.parse::<usize>() {
            Ok(number) => number
                .checked_sub(1)
                .and_then(|place| self.listed.get(place).copied()),
            Err(_) => which.parse().ok(),
        };
        let Some(id) = id else {
            return format!("There is no conversation {which}: /list shows the numbers.");
        };
        match self.open(id).await {
            Ok(()) => String::new(),
            Err(text) => text,
        }
    }

    async fn rename(&mut self, title: &str) -> String {
        let Some(id) = self.conversation else {
            return "This conversation has not begun yet.".to_owned();
        };
        match self.client.conversations().rename(id, title).await {
            Ok(_) => "Renamed.".to_owned(),
            Err(error) => format!("It could not be renamed: {error}"),
        }
    }

    async fn queue(&mut self) -> String {
        let mut lines = match self.listed_items(|_| true).await {
            Ok(lines) => lines,
            Err(error) => return error.to_string(),
        };
        for answer in &self.awaited {
            let state = words::of_answer(answer.progress().stage, now());
            lines.push(format!("      an answer: {state}"));
        }
        for message in self.kept() {
            self.numbered.push(message.message_id);
            let (number, text) = (self.numbered.len(), words::cut(&message.text));
            lines.push(format!(
                "{number:4}  {text}\n      said after the answer before it"
            ));
        }
        if lines.is_empty() {
            return "Everything is saved.".to_owned();
        }
        lines.join("\n")
    }

    async fn tray(&mut self) -> String {
        match self.listed_items(is_in_tray).await {
            Ok(lines) if lines.is_empty() => "Nothing failed.".to_owned(),
            Ok(lines) => lines.join("\n"),
            Err(error) => error.to_string(),
        }
    }

    /// Items with their numbers, texts and states.
    async fn listed_items(
        &mut self,
        shows: fn(&OutboxItem) -> bool,
    ) -> Result<Vec<String>, QueueError> {
        let items = self.items().await?;
        let mut lines = Vec::new();
        for (place, item) in items.iter().enumerate().filter(|(_, item)| shows(item)) {
            let state = words::of_item(&item.status.state, now());
            let text = match item.kind() {
                "message" => words::cut(&item.text()),
                change => format!("({change})"),
            };
            lines.push(format!("{:4}  {text}\n      {state}", place + 1));
        }
        Ok(lines)
    }

    /// What is not saved, numbered from now on as it is shown.
    async fn items(&mut self) -> Result<Vec<OutboxItem>, QueueError> {
        let items = self.client.persistence().items().await?;
        self.numbered = items.iter().map(|item| item.status.message_id).collect();
        Ok(items)
    }

    fn try_now(&mut self) -> String {
        let persistence = self.client.persistence();
        if persistence.queue_status().is_paused_for_sign_in {
            self.client.signed_in();
            return "Going on, in case you signed in.".to_owned();
        }
        persistence.probe_now();
        "Trying now.".to_owned()
    }

    /// What waits for its turn on this device.
    fn kept(&self) -> Vec<LaterMessage> {
        let kept = self.ahead.iter().filter_map(|waiting| match waiting {
            Waiting::Kept(message) => Some(message.clone()),
            Waiting::Line(_) => None,
        });
        kept.collect()
    }

    async fn numbered(&mut self, number: usize) -> Result<MessageId, String> {
        if self.numbered.is_empty() {
            self.items().await.map_err(|error| error.to_string())?;
            let kept = self.kept().into_iter();
            self.numbered.extend(kept.map(|message| message.message_id));
        }
        number
            .checked_sub(1)
            .and_then(|place| self.numbered.get(place).copied())
            .ok_or_else(|| unknown(number))
    }

    async fn item(&mut self, number: usize) -> Result<OutboxItem, String> {
        let id = self.numbered(number).await?;
        let items = self.client.persistence().items().await;
        let items = items.map_err(|error| error.to_string())?;
        items
            .into_iter()
            .find(|item| item.status.message_id == id)
            .ok_or_else(|| unknown(number))
    }

    /// Where something that waits for its turn stands among what waits.
    async fn place_of_kept(&mut self, number: usize) -> Option<usize> {
        let id = self.numbered(number).await.ok()?;
        self.ahead.iter().position(
            |waiting| matches!(waiting, Waiting::Kept(message) if message.message_id == id),
        )
    }

    async fn retry(&mut self, number: usize) -> String {
        let item = match self.item(number).await {
            Ok(item) => item,
            Err(text) => return text,
        };
        let id = item.status.message_id;
        match self.client.persistence().retry(id, None).await {
            Ok(()) => "It is on its way again.".to_owned(),
            Err(QueueError::NeedsNewId) => match self.client.persistence().resend(id).await {
                Ok(_) => "It is on its way again, as a new message.".to_owned(),
                Err(error) => format!("It cannot be sent again: {error}"),
            },
            Err(error) => format!("It cannot be sent again: {error}"),
        }
    }

    async fn edit(&mut self, number: usize, text: &str) -> String {
        if text.is_empty() {
            return "write /edit N TEXT".to_owned();
        }
        if let Some(place) = self.place_of_kept(number).await {
            return self.edit_kept(place, text).await;
        }
        let item = match self.item(number).await {
            Ok(item) => item,
            Err(text) => return text,
        };
        if item.payload.get("role").and_then(|role| role.as_str()) != Some("user") {
            return "Only what you said can be put into other words.".to_owned();
        }
        let id = item.status.message_id;
        match self.client.messages().reword(id, text).await {
            Ok(Some(answer)) => {
                self.await_later(answer);
                "Changed; the answer is asked for with the new words.".to_owned()
            }
            Ok(None) => "Changed. /again asks for an answer to it.".to_owned(),
            Err(error) => format!("It cannot be changed: {error}"),
        }
    }

    async fn edit_kept(&mut self, place: usize, text: &str) -> String {
        let Some(Waiting::Kept(message)) = self.ahead.get_mut(place) else {
            return String::new();
        };
        let changed = LaterMessage {
            text: text.to_owned(),
            ..message.clone()
        };
        match self.client.messages().restore_later(&changed).await {
            Ok(()) => {
                *message = changed;
                "Changed.".to_owned()
            }
            Err(error) => format!("It cannot be changed: {error}"),
        }
    }

    async fn discard(&mut self, number: usize) -> String {
        let messages = self.client.messages();
        if let Some(place) = self.place_of_kept(number).await
            && let Some(Waiting::Kept(message)) = self.ahead.remove(place)
        {
            messages.forget_later(message.message_id).await;
            self.discarded = Some(Discarded::Kept(message));
            return "Taken back: it is not said. /undo brings it back.".to_owned();
        }
        let item = match self.item(number).await {
            Ok(item) => item,
            Err(text) => return text,
        };
        let id = item.status.message_id;
        if is_in_tray(&item) {
            return match self.client.persistence().discard(id).await {
                Ok(()) => {
                    self.discarded = Some(Discarded::Failed(id));
                    "Thrown away; /undo brings it back into the tray for half a minute.".to_owned()
                }
                Err(error) => format!("It cannot be thrown away: {error}"),
            };
        }
        let is_answer_awaited = self.is_answer_awaited(item.status.conversation_id);
        match messages.take_back(id).await {
            Ok(()) => {
                self.discarded = Some(Discarded::Queued {
                    message_id: id,
                    is_answer_awaited,
                });
                "Taken back: it is not sent. /undo puts it back into the queue for half a minute."
                    .to_owned()
            }
            Err(error) => format!("It cannot be taken back: {error}"),
        }
    }

    /// Whether one is waited for that has not begun.
    fn is_answer_awaited(&self, conversation: ConversationId) -> bool {
        let answers = self.client.messages().pending_answers();
        answers.iter().any(|answer| {
            answer.conversation_id == conversation && !answer.progress().content.has_begun()
        })
    }

    async fn undo(&mut self) -> String {
        let messages = self.client.messages();
        let Some(discarded) = self.discarded.take() else {
            return "Nothing was thrown away.".to_owned();
        };
        match discarded {
            Discarded::Failed(id) => match self.client.persistence().undo(id).await {
                Ok(()) => "It is back in the tray: /tray shows it.".to_owned(),
                Err(_) => GONE.to_owned(),
            },
            Discarded::Kept(message) => match messages.restore_later(&message).await {
                Ok(()) => {
                    self.ahead.push_back(Waiting::Kept(message));
                    "It is said when its turn comes.".to_owned()
                }
                Err(error) => {
                    let text = format!("It cannot be brought back: {error}");
                    self.discarded = Some(Discarded::Kept(message));
                    text
                }
            },
            Discarded::Queued {
                message_id,
                is_answer_awaited,
            } => match messages.put_back(message_id).await {
                Ok(conversation) => {
                    if is_answer_awaited && let Ok(answer) = messages.ask_again(conversation).await
                    {
                        self.await_later(answer);
                        return "It is back in the queue, and its answer is waited for.".to_owned();
                    }
                    "It is back in the queue.".to_owned()
                }
                Err(_) => GONE.to_owned(),
            },
        }
    }
}

const GONE: &str = "It is gone for good: half a minute is over.";

fn unknown(number: usize) -> String {
    format!("There is no {number} any more: /queue shows the numbers.")
}

fn is_in_tray(item: &OutboxItem) -> bool {
    matches!(item.status.state, ItemState::Failed(_))
}
