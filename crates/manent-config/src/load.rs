//! The layers, one over the other: defaults < LibreChat's < file < environment < flags. A wrong value is told even where a later layer
//! overrides it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::environment::{self, EnvironmentLayer};
use crate::file::{self, FileLayer};
use crate::librechat::{self, LibreChatLayer};
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
    // What the server's own configuration says decides whether and how LibreChat's is read, which is the layer beneath it.
    let own = lay(
        [&[], &file.settings, &environment.settings, &flags.settings],
        &context,
    );
    let librechat = librechat::collect(&own.config, sources);
    combine(
        location.file.clone(),
        librechat,
        file,
        environment,
        flags,
        &context,
    )
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

/// Values that have their types.
struct Laid {
    config: Config,
    entries: Vec<Entry>,
    failed: BTreeSet<&'static str>,
    problems: Vec<Problem>,
}

/// Settings of one layer.
type Given = [(&'static str, Raw)];

/// Lays them over the defaults, later ones over earlier ones.
fn lay(layers: [&Given; 4], context: &Context<'_>) -> Laid {
    let mut laid = Laid {
        config: Config::blank(),
        entries: Vec::new(),
        failed: BTreeSet::new(),
        problems: Vec::new(),
    };
    for setting in settings() {
        let mut shown = assign_default(setting, &mut laid.config, context)
            .map(|value| (value, Origin::Default));
        for (_, raw) in layers
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key == setting.key)
        {
            match assign(setting, setting.key, raw, &mut laid.config, context) {
                Ok(value) => shown = Some((value, raw.origin.clone())),
                Err(more) => {
                    laid.failed.insert(setting.key);
                    laid.problems.extend(more);
                }
            }
        }
        if let Some((value, origin)) = shown {
            laid.entries.push(Entry::new(setting.key, value, origin));
        }
    }
    laid
}

fn combine(
    path: Option<PathBuf>,
    librechat: LibreChatLayer,
    file: FileLayer,
    environment: EnvironmentLayer,
    flags: FlagLayer,
    context: &Context<'_>,
) -> Loaded {
    let layers: [&Given; 4] = [
        &librechat.settings,
        &file.settings,
        &environment.settings,
        &flags.settings,
    ];
    let Laid {
        mut config,
        entries,
        failed,
        problems: mut found,
    } = lay(layers, context);
    let assembled = providers::assemble(
        &librechat.providers,
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
    let mut problems = librechat.problems.clone();
    let findings = librechat.findings.clone();
    problems.extend(librechat::bind(&mut config, librechat));
    found.extend(crate::check::check(&config, &entries, &failed));
    problems.extend(file.problems);
    problems.extend(environment.problems);
    problems.extend(flags.problems);
    problems.extend(found);
    problems.extend(assembled.problems);
    problems.sort_by(|left, right| left.origin.cmp(&right.origin));
    Loaded {
        config,
        file: path,
        problems,
        librechat: findings,
        entries,
        provider_entries: assembled.entries,
    }
}
