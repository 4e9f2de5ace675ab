//! `manent chat`.

mod commands;
mod counts;
mod credential;
mod follow;
mod input;
mod meanwhile;
mod news;
mod orders;
mod patience;
mod rows;
mod say;
mod screen;
mod talk;
mod words;

use manent_client::{Client, ConversationId, ModelSettings, OpenError};

use crate::arguments::ChatOptions;
use crate::exit::Failure;
use crate::signals::Signals;
use input::{Lines, TerminalGuard};
use screen::Screen;
use talk::Talk;

/// Talks until the person leaves, or the lines end.
pub(crate) fn run(options: ChatOptions) -> Result<(), Failure> {
    let conversation = match &options.conversation {
        Some(text) => Some(text.parse::<ConversationId>().map_err(|_| {
            Failure::Configuration(format!(
                "{text:?} is no id of a conversation; `/list` in a chat shows them"
            ))
        })?),
        None => None,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(format!("the runtime cannot be started: {error}")))?;
    let guard = TerminalGuard::new();
    let outcome = runtime.block_on(talk(options, conversation, &guard));
    drop(guard);
    // The thread that reads lines may wait for one for ever.
    runtime.shutdown_background();
    outcome
}

async fn talk(
    options: ChatOptions,
    conversation: Option<ConversationId>,
    guard: &TerminalGuard,
) -> Result<(), Failure> {
    let signals = Signals::install()
        .map_err(|error| Failure::Other(format!("signals cannot be received: {error}")))?;
    let mut builder = Client::builder(&options.url).settings(ModelSettings {
        provider: options.provider,
        model: options.model,
        system: options.system,
        ..ModelSettings::default()
    });
    if let Some(directory) = options.data_dir {
        builder = builder.data_directory(directory);
    }
    if let Some(profile) = options.profile {
        builder = builder.profile(profile);
    }
    if let Some(key) = credential::read(options.key, options.key_file.as_deref())? {
        builder = builder.api_key(key);
    }
    let client = builder.open().await.map_err(|error| failure(&error))?;
    let (lines, terminal) = Lines::start(guard).map_err(Failure::Other)?;
    let mut talk = Talk::new(&client, lines, Screen::new(terminal), signals, options.wait);
    let outcome = talk.run(conversation, options.new).await;
    drop(talk);
    client.close().await;
    outcome
}

fn failure(error: &OpenError) -> Failure {
    let text = error.to_string();
    match error {
        OpenError::InvalidUrl { .. } | OpenError::InvalidProfile(_) => Failure::Configuration(text),
        OpenError::NoDataDirectory
        | OpenError::Directory { .. }
        | OpenError::InUse { .. }
        | OpenError::Storage { .. } => Failure::Store(text),
        OpenError::Http(_) => Failure::Other(text),
    }
}
