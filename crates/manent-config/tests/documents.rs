//! The documents that are made from the table of settings are those of the table.

use std::fs;
use std::path::Path;

use manent_config::{reference, sample};

const REMEDY: &str = "run `cargo run -p manent-config --example generate_documents`";

#[cfg(test)]
fn repository(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn the_example_file_is_the_sample() {
    assert!(repository("manent.example.toml") == sample(), "{REMEDY}");
}

#[test]
fn the_tables_of_the_reference_are_those_of_the_code() {
    let page = repository("docs/configuration.md");
    assert!(page.contains(&reference()), "{REMEDY}");
}

#[test]
fn the_sample_is_a_configuration_without_mistakes() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(problems(&sample(), directory.path()), Vec::<String>::new());
}

/// With every comment sign before a setting removed, each line must still be one that the settings take. What then remains
/// are examples that exclude each other.
#[test]
fn every_line_of_the_sample_is_taken_when_it_is_made_active() {
    let lines = sample();
    let lines = lines.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
        _ => line,
    });
    let active = lines.collect::<Vec<_>>().join("\n");
    let directory = tempfile::tempdir().unwrap();
    let problems: Vec<String> = problems(&active, directory.path())
        .iter()
        .map(|problem| {
            problem
                .split_once(": ")
                .unwrap()
                .1
                .replace(directory.path().to_str().unwrap(), "")
        })
        .collect();
    insta::assert_snapshot!(problems.join("\n"), @r#"
does not exist; LibreChat's configuration was to be read from it
`accounts.secret_file` names /run/secrets/manent, which cannot be read: No such file or directory (os error 2)
`oidc.issuer` is set, but nobody signs in through a provider in this mode; set `mode = "oidc"` (--mode oidc, MANENT_MODE=oidc), and `oidc.passwords = true` where passwords shall go on beside it
`oidc.client_secret_file` names /run/secrets/manent-oidc, which cannot be read: No such file or directory (os error 2)
`librechat.ui` is /srv/librechat/client/dist, in which there is no index.html; give it the directory of a build of LibreChat's client (client/dist)
`mail.password_file` names /run/secrets/mail, which cannot be read: No such file or directory (os error 2)
`providers.anthropic.api_key` has characters that cannot be sent; only visible ASCII characters can
`providers.anthropic.api_key_env` names the variable ANTHROPIC_API_KEY, which is not set; set it, or give the key by `api_key_file`
`providers.anthropic.api_key_file` names /run/secrets/anthropic, which cannot be read: No such file or directory (os error 2)
`providers.anthropic` has both `api_key` and `api_key_file`; keep one of them
`providers.openrouter.api_key_env` names the variable OPENROUTER_API_KEY, which is not set; set it, or give the key by `api_key_file`
`providers.rehearsal.rules` names /rules.toml, which cannot be read: No such file or directory (os error 2)
"#);
}

#[cfg(test)]
fn problems(text: &str, directory: &Path) -> Vec<String> {
    fs::write(directory.join("manent.toml"), text).unwrap();
    let sources = manent_config::Sources {
        current_directory: directory.to_owned(),
        platform: manent_config::Platform {
            home: Some(directory.to_owned()),
            config_directory: None,
            data_directory: Some(directory.to_owned()),
        },
        ..manent_config::Sources::default()
    };
    let problems = manent_config::load(&sources).problems;
    problems.iter().map(ToString::to_string).collect()
}
