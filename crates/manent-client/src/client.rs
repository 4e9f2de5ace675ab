//! Putting everything together.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use manent_engine::answers::{Answers, AnswersConfig};
use manent_engine::{Engine, EngineConfig, Metrics};
use manent_types::{DeviceId, ModelSettings};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{mpsc, watch};
use url::Url;

use crate::address;
use crate::answers::Board;
use crate::conversations::ConversationService;
use crate::environment;
use crate::error::{OpenError, QueueError};
use crate::http::{Api, HeaderSource, Patience};
use crate::limits::{DEFAULT_TEXT_BYTES, Limits};
use crate::messages::MessageService;
use crate::outbox::{Driver, Parts, QueueStatus, Shared};
use crate::persistence::PersistenceService;
use crate::sessions::Sessions;
use crate::store::{Change, Key, SharedStore, StorageWarning, Store};

type MetricsListener = Arc<dyn Fn(&Metrics) + Send + Sync>;

/// How a client is to be. Everything but the server's address has a default.
#[derive(Clone)]
pub struct ClientBuilder {
    url: String,
    directory: Option<PathBuf>,
    profile: Option<String>,
    headers: Option<HeaderSource>,
    settings: ModelSettings,
    on_metrics: Option<MetricsListener>,
    patience: Patience,
    engine: EngineConfig,
    text_bytes: u64,
}

impl ClientBuilder {
    fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            directory: None,
            profile: None,
            headers: None,
            settings: ModelSettings::default(),
            on_metrics: None,
            patience: Patience {
                connect: Duration::from_secs(10),
                request: Duration::from_secs(30),
                stream_start: Duration::from_mins(2),
                stream_silence: Duration::from_secs(30),
            },
            engine: EngineConfig::default(),
            text_bytes: DEFAULT_TEXT_BYTES,
        }
    }

    /// Keep the outbox in this directory. Default: `client` in the platform's place for the data of `manent`.
    #[must_use]
    pub fn data_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The outbox's name in that directory: one for each account on each server. Default: after the server's host and port.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Asked for headers whenever a request is sent, such as `authorization`; they are never stored.
    #[must_use]
    pub fn headers<F, H>(mut self, headers: F) -> Self
    where
        F: Fn() -> H + Send + Sync + 'static,
        H: Future<Output = HeaderMap> + Send + 'static,
    {
        self.headers = Some(Arc::new(move || Box::pin(headers())));
        self
    }

    /// Sends this API key (`mnt_…`) with every request. It is never stored. While the server refuses it everything waits, and nothing is lost.
    #[must_use]
    pub fn api_key(self, key: SecretString) -> Self {
        self.bearer(move || std::future::ready(Some(key.clone())))
    }

    /// Asked for a token whenever a request is sent, to be sent as `Authorization: Bearer …`; absent: without one. It is never stored. Takes the
    /// place of [`Self::headers`].
    #[must_use]
    pub fn bearer<F, T>(self, token: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Option<SecretString>> + Send + 'static,
    {
        self.headers(move || {
            let token = token();
            async move { bearer_header(token.await) }
        })
    }

    /// How answers are to be made. Default: as the server has it.
    #[must_use]
    pub fn settings(mut self, settings: ModelSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Called with the outbox's counts after each request.
    #[must_use]
    pub fn on_metrics(mut self, listener: impl Fn(&Metrics) + Send + Sync + 'static) -> Self {
        self.on_metrics = Some(Arc::new(listener));
        self
    }

    /// How long to wait for a whole answer to a request. Default 30 s.
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.patience.request = timeout;
        self.engine.request_timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// How long a stream may say nothing before it is opened again. Default 30 s; the server says something every 10 s.
    #[must_use]
    pub fn stream_silence(mut self, timeout: Duration) -> Self {
        self.patience.stream_silence = timeout;
        self
    }

    /// How long to wait for the model's first word before asking again. Default 2 min.
    #[must_use]
    pub fn stream_start_timeout(mut self, timeout: Duration) -> Self {
        self.patience.stream_start = timeout;
        self
    }

    /// How patient, how bold and how large the outbox is. Its time-out is that of all requests.
    #[must_use]
    pub fn outbox(mut self, config: EngineConfig) -> Self {
        self.patience.request = Duration::from_millis(config.request_timeout_ms);
        self.engine = config;
        self
    }

    /// The most text of one message, in bytes: as the server has it (`limits.message_text_bytes`). More is refused before it is queued.
    /// Default 256 KB.
    #[must_use]
    pub fn message_text_limit(mut self, bytes: u64) -> Self {
        self.text_bytes = bytes;
        self
    }

    /// Opens the outbox and goes on where the last client of this profile ended. It does not ask the server for anything that was not asked
    /// for before, and works without it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(self) -> Result<Client, OpenError> {
        let base = address::parse(&self.url)?;
        let profile = match self.profile {
            Some(profile) => address::checked(profile)?,
            None => address::profile_of(&base),
        };
        let directory = match self.directory {
            Some(directory) => directory,
            None => directories::ProjectDirs::from("", "", "manent")
                .ok_or(OpenError::NoDataDirectory)?
                .data_dir()
                .join("client"),
        };
        let api = Api::new(base, self.headers, self.patience)?;
        let place = directory.clone();
        let opened = tokio::task::spawn_blocking(move || Store::open(&directory, &profile))
            .await
            .map_err(|error| OpenError::Storage {
                path: place,
                reason: error.to_string(),
            })??;
        let outbox_path = opened.store.path().to_owned();
        let store = SharedStore::new(opened.store);
        let installation = match opened.loaded.installation {
            Some(name) => name,
            None => name_installation(&store, &outbox_path).await?,
        };
        let device: DeviceId =
            format!("{installation}-0")
                .parse()
                .map_err(|error| OpenError::Storage {
                    path: outbox_path.clone(),
                    reason: format!("the name of this installation is unusable: {error}"),
                })?;
        let seed = environment::seed();
        let limits = Limits {
            text_bytes: self.text_bytes,
            item_bytes: self.engine.max_item_bytes,
        };
        let engine = Engine::new(self.engine.clone(), opened.loaded.snapshot, seed);
        let answers = Answers::new(
            AnswersConfig {
                backoff_ms: self.engine.backoff_ms,
                backoff_cap_ms: self.engine.backoff_cap_ms,
                max_retries: self.engine.max_retries,
                open_ms: self.engine.open_ms,
                open_cap_ms: self.engine.open_cap_ms,
                ..AnswersConfig::new(device.clone())
            },
            opened.loaded.answers,
            seed.wrapping_add(1),
        );
        let status = QueueStatus::new(&engine.metrics(), None);
        let shared = Arc::new(Shared::new(status, self.on_metrics));
        let board = Board::default();
        let (commands, received) = mpsc::channel(64);
        let driver = Driver::new(Parts {
            engine,
            answers,
            store: store.clone(),
            api: api.clone(),
            shared: Arc::clone(&shared),
            board: board.clone(),
            device: device.clone(),
            installation,
        });
        let alive = watch::Sender::new(());
        tokio::spawn(driver.run(received, alive.subscribe()));
        let persistence = PersistenceService::new(commands, shared, device, limits);
        let sessions = Sessions::new(api.clone(), persistence.clone(), board.clone(), store);
        Ok(Client {
            conversations: ConversationService::new(
                api.clone(),
                persistence.clone(),
                sessions.clone(),
            ),
            messages: MessageService::new(
                api.clone(),
                persistence.clone(),
                sessions,
                board,
                self.settings,
            ),
            persistence,
            url: api.base().clone(),
            outbox_path,
            warnings: opened.warnings,
            _alive: alive,
        })
    }
}

/// A client of one server with one outbox.
///
/// Its services work as long as it is there. [`Client::close`] ends it and lets go of the outbox before it returns; dropping it does the same
/// beside what follows. Neither loses anything.
pub struct Client {
    conversations: ConversationService,
    messages: MessageService,
    persistence: PersistenceService,
    url: Url,
    outbox_path: PathBuf,
    warnings: Vec<StorageWarning>,
    /// Its end tells the driver that the client is gone.
    _alive: watch::Sender<()>,
}

impl Client {
    /// A client of the server at this address, such as `http://127.0.0.1:3080`.
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(url)
    }

    /// Conversations.
    pub const fn conversations(&self) -> &ConversationService {
        &self.conversations
    }

    /// Messages and answers.
    pub const fn messages(&self) -> &MessageService {
        &self.messages
    }

    /// The outbox.
    pub const fn persistence(&self) -> &PersistenceService {
        &self.persistence
    }

    /// The server's address.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Where the outbox lies.
    pub fn outbox_path(&self) -> &Path {
        &self.outbox_path
    }

    /// What was wrong with the outbox when it was opened.
    pub fn opening_warnings(&self) -> &[StorageWarning] {
        &self.warnings
    }

    /// Someone signed in: what was paused goes on, messages and answers.
    pub fn signed_in(&self) {
        self.persistence.signed_in();
    }

    /// Empties the outbox and forgets the answers that are waited for.
    ///
    /// # Errors
    /// [`QueueError::WouldLose`] while something is not saved, unless it is confirmed.
    pub async fn sign_out(&self, is_confirmed: bool) -> Result<(), QueueError> {
        let pending = self.messages.pending_answers();
        self.persistence.sign_out(is_confirmed).await?;
        for answer in pending {
            self.persistence.give_up(answer.run_id);
        }
        Ok(())
    }

    /// Finishes what is being written, ends, and lets go of the outbox. What is not sent stays in it.
    pub async fn close(self) {
        self.persistence.close().await;
    }
}

async fn name_installation(store: &SharedStore, path: &Path) -> Result<String, OpenError> {
    let name = environment::new_id().to_string();
    let put = Change::Put(Key::installation(), name.clone());
    match store.write(vec![put]).await {
        Ok(()) => Ok(name),
        Err(error) => Err(OpenError::Storage {
            path: path.to_owned(),
            reason: format!("{error:?}"),
        }),
    }
}

/// A token that cannot stand in a header is none.
fn bearer_header(token: Option<SecretString>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let value = token
        .and_then(|token| HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).ok());
    if let Some(mut value) = value {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_and_never_shown() {
        let headers = bearer_header(Some(SecretString::from("mnt_1_2")));
        let value = headers.get(AUTHORIZATION).unwrap();
        assert_eq!(value, "Bearer mnt_1_2");
        assert_eq!(format!("{value:?}"), "Sensitive");
        for none in [None, Some(SecretString::from("a\nb"))] {
            assert!(bearer_header(none).is_empty());
        }
    }
}
