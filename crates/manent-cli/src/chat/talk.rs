//! The conversation with the person: lines in, answers out, and news in between.

use std::collections::VecDeque;
use std::time::Duration;

use manent_client::{
    AnswerHandle, Client, ConversationId, MessageId, Role, StorageWarning, Transcript, text_of,
};

use super::commands::{self, Order};
use super::counts::{self, Counts};
use super::input::{Line, Lines};
use super::meanwhile::Waiting;
use super::news::{Announcer, News, Newsroom, of_warning};
use super::orders::Discarded;
use super::patience::Patience;
use super::screen::Screen;
use super::words;
use crate::exit::Failure;
use crate::signals::Signals;

/// How much of a conversation is shown when it is opened.
const SHOWN_MESSAGES: usize = 6;

/// How long to wait for a request that is under way when the person leaves.
const LAST_WORD: Duration = Duration::from_secs(1);

/// How following an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    /// There is nothing more to follow.
    Ended,
    /// It comes later.
    Later,
    /// Something else comes first; it is at the head of what waits.
    Aside,
    /// The person leaves.
    Leave,
}

/// One chat.
pub(super) struct Talk<'client> {
    pub(super) client: &'client Client,
    pub(super) lines: Lines,
    /// What came while an answer did, and waits for its turn. With lines from a pipe, at most one line.
    pub(super) ahead: VecDeque<Waiting>,
    pub(super) screen: Screen,
    pub(super) signals: Signals,
    pub(super) newsroom: Newsroom,
    pub(super) announcer: Announcer,
    /// With lines from a pipe.
    pub(super) patience: Patience,
    /// Absent: a new one, with the next message.
    pub(super) conversation: Option<ConversationId>,
    /// Answers that come later.
    pub(super) awaited: Vec<AnswerHandle>,
    pub(super) listed: Vec<ConversationId>,
    pub(super) numbered: Vec<MessageId>,
    pub(super) discarded: Option<Discarded>,
    pub(super) has_failures: bool,
}

impl<'client> Talk<'client> {
    pub(super) fn new(
        client: &'client Client,
        lines: Lines,
        screen: Screen,
        signals: Signals,
        wait_seconds: u64,
    ) -> Self {
        Self {
            client,
            lines,
            ahead: VecDeque::new(),
            screen,
            signals,
            newsroom: Newsroom::open(client),
            announcer: Announcer::default(),
            patience: Patience::new(wait_seconds),
            conversation: None,
            awaited: Vec::new(),
            listed: Vec::new(),
            numbered: Vec::new(),
            discarded: None,
            has_failures: false,
        }
    }

    /// Talks until the person leaves, or the lines end.
    pub(super) async fn run(
        &mut self,
        conversation: Option<ConversationId>,
        is_new: bool,
    ) -> Result<(), Failure> {
        if self.screen.is_interactive() {
            let url = self.client.url().as_str().trim_end_matches('/').to_owned();
            self.screen
                .note(&format!("Talking to {url}. /help lists the commands."));
        }
        for warning in self.client.opening_warnings() {
            // What waits in another file is not sent by this program.
            self.has_failures |= matches!(warning, StorageWarning::NewerFile { .. });
            if let Some(text) = of_warning(warning) {
                self.screen.show(&text);
            }
        }
        let unsaved = self.counts().await.unsaved;
        if !unsaved.is_empty() {
            self.screen
                .note(&format!("{unsaved} on the way from the last time."));
        }
        if self.begin(conversation, is_new).await? == Followed::Leave {
            return self.leave().await;
        }
        let mut is_asked_again = false;
        loop {
            let waiting = if let Some(waiting) = self.ahead.pop_front() {
                waiting
            } else {
                tokio::select! {
                    line = self.lines.next() => Waiting::Line(line),
                    news = self.newsroom.news.recv() => {
                        if let Some(news) = news {
                            self.tell(news).await;
                        }
                        continue;
                    }
                    _ = self.signals.next() => return self.leave().await,
                }
            };
            let line = match waiting {
                Waiting::Line(line) => line,
                Waiting::Kept(message) => {
                    if self.say_kept(message).await == Followed::Leave {
                        return self.leave().await;
                    }
                    continue;
                }
            };
            match line {
                Line::Text(text) => {
                    is_asked_again = false;
                    match commands::read(&text) {
                        Order::Quit => {
                            self.wait_for_the_last_word().await;
                            return self.leave().await;
                        }
                        order => {
                            if self.follow_order(order).await == Followed::Leave {
                                return self.leave().await;
                            }
                        }
                    }
                }
                Line::Interrupted if is_asked_again => return self.leave().await,
                Line::Interrupted => {
                    is_asked_again = true;
                    if !self.give_up_answers() {
                        self.screen.note("Ctrl-C again, or /quit, to leave.");
                    }
                }
                Line::End if self.screen.is_interactive() => return self.leave().await,
                Line::End => return self.finish().await,
            }
        }
    }

    /// Picks up what was cut off the last time, and opens the conversation.
    async fn begin(
        &mut self,
        conversation: Option<ConversationId>,
        is_new: bool,
    ) -> Result<Followed, Failure> {
        let pending = self.client.messages().pending_answers();
        let kept = self.client.messages().later_messages().await;
        let cut_off = pending.last().map(|answer| answer.conversation_id);
        let cut_off = cut_off.or_else(|| kept.last().map(|message| message.conversation_id));
        self.ahead.extend(kept.into_iter().map(Waiting::Kept));
        if let Some(id) = conversation.or_else(|| cut_off.filter(|_| !is_new)) {
            match self.open(id).await {
                Ok(()) => {}
                // Without an answer to it, the conversation can still be gone on with later.
                Err(error) if conversation.is_none() => self.screen.note(&error),
                Err(error) => return Err(Failure::Other(error)),
            }
        }
        for answer in pending {
            if Some(answer.conversation_id) == self.conversation {
                self.screen
                    .note("An answer was waited for; here it goes on.");
                if self.follow(answer, None).await == Followed::Leave {
                    return Ok(Followed::Leave);
                }
            } else {
                self.await_later(answer);
            }
        }
        Ok(Followed::Ended)
    }

    /// Goes on with a conversation.
    pub(super) async fn open(&mut self, id: ConversationId) -> Result<(), String> {
        let transcript = self
            .client
            .conversations()
            .transcript(id)
            .await
            .map_err(|error| format!("The conversation {id} cannot be opened: {error}"))?;
        self.conversation = Some(id);
        if self.screen.is_interactive() {
            self.show_end_of(&transcript);
        }
        Ok(())
    }

    fn show_end_of(&mut self, transcript: &Transcript) {
        let title = transcript.title.as_deref().unwrap_or("a conversation");
        let source = if transcript.is_copy {
            ", from the copy of this device"
        } else {
            ""
        };
        self.screen.note(&format!("— {title}{source} —"));
        let skipped = transcript.messages.len().saturating_sub(SHOWN_MESSAGES);
        for message in transcript.messages.iter().skip(skipped) {
            let text = text_of(&message.content);
            match message.role {
                Role::User => self.screen.note(&format!("> {text}")),
                Role::Assistant | Role::System | Role::Tool => self.screen.show(&text),
            }
        }
    }

    /// Shows what happened by itself.
    pub(super) async fn tell(&mut self, news: News) {
        match news {
            News::Queue => {
                // What it was when it was told may be long ago.
                let status = self.client.persistence().queue_status();
                let unsaved = self.counts().await.unsaved;
                if let Some(line) = self.announcer.line(&status, unsaved, now()) {
                    self.screen.note(&line);
                }
            }
            News::Failed(status) => {
                self.has_failures = true;
                let why = words::of_item(&status.state, now());
                let items = self.client.persistence().items().await;
                let what = items.ok().and_then(|items| {
                    let mut items = items.iter();
                    items
                        .find(|item| item.status.message_id == status.message_id)
                        .map(counts::what)
                });
                let what = what.unwrap_or("message");
                let article = if what == "answer" { "An" } else { "A" };
                self.screen.show(&format!(
                    "{article} {what} is not stored: {why}. /tray shows it."
                ));
            }
            News::Warning(warning) => {
                if let Some(text) = of_warning(&warning) {
                    self.screen.show(&text);
                }
            }
            News::Answered(answer) => self.show_late(answer),
        }
    }

    /// The lines have ended: waits for a while until all is saved and answered.
    async fn finish(&mut self) -> Result<(), Failure> {
        self.patience.begin(&self.awaited);
        loop {
            while let Ok(news) = self.newsroom.news.try_recv() {
                self.tell(news).await;
            }
            let status = self.client.persistence().queue_status();
            if status.unsaved() == 0 && self.awaited.is_empty() {
                break;
            }
            let Some(next_look) = self.patience.next_look(&self.awaited, false) else {
                break;
            };
            tokio::select! {
                news = self.newsroom.news.recv() => if let Some(news) = news {
                    self.tell(news).await;
                },
                () = tokio::time::sleep(next_look) => {}
                _ = self.signals.next() => break,
            }
        }
        self.leave().await
    }

    /// What was said last may be on its way to the server at this moment.
    async fn wait_for_the_last_word(&mut self) {
        if self.screen.is_interactive() {
            return;
        }
        let mut status = self.client.persistence().watch_status();
        let is_settled = status.wait_for(|status| status.unsaved() == 0 || status.wait.is_some());
        // Late, or closed: what is left is told.
        let _ = tokio::time::timeout(LAST_WORD, is_settled).await;
    }

    /// Says what is left. A script is told by the exit code, too.
    async fn leave(&mut self) -> Result<(), Failure> {
        self.screen.end_line();
        self.screen.leave_editor();
        self.say_what_waits().await;
        let status = self.client.persistence().queue_status();
        let is_left = status.unsaved() > 0
            || !self.client.messages().pending_answers().is_empty()
            || !self.client.messages().later_messages().await.is_empty()
            || self.has_failures;
        if is_left && !self.screen.is_interactive() {
            return Err(Failure::StillWaiting);
        }
        Ok(())
    }

    async fn say_what_waits(&mut self) {
        let Counts { unsaved, tray } = self.counts().await;
        if !unsaved.is_empty() {
            self.screen.show(&format!(
                "{unsaved} not saved on the server yet, and safe on this device: the next start sends what is left."
            ));
        }
        let answers = self.client.messages().pending_answers().len();
        if answers > 0 {
            let text = words::counted(answers, "answer");
            self.screen.show(&format!(
                "{text} still waited for: the next start fetches what has come."
            ));
        }
        let kept = self.client.messages().later_messages().await.len();
        if kept > 0 {
            let text = words::counted(kept, "message");
            self.screen.show(&format!(
                "{text} not said yet, and safe on this device: the next start says what is left."
            ));
        }
        for waiting in std::mem::take(&mut self.ahead) {
            if let Waiting::Line(Line::Text(line)) = waiting
                && self.screen.is_interactive()
            {
                let line = line.trim();
                self.screen
                    .show(&format!("This was not done any more: {line}"));
            }
        }
        if !tray.is_empty() {
            self.screen
                .show(&format!("{tray} in the tray: /tray in a chat shows why."));
        }
    }

    /// What is not saved, and what failed.
    async fn counts(&self) -> Counts {
        // Closed: then nothing is left to be told.
        let items = self.client.persistence().items().await.unwrap_or_default();
        Counts::of(&items)
    }
}

/// Milliseconds since 1970, for how long something still takes.
#[expect(
    clippy::disallowed_methods,
    reason = "what a person is told is by this machine's clock"
)]
pub(super) fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|elapsed| u64::try_from(elapsed.as_millis()).ok())
        .unwrap_or(0)
}
