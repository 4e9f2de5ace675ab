//! Providers, as the configuration describes them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use manent_config::{Config, ProviderConfig, ProviderKind};
use manent_domain::ports::CompletionProvider;
use manent_providers::{
    HttpClients, HttpProvider, ModelEntry, ProviderConfigError, Retries, Timeouts, http_provider,
};
use manent_scripted::{Rules, RulesError, ScriptedProvider};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::environment;
use crate::own_keys::{OwnKeyProvider, OwnKeys};

/// Between two tries to learn an endpoint's models; doubles up to [`MAX_MODELS_RETRY`].
const MODELS_RETRY: Duration = Duration::from_secs(2);

/// The longest wait between two tries.
const MAX_MODELS_RETRY: Duration = Duration::from_mins(1);

/// A provider cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ProviderSetupError {
    /// Its address, key or headers cannot be used.
    #[error("the provider {id:?} cannot be used: {source}")]
    Config {
        /// Its id in the configuration.
        id: String,
        /// What is wrong.
        source: ProviderConfigError,
    },
    /// People are to bring their own keys, and there are no people.
    #[error(
        "the provider {id:?} wants keys of people's own, which needs a mode in which they sign in"
    )]
    NoAccounts {
        /// Its id in the configuration.
        id: String,
    },
    /// Its rules file cannot be read.
    #[error("the rules file {path} of the provider {id:?} cannot be read: {source}")]
    RulesFile {
        /// Its id in the configuration.
        id: String,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Its rules are wrong.
    #[error("the rules of the provider {id:?} cannot be used: {source}")]
    Rules {
        /// Its id in the configuration.
        id: String,
        /// Every mistake.
        source: RulesError,
    },
}

/// Sets every provider up, the default one first; the demonstration where there is none.
pub(super) fn set_up(
    config: &Config,
    tasks: &TaskTracker,
    shutdown: &CancellationToken,
    own_keys: Option<&OwnKeys>,
) -> Result<Vec<Arc<dyn CompletionProvider>>, ProviderSetupError> {
    let guard = own_keys.map(|keys| keys.guard().clone());
    let clients = Arc::new(HttpClients::with_guard(guard.unwrap_or_default()));
    let mut providers: Vec<Arc<dyn CompletionProvider>> = Vec::new();
    for provider in &config.providers {
        match provider.kind {
            _ if provider.own.key => providers.push(with_own_keys(provider, &clients, own_keys)?),
            ProviderKind::Scripted => providers.push(Arc::new(scripted(provider)?)),
            ProviderKind::Anthropic | ProviderKind::OpenAi => {
                let http = over_http(provider, &clients)?;
                if provider.fetch_models || http.needs_models() {
                    fetch_models(tasks, Arc::clone(&http), shutdown.clone());
                }
                providers.push(http);
            }
        }
    }
    if config.is_demo() {
        let id = "demo".to_owned();
        let rules = Rules::demo().map_err(|source| ProviderSetupError::Rules {
            id: id.clone(),
            source,
        })?;
        providers.push(Arc::new(ScriptedProvider::new(id, Arc::new(rules))));
    }
    Ok(providers)
}

fn scripted(config: &ProviderConfig) -> Result<ScriptedProvider, ProviderSetupError> {
    let id = config.id.clone();
    let rules = match &config.rules {
        Some(path) => read_rules(&id, path)?,
        None => Rules::demo(),
    };
    let rules = rules.map_err(|source| ProviderSetupError::Rules {
        id: id.clone(),
        source,
    })?;
    Ok(ScriptedProvider::new(id, Arc::new(rules)).with_silence_timeout(config.silence_timeout))
}

fn read_rules(id: &str, path: &Path) -> Result<Result<Rules, RulesError>, ProviderSetupError> {
    let text = std::fs::read_to_string(path).map_err(|source| ProviderSetupError::RulesFile {
        id: id.to_owned(),
        path: path.to_owned(),
        source,
    })?;
    Ok(Rules::parse(&path.display().to_string(), &text))
}

fn over_http(
    config: &ProviderConfig,
    clients: &HttpClients,
) -> Result<Arc<dyn HttpProvider>, ProviderSetupError> {
    let settings = http_settings(config);
    http_provider(&settings, clients, environment::random_source())
        .map_err(|source| invalid_settings(config, source))
}

/// A provider that asks with the keys that people gave.
fn with_own_keys(
    config: &ProviderConfig,
    clients: &Arc<HttpClients>,
    own_keys: Option<&OwnKeys>,
) -> Result<Arc<OwnKeyProvider>, ProviderSetupError> {
    let nobody = || ProviderSetupError::NoAccounts {
        id: config.id.clone(),
    };
    let keys = own_keys.ok_or_else(nobody)?.clone();
    let endpoint = keys.endpoint(&config.id).map_err(|_| nobody())?.clone();
    let mut settings = http_settings(config);
    if config.own.base_url {
        config
            .kind
            .default_base_url()
            .clone_into(&mut settings.base_url);
    }
    let clients = Arc::clone(clients);
    let random = environment::random_source();
    OwnKeyProvider::new(settings, keys, endpoint, clients, random)
        .map(Arc::new)
        .map_err(|source| invalid_settings(config, source))
}

fn invalid_settings(config: &ProviderConfig, source: ProviderConfigError) -> ProviderSetupError {
    ProviderSetupError::Config {
        id: config.id.clone(),
        source,
    }
}

fn http_settings(config: &ProviderConfig) -> manent_providers::ProviderConfig {
    manent_providers::ProviderConfig {
        id: config.id.clone(),
        kind: match config.kind {
            ProviderKind::Anthropic => manent_providers::ProviderKind::Anthropic,
            ProviderKind::OpenAi | ProviderKind::Scripted => {
                manent_providers::ProviderKind::OpenAiCompatible
            }
        },
        base_url: config.base_url.clone(),
        is_guarded: false,
        api_key: config.api_key.clone(),
        models: config
            .models
            .iter()
            .map(|model| ModelEntry {
                model: model.model.clone(),
                name: model.name.clone(),
                vision: model.vision,
                reasoning: model.reasoning,
                context_window: model.context_window,
                is_assumed: model.is_assumed,
            })
            .collect(),
        title_model: config.title_model.clone(),
        limit_to_listed: config.limit_to_listed,
        think_tags: config.think_tags,
        headers: config
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        timeouts: Timeouts {
            connect: config.connect_timeout,
            first_byte: config.first_byte_timeout,
            silence: config.silence_timeout,
        },
        retries: Retries {
            limit: config.retries,
            ..Retries::default()
        },
    }
}

/// Asks an endpoint for its models until it tells them. Nobody waits for it.
fn fetch_models(tasks: &TaskTracker, provider: Arc<dyn HttpProvider>, shutdown: CancellationToken) {
    tasks.spawn(async move {
        let mut wait = MODELS_RETRY;
        loop {
            let fetched = tokio::select! {
                () = shutdown.cancelled() => return,
                fetched = provider.fetch_models() => fetched,
            };
            match fetched {
                Ok(models) => {
                    tracing::info!(
                        provider = provider.id(),
                        models = models.len(),
                        "models listed"
                    );
                    return;
                }
                Err(error) => {
                    tracing::warn!(
                        provider = provider.id(),
                        code = error.code(),
                        "models could not be listed"
                    );
                    if !error.is_retryable() {
                        return;
                    }
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(wait) => wait = (wait * 2).min(MAX_MODELS_RETRY),
            }
        }
    });
}
