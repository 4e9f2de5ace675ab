//! What the configuration is made from. All of it is handed in, so that tests never touch the process.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;

/// What the configuration is made from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file that `--config` names.
    pub config_file: Option<PathBuf>,
    /// The values of flags, in their order.
    pub flags: Vec<FlagValue>,
    /// The environment.
    pub environment: Environment,
    /// Where relative paths of variables and flags start, and where `manent.toml` is looked for first.
    pub current_directory: PathBuf,
    /// The platform's own places.
    pub platform: Platform,
}

/// The value of one flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagValue {
    /// With its dashes, for messages.
    pub flag: String,
    /// The setting that it sets, for example `log.filter`.
    pub key: String,
    /// As it was typed.
    pub value: String,
}

/// The platform's own places. Absent when there is no home directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Platform {
    /// The user's home.
    pub home: Option<PathBuf>,
    /// For `manent.toml`.
    pub config_directory: Option<PathBuf>,
    /// For the data.
    pub data_directory: Option<PathBuf>,
}

impl Platform {
    /// The places of the platform that this process runs on.
    pub fn detect() -> Self {
        let places = directories::ProjectDirs::from("", "", "manent");
        Self {
            home: directories::BaseDirs::new().map(|base| base.home_dir().to_owned()),
            config_directory: places.as_ref().map(|places| places.config_dir().to_owned()),
            data_directory: places.as_ref().map(|places| places.data_dir().to_owned()),
        }
    }
}

/// The environment. An empty variable counts as one that is not set, as Compose files produce them.
#[derive(Clone, Default)]
pub struct Environment {
    values: BTreeMap<String, String>,
    unreadable: BTreeSet<String>,
}

impl Environment {
    /// From what the operating system hands over.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            let Ok(name) = name.into_string() else {
                continue;
            };
            match value.into_string() {
                Ok(value) => {
                    environment.values.insert(name, value);
                }
                Err(_) => {
                    environment.unreadable.insert(name);
                }
            }
        }
        environment
    }

    /// The variable's value, unless it is not set, empty or not UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// All variables with their values, also empty ones, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let values = self.values.iter();
        values.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// All names, also those of empty variables, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Variables whose value is not UTF-8.
    pub(crate) fn unreadable(&self) -> impl Iterator<Item = &str> {
        self.unreadable.iter().map(String::as_str)
    }
}

/// Names only: values may be secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.values.keys()).finish()
    }
}
