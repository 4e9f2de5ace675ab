//! `manent scripted`.

use std::sync::Arc;

use manent_scripted::{Rules, ServeArgs, WireFormat};
use secrecy::SecretString;

use crate::arguments::{Format, ScriptedOptions};
use crate::exit::Failure;
use crate::signals::Signals;
use crate::{configuration, console};

/// Serves until a signal comes.
pub(crate) fn run(options: &ScriptedOptions) -> Result<(), Failure> {
    let rules = rules(options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(format!("the runtime cannot be started: {error}")))?;
    let outcome = runtime.block_on(serve(options, rules));
    runtime.shutdown_background();
    outcome
}

fn rules(options: &ScriptedOptions) -> Result<Rules, Failure> {
    let rules = match &options.rules {
        Some(path) => configuration::read_rules(path).map_err(|error| {
            Failure::Configuration(format!(
                "the rules file {} cannot be read: {error}",
                path.display()
            ))
        })?,
        None => Rules::demo(),
    };
    rules.map_err(|error| Failure::Configuration(error.to_string()))
}

async fn serve(options: &ScriptedOptions, rules: Rules) -> Result<(), Failure> {
    let mut signals = Signals::install()
        .map_err(|error| Failure::Other(format!("signals cannot be received: {error}")))?;
    let formats = match options.format {
        Format::Anthropic => vec![WireFormat::Anthropic],
        Format::Openai => vec![WireFormat::OpenAi],
        Format::Both => vec![WireFormat::Anthropic, WireFormat::OpenAi],
    };
    let arguments = ServeArgs {
        formats,
        listen: options.listen,
        required_key: options.require_key.clone().map(SecretString::from),
        ..ServeArgs::new(Arc::new(rules))
    };
    let server = manent_scripted::serve(arguments, async move {
        signals.next().await;
    })
    .await?;
    let address = server.address();
    let anthropic =
        format!("  ANTHROPIC_BASE_URL=http://{address} ANTHROPIC_API_KEY=any manent serve\n");
    let openai = format!("  OPENAI_BASE_URL=http://{address}/v1 manent serve\n");
    let hints = match options.format {
        Format::Anthropic => anthropic,
        Format::Openai => openai,
        Format::Both => anthropic + &openai,
    };
    let text = format!("Scripted answers are ready at http://{address}\n{hints}");
    console::print(&text);
    server.finished().await;
    Ok(())
}
