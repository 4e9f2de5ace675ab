//! The layers, one over the other: defaults < file < environment < flags. A wrong value is told even where a later layer
//! overrides it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::environment::{self, EnvironmentLayer};
use crate::file::{self, FileLayer};
use crate::loaded::{Entry, Loaded};
use crate::location::{Location, display, locate};
use crate::origin::Origin;
use crate::problem::Problem;
use crate::providers;
use crate::raw::{Raw, RawValue};
use crate::setting::parse::{Context, assign, assign_default};
use crate::settings::settings;
use crate::sources::{Environment, Platform, Sources};

/// Reads and checks everything. Never fails: what is wrong is in [`Loaded::problems`].
pub fn load(sources: &Sources) -> Loaded {
    let location = locate(sources);
    let file = load_file(&location, sources);
    let environment = environment::collect(&sources.environment);
    let flags = FlagLayer::collect(sources);
    let current_directory = sources.current_directory.as_path();
    let context = Context {
        environment: &sources.environment,
        platform: &sources.platform,
        current_directory,
        file_directory: location
            .file
            .as_deref()
            .and_then(Path::parent)
            .unwrap_or(current_directory),
    };
    combine(location.file.clone(), file, environment, flags, &context)
}

impl Config {
    /// The defaults, with the data in this directory and the demonstration as the only one who answers.
    pub fn with_defaults(data_dir: PathBuf) -> Self {
        let mut config = Self::blank();
        let context = Context {
            environment: &Environment::default(),
            platform: &Platform::default(),
            current_directory: Path::new(""),
            file_directory: Path::new(""),
        };
        for setting in settings() {
            assign_default(setting, &mut config, &context);
        }
        config.data_dir = data_dir;
        config
    }
}

fn load_file(location: &Location, sources: &Sources) -> FileLayer {
    let Some(path) = &location.file else {
        return FileLayer::default();
    };
    let name = display(path, &sources.current_directory);
    match file::read(path) {
        Ok(text) => file::parse(&text, &name),
        Err(message) => FileLayer {
            problems: vec![Problem::mistake(
                location.named_by.clone().unwrap_or(Origin::File {
                    path: name.clone(),
                    line: None,
                }),
                match location.named_by {
                    Some(_) => format!("the configuration file {name} {message}"),
                    None => message,
                },
            )],
            ..FileLayer::default()
        },
    }
}

#[derive(Default)]
struct FlagLayer {
    settings: Vec<(&'static str, Raw)>,
    /// With `<id>.<setting>`.
    providers: Vec<(String, Raw)>,
    problems: Vec<Problem>,
}

impl FlagLayer {
    fn collect(sources: &Sources) -> Self {
        let mut layer = Self::default();
        for flag in &sources.flags {
            let raw = Raw {
                value: RawValue::Word(flag.value.clone()),
                origin: Origin::Flag(flag.flag.clone()),
            };
            let provider = flag
                .key
                .strip_prefix("providers.")
                .filter(|rest| rest.contains('.'));
            if let Some(setting) = settings().find(|setting| setting.key == flag.key) {
                layer.settings.push((setting.key, raw));
            } else if let Some(rest) = provider {
                layer.providers.push((rest.to_owned(), raw));
            } else {
                let name = flag.key.rsplit('.').next().unwrap_or(&flag.key);
                layer.problems.push(Problem::mistake(
                    raw.origin,
                    file::unknown_setting(&flag.key, name),
                ));
            }
        }
        layer
    }
}

fn combine(
    path: Option<PathBuf>,
    file: FileLayer,
    environment: EnvironmentLayer,
    flags: FlagLayer,
    context: &Context<'_>,
) -> Loaded {
    let mut config = Config::blank();
    let mut entries: Vec<Entry> = Vec::new();
    let mut failed = BTreeSet::new();
    let mut found = Vec::new();
    for setting in settings() {
        let mut shown =
            assign_default(setting, &mut config, context).map(|value| (value, Origin::Default));
        let layers = [&file.settings, &environment.settings, &flags.settings];
        for (_, raw) in layers
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key == setting.key)
        {
            match assign(setting, setting.key, raw, &mut config, context) {
                Ok(value) => shown = Some((value, raw.origin.clone())),
                Err(more) => {
                    failed.insert(setting.key);
                    found.extend(more);
                }
            }
        }
        if let Some((value, origin)) = shown {
            entries.push(Entry::new(setting.key, value, origin));
        }
    }
    let assembled = providers::assemble(
        &file,
        &environment,
        &flags.providers,
        config.providers_from_environment,
        context,
    );
    config.providers = assembled.providers;
    let origin_of = |key: &str| {
        entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| entry.origin.clone())
    };
    found.extend(providers::put_defaults_first(
        &mut config,
        origin_of("default_provider"),
        origin_of("default_model"),
    ));
    found.extend(crate::check::check(&config, &entries, &failed));
    let mut problems = file.problems;
    problems.extend(environment.problems);
    problems.extend(flags.problems);
    problems.extend(found);
    problems.extend(assembled.problems);
    problems.sort_by(|left, right| left.origin.cmp(&right.origin));
    Loaded {
        config,
        file: path,
        problems,
        entries,
        provider_entries: assembled.entries,
    }
}
