//! A program in a document is one that is compiled and tested elsewhere.
//!
//! A fenced block that opens with its language and a path, such as ` ```rust crates/…/example.rs `, must hold that file, word for word.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Blocks that say something else than their files.
pub(super) fn stale(root: &Path, documents: &[PathBuf]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for document in documents {
        let text = fs::read_to_string(root.join(document))
            .with_context(|| format!("cannot read {}", document.display()))?;
        for (file, shown) in programs(&text) {
            let place = document.display();
            match fs::read_to_string(root.join(file)) {
                Ok(program) if program == shown => {}
                Ok(_) => problems.push(format!("{place}: the program is not the one in {file}")),
                Err(_) => problems.push(format!("{place}: there is no program {file}")),
            }
        }
    }
    Ok(problems)
}

/// The file that each block names, and what the block shows.
fn programs(document: &str) -> Vec<(&str, String)> {
    let mut programs = Vec::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        let Some(words) = line.strip_prefix("```") else {
            continue;
        };
        let shown: String = lines
            .by_ref()
            .take_while(|line| *line != "```")
            .flat_map(|line| [line, "\n"])
            .collect();
        if let Some((_, file)) = words.split_once(' ')
            && file.contains('/')
        {
            programs.push((file, shown));
        }
    }
    programs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_blocks_that_name_a_file() {
        let document = "# Title\n```sh walk-through\ncurl a/b\n```\n```rust a/b.rs\nfn main() {\n\n}\n```\nend\n";
        assert_eq!(
            programs(document),
            [("a/b.rs", "fn main() {\n\n}\n".to_owned())]
        );
    }
}
