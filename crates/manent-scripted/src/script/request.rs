//! What rules look at.

use manent_domain::completion::ProviderRequest;
use manent_types::{Part, Role, text_of};

/// A request, reduced to what rules look at. Both players make one from what they get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptRequest {
    /// As the request names it.
    pub model: String,
    /// The system prompt.
    pub system: Option<String>,
    /// The words of the newest user message.
    pub last_user_text: String,
    /// Whose message is the newest.
    pub last_role: Role,
    /// Whether the newest user message has a picture.
    pub has_image: bool,
    /// How many user messages there are.
    pub turn: u64,
    /// Characters of all messages and the system prompt.
    pub prompt_chars: u64,
    /// The longest answer in tokens.
    pub max_tokens: Option<u64>,
}

impl ScriptRequest {
    /// The prompt's cost: a token for every four characters begun, at least one.
    pub const fn counted_tokens(&self) -> u64 {
        let count = self.prompt_chars.div_ceil(4);
        if count == 0 { 1 } else { count }
    }
}

/// Collects a request message by message.
#[derive(Debug)]
pub(crate) struct ScriptRequestBuilder {
    request: ScriptRequest,
}

impl ScriptRequestBuilder {
    pub(crate) fn new(model: &str) -> Self {
        Self {
            request: ScriptRequest {
                model: model.to_owned(),
                system: None,
                last_user_text: String::new(),
                last_role: Role::User,
                has_image: false,
                turn: 0,
                prompt_chars: 0,
                max_tokens: None,
            },
        }
    }

    pub(crate) fn system(&mut self, text: &str) {
        self.count(text);
        match &mut self.request.system {
            Some(system) => {
                system.push('\n');
                system.push_str(text);
            }
            None => self.request.system = Some(text.to_owned()),
        }
    }

    pub(crate) fn max_tokens(&mut self, tokens: Option<u64>) {
        self.request.max_tokens = tokens;
    }

    pub(crate) fn message(&mut self, role: Role, text: String, has_image: bool) {
        self.count(&text);
        match role {
            Role::System => self.system_again(&text),
            Role::User => {
                self.request.turn += 1;
                self.request.last_user_text = text;
                self.request.has_image = has_image;
                self.request.last_role = role;
            }
            Role::Assistant | Role::Tool => self.request.last_role = role,
        }
    }

    fn system_again(&mut self, text: &str) {
        let counted = self.request.prompt_chars;
        self.system(text);
        self.request.prompt_chars = counted;
    }

    fn count(&mut self, text: &str) {
        let characters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        self.request.prompt_chars = self.request.prompt_chars.saturating_add(characters);
    }

    pub(crate) fn build(self) -> ScriptRequest {
        self.request
    }
}

impl From<&ProviderRequest> for ScriptRequest {
    fn from(request: &ProviderRequest) -> Self {
        let mut builder = ScriptRequestBuilder::new(&request.model);
        if let Some(system) = &request.settings.system {
            builder.system(system);
        }
        builder.max_tokens(request.settings.max_tokens.map(u64::from));
        for message in &request.messages {
            let has_image = message
                .content
                .iter()
                .any(|part| matches!(part, Part::Image { .. }));
            builder.message(message.role, text_of(&message.content), has_image);
        }
        builder.build()
    }
}
