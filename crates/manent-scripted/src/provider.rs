//! Plays plans in process.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream;
use manent_domain::completion::{
    CompletionEvent, CompletionStream, ModelDescription, ProviderError, ProviderRequest,
};
use manent_domain::ports::CompletionProvider;

use crate::playback::Playback;
use crate::rules::Rules;
use crate::script::{self, Opening, ScriptRequest, Step};

/// How long a scripted silence lasts before it is reported as one.
const SILENCE_TIMEOUT: Duration = Duration::from_mins(2);

/// A provider that answers from rules, without a socket.
pub struct ScriptedProvider {
    id: String,
    rules: Arc<Rules>,
    silence_timeout: Duration,
}

impl ScriptedProvider {
    /// A provider with this id in the configuration.
    pub fn new(id: impl Into<String>, rules: Arc<Rules>) -> Self {
        Self {
            id: id.into(),
            rules,
            silence_timeout: SILENCE_TIMEOUT,
        }
    }

    /// Another time-out for scripted silence; the default is two minutes.
    #[must_use]
    pub fn with_silence_timeout(self, silence_timeout: Duration) -> Self {
        Self {
            silence_timeout,
            ..self
        }
    }
}

#[async_trait]
impl CompletionProvider for ScriptedProvider {
    fn id(&self) -> &str {
        &self.id
    }

    fn models(&self) -> Vec<ModelDescription> {
        self.rules
            .models
            .iter()
            .map(|model| ModelDescription {
                provider: self.id.clone(),
                model: model.id.clone(),
                name: model.name.clone(),
                vision: model.vision,
                reasoning: model.reasoning,
                context_window: model.context_window,
            })
            .collect()
    }

    fn title_model(&self) -> Option<String> {
        self.rules.title_model.clone()
    }

    async fn stream(&self, request: ProviderRequest) -> Result<CompletionStream, ProviderError> {
        let plan = script::plan(&self.rules, &ScriptRequest::from(&request));
        tracing::debug!(rule = plan.rule, "scripted.plan");
        if !plan.start_delay.is_zero() {
            tokio::time::sleep(plan.start_delay).await;
        }
        let steps = match plan.opening {
            Opening::Answer(steps) => steps,
            Opening::Fail(failure) => return Err(failure.to_provider_error()),
            Opening::Drop => return Err(ProviderError::Unreachable),
            Opening::Hang => {
                tokio::time::sleep(self.silence_timeout).await;
                return Err(ProviderError::Timeout {
                    stage: "first byte",
                });
            }
        };
        let events = Events {
            playback: Playback::new(steps),
            silence_timeout: self.silence_timeout,
            is_over: false,
        };
        Ok(Box::pin(stream::unfold(events, |mut events| async move {
            let event = events.next().await?;
            Some((event, events))
        })))
    }
}

struct Events {
    playback: Playback,
    silence_timeout: Duration,
    is_over: bool,
}

impl Events {
    async fn next(&mut self) -> Option<Result<CompletionEvent, ProviderError>> {
        if self.is_over {
            return None;
        }
        let event = match self.playback.next().await? {
            Step::Hang => {
                tokio::time::sleep(self.silence_timeout).await;
                Err(ProviderError::Timeout { stage: "silence" })
            }
            step => event_of(step),
        };
        self.is_over = matches!(event, Err(_) | Ok(CompletionEvent::Done(_)));
        Some(event)
    }
}

/// The event that an adapter makes of what a step looks like on the wire.
fn event_of(step: Step) -> Result<CompletionEvent, ProviderError> {
    Ok(match step {
        Step::Text(text) => CompletionEvent::Text(Cow::into_owned(text)),
        Step::Reasoning(text) => CompletionEvent::Reasoning(Cow::into_owned(text)),
        Step::Signature(signature) => CompletionEvent::ReasoningSignature(signature),
        Step::ToolCall { index, id, name } => CompletionEvent::ToolCall {
            index,
            id: Some(id),
            name: Some(name),
            arguments_delta: None,
        },
        Step::ToolArguments { index, json } => CompletionEvent::ToolCall {
            index,
            id: None,
            name: None,
            arguments_delta: Some(json),
        },
        Step::Usage(usage) => CompletionEvent::Usage(usage),
        Step::Finish(reason) => CompletionEvent::Done(reason),
        Step::Malformed(_) => {
            return Err(ProviderError::Protocol {
                detail: "malformed on purpose by the script".to_owned(),
            });
        }
        Step::Fail(failure) => return Err(failure.to_provider_error()),
        Step::Drop => return Err(ProviderError::Truncated),
        Step::Hang => return Err(ProviderError::Timeout { stage: "silence" }),
    })
}
