//! Every `manent …` that a document names in backticks is a command of the binary.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::workspace::{Profile, Workspace};

/// Asks the built binary for the help of each command that the documents name.
pub(super) fn check(workspace: &Workspace, documents: &[PathBuf]) -> Result<()> {
    let mut problems = Vec::new();
    let mut known = BTreeSet::new();
    for document in documents {
        let text = fs::read_to_string(workspace.root().join(document))
            .with_context(|| format!("cannot read {}", document.display()))?;
        for words in named_commands(&text) {
            if known.contains(&words) {
                continue;
            }
            let mut help = command::new(workspace.binary(Profile::Debug), workspace.root());
            if command::capture(help.args(&words).arg("--help")).is_ok() {
                known.insert(words);
            } else {
                problems.push(format!(
                    "{}: there is no `manent {}`",
                    document.display(),
                    words.join(" ")
                ));
            }
        }
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    println!("  {} commands of manent are named, and exist", known.len());
    Ok(())
}

/// The words of each command, without its flags and arguments.
fn named_commands(text: &str) -> BTreeSet<Vec<String>> {
    text.split("`manent ")
        .skip(1)
        .map(|rest| {
            let command = rest.split('`').next().unwrap_or_default();
            command
                .split_whitespace()
                .take_while(|word| is_command_word(word))
                .map(str::to_owned)
                .collect()
        })
        .filter(|words: &Vec<String>| !words.is_empty())
        .collect()
}

fn is_command_word(word: &str) -> bool {
    word.chars()
        .all(|character| character.is_ascii_lowercase() || character == '-')
        && !word.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_commands_without_their_flags() {
        let text = "`manent serve --listen x`, `manent config check`, `manent.toml`, `manent …`, manent serve";
        let expected = [
            vec!["config".to_owned(), "check".to_owned()],
            vec!["serve".to_owned()],
        ];
        assert_eq!(named_commands(text), BTreeSet::from(expected));
    }
}
