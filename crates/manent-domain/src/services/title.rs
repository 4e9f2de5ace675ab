//! Titles made by a model, in the background.

use std::sync::Arc;

use futures_util::StreamExt;
use manent_types::{ModelSettings, Part, Role};

use super::completion::CompletionService;
use crate::completion::{CompletionEvent, CompletionRequest, PromptMessage};
use crate::error::DomainError;
use crate::ports::{Clock, ConversationRepository, TitleWanted};
use crate::title;

/// Enough for a model that thinks before it writes six words.
const MAX_ANSWER_TOKENS: u32 = 1024;

/// The most bytes of an answer that are read for a title.
const MAX_ANSWER_BYTES: usize = 2_000;

/// Asks a model for a title and sets it where the person has not set one.
#[derive(Clone)]
pub struct TitleService {
    completions: CompletionService,
    repository: Arc<dyn ConversationRepository>,
    clock: Arc<dyn Clock>,
}

impl TitleService {
    /// A service over these ports.
    pub fn new(
        completions: CompletionService,
        repository: Arc<dyn ConversationRepository>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            completions,
            repository,
            clock,
        }
    }

    /// Whether a title model is configured.
    pub fn is_configured(&self) -> bool {
        self.completions.title_model().is_some()
    }

    /// Makes and sets a title; tells whether it was set. The caller bounds the time.
    ///
    /// # Errors
    /// A failing provider or store; the title stays as it was.
    pub async fn generate(&self, wanted: TitleWanted) -> Result<bool, DomainError> {
        let Some((provider, model)) = self.completions.title_model() else {
            return Ok(false);
        };
        let prompt = format!(
            "Write a title for a conversation that begins with the message below. At most six words, in the language of the \
             message, without quotation marks. Answer with the title alone.\n\n{}",
            wanted.first_message
        );
        let request = CompletionRequest {
            messages: vec![PromptMessage {
                role: Role::User,
                content: vec![Part::Text { text: prompt }],
            }],
            settings: ModelSettings {
                provider: Some(provider),
                model: Some(model),
                max_tokens: Some(MAX_ANSWER_TOKENS),
                ..ModelSettings::default()
            },
        };
        let mut stream = self.completions.start(wanted.owner, request).await?.stream;
        let mut answer = String::new();
        while let Some(event) = stream.next().await {
            if let CompletionEvent::Text(text) = event? {
                answer.push_str(&text);
            }
            if answer.len() > MAX_ANSWER_BYTES {
                break;
            }
        }
        let Some(title) = title::tidy_generated(&answer) else {
            return Ok(false);
        };
        let now = self.clock.now();
        let set =
            self.repository
                .set_generated_title(wanted.owner, wanted.conversation, title, now);
        Ok(set.await?)
    }
}
