//! `manent serve`.

use std::io::IsTerminal;
use std::time::Duration;

use manent_config::{Config, DatabaseUrl, Loaded, LogConfig, LogFormat, load};
use manent_server::{Server, telemetry};

use crate::arguments::SettingsOptions;
use crate::exit::Failure;
use crate::signals::Signals;
use crate::{configuration, console, sources};

/// How long closing may take after open requests have had their time.
const CLOSING: Duration = Duration::from_secs(20);

/// Serves until a signal comes.
pub(crate) fn run(options: &SettingsOptions) -> Result<(), Failure> {
    let loaded = load(&sources::collect(options)?);
    configuration::refuse_mistakes(&loaded)?;
    let warnings: Vec<String> = loaded.warnings().map(ToString::to_string).collect();
    let findings = configuration::librechat_summary(&loaded);
    let config = into_config(loaded)?;
    start_logging(&config.log)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    for finding in findings {
        tracing::info!("{finding}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(format!("the runtime cannot be started: {error}")))?;
    let outcome = runtime.block_on(serve(&config));
    // What still runs was given its time.
    runtime.shutdown_background();
    outcome
}

fn into_config(loaded: Loaded) -> Result<Config, Failure> {
    loaded
        .into_config()
        .map_err(|invalid| Failure::Configuration(invalid.to_string()))
}

fn start_logging(log: &LogConfig) -> Result<(), Failure> {
    let format = match log.format {
        LogFormat::Text => telemetry::LogFormat::Text,
        LogFormat::Auto if std::io::stderr().is_terminal() => telemetry::LogFormat::Text,
        LogFormat::Auto | LogFormat::Json => telemetry::LogFormat::Json,
    };
    telemetry::init_logging(&log.filter, format)
        .map_err(|error| Failure::Configuration(error.to_string()))
}

async fn serve(config: &Config) -> Result<(), Failure> {
    let mut signals = Signals::install()
        .map_err(|error| Failure::Other(format!("signals cannot be received: {error}")))?;
    let server = tokio::select! {
        server = Server::start(config) => server?,
        signal = signals.next() => return Err(Failure::Interrupted { signal }),
    };
    console::print(&greeting(config, &server.address().to_string()));
    signals.next().await;
    tracing::info!("stopping; a second signal ends at once");
    let limit = config.http.shutdown_grace + config.runs.store_wait + CLOSING;
    tokio::select! {
        stopped = tokio::time::timeout(limit, server.stop()) => stopped.map_err(|_| {
            Failure::Other("some work did not end in time and was cut; everything that was answered as stored is stored".to_owned())
        }),
        signal = signals.next() => Err(Failure::Interrupted { signal }),
    }
}

/// The first line is for programs too and never changes.
fn greeting(config: &Config, address: &str) -> String {
    let providers = if config.providers.is_empty() {
        let who = if config.is_demo() {
            "none: a built-in demonstration answers"
        } else {
            "none: nobody answers"
        };
        format!("{who}. Set ANTHROPIC_API_KEY or OPENAI_API_KEY, or see `manent config sample`.")
    } else {
        let described: Vec<String> = config
            .providers
            .iter()
            .map(|provider| match provider.models.first() {
                Some(model) => format!("{} ({})", provider.id, model.model),
                None => provider.id.clone(),
            })
            .collect();
        described.join(", ")
    };
    let store = match config.database.url {
        DatabaseUrl::Sqlite(None) => String::new(),
        DatabaseUrl::Sqlite(Some(ref directory)) => {
            format!("  store      SQLite in {}\n", directory.display())
        }
        DatabaseUrl::Postgres(_) => "  store      Postgres\n".to_owned(),
    };
    format!(
        "Manent is ready at http://{address}\n  data       {}\n{store}  providers  {providers}\n  stop       Ctrl-C\n",
        config.data_dir.display()
    )
}
