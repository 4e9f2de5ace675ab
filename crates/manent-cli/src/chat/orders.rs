//! What the commands do.

use manent_client::{
    ConversationQuery, ItemState, MessageId, OutboxItem, OutgoingMessage, QueueError,
};

use super::commands::{HELP, Order};
use super::talk::{Followed, Talk, now};
use super::words;

impl Talk<'_> {
    /// Does what a line asks for.
    pub(super) async fn follow_order(&mut self, order: Order) -> Followed {
        let text = match order {
            Order::Nothing | Order::Quit => return Followed::Ended,
            Order::Say(text) => return self.say(&text).await,
            Order::Again => return self.ask_again().await,
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
            Order::Stop => {
                if self.give_up_answers() {
                    return Followed::Ended;
                }
                "No answer is waited for.".to_owned()
            }
        };
        if !text.is_empty() {
            self.screen.show(&text);
        }
        Followed::Ended
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

    async fn item(&mut self, number: usize) -> Result<OutboxItem, String> {
        if self.numbered.is_empty() {
            self.items().await.map_err(|error| error.to_string())?;
        }
        let id: Option<MessageId> = number
            .checked_sub(1)
            .and_then(|place| self.numbered.get(place).copied());
        let items = self.client.persistence().items().await;
        let items = items.map_err(|error| error.to_string())?;
        items
            .into_iter()
            .find(|item| Some(item.status.message_id) == id)
            .ok_or_else(|| format!("There is no {number} any more: /queue shows the numbers."))
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
        let item = match self.item(number).await {
            Ok(item) => item,
            Err(text) => return text,
        };
        if item.payload.get("role").and_then(|role| role.as_str()) != Some("user") {
            return "Only what you said can be put into other words.".to_owned();
        }
        let id = item.status.message_id;
        let message = OutgoingMessage::from_user(id, item.parent_id, text);
        let persistence = self.client.persistence();
        let edited = if is_in_tray(&item) {
            persistence.retry(id, Some(&message)).await
        } else {
            persistence.replace(&message).await
        };
        match edited {
            Ok(()) => "Changed. /again asks for an answer to it.".to_owned(),
            Err(error) => format!("It cannot be changed: {error}"),
        }
    }

    async fn discard(&mut self, number: usize) -> String {
        let item = match self.item(number).await {
            Ok(item) => item,
            Err(text) => return text,
        };
        let id = item.status.message_id;
        let persistence = self.client.persistence();
        if !is_in_tray(&item)
            && let Err(error) = persistence.withdraw(id).await
        {
            return format!("It cannot be taken back: {error}");
        }
        match persistence.discard(id).await {
            Ok(()) => {
                self.discarded = Some(id);
                "Thrown away; /undo brings it back for half a minute.".to_owned()
            }
            Err(error) => format!("It cannot be thrown away: {error}"),
        }
    }

    async fn undo(&mut self) -> String {
        let Some(id) = self.discarded.take() else {
            return "Nothing was thrown away.".to_owned();
        };
        match self.client.persistence().undo(id).await {
            Ok(()) => "It is back in the tray: /tray shows it.".to_owned(),
            Err(_) => "It is gone for good: half a minute is over.".to_owned(),
        }
    }
}

fn is_in_tray(item: &OutboxItem) -> bool {
    matches!(item.status.state, ItemState::Failed(_))
}
