//! Which files are read: `librechat.yaml` where LibreChat looks for it, and the `.env` file beside it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use manent_librechat::config::{Environment, MOST_BYTES, MOST_ENVIRONMENT_BYTES, Place};

use crate::config::LibreChatConfig;
use crate::location::display;
use crate::origin::Origin;
use crate::problem::Problem;
use crate::sources::Sources;

/// The usual name.
const FILE_NAME: &str = "librechat.yaml";

const ENVIRONMENT_FILE_NAME: &str = ".env";

/// Names the file, as in LibreChat.
const VARIABLE: &str = "CONFIG_PATH";

/// What was read.
pub(super) struct Files {
    /// The text of `librechat.yaml`.
    pub(super) text: Option<String>,
    pub(super) environment: Environment,
    /// How the files are called in messages.
    name: String,
    environment_name: String,
}

impl Files {
    /// The place in the words of this crate.
    pub(super) fn origin(&self, place: &Place) -> Origin {
        let (path, line) = match place {
            Place::File { line } => (&self.name, Some(*line)),
            Place::EnvironmentFile { line, .. } => (&self.environment_name, Some(*line)),
            Place::Variable(name) => (name, None),
        };
        Origin::LibreChat {
            path: path.clone(),
            line,
        }
    }

    /// A line of `librechat.yaml`; without one, the variables.
    pub(super) fn at(&self, line: Option<usize>) -> Origin {
        Origin::LibreChat {
            path: match line {
                Some(_) => self.name.clone(),
                None => self.environment_name.clone(),
            },
            line,
        }
    }
}

/// Reads both.
pub(super) fn read(
    config: &LibreChatConfig,
    sources: &Sources,
    problems: &mut Vec<Problem>,
) -> Files {
    let here = &sources.current_directory;
    let directory = config
        .config
        .as_deref()
        .and_then(Path::parent)
        .unwrap_or(here);
    let environment_file = directory.join(ENVIRONMENT_FILE_NAME);
    let environment_text =
        read_text(&environment_file, MOST_ENVIRONMENT_BYTES).unwrap_or_else(|message| {
            problems.push(Problem::mistake(whole(&environment_file, here), message));
            None
        });
    let environment = Environment::new(
        sources.environment.all(),
        environment_text.as_deref().unwrap_or_default(),
    );
    let mut files = Files {
        text: None,
        name: FILE_NAME.to_owned(),
        environment_name: display(&environment_file, here),
        environment,
    };
    let named = match &config.config {
        Some(path) => Some(path.clone()),
        None => files.environment.get(VARIABLE).map(PathBuf::from),
    };
    let is_named = named.is_some();
    let path = here.join(named.unwrap_or_else(|| PathBuf::from(FILE_NAME)));
    files.name = display(&path, here);
    if path.to_string_lossy().contains("://") {
        let message = format!(
            "`{VARIABLE}` is an address; a configuration is not fetched: save it as a file and name that"
        );
        problems.push(Problem::mistake(whole(&path, here), message));
        return files;
    }
    match read_text(&path, MOST_BYTES) {
        Ok(None) if is_named => {
            let message = "does not exist; LibreChat's configuration was to be read from it";
            problems.push(Problem::mistake(whole(&path, here), message));
        }
        Ok(text) => files.text = text,
        Err(message) => problems.push(Problem::mistake(whole(&path, here), message)),
    }
    files
}

fn whole(path: &Path, here: &Path) -> Origin {
    Origin::LibreChat {
        path: display(path, here),
        line: None,
    }
}

/// A file's text; absent when there is none.
fn read_text(path: &Path, most: usize) -> Result<Option<String>, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut bytes = Vec::new();
    file.take(most as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() > most {
        return Err("is larger than 1 MiB: that is no configuration of LibreChat".to_owned());
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| "is not UTF-8; save it as UTF-8".to_owned())
}
