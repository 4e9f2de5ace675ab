//! Saying something, and what that means for the answers before it.

use manent_client::{AnswerHandle, ConversationId, LaterMessage, RunId, SendError, SentMessage};

use super::commands::{self, Order};
use super::input::Line;
use super::meanwhile::Waiting;
use super::talk::{Followed, Talk};
use super::words;

/// What came of the try to say something.
enum Said {
    Sent(SentMessage),
    /// It was said already, before a crash.
    Already,
    /// The person left meanwhile.
    Left,
}

impl Talk<'_> {
    /// Says something and shows its answer.
    pub(super) async fn say(&mut self, text: &str) -> Followed {
        let messages = self.client.messages().clone();
        let conversation = self.conversation;
        let earlier = self.unfinished(conversation);
        let sending = async { messages.send_message(text, conversation).await.map(Some) };
        match self.send(sending).await {
            Ok(Said::Sent(sent)) => self.hear_answer(sent, &earlier).await,
            Ok(Said::Already) => Followed::Ended,
            Ok(Said::Left) => {
                let line = words::cut(text);
                self.screen
                    .show(&format!("Nobody knows whether this was taken: {line}"));
                Followed::Leave
            }
            Err(SendError::AnswerIsComing { run_id }) => {
                let line = Line::Text(commands::as_words(text));
                self.wait_first(run_id, Waiting::Line(line)).await
            }
            Err(error) => {
                self.has_failures = true;
                self.screen.show(&format!("This was not taken: {error}"));
                Followed::Ended
            }
        }
    }

    /// Says what was kept until its turn.
    pub(super) async fn say_kept(&mut self, message: LaterMessage) -> Followed {
        let before = self.conversation;
        if self.screen.is_interactive() {
            self.screen.note(&format!("> {}", message.text));
        }
        let messages = self.client.messages().clone();
        let earlier = self.unfinished(Some(message.conversation_id));
        let followed = match self.send(messages.send_later(&message)).await {
            Ok(Said::Sent(sent)) => self.hear_answer(sent, &earlier).await,
            Ok(Said::Already) => Followed::Ended,
            Ok(Said::Left) => Followed::Leave,
            Err(SendError::AnswerIsComing { run_id }) => {
                self.wait_first(run_id, Waiting::Kept(message)).await
            }
            Err(error) => {
                self.has_failures = true;
                self.screen.show(&format!(
                    "This could not be said, and is kept until the next start: {error}"
                ));
                Followed::Ended
            }
        };
        self.conversation = before.or(self.conversation);
        followed
    }

    async fn send(
        &mut self,
        sending: impl Future<Output = Result<Option<SentMessage>, SendError>>,
    ) -> Result<Said, SendError> {
        let mut sending = std::pin::pin!(sending);
        loop {
            tokio::select! {
                sent = &mut sending => return sent.map(|sent| sent.map_or(Said::Already, Said::Sent)),
                // A disk that takes no writes keeps it waiting, and says so here.
                news = self.newsroom.news.recv() => if let Some(news) = news {
                    self.tell(news).await;
                },
                line = self.lines.next(), if self.screen.is_interactive() => match line {
                    Line::Text(text) if commands::read(&text) != Order::Quit => {
                        self.ahead.push_back(Waiting::Line(Line::Text(text)));
                    }
                    Line::Text(_) | Line::Interrupted | Line::End => return Ok(Said::Left),
                },
                _ = self.signals.next() => return Ok(Said::Left),
            }
        }
    }

    async fn hear_answer(&mut self, sent: SentMessage, earlier: &[AnswerHandle]) -> Followed {
        self.conversation = Some(sent.conversation_id);
        self.tell_what_gave_way(earlier);
        self.follow(sent.answer, Some(sent.message_id)).await
    }

    /// The answers of a conversation that come later.
    fn unfinished(&self, conversation: Option<ConversationId>) -> Vec<AnswerHandle> {
        let is_unfinished = |answer: &&AnswerHandle| {
            Some(answer.conversation_id) == conversation && !answer.progress().has_ended()
        };
        self.awaited.iter().filter(is_unfinished).cloned().collect()
    }

    /// What was not answered to its end before something else was said is not asked for any more.
    fn tell_what_gave_way(&mut self, earlier: &[AnswerHandle]) {
        let is_given_up = |answer: &&AnswerHandle| answer.progress().content.status.is_none();
        let given_up: Vec<&AnswerHandle> = earlier.iter().filter(is_given_up).collect();
        let Some(last) = given_up.last() else {
            return;
        };
        let has_begun = last.progress().content.has_begun();
        self.awaited
            .retain(|answer| given_up.iter().all(|other| other.run_id != answer.run_id));
        self.screen.note(if has_begun {
            "· the rest of the answer before it is no longer waited for"
        } else {
            "· one answer comes to this and to what was said before it"
        });
    }

    /// An answer has begun meanwhile: this waits for its end.
    async fn wait_first(&mut self, run_id: RunId, waiting: Waiting) -> Followed {
        self.ahead.push_front(waiting);
        self.awaited.retain(|answer| answer.run_id != run_id);
        let pending = self.client.messages().pending_answers();
        let coming = pending.into_iter().find(|answer| answer.run_id == run_id);
        match coming {
            Some(answer) => self.follow(answer, None).await,
            None => Followed::Ended,
        }
    }
}
