//! Lines that are entered while an answer comes: words wait for its end, safe on this device; commands are done at once where they can be.

use std::collections::VecDeque;

use manent_client::{AnswerHandle, AnswerStage, LaterMessage, QueueError};

use super::commands::{self, Order};
use super::input::Line;
use super::talk::Talk;

/// What waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Waiting {
    /// A line as it came.
    Line(Line),
    /// Words that this device keeps until they are said.
    Kept(LaterMessage),
}

/// What becomes of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meanwhile {
    /// It goes on.
    GoOn,
    /// The person wants no more of it.
    Stop,
    /// The line is to be followed first: the answer comes in the background, or gives way.
    StepAside,
    /// The person leaves.
    Leave,
}

impl Talk<'_> {
    /// Takes a line that was entered while this answer is waited for.
    pub(super) async fn take_meanwhile(&mut self, line: Line, answer: &AnswerHandle) -> Meanwhile {
        let text = match line {
            Line::Text(text) => text,
            Line::Interrupted => return Meanwhile::Stop,
            Line::End => return Meanwhile::Leave,
        };
        match commands::read(&text) {
            Order::Quit => Meanwhile::Leave,
            Order::Stop => {
                self.stop(answer).await;
                Meanwhile::GoOn
            }
            Order::Say(_) if self.ahead.is_empty() && !is_coming(answer) => self.step_aside(text),
            Order::New | Order::Open(_) if self.ahead.is_empty() => self.step_aside(text),
            Order::Say(words) if !goes_elsewhere(&self.ahead) => {
                self.keep(&words, text, answer).await;
                Meanwhile::GoOn
            }
            Order::Say(_) | Order::Again | Order::New | Order::Open(_) => {
                self.ahead.push_back(Waiting::Line(Line::Text(text)));
                self.screen
                    .note("· done after this answer; /stop ends it now");
                Meanwhile::GoOn
            }
            order => {
                self.do_at_once(order).await;
                Meanwhile::GoOn
            }
        }
    }

    fn step_aside(&mut self, text: String) -> Meanwhile {
        self.ahead.push_back(Waiting::Line(Line::Text(text)));
        Meanwhile::StepAside
    }

    async fn keep(&mut self, words: &str, line: String, answer: &AnswerHandle) {
        let messages = self.client.messages();
        match messages.keep_for_later(words, answer.conversation_id).await {
            Ok(message) => {
                self.ahead.push_back(Waiting::Kept(message));
                self.screen
                    .note("· kept on this device, and said after this answer; /stop ends it now");
            }
            Err(error @ (QueueError::DeviceRefused { .. } | QueueError::Closed)) => {
                self.ahead.push_back(Waiting::Line(Line::Text(line)));
                self.screen.note(&format!(
                    "· said after this answer; not safe on this device until then: {error}"
                ));
            }
            Err(error) => {
                self.has_failures = true;
                self.screen.show(&format!("This was not taken: {error}"));
            }
        }
    }

    /// Ends an answer that is waited for.
    pub(super) async fn stop(&mut self, answer: &AnswerHandle) {
        if let Err(error) = self.client.messages().stop(answer).await {
            self.screen
                .note(&format!("It could not be stopped: {error}"));
        }
    }
}

/// Whether something of it is there: then the next message has to wait for its end.
fn is_coming(answer: &AnswerHandle) -> bool {
    let progress = answer.progress();
    progress.content.has_begun() || progress.stage == AnswerStage::Running
}

/// Whether what comes after these is said in another conversation.
fn goes_elsewhere(waiting: &VecDeque<Waiting>) -> bool {
    waiting.iter().any(|waiting| match waiting {
        Waiting::Line(Line::Text(text)) => {
            matches!(commands::read(text), Order::New | Order::Open(_))
        }
        Waiting::Line(_) | Waiting::Kept(_) => false,
    })
}
