//! `manent config …`, and what `serve` shares with it.

use std::path::Path;

use manent_config::{
    Config, FlagValue, LibreChatFinding, Loaded, ProviderKind, load, locate, sample,
};
use manent_librechat::config::Verdict;
use manent_scripted::Rules;

use crate::arguments::{CheckOptions, ConfigCommand, ConfigOptions, SettingsOptions};
use crate::exit::Failure;
use crate::{console, sources};

/// Runs a subcommand.
pub(crate) fn run(options: &ConfigOptions) -> Result<(), Failure> {
    match &options.command {
        ConfigCommand::Check(options) => check(options),
        ConfigCommand::Show(options) => show(options),
        ConfigCommand::Sample => {
            console::print(&sample());
            Ok(())
        }
        ConfigCommand::Path(options) => path(options),
    }
}

fn check(options: &CheckOptions) -> Result<(), Failure> {
    let mut sources = sources::collect(&options.settings)?;
    if let Some(file) = &options.librechat {
        sources.flags.extend(reading(file));
    }
    let loaded = load(&sources);
    let warnings: Vec<String> = loaded.warnings().map(ToString::to_string).collect();
    let mistakes = mistakes(&loaded);
    let file = match &loaded.file {
        Some(file) => format!("file: {}", file.display()),
        None => "no file".to_owned(),
    };
    let mut report = match mistakes.len() {
        0 => format!("The configuration is fine ({file}).\n"),
        count => format!("The configuration has {} ({file}):\n\n", counted(count)),
    };
    for line in mistakes.iter().chain(&warnings) {
        report.extend(["  ", &line.replace('\n', "\n    "), "\n"]);
    }
    if options.librechat.is_some() {
        report.push_str("\nLibreChat's configuration, key by key:\n");
        for finding in &loaded.librechat {
            report.extend(["  ", &describe(finding), "\n"]);
        }
    }
    console::print(&report);
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(Failure::ConfigurationReported)
    }
}

/// As if these flags had been given: LibreChat's configuration is read, from this file.
fn reading(file: &str) -> [FlagValue; 2] {
    [("librechat.enabled", "true"), ("librechat.config", file)].map(|(key, value)| FlagValue {
        flag: "--librechat".to_owned(),
        key: key.to_owned(),
        value: value.to_owned(),
    })
}

/// One line: the place, the key, and what becomes of it.
fn describe(finding: &LibreChatFinding) -> String {
    let LibreChatFinding {
        origin,
        key,
        verdict,
        note,
    } = finding;
    let note = if note.is_empty() {
        String::new()
    } else {
        format!(": {note}")
    };
    format!("{verdict:<11}  {origin}  {key}{note}")
}

fn show(options: &SettingsOptions) -> Result<(), Failure> {
    let loaded = load(&sources::collect(options)?);
    let file = match &loaded.file {
        Some(file) => format!("# The configuration, with the file {}.\n\n", file.display()),
        None => "# The configuration, without a file.\n\n".to_owned(),
    };
    console::print(&format!("{file}{}", loaded.show()));
    refuse_mistakes(&loaded)
}

fn path(options: &SettingsOptions) -> Result<(), Failure> {
    let location = locate(&sources::collect(options)?);
    let text = match location.file {
        Some(file) if file.exists() => format!("{}\n", file.display()),
        Some(file) => {
            return Err(Failure::Configuration(format!(
                "the configuration file {} does not exist",
                file.display()
            )));
        }
        None => {
            let usual: Vec<String> = location
                .usual
                .iter()
                .map(|file| format!("  {}\n", file.display()))
                .collect();
            format!(
                "No configuration file is read. Manent looks for:\n{}",
                usual.concat()
            )
        }
    };
    console::print(&text);
    Ok(())
}

/// What became of LibreChat's configuration, in a line for each verdict. What is unsupported is among the warnings, each with its place.
pub(crate) fn librechat_summary(loaded: &Loaded) -> Vec<String> {
    [Verdict::Understood, Verdict::Ignored]
        .into_iter()
        .filter_map(|verdict| {
            let findings = loaded.librechat.iter();
            let keys: Vec<&str> = findings
                .filter(|finding| finding.verdict == verdict)
                .map(|finding| finding.key.as_str())
                .collect();
            (!keys.is_empty())
                .then(|| format!("LibreChat's configuration, {verdict}: {}", keys.join(", ")))
        })
        .collect()
}

/// The configuration of these options, or all its mistakes as a failure.
pub(crate) fn read(options: &SettingsOptions) -> Result<Config, Failure> {
    checked(load(&sources::collect(options)?))
}

/// The configuration, or all its mistakes as a failure.
pub(crate) fn checked(loaded: Loaded) -> Result<Config, Failure> {
    refuse_mistakes(&loaded)?;
    loaded
        .into_config()
        .map_err(|invalid| Failure::Configuration(invalid.to_string()))
}

/// Tells all mistakes as a failure, if there is any.
pub(crate) fn refuse_mistakes(loaded: &Loaded) -> Result<(), Failure> {
    let mistakes = mistakes(loaded);
    if mistakes.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = mistakes
        .iter()
        .map(|line| format!("\n  {}", line.replace('\n', "\n    ")))
        .collect();
    Err(Failure::Configuration(format!(
        "the configuration has {}:{}",
        counted(mistakes.len()),
        lines.concat()
    )))
}

fn counted(mistakes: usize) -> String {
    match mistakes {
        1 => "1 mistake".to_owned(),
        count => format!("{count} mistakes"),
    }
}

/// The mistakes of the configuration, and those of the rules files that it names.
fn mistakes(loaded: &Loaded) -> Vec<String> {
    let mut mistakes: Vec<String> = loaded.mistakes().map(ToString::to_string).collect();
    let rules_files = loaded
        .providers()
        .iter()
        .filter(|provider| provider.kind == ProviderKind::Scripted)
        .filter_map(|provider| provider.rules.as_deref());
    // A file that cannot be read was told among the others.
    mistakes.extend(rules_files.filter_map(|path| match read_rules(path) {
        Ok(Err(error)) => Some(error.to_string()),
        Ok(Ok(_)) | Err(_) => None,
    }));
    mistakes
}

/// Reads a rules file: the outer error is that of the file, the inner one that of its rules.
pub(crate) fn read_rules(
    path: &Path,
) -> Result<Result<Rules, manent_scripted::RulesError>, std::io::Error> {
    let text = std::fs::read_to_string(path)?;
    Ok(Rules::parse(&path.display().to_string(), &text))
}
