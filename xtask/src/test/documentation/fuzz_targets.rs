//! Every fuzz target is described, compiled, and begins with a corpus.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::fuzz::Fuzzing;
use crate::workspace::Workspace;

/// Has a table whose rows begin with the targets' names.
const DOCUMENT: &str = "docs/fuzzing.md";

const MANIFEST: &str = "fuzz/Cargo.toml";

/// What is missing or too much, as sentences.
pub(super) fn stale(workspace: &Workspace) -> Result<Vec<String>> {
    let fuzzing = Fuzzing::of(workspace, false)?;
    let targets: BTreeSet<&str> = fuzzing.targets.iter().map(|target| &*target.name).collect();
    let document = read(workspace.root(), DOCUMENT)?;
    let manifest = read(workspace.root(), MANIFEST)?;
    let mut problems = differences(&targets, &rows(&document), DOCUMENT);
    problems.extend(differences(&targets, &programs(&manifest), MANIFEST));
    for target in &fuzzing.targets {
        let has_corpus =
            fs::read_dir(fuzzing.corpus(target)).is_ok_and(|mut inputs| inputs.next().is_some());
        if !has_corpus {
            problems.push(format!("fuzz/corpus/{} is empty", target.name));
        }
    }
    Ok(problems)
}

fn read(root: &Path, file: &str) -> Result<String> {
    fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))
}

/// The names in the first column of tables, as far as they are code and nothing else.
fn rows(document: &str) -> BTreeSet<&str> {
    let lines = document.lines();
    lines
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(name, _)| name)
        .collect()
}

/// The programs of a manifest.
fn programs(manifest: &str) -> BTreeSet<&str> {
    let programs = manifest.split("[[bin]]").skip(1);
    programs
        .filter_map(|program| program.split_once("name = \"")?.1.split_once('"'))
        .map(|(name, _)| name)
        .collect()
}

fn differences(targets: &BTreeSet<&str>, named: &BTreeSet<&str>, file: &str) -> Vec<String> {
    let missing = targets.difference(named);
    let surplus = named.difference(targets);
    missing
        .map(|name| format!("{file}: the fuzz target {name} is missing"))
        .chain(surplus.map(|name| format!("{file}: there is no fuzz target {name}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_tables_and_manifests() {
        let table =
            "| Target | Reads |\n|---|---|\n| `texts` | names |\n| `rules` | a file |\n`no`\n";
        assert_eq!(rows(table), BTreeSet::from(["rules", "texts"]));
        let manifest =
            "[package]\nname = \"x\"\n[[bin]]\nname = \"texts\"\n[[bin]]\nname = \"rules\"\n";
        assert_eq!(programs(manifest), BTreeSet::from(["rules", "texts"]));
    }

    #[test]
    fn what_one_side_lacks_is_told() {
        let targets = BTreeSet::from(["a", "b"]);
        let named = BTreeSet::from(["b", "c"]);
        let expected = [
            "f: the fuzz target a is missing",
            "f: there is no fuzz target c",
        ];
        assert_eq!(differences(&targets, &named, "f"), expected);
    }
}
