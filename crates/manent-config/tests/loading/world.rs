//! A current directory, a home and an environment of a test's own.

use std::ffi::OsString;
use std::path::PathBuf;

use manent_config::{Config, Environment, FlagValue, Loaded, Platform, Sources, load};
use tempfile::TempDir;

/// A current directory, a home and an environment of a test's own.
pub(crate) struct World {
    directory: TempDir,
    variables: Vec<(OsString, OsString)>,
    flags: Vec<FlagValue>,
    config_file: Option<PathBuf>,
}

impl World {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["work", "home", "config"] {
            std::fs::create_dir(directory.path().join(name)).unwrap();
        }
        Self {
            directory,
            variables: Vec::new(),
            flags: Vec::new(),
            config_file: None,
        }
    }

    /// A file below the current directory, or elsewhere by `../home/…`.
    pub(crate) fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path("work").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn config(self, text: impl AsRef<[u8]>) -> Self {
        self.file("manent.toml", text)
    }

    pub(crate) fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub(crate) fn flag(mut self, flag: &str, key: &str, value: &str) -> Self {
        self.flags.push(FlagValue {
            flag: flag.to_owned(),
            key: key.to_owned(),
            value: value.to_owned(),
        });
        self
    }

    pub(crate) fn config_flag(mut self, file: &str) -> Self {
        self.config_file = Some(file.into());
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn sources(&self) -> Sources {
        Sources {
            config_file: self.config_file.clone(),
            flags: self.flags.clone(),
            environment: Environment::new(self.variables.clone()),
            current_directory: self.path("work"),
            platform: Platform {
                home: Some(self.path("home")),
                config_directory: Some(self.path("config")),
                data_directory: Some(self.path("home/data")),
            },
        }
    }

    pub(crate) fn load(&self) -> Loaded {
        load(&self.sources())
    }

    /// The configuration of a world without mistakes.
    pub(crate) fn configuration(&self) -> Config {
        self.load()
            .into_config()
            .unwrap_or_else(|invalid| panic!("{invalid}"))
    }

    /// All problems, one per line, with the test's directory called `/test`.
    pub(crate) fn problems(&self) -> String {
        let lines: Vec<String> = self
            .load()
            .problems
            .iter()
            .map(ToString::to_string)
            .collect();
        self.neutral(&lines.join("\n"))
    }

    /// What is shown, without the column in which origins stand: it depends on the length of paths.
    pub(crate) fn shown(&self) -> String {
        let shown = self.neutral(&self.load().show());
        let lines = shown.lines().map(|line| match line.split_once("  # ") {
            Some((value, origin)) => format!("{}  # {origin}", value.trim_end()),
            None => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn neutral(&self, text: &str) -> String {
        text.replace(self.directory.path().to_str().unwrap(), "/test")
    }
}
