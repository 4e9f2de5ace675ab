//! From arguments and the process to what the configuration is made from.

use manent_config::{Environment, FlagValue, Platform, Sources};

use crate::arguments::SettingsOptions;
use crate::exit::Failure;

/// Collects the arguments, the environment and the current directory.
pub(crate) fn collect(options: &SettingsOptions) -> Result<Sources, Failure> {
    let current_directory = std::env::current_dir().map_err(|error| {
        Failure::Other(format!(
            "the current directory cannot be found: {error}. Start from a directory that exists."
        ))
    })?;
    Ok(Sources {
        config_file: options.config.clone(),
        flags: flags(options),
        environment: Environment::new(std::env::vars_os()),
        current_directory,
        platform: Platform::detect(),
    })
}

fn flags(options: &SettingsOptions) -> Vec<FlagValue> {
    let named = [
        ("--listen", "listen", &options.listen),
        ("--mode", "mode", &options.mode),
        ("--data-dir", "data_dir", &options.data_dir),
        ("--ui", "librechat.ui", &options.ui),
        ("--log", "log.filter", &options.log),
        ("--log-format", "log.format", &options.log_format),
        (
            "--default-provider",
            "default_provider",
            &options.default_provider,
        ),
        ("--default-model", "default_model", &options.default_model),
    ];
    let named = named.into_iter().filter_map(|(flag, key, value)| {
        value.as_ref().map(|value| FlagValue {
            flag: flag.to_owned(),
            key: key.to_owned(),
            value: value.clone(),
        })
    });
    // A flag of its own wins over `--set`, so it comes later.
    let set = options.set.iter().map(|(key, value)| FlagValue {
        flag: format!("--set {key}"),
        key: key.clone(),
        value: value.clone(),
    });
    set.chain(named).collect()
}
