//! Which file is read: the one that a flag or a variable names, else `manent.toml` here, else in the platform's place.

use std::path::{Path, PathBuf};

use crate::origin::Origin;
use crate::sources::Sources;

/// The name of the file.
pub const FILE_NAME: &str = "manent.toml";

/// The file to read, or where none was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file to read. One that is named may be missing; one that was found is there.
    pub file: Option<PathBuf>,
    /// What named it; absent when it was found in its usual place.
    pub(crate) named_by: Option<Origin>,
    /// The usual places, in the order in which they are looked at.
    pub usual: Vec<PathBuf>,
}

/// Looks for the file.
pub fn locate(sources: &Sources) -> Location {
    let usual: Vec<PathBuf> = [
        Some(sources.current_directory.clone()),
        sources.platform.config_directory.clone(),
    ]
    .into_iter()
    .flatten()
    .map(|directory| directory.join(FILE_NAME))
    .collect();
    let named = match (
        &sources.config_file,
        sources.environment.get("MANENT_CONFIG"),
    ) {
        (Some(file), _) => Some((file.clone(), Origin::Flag("--config".to_owned()))),
        (None, Some(file)) => Some((
            PathBuf::from(file),
            Origin::Environment("MANENT_CONFIG".to_owned()),
        )),
        (None, None) => None,
    };
    match named {
        Some((file, origin)) => Location {
            file: Some(sources.current_directory.join(file)),
            named_by: Some(origin),
            usual,
        },
        None => Location {
            file: usual.iter().find(|file| file.exists()).cloned(),
            named_by: None,
            usual,
        },
    }
}

/// How a file is called in messages: short where it lies in the current directory.
pub(crate) fn display(file: &Path, current_directory: &Path) -> String {
    file.strip_prefix(current_directory)
        .unwrap_or(file)
        .display()
        .to_string()
}
