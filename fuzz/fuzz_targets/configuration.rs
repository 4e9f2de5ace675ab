//! The configuration: a file, and behind a line `---` an environment of `NAME=value` lines. It is read or every mistake is told; a secret is shown
//! nowhere.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use manent_config::{Environment, Sources, load};

static PLACE: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

const SECRET: &str = "fuzzed-secret-4711";

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (file, environment) = text.split_once("\n---\n").unwrap_or((text, ""));
    let path: PathBuf = PLACE.path().join("manent.toml");
    std::fs::write(&path, file).unwrap();
    let variables = environment
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.into(), value.into()))
        .chain([("ANTHROPIC_API_KEY".into(), SECRET.into())]);
    let sources = Sources {
        config_file: Some(path),
        environment: Environment::new(variables),
        current_directory: PLACE.path().to_owned(),
        ..Sources::default()
    };
    let told = format!("{:?}", load(&sources));
    assert!(!told.contains(SECRET), "{told}");
});
