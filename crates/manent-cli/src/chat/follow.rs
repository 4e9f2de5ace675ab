//! Answers: shown as they come, or when they come later.

use std::time::Duration;

use manent_client::{AnswerHandle, AnswerStage, AnswerWait, ItemState, MessageId, MessageStatus};

use super::commands::{self, Order};
use super::input::Line;
use super::meanwhile::{Meanwhile, Waiting};
use super::talk::{Followed, Talk, now};
use super::words;

/// How long to wait after an answer for the news that its question is saved.
const MOMENT: Duration = Duration::from_millis(300);

impl Talk<'_> {
    /// Shows an answer as it comes. One that does not begin because the server is away comes later.
    pub(super) async fn follow(
        &mut self,
        mut answer: AnswerHandle,
        question: Option<MessageId>,
    ) -> Followed {
        let mut held_back = Vec::new();
        let mut is_stopping = false;
        let mut restarts = answer.progress().restarts;
        let mut told_wait = None;
        self.patience.begin(std::slice::from_ref(&answer));
        let followed = loop {
            let progress = answer.progress();
            if std::mem::replace(&mut restarts, progress.restarts) != progress.restarts {
                self.screen.note("(the answer begins again)");
            }
            if let Some(text) = answer.new_text() {
                self.announcer.heard(now());
                self.screen.answer(&text);
            }
            match progress.stage {
                AnswerStage::Ended => break Followed::Ended,
                AnswerStage::Waiting(wait) if is_held_up(wait) => {
                    if !progress.content.has_begun() && self.screen.is_interactive() {
                        break Followed::Later;
                    }
                    if progress.content.has_begun() && told_wait != Some(wait.code()) {
                        told_wait = Some(wait.code());
                        let why = words::of_answer(progress.stage, now());
                        self.screen.note(&format!("(cut off: {why})"));
                    }
                }
                _ => {}
            }
            let is_piped = !self.screen.is_interactive();
            let is_leaving = self.is_to_leave();
            let answers = std::slice::from_ref(&answer);
            let next_look = self.patience.next_look(answers, is_leaving);
            if is_piped && next_look.is_none() {
                break if is_leaving {
                    Followed::Leave
                } else {
                    Followed::Later
                };
            }
            tokio::select! {
                _ = answer.changed() => {}
                news = self.newsroom.news.recv() => held_back.extend(news),
                line = self.lines.next(), if !is_piped || self.ahead.is_empty() => {
                    if is_piped {
                        self.ahead.push_back(Waiting::Line(line));
                        continue;
                    }
                    match self.take_meanwhile(line, &answer).await {
                        Meanwhile::GoOn => {}
                        Meanwhile::Stop if is_stopping => break Followed::Leave,
                        Meanwhile::Stop => {
                            is_stopping = true;
                            self.stop(&answer).await;
                        }
                        Meanwhile::StepAside => break Followed::Aside,
                        Meanwhile::Leave => break Followed::Leave,
                    }
                }
                () = tokio::time::sleep(next_look.unwrap_or_default()), if is_piped => {}
                _ = self.signals.next() => {
                    if std::mem::replace(&mut is_stopping, true) {
                        break Followed::Leave;
                    }
                    self.stop(&answer).await;
                }
            }
        };
        self.screen.end_line();
        match followed {
            Followed::Ended => {
                self.say_how_it_ended(&answer);
                self.say_where_it_stands(question).await;
            }
            Followed::Later => {
                let progress = answer.progress();
                let why = words::of_answer(progress.stage, now());
                self.screen.note(&if progress.content.has_begun() {
                    format!("· the rest of the answer comes later: {why}")
                } else {
                    format!(
                        "· queued on this device; the answer comes later, one to all that is said until then: {why}"
                    )
                });
                self.await_later(answer);
            }
            Followed::Aside => self.await_later(answer),
            Followed::Leave => {}
        }
        for news in held_back {
            self.tell(news).await;
        }
        followed
    }

    /// Whether the next line says so.
    fn is_to_leave(&self) -> bool {
        matches!(
            self.ahead.front(),
            Some(Waiting::Line(Line::Text(text))) if commands::read(text) == Order::Quit
        )
    }

    pub(super) fn await_later(&mut self, answer: AnswerHandle) {
        self.newsroom.await_answer(answer.clone());
        self.awaited.push(answer);
    }

    fn say_how_it_ended(&mut self, answer: &AnswerHandle) {
        let content = answer.progress().content;
        let text = match (content.status, &content.problem) {
            (Some(MessageStatus::Failed), Some((code, detail))) => {
                self.has_failures = true;
                format!("The answer failed: {detail} ({code}). /again asks once more.")
            }
            (Some(MessageStatus::Interrupted), _) => {
                self.has_failures = true;
                "The server was interrupted; this is what came. /again asks once more.".to_owned()
            }
            (Some(MessageStatus::Stopped), _) => {
                self.has_failures = true;
                "Stopped.".to_owned()
            }
            (Some(_), Some((_, detail))) => detail.clone(),
            (None, _) => "The answer is no longer waited for.".to_owned(),
            (Some(_), None) => return,
        };
        self.screen.note(&text);
    }

    /// The mark below an answer: whether what was said is saved.
    async fn say_where_it_stands(&mut self, question: Option<MessageId>) {
        let Some(id) = question.filter(|_| self.screen.is_interactive()) else {
            return;
        };
        let mut status = self.client.persistence().watch_status();
        // Late, or closed: it is said as it is.
        let _ = tokio::time::timeout(MOMENT, status.wait_for(|status| status.unsaved() == 0)).await;
        match self.client.persistence().status(id).await {
            Ok(None | Some(ItemState::Saved { .. })) => self.screen.note("· saved"),
            Ok(Some(state)) => {
                let text = words::of_item(&state, now());
                self.screen.note(&format!("· {text}"));
            }
            Err(_) => {}
        }
    }

    /// An answer that was waited for has come.
    pub(super) fn show_late(&mut self, mut answer: AnswerHandle) {
        self.awaited.retain(|other| other.run_id != answer.run_id);
        let content = answer.progress().content;
        if content.status.is_none() {
            // It gave way to another one.
            return;
        }
        if Some(answer.conversation_id) != self.conversation {
            let id = answer.conversation_id;
            self.screen.note(&format!(
                "An answer has come in another conversation: /open {id}"
            ));
            return;
        }
        if self.screen.is_interactive() {
            self.screen.note("The answer that was waited for:");
            self.screen.show(&content.text);
        } else {
            // What was shown before it was cut off is not shown again.
            if let Some(rest) = answer.new_text() {
                self.screen.answer(&rest);
            }
            self.screen.end_line();
        }
        self.say_how_it_ended(&answer);
    }

    /// Whether there was one that had not begun.
    pub(super) fn give_up_answers(&mut self) -> bool {
        let given_up: Vec<AnswerHandle> = self.awaited.drain(..).collect();
        for answer in &given_up {
            let (messages, answer) = (self.client.messages().clone(), answer.clone());
            tokio::spawn(async move { messages.stop(&answer).await.ok() });
        }
        if given_up.is_empty() {
            return false;
        }
        self.screen.note("The answer is no longer waited for.");
        true
    }
}

/// Whether waiting for an answer means waiting for somebody else than the server's turn.
fn is_held_up(wait: AnswerWait) -> bool {
    !matches!(wait, AnswerWait::BehindAnother { .. })
}
